"""Whose clock has run out between two looks: each once, so many at a time, however many rounds it takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.decisions.escalation import Clock
from pipelines.decisions.watch import Watch
from pipelines.events import clocks
from pipelines.events.clocks import Clocks
from pipelines.rules.handoff import load_handoffs
from pipelines.rules.routing import load_routing
from pipelines.state import decision_runs, decisions
from tests.unit.decisions.conftest import NOON, RULES, Office

PEOPLE = [f"p{n}" for n in range(5)]
AT = NOON + timedelta(hours=4)


@pytest.fixture
def waiting(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Five leads were given away at noon and wait four hours at most; one of them was called."""
    monkeypatch.setattr(clocks, "MOST", 2)
    rules = office.settings.config_dir / "routing.yml"
    rules.write_text(RULES + "escalation: {timeout: 4h, clock: always, action: reassign-to-manager}\n")
    office.people(*((person, None, 10, "lead") for person in PEOPLE))
    office.table("staging.stg_hubspot__calls", "record_key varchar, call_id varchar, owner_id varchar, "
                 "disposition varchar, status varchar, occurred_at timestamptz", [])  # fmt: skip
    office.table("staging.stg_hubspot__emails", "record_key varchar, sequence_id varchar", [])
    office.table("rules.run", "as_of timestamptz", [(NOON,)])
    columns = "person_id varchar, source_record_key varchar, occurred_at timestamptz"
    called = ("p3", "hubspot:o:calls:1", NOON + timedelta(hours=1))
    office.table("intermediate.int_sales_contacts", columns, [called])
    config = office.settings.config_dir
    seen = Watch(office.connection, office.state, load_routing(config), load_handoffs(config), (), NOON).seen
    with office.state.writing() as writing:
        decision_runs.see(writing, seen)
    office.decide()
    office.publish()
    return office


def found(office: Office, looks: Clocks, minutes: float) -> list[str]:
    at = AT + timedelta(minutes=minutes)
    return looks.run_out(office.connection, office.state, office.settings, at)


def test_each_whose_clock_runs_out_is_found_once_and_who_was_called_is_not(waiting: Office) -> None:
    looks = Clocks()
    assert found(waiting, looks, -1) == []
    looks.acted()
    assert found(waiting, looks, 1) == found(waiting, looks, 1) == ["p0", "p1"], "not acted on yet"
    looks.acted()
    assert found(waiting, looks, 2) == ["p2", "p4"]
    looks.acted()
    assert found(waiting, looks, 600) == []


def test_who_is_given_away_between_two_looks_is_found_and_decisions_are_asked_for_once(
    waiting: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, asked = Clocks(), []
    load = decisions.load
    monkeypatch.setattr(clocks.decisions, "load", lambda *of: asked.append(len(made := load(*of))) or made)
    assert found(waiting, looks, -1) == []
    waiting.people(("new", None, 10, "lead"))
    waiting.decide("run2", AT)
    waiting.publish()
    del asked[1:]  # deciding asks for all
    assert (found(waiting, looks, 0), found(waiting, looks, 241)) == (["p0", "p1"], ["p0", "p1"])
    for _ in range(2):
        looks.acted()
        ripe = found(waiting, looks, 241)
    assert ripe == ["new"]
    assert asked == [5, 1, *[0] * (len(asked) - 2)]


def test_a_clock_of_weeks_is_looked_at_as_long_as_it_may_run() -> None:
    days = timedelta(days=1)
    assert clocks.look_back([]) == clocks.look_back([Clock(timedelta(hours=4), "x")]) == 30 * days
    assert clocks.look_back([Clock(4 * days, "x", repeat=14 * days), Clock(days, "x")]) == 140 * days


def test_whom_a_round_held_is_found_when_somebodys_hours_open(waiting: Office) -> None:
    looks = Clocks()
    looks.held["new"] = AT - timedelta(hours=1)
    assert found(waiting, looks, -61) == []
    looks.acted()
    assert found(waiting, looks, -60) == ["new"]
    looks.acted()
    assert found(waiting, looks, -1) == []
