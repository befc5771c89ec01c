"""A turn of the round that comes back: nobody came, a meeting was called off, a lead went to another."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from pipelines.decisions import routing
from pipelines.decisions.replay import replay
from pipelines.rules.routing import load_routing
from pipelines.run import Run
from pipelines.state import decisions
from pipelines.state.decisions import KeptDecision

from .conftest import EVENTS, NOON, Office, events_of, meetings_of


def next_owner(office: Office, person: str, run: str, hours: int) -> str:
    """Who gets somebody new, in a run of its own that is kept."""
    office.people(("p1", "cy@northwind.example", 0, "lead"), (person, None, 0, "lead"))
    office.decide(run, NOON + timedelta(hours=hours))
    office.publish()
    [(owner,)] = office.connection.execute(
        "select split_part(owner_email, '@', 1) from decisions.assignments where person_id = ?", [person]
    ).fetchall()
    return str(owner)


def test_nobody_came_so_the_turn_comes_back_once_and_a_new_booking_takes_it_again(office: Office) -> None:
    office.people(("p1", None, 0, "lead"))
    office.decide()
    office.publish()
    meetings_of(office, ("p1", "NO_SHOW"))
    assert [next_owner(office, f"q{n}", f"run-q{n}", n) for n in range(1, 5)] == ["cy", "di", "fay", "cy"]
    kept = office.connection.execute("select state_after from deciding.routing_run").fetchone()
    meetings_of(office, ("p1", "NO_SHOW"), ("p1", "SCHEDULED"))
    assert next_owner(office, "q5", "run-q5", 6) == "di"
    again = office.connection.execute("select state_after from deciding.routing_run").fetchone()
    assert [len(orjson.loads(row[0])["credited"]) for row in (kept, again) if row] == [1, 0]


def test_what_is_credited_is_decided_again_the_same_by_replay(office: Office) -> None:
    office.people(("p1", None, 0, "lead"))
    office.decide()
    office.publish()
    meetings_of(office, ("p1", "CANCELED"))
    assert next_owner(office, "q1", "run-q1", 1) == "cy"
    found = replay(office.state, "run-q1")
    assert (found.rows, found.differences) == (1, ())


def test_an_event_of_salesforce_s_that_was_called_off_gives_the_turn_back(office: Office) -> None:
    office.people(("p1", None, 0, "lead"))
    office.decide()
    office.publish()
    events_of(office, "p1")
    assert [next_owner(office, f"q{n}", f"run-q{n}", n) for n in (1, 2)] == ["cy", "di"]


def test_an_event_to_which_nobody_came_by_the_field_that_config_names_gives_the_turn_back(
    office: Office,
) -> None:
    office.people(("p1", None, 0, "lead"))
    office.decide()
    office.publish()
    events_of(office, "p1")
    office.connection.execute("delete from staging.stg_salesforce__canceled_events")
    came = ("e1", "e1", "00Q-p1", "Demo", "NO_SHOW", NOON, NOON, NOON + timedelta(hours=1))
    office.table("staging.stg_salesforce__events", EVENTS, [came])
    assert [next_owner(office, f"q{n}", f"run-q{n}", n) for n in (1, 2)] == ["cy", "di"]


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_what_becomes_of_a_meeting_is_an_event_that_rules_can_be_about(office: Office, crm: str) -> None:
    """Each outcome in either CRM: another rule, with another key; a second look decides nothing again."""
    triggers = ("booked", "rebooked", "canceled", "no-show")
    since = "active_from: 2026-01-01T00:00:00Z"
    rules = "\n".join(f"  - {{name: {t}, on: meeting-{t}, team: inbound, {since}}}" for t in triggers)
    (office.settings.config_dir / "routing.yml").write_text(f"new_rules: live\nrules:\n{rules}\n")
    outcomes = ("SCHEDULED", "RESCHEDULED", "CANCELED", "NO_SHOW")
    people = [f"p{n}" for n in range(4)]
    office.people(*((person, None, 0, "lead") for person in people))
    if crm == "hubspot":
        meetings_of(office, *zip(people, outcomes, strict=True))
    else:
        events_of(office, *people)
        office.connection.execute("delete from staging.stg_salesforce__canceled_events")
        office.table("staging.stg_salesforce__events", EVENTS, [
            (f"m{n}", f"m{n}", f"00Q-p{n}", "Demo", outcome, NOON, NOON, NOON)
            for n, outcome in enumerate((None, *outcomes[1:]))
        ])  # fmt: skip
    office.decide(as_of=NOON + timedelta(days=1))
    found = office.assignments("event_key, rule")
    expected = [("m0", "booked"), ("m1", "booked"), ("m1:rebooked", "rebooked"),
                ("m2:canceled", "canceled"), ("m3:no-show", "no-show")]  # fmt: skip
    assert sorted(found) == expected
    office.publish()
    assert office.decide("run2", NOON + timedelta(days=2)).made == ()


def test_a_copy_of_a_meeting_that_we_made_in_the_other_crm_is_no_booking_and_takes_no_turn(
    office: Office,
) -> None:
    office.people(("p1", None, 0, "lead"))
    office.decide()
    office.publish()
    config = office.settings.config_dir
    since = "active_from: 2026-01-01T00:00:00Z"
    (config / "routing.yml").write_text(
        f"new_rules: live\nrules: [{{name: b, on: meeting-booked, team: inbound, {since}}}]\n"
    )
    events_of(office, "p1")  # whose lead it is about
    meetings_of(office, ("p1", "NO_SHOW"))
    office.connection.execute(
        "insert into intermediate.int_person_records "
        "values ('salesforce', 'Lead', '00Q-p1', 'lead-p1', null, false); "
        "insert into intermediate.int_person_members values ('p1', 'lead-p1')"
    )
    starts, made = NOON + timedelta(hours=9), NOON + timedelta(hours=1)
    copy = ("salesforce:o:Event:e1", "e1", "00Q-p1", "Demo", None, starts, made, made)
    office.table("staging.stg_salesforce__events", EVENTS, [copy])
    later, known = NOON + timedelta(hours=2), routing.standing(office.connection, office.state)
    for ours, booked, credited in ((frozenset(), 1, 0), (frozenset({("salesforce", "e1")}), 0, 1)):
        found = routing.route(
            office.connection, office.state, office.settings, Run("run2"), later, load_routing(config), known,
            routing.Asked(), ours=ours,
        )  # fmt: skip
        kept = office.connection.execute("select state_after from deciding.routing_run").fetchone()
        assert (len(found.decided.made), len(orjson.loads(kept[0])["credited"]) if kept else -1) == (
            booked, credited
        )  # fmt: skip


def test_a_lead_that_somebody_gave_to_another_by_hand_gives_the_turn_back(office: Office) -> None:
    office.people(("p1", None, 0, "lead"))
    office.decide()
    office.publish()
    office.people(("p1", "ada@northwind.example", 0, "lead"), ("p2", None, 0, "lead"))
    office.decide("run2", NOON + timedelta(hours=1))
    assert office.assignments("person_id, owner_email")[1] == ("p2", "cy@northwind.example")
    office.publish()
    later = KeptDecision(
        "d9", 9, "p1", "routing", "field", "ada@northwind.example", "r", "a form", NOON, "run9", "f1", "form"
    )
    with office.state.writing() as connection:
        decisions.save(connection, [later])
    office.decide("run3", NOON + timedelta(hours=2))
    row = office.connection.execute("select rules from deciding.routing_run").fetchone()
    assert row is not None
    assert orjson.loads(row[0])["credits"] == [], "it stays given back when they are routed again"
