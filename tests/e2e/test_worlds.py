"""Worlds from files that nobody here wrote: the loop runs on them, and their defects become findings."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.conftest import Built, run_build
from tests.e2e.marts import one, query

pytestmark = [pytest.mark.loop, pytest.mark.outside]


def build_world(outside_data: Path, name: str, home: Path, parsed: Path) -> Built:
    shutil.copytree(parsed, home / "dbt")
    built = run_build(home, "--world", str(outside_data / name), "--no-limits")
    assert built.exit_code == 0, built.output
    assert "Second plan: nothing left to change" in built.output
    return built


@pytest.fixture(scope="module")
def maven(outside_data: Path, parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_world(outside_data, "maven_crm", tmp_path_factory.mktemp("maven") / "var", parsed)


def test_maven_crm_publishes_every_opportunity_and_says_there_are_no_people(maven: Built) -> None:
    built = maven
    counts = "select count(*), count(*) filter (is_won), count(*) filter (is_closed and not is_won)"
    assert query(built.home, f"{counts} from marts.opportunities") == [(8_800, 4_238, 2_473)]
    assert "no people" in built.output
    findings = dict(query(built.home, "select finding, records from marts.data_findings"))
    assert 2_089 in findings.values()
    assert 1_425 in findings.values()


def test_win_rates_of_maven_crm_agree_with_a_count_over_the_file(outside_data: Path, maven: Built) -> None:
    folder = outside_data / "maven_crm"
    with (folder / "sales_teams.csv").open(newline="") as file:
        managers = {row["sales_agent"]: row["manager"] for row in csv.DictReader(file)}
    won: Counter[tuple[str, str]] = Counter()
    lost: Counter[tuple[str, str]] = Counter()
    closed = {"Won": won, "Lost": lost}
    with (folder / "sales_pipeline.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["deal_stage"] not in closed:
                continue
            agent = row["sales_agent"]
            for group in (
                ("all", "all"), ("owner", agent), ("manager", managers[agent]), ("product", row["product"])
            ):  # fmt: skip
                closed[row["deal_stage"]][group] += 1
    shown = query(
        maven.home,
        "select segment, segment_value, won, lost, win_rate from marts.win_rates where period is null "
        "and definition = 'closed' and pipeline = 'all' "
        "and segment in ('all', 'owner', 'manager', 'product')",
    )
    expected = {
        (*group, won[group], lost[group], won[group] / (won[group] + lost[group])) for group in won | lost
    }
    assert (won["all", "all"], lost["all", "all"]) == (4_238, 2_473)
    assert set(shown) == expected


def test_npsp_has_memberships_that_earn_no_credit_and_writes_to_its_contacts(
    outside_data: Path, parsed: Path, tmp_path: Path
) -> None:
    built = build_world(outside_data, "npsp", tmp_path / "var", parsed)
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
    assert not {field for field in written if field.startswith(("First_Touch", "Last_Touch"))}


def test_fivetran_hubspot_loads_builds_and_reports_every_orphan(
    outside_data: Path, parsed: Path, tmp_path: Path
) -> None:
    """Fourteen deal stages without a deal among them, which no client can see: the load itself says it."""
    built = build_world(outside_data, "fivetran_hubspot", tmp_path / "var", parsed)
    for orphans in (
        "history: of a deal that the data does not have, kept where no client can see it: 14",
        "associations: from companies that the data does not have: 12",
        "associations: from contacts that the data does not have: 21",
        "associations: from deals that the data does not have: 23",
        "associations: from tasks that the data does not have: 2",
        "associations: from tickets that the data does not have: 27",
        "email_events: of a campaign that the data does not have: 84",
        "email_events: parts (click) of an event that the data does not have: 100",
        "list_members: a contact that the data does not have: 68",
        "submissions: by a contact that the data does not have: 5",
        "merges: into a record of contacts that the data does not have, left out: 4",
        "merges: into a record of deals that the data does not have, left out: 14",
        "pipelines: named by stages only, shown under their id: 6",
    ):
        assert orphans in built.output
    assert one(built.home, "select count(*) from marts.unified_leads") == 19
    assert one(built.home, "select count(*) from marts.opportunities") == 44
    findings = dict(query(built.home, "select finding, records from marts.data_findings"))
    of_deals = ("account", "amount", "close_date", "stage", "stage_history")
    assert [findings[f"opportunity_without_{what}"] for what in of_deals] == [44] * len(of_deals)
    assert (findings["opportunity_without_owner"], findings["person_with_invalid_email"]) == (22, 22)


def test_fivetran_salesforce_loads_builds_and_reports_every_orphan(
    outside_data: Path, parsed: Path, tmp_path: Path
) -> None:
    """All opportunities and most accounts are deleted; what hangs on them hangs on nothing. Two contacts have
    ids of 17 letters, which Salesforce takes from nobody: their fields are refused, and said."""
    home = tmp_path / "var"
    shutil.copytree(parsed, home / "dbt")
    built = run_build(home, "--world", str(outside_data / "fivetran_salesforce"), "--no-limits")
    assert built.exit_code == 4, built.output
    assert "10 confirmed, 8 rejected" in built.output
    assert one(home, "select count(*) from marts.unified_leads") == 5
    assert one(home, "select count(*) from marts.opportunities") == 0
    assert query(home, "select finding, object, records from marts.data_findings order by all") == [
        ("owner_unknown", "Contact", 3),
        ("owner_unknown", "Lead", 1),
        ("person_of_unknown_account", "Contact", 3),
        ("person_of_unknown_account", "Lead", 1),
        ("person_with_name_of_nobody", "Contact", 3),
        ("person_with_name_of_nobody", "Lead", 1),
        ("person_without_email", "Contact", 3),
        ("task_without_person", "Task", 10),
    ]
    assert set(query(home, "select code, length(record_id) from ops.dead_letters")) == {("MALFORMED_ID", 17)}
