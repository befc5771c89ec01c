"""Clocks in business time: warnings, the timeout, repeats and their limit, and what stops them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines import standing
from pipelines.decisions import evidence
from pipelines.decisions.due import keep, of_clocks
from pipelines.decisions.escalation import Clock, Waiting, overdue
from pipelines.decisions.watch import Watch
from pipelines.rules.handoff import load_handoffs
from pipelines.rules.routing import Escalation, load_routing
from pipelines.rules.teams import Teams, load_teams
from pipelines.settings import PROJECT_ROOT
from pipelines.state.decisions import KeptDecision
from pipelines.state.handoffs import Handoff

from .conftest import NOON, Office

FRIDAY = datetime(2026, 6, 26, 15, tzinfo=UTC)  # 16:00 in London, an hour before closing
TEAMS = """
people:
  ann@x.example:
    {zone: Europe/London, hours: {mon-fri: ["09:00-17:00"]}, manager: max@x.example, backup: bob@x.example}
  max@x.example: {manager: eve@x.example}
  eve@x.example: {}
  bob@x.example: {}
teams: {t: {members: [ann@x.example]}}
"""


@pytest.fixture
def teams(tmp_path: Path) -> Teams:
    (tmp_path / "teams.yml").write_text(TEAMS)
    return load_teams(tmp_path)


def decision(owner: str = "ann@x.example", key: str = "new", cause: str = "new-lead") -> KeptDecision:
    return KeptDecision("d", 1, "p", "routing", "t", owner, "r", "", FRIDAY, "run", key, cause)


def after(
    teams: Teams, hours: float, one: KeptDecision, contact: datetime | None = None,
    accepted: Sequence[str] = (), **rule: object,
) -> list[Waiting]:  # fmt: skip
    clock = Clock.of(Escalation.model_validate({"timeout": "4h", "warn": ["2h"], **rule}))
    contacts = {"p": contact} if contact else {}
    at = FRIDAY + timedelta(hours=hours)
    return overdue([one], {"routing": clock}, contacts, teams, at, {"routing": FRIDAY}, accepted)


def test_four_business_hours_end_on_monday_at_noon_not_on_friday_night(teams: Teams) -> None:
    assert after(teams, 10, decision()) == []
    monday = 24 * 3 - 15  # Monday 00:00 UTC, so many hours after
    assert after(teams, monday + 8.9, decision()) == []  # 09:54 in London: 1.9 hours
    (warned,) = after(teams, monday + 9.1, decision())
    assert (warned.kind, warned.waited, warned.to) == ("warning", "2h", None)
    (late,) = after(teams, monday + 11, decision())
    assert (late.kind, late.level, late.to, late.root) == ("escalation", 1, "max@x.example", "d")


def test_on_the_clock_of_the_wall_it_is_four_hours(teams: Teams) -> None:
    (late,) = after(teams, 4, decision(), clock="always", action="reassign-to-backup")
    assert late.to == "bob@x.example"


def test_contact_after_the_assignment_stops_the_clock_and_before_it_does_not(teams: Teams) -> None:
    assert after(teams, 100, decision(), FRIDAY + timedelta(hours=1)) == []
    assert len(after(teams, 100, decision(), FRIDAY - timedelta(hours=1))) == 1


def test_it_repeats_to_the_next_one_up_to_the_limit(teams: Teams) -> None:
    second = decision("max@x.example", "escalation:d:1", "escalation")
    assert after(teams, 100, second) == []
    (again,) = after(teams, 100, second, repeat="4h", limit=2)
    assert (again.level, again.to, again.root) == (2, "eve@x.example", "d")
    assert (
        after(teams, 100, decision("eve@x.example", "escalation:d:2", "escalation"), repeat="4h", limit=2)
        == []
    )


def test_a_manager_who_is_only_told_gets_nothing(teams: Teams) -> None:
    (told,) = after(teams, 100, decision(), action="notify-manager")
    assert told.to is None


def test_what_was_decided_before_the_clock_was_switched_on_is_left_alone(teams: Teams) -> None:
    at = FRIDAY + timedelta(days=9)
    clocks = {"routing": Clock(timedelta(hours=4), "reassign-to-manager")}
    assert overdue([decision()], clocks, {}, teams, at, {"routing": FRIDAY + timedelta(days=1)}) == []


def test_a_lead_that_nobody_took_up_is_told_of_and_a_status_stops_that_alone(teams: Teams) -> None:
    rule = {"acceptance": "1h", "warn": [], "clock": "always"}
    (told,) = after(teams, 2, decision(), **rule)
    assert (told.kind, told.waited, told.to) == ("acceptance", "1h", None)
    assert after(teams, 2, decision(), accepted=["p"], **rule) == []
    (late,) = after(teams, 4, decision(), accepted=["p"], **rule)
    assert late.kind == "escalation"


@pytest.mark.parametrize(("with_evidence", "waiting"), [(None, 1), ({"p"}, 1), ({"another"}, 0)])
def test_no_lead_is_taken_from_anybody_in_a_round_that_has_not_read_what_stops_clocks(
    office: Office, monkeypatch: pytest.MonkeyPatch, with_evidence: set[str] | None, waiting: int
) -> None:
    monkeypatch.setattr(evidence, "first_contacts", lambda *_: {})
    office.people(("p", "ann@x.example", 90, "mql"))
    rules = office.settings.config_dir / "routing.yml"
    rules.write_text(rules.read_text() + "escalation: {timeout: 4h, action: notify-manager}\n")
    watch = Watch(
        office.connection, office.state, load_routing(rules.parent), load_handoffs(rules.parent), (), NOON,
        with_evidence=None if with_evidence is None else frozenset(with_evidence),
    )  # fmt: skip
    watch.since["routing"] = FRIDAY  # it was switched on long ago
    assert [each.kind for each in watch.waiting([decision()])] == ["escalation"] * waiting


def test_each_handoff_has_its_own_clock_also_where_whoever_had_the_lead_keeps_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "first_contacts", lambda *_: {})
    config, people = office.settings.config_dir, ("kept", "slow", "same", "own", "plain")
    (config / "stages.yml").write_text((PROJECT_ROOT / "config" / "stages.yml").read_text())
    rule = "{{name: {}, trigger: {{value: 75}}, actions: [{{type: create-task}}], sla: {{firstContact: {}}}}}"
    (config / "handoff.yml").write_text(
        f"handoffs: [{', '.join(rule.format(*each) for each in (('fast', '1h'), ('slow', '9h')))}]"
    )
    (config / "teams.yml").write_text(TEAMS.replace('hours: {mon-fri: ["09:00-17:00"]}, ', ""))
    (config / "routing.yml").write_text("rules: [{name: r, team: t}]\n")
    office.people(*((each, "ann@x.example", 90, "mql") for each in people))

    def given(person: str, rule: str, state: str, cause: str = "handoff") -> KeptDecision:
        one = decision("ann@x.example", f"handoff:{person}", cause)
        return one._replace(person_id=person, rule=rule, state=state, decided_at=NOON)

    standing = [given("kept", "handoff fast", "kept"), given("slow", "handoff slow", "assigned"),
                given("same", "r", "kept", "new-lead")]  # fmt: skip
    offers = [Handoff(each, "fast", each, "offered", "ann@x.example", "", NOON, NOON, None, "r", None, "{}")
              for each in ("kept", "own")]  # fmt: skip
    watch = Watch(office.connection, office.state, load_routing(config), load_handoffs(config), (),
                  NOON + timedelta(hours=2))  # fmt: skip
    late = watch.waiting(standing, offers)
    assert [(each.decision.person_id, each.waited, each.to) for each in late] == [
        ("kept", "1h", "max@x.example"), ("own", "1h", "max@x.example")
    ]  # fmt: skip
    assert watch.moments == [NOON + timedelta(hours=each) for each in (1, 9, 1)]
    older = [each._replace(statuses="") for each in offers]
    assert [each.decision.person_id for each in watch.waiting(standing, older)] == ["kept"]
    ended = [each._replace(state="recycled") for each in offers]
    assert watch.waiting(standing, [each._replace(state="rejected") for each in offers], ended) == []


def test_the_next_moment_is_that_of_the_first_clock_still_to_run_out(teams: Teams) -> None:
    clock = Clock.of(Escalation.model_validate({"timeout": "4h", "warn": ["2h"], "acceptance": "30m"}))
    london = timedelta(hours=1)  # ahead of UTC in June
    monday = datetime(2026, 6, 29, 9, tzinfo=UTC) - london
    due = of_clocks([decision()], {"routing": clock}, {}, teams, {"routing": FRIDAY})
    moments = [at for at, _ in due]
    assert moments == [
        monday + timedelta(hours=1),
        FRIDAY + timedelta(minutes=30),
        monday + timedelta(hours=3),
    ]
    contact = {"p": FRIDAY + timedelta(minutes=1)}
    assert list(of_clocks([decision()], {"routing": clock}, contact, teams, {"routing": FRIDAY})) == []


def test_only_a_moment_to_come_is_kept(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema deciding")
        assert standing.next_due(connection) is None
        keep(connection, [FRIDAY, FRIDAY + timedelta(hours=2), FRIDAY + timedelta(hours=1)], FRIDAY)
        assert standing.next_due(connection) == FRIDAY + timedelta(hours=1)
        keep(connection, [FRIDAY], FRIDAY)
        assert standing.next_due(connection) is None


@pytest.mark.parametrize(
    ("told", "ours", "accepted"),
    [(None, False, True), (None, True, False), (-1, True, False), (-1, False, False), (1, True, True)],
)
def test_a_lead_is_accepted_by_a_status_that_was_set_since_and_not_by_what_we_write_to_the_record(
    office: Office, told: int | None, ours: bool, accepted: bool
) -> None:
    """`told`: when HubSpot's history says it was set, hours from noon; `ours`: the last change is our own."""
    at = "changed_at timestamptz"
    office.table("intermediate.int_person_members", "person_id, record_key", [("p", "k")])
    stands = [("k", "IN_PROGRESS", NOON + timedelta(hours=2))]
    office.table("staging.stg_hubspot__contacts", "record_key, lead_status, updated_at timestamptz", stands)
    office.table("staging.stg_salesforce__leads", "record_key, status, updated_at timestamptz", [])
    set_at = [] if told is None else [("k", "hs_lead_status", "IN_PROGRESS", NOON + timedelta(hours=told))]
    columns = f"contact_key, property, value, {at}"
    office.table("staging.stg_hubspot__contacts_property_history", columns, set_at)
    columns = f"lead_key, field, new_value, history_id, {at}"
    office.table("staging.stg_salesforce__lead_history", columns, [])
    office.table("intermediate.int_changes_by_others", f"record_key, {at}", [("k", None)] * ours)
    found = evidence.accepted(office.connection, {"p": NOON}, ["IN_PROGRESS"])
    assert (found == frozenset({"p"})) is accepted
