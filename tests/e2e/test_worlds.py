"""Worlds from files that nobody here wrote: the loop runs on them, and their defects become findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Built, run_build
from tests.e2e.marts import one, query

pytestmark = [pytest.mark.loop, pytest.mark.outside]


def build_world(outside_data: Path, name: str, home: Path) -> Built:
    built = run_build(home, "--world", str(outside_data / name))
    assert built.exit_code == 0, built.output
    assert "Second plan: nothing left to change" in built.output
    return built


def test_maven_crm_publishes_every_opportunity_and_says_there_are_no_people(
    outside_data: Path, tmp_path: Path
) -> None:
    built = build_world(outside_data, "maven_crm", tmp_path / "var")
    counts = "select count(*), count(*) filter (is_won), count(*) filter (is_closed and not is_won)"
    assert query(built.home, f"{counts} from marts.opportunities") == [(8_800, 4_238, 2_473)]
    assert "no people" in built.output
    findings = dict(query(built.home, "select finding, records from marts.data_findings"))
    assert 2_089 in findings.values()
    assert 1_425 in findings.values()


def test_npsp_has_memberships_that_earn_no_credit_and_writes_to_its_contacts(
    outside_data: Path, tmp_path: Path
) -> None:
    built = build_world(outside_data, "npsp", tmp_path / "var")
    assert one(built.home, "select count(*) from marts.opportunities") == 1_517
    assert query(
        built.home,
        "select count(*), count(distinct campaign_id), count(*) filter (is_response or earns_credit) "
        "from marts.attribution_touchpoints where touch_type = 'membership'",
    ) == [(1_699, 13, 0)]
    written = dict(
        query(
            built.home,
            "select field, count(*) from ops.journal "
            "where state = 'confirmed' and object = 'Contact' group by all",
        )
    )
    assert written["Lead_Score__c"] == 1_024
    assert written["First_Touch_Campaign__c"] == one(
        built.home, "select count(distinct record_key) from marts.attribution_touchpoints"
    )


def test_fivetran_hubspot_loads_with_its_defects(outside_data: Path, tmp_path: Path) -> None:
    built = build_world(outside_data, "fivetran_hubspot", tmp_path / "var")
    assert one(built.home, "select count(*) from marts.unified_leads") > 0
    assert one(built.home, "select count(*) from marts.opportunities") > 0
    assert one(built.home, "select count(*) from marts.data_findings") > 0
