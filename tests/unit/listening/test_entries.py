"""An event brings its person into a journey: once, in turn, and though a process ends before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from cli import waiting
from cli.listen import Inbox, Worker, one_round
from pipelines.listening import Entry, Named
from pipelines.rules.events import EventRule, EventsFile, unheard
from pipelines.settings import load_settings

from .hooks import Short, deliver, event


def test_an_event_brings_a_person_into_a_journey_once_also_when_the_first_round_fails() -> None:
    journey = EventRule(on="contact.propertyChange", property="plan", do="journey", name="welcome")
    short, inbox = Short(fails=True), Inbox()
    worker = Worker(
        EventsFile(events=(journey,)), inbox, lambda rule: None, lambda _: None, short, lambda: 10.0,
        refreshed=0.0,
    )  # fmt: skip
    changed = {"subscriptionType": "contact.propertyChange", "propertyName": "plan"}
    others = ({"propertyName": "city"}, {"subscriptionType": "deal.propertyChange"},
              {"subscriptionType": "contact.deletion"})  # fmt: skip
    deliver(inbox, [event(**changed), event(**changed), *(event(**{**changed, **each}) for each in others)])
    worker.once()
    short.fails = False
    for _ in range(2):
        worker.once()
    assert short.entered == [("7", "welcome")]


def test_entries_of_more_people_than_a_round_takes_come_in_turn() -> None:
    class Few(Short):
        def act(self, named: Collection[Named], entries: Sequence[Entry] = ()) -> bool:
            return len(named) <= 100 and super().act(named, entries)

    file = EventsFile(events=(EventRule(on="contact.creation", do="journey", name="welcome"),))
    short, inbox = Few(), Inbox()
    worker = Worker(file, inbox, lambda rule: None, print, short, lambda: 10.0, refreshed=0.0)
    deliver(inbox, [event(objectId=number) for number in range(1, 102)])
    for _ in range(5):
        worker.once()
    assert sorted(int(contact) for contact, _ in short.entered) == list(range(1, 102))


def test_an_entry_that_waits_outlives_the_process_and_is_settled_once_it_is_seen_to(tmp_path: Path) -> None:
    """Each `begin` is a process; the one before died without a word, once before its first round, once after
    a round that failed."""
    own = load_settings({"CRM_HOME": str(tmp_path)}, vendors=False)
    file = EventsFile(events=(EventRule(on="contact.creation", do="journey", name="welcome"),))

    def begin(short: Short) -> tuple[Inbox, Worker]:
        kept = waiting.Kept(own, file)
        inbox = Inbox(kept.keep)
        worker = Worker(file, inbox, lambda rule: None, print, short, lambda: 10.0, refreshed=0.0, kept=kept)
        return inbox, worker

    inbox, _ = begin(Short())
    assert deliver(inbox, [event(), event(objectId=8)]) == 200
    _, worker = begin(Short(fails=True))
    worker.once()
    short = Short()
    inbox, worker = begin(short)
    worker.once()
    assert short.entered == [("7", "welcome"), ("8", "welcome")]
    assert deliver(inbox, [event(objectId=9)]) == 200
    short.not_ours = lambda events: []  # type: ignore[method-assign]
    worker.once()
    assert waiting.Kept(own, file).waiting() == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_single_round_sees_to_the_entries_that_an_earlier_process_left(tmp_path: Path, fails: bool) -> None:
    own = load_settings({"CRM_HOME": str(tmp_path)}, vendors=False)
    file = EventsFile(events=(EventRule(on="contact.creation", do="journey", name="welcome"),))
    kept, short, done = waiting.Kept(own, file), Short(fails=fails), list[str]()
    deliver(Inbox(kept.keep), [event(objectId=number) for number in range(1, 102)])
    one_round(
        file, Inbox(), lambda rule: done.append(rule.do), lambda _: None, kept,
        lambda: nullcontext(short),
    )  # fmt: skip
    assert done[0] == "decide"
    assert len(short.entered) == 101 - len(kept.waiting()) == (0 if fails else 101)


def test_a_rule_about_an_event_that_no_crm_sends_is_refused_and_one_that_does_not_come_here_is_said() -> None:
    for wrong in ("contact.creatoin", "Contact.create", "lead.UPDATE", "contacts.creation"):
        with pytest.raises(ValueError, match=f"no CRM sends an event {wrong}"):
            EventRule(on=wrong)
    assert EventRule(on="myObject__c.UPDATE").do == "decide", "an org names its objects as it likes"
    entering = {"do": "journey", "name": "welcome"}
    kinds = ("contact.creation", "Lead.CREATE", "*")
    file = EventsFile.model_validate({"events": [{"on": "*"}, *({"on": kind, **entering} for kind in kinds)]})
    heard = [
        [kind for kind in kinds if not any(kind in s for s in unheard(file, webhooks=w, changes=c))]
        for w, c in ((True, True), (True, False), (False, True), (False, False))
    ]
    assert heard == [[*kinds], ["contact.creation", "*"], ["Lead.CREATE", "*"], []]
