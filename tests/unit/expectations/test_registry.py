"""What the registry promises about itself."""

from __future__ import annotations

import sys
from subprocess import run

import duckdb
import pytest

from expectations.registry import SUITES
from expectations.results import SCOPES
from expectations.suites import raw


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


@pytest.mark.parametrize(
    ("vendor", "ever", "asked_of"),
    [("hubspot", False, True), ("marketing_cloud", False, False), ("marketing_cloud", True, True)],
)
def test_only_marketing_cloud_may_have_been_read_never_and_only_as_a_whole(vendor, ever, asked_of):
    """A CRM that was never read stops the refresh; so does a table of an account that was."""
    connection = duckdb.connect()
    connection.execute("create schema ops; create table ops.loads (vendor text, object text, status text)")
    connection.execute("insert into ops.loads values (?, 'one', 'stale')", [vendor])
    if ever:
        connection.execute("insert into ops.loads values (?, 'two', 'loaded')", [vendor])
    seen = dict(connection.execute(raw.FIRST_LOADS).fetchall())
    assert (f"{vendor} one" in seen) is asked_of
    assert seen.get(f"{vendor} one") in (None, False)
