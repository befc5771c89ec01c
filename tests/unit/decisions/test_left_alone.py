"""Whom a round met since a refresh began to read is left alone by its decisions; a newer change of theirs by
others is met again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest

from pipelines import standing
from pipelines.decisions import evidence, pending
from pipelines.decisions.facts import Facts
from pipelines.decisions.step import Step
from pipelines.events.round import Rounds
from pipelines.listening import Named
from pipelines.run import Run
from pipelines.sources.again import Again, Changed
from pipelines.state import handoffs, journal, met
from pipelines.state.handoffs import Handoff, PendingAction
from pipelines.state.journal import Intent, Settlement
from pipelines.steps import Loop
from tests.fixtures.checks import NoChecks
from tests.unit.decisions.conftest import NOON, Office

CONTACT = Named("hubspot", "contacts", "1")


def test_the_open_handoff_of_somebody_who_was_met_since_stays_as_it_is(office: Office) -> None:
    """And what would let them in somewhere waits, for these marts may not know of a refusal."""
    office.table("intermediate.int_person_members", "person_id, record_key", [("here", "key-1")])
    offers = [
        Handoff(f"h-{p}", "handoff", p, "offered", "a@x.example", "", NOON, NOON, None, "r1")
        for p in ("there", "here", "other")
    ]
    with office.state.writing() as writing:
        handoffs.save(writing, offers)
        begun = met.last(writing)
        met.save(writing, {"key-1": "there"}, NOON)
        handoffs.keep_actions(writing, [
            PendingAction(f"h-there.{kind}", "there", orjson.dumps({
                "action_key": f"h-there.{kind}", "sync": "handoff", "kind": kind, "vendor": "v",
                "object": "o", "record_key": None, "person_id": "there", "payload": {},
                "needs": [], "due_at": None,
            }).decode(), NOON, "r1") for kind in ("journey_entry", "enrolment", "message")
        ])  # fmt: skip
    step = Step(office.connection, office.state, office.settings, Run("r2"), NOON, met_before=begun)
    step.look_up()
    assert [each.person_id for each in step.open] == ["other"]
    assert [row.kind for row in pending.today(step.waits, step.here, Facts())] == ["message"]
    assert len(step.pending) == 3
    assert sorted(each.person_id for each in step.closed) == ["here", "there"]
    assert "2 people were decided about since this refresh began; the next has them" in step.told.notes
    later = Step(office.connection, office.state, office.settings, Run("r3"), NOON, met_before=begun + 1)
    later.look_up()
    assert len(later.open) == 3


def test_who_was_met_after_what_a_refresh_reads_is_not_in_it_though_that_was_before_it_began(
    office: Office, tmp_path: Path
) -> None:
    with office.state.writing() as writing:
        met.save(writing, {"key-1": "there"}, NOON - timedelta(minutes=1))
        before = met.last(writing)
        met.save(writing, {"key-2": "here"}, NOON + timedelta(seconds=2))
    fetched = SimpleNamespace(
        as_of=NOON + timedelta(seconds=8),
        whole_until=NOON,
        problems=(),
        notes=(),
        rows={},
        has_changes=True,
        stale=(),
        erased=(),
    )
    loop = Loop(replace(office.settings, home=tmp_path / "own"), NoChecks())
    extraction = SimpleNamespace(
        fetch=lambda *_, **__: fetched, load=lambda *_: None, newly_erased=lambda _: []
    )
    loop.__dict__ |= {"_extraction": extraction, "_metadata": None, "state": office.state}
    loop.extract()
    with loop.warehouse.reading("work") as connection:
        assert standing.begun(connection) == before


def test_contact_counts_for_each_handoff_of_somebody_since_that_one_was_offered(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = [NOON, NOON + timedelta(hours=3)]
    offers = [
        Handoff(f"h{n}", f"handoff {n}", "p", "offered", "a@x.example", "", at, at, None, "r1")
        for n, at in enumerate(hours)
    ]
    asked: list[dict[str, datetime]] = []
    monkeypatch.setattr(evidence, "first_contacts", lambda _, since, *__: asked.append(since) or since)
    step = Step(office.connection, office.state, office.settings, Run("r2"), NOON)
    step.look_up()
    step.open = offers
    assert step._contacts() == {"h0": hours[0], "h1": hours[1]}
    assert len(asked) == 2


def test_a_newer_change_by_others_meets_the_person_again_and_our_own_does_not(office: Office) -> None:
    rounds, minute = Rounds(Again(None, None)), timedelta(minutes=1)

    def news(at: timedelta) -> list[Named]:
        return rounds.news(office.state, [Changed("hubspot", "contacts", "1", NOON + at)])

    assert news(0 * minute) == [CONTACT]
    rounds.meet(CONTACT, NOON)
    assert news(0 * minute) == []
    wrote = NOON + 2 * minute
    intent = Intent("c", "plan", "hubspot_contacts", "hubspot", "contacts", "1", "hubspot:1:contacts:1",
                    "lead_score", None, "42", "computed", "lead_score.yml")  # fmt: skip
    with office.state.writing() as writing:
        journal.intend(writing, [intent], run_id="r", at=wrote)
        journal.settle(writing, [Settlement("c", "confirmed", "", "", "q", wrote)])
    assert news(2 * minute) == []
    assert news(3 * minute) == [CONTACT]
