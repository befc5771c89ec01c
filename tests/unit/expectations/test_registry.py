"""What the registry promises about itself."""

from __future__ import annotations

import sys
from subprocess import run

from expectations.registry import SUITES
from expectations.results import SCOPES


def test_every_suite_has_its_own_title():
    titles = [suite.title for suite in SUITES]
    assert len(titles) == len(set(titles))


def test_every_scope_has_a_gate():
    assert {suite.scope for suite in SUITES if suite.severity == "gate"} == set(SCOPES)


def test_every_query_names_a_key_or_is_an_aggregate_of_one_row():
    without = {suite.title for suite in SUITES if suite.query and not suite.key}
    assert without == {"marts.lead_identities.agreement", "marts.opportunities.agreement"}


def test_listing_the_suites_does_not_import_great_expectations():
    code = (
        "import sys, expectations.step; sys.exit(bool({'great_expectations', 'pandas'} & sys.modules.keys()))"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0
