"""Handoffs that are under way: sales' answer, people who merge, what could not be made, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import orjson
import pytest

from pipelines.decisions import evidence, offers
from pipelines.decisions.composing import Composer
from pipelines.decisions.doing import Doing, Row
from pipelines.decisions.evidence import Status
from pipelines.decisions.facts import Facts, Owner, Person, Staged
from pipelines.decisions.handoffs import Crossing, is_past, settled
from pipelines.rules.handoff import HandoffRule, Handoffs
from pipelines.rules.notifications import NotificationsFile
from pipelines.rules.routing import load_routing
from pipelines.rules.stages import load_stages
from pipelines.rules.teams import load_teams
from pipelines.rules.templates import Templates
from pipelines.settings import PROJECT_ROOT
from pipelines.state.decisions import KeptDecision
from pipelines.state.handoffs import Handoff, PendingAction, Score
from tests.fixtures.tables import table

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIG = PROJECT_ROOT / "config"
RULE = HandoffRule.model_validate({
    "trigger": {"value": 75},
    "actions": (
        {"type": "update-lifecycle", "name": "stage", "value": "sales_qualified_lead"},
        {"type": "assign-owner", "name": "owner"},
        {"type": "create-task", "name": "call", "taskType": "follow-up-call", "needs": ["owner", "stage"]},
        {"type": "enroll-sequence", "name": "mail", "sequence": "s"},
        {"type": "create-note", "name": "note", "needs": "mail"},
    ),
})  # fmt: skip
OFFER = Handoff("h", "handoff", "p", "offered", "a@x.example", "", NOON, NOON, None, "r1")
ADA = Owner("ada@x.example", "Ada", "70", "005")


def test_a_status_is_an_answer_only_if_somebody_set_it_since_the_offer() -> None:
    """Our own writing moves the record's moment, and the status may be that of the first pass."""
    before = OFFER._replace(statuses=orjson.dumps({"k": "UNQUALIFIED"}).decode())
    stale = Status("UNQUALIFIED", NOON + HOUR, "k", is_dated=False)

    def state(offer: Handoff, status: Status) -> str:
        return settled(offer, RULE, [status], None, True, NOON + 2 * HOUR, "r2").state

    assert state(before, stale) == "offered"
    assert state(before, stale._replace(is_dated=True)) == "rejected", "set to the same again, says the CRM"
    assert state(before, stale._replace(is_dated=True, changed_at=NOON - HOUR)) == "offered"
    assert state(before, stale._replace(value="BAD_TIMING")) == "rejected"
    assert state(before, stale._replace(value="CONNECTED", record_key="other")) == "accepted"


def test_a_status_is_as_old_as_the_crm_s_history_of_it_or_else_as_the_record() -> None:
    with duckdb.connect() as connection:
        for name, columns, rows in (
            ("staging.stg_hubspot__contacts", "record_key, lead_status, updated_at timestamptz",
             [("k1", "UNQUALIFIED", NOON), ("k2", "OPEN", NOON), ("k4", None, NOON)]),
            ("staging.stg_hubspot__contacts_property_history",
             "contact_key, property, value, changed_at timestamptz",
             [("k1", "hs_lead_status", "OPEN", NOON - 9 * HOUR),
              ("k1", "hs_lead_status", "UNQUALIFIED", NOON - 5 * HOUR),
              ("k1", "lifecyclestage", "lead", NOON), ("k2", "hs_lead_status", "NEW", NOON - 5 * HOUR)]),
            ("staging.stg_salesforce__leads", "record_key, status, updated_at timestamptz",
             [("k3", "Working", NOON)]),
            ("staging.stg_salesforce__lead_history",
             "lead_key, history_id, field, new_value, changed_at timestamptz",
             [("k3", "1", "Status", "Working", NOON - 2 * HOUR), ("k3", "2", "Owner", "x", NOON)]),
            ("intermediate.int_person_members", "person_id, record_key",
             [("p", key) for key in ("k1", "k2", "k3", "k4")] + [("q", "k9")]),
        ):  # fmt: skip
            table(connection, name, columns, rows)
        found = evidence.statuses(connection, ["p"])
    assert {s.record_key: (s.value, NOON - (s.changed_at or NOON), s.is_dated) for s in found["p"]} == {
        "k1": ("UNQUALIFIED", 5 * HOUR, True), "k2": ("OPEN", 0 * HOUR, False),
        "k3": ("Working", 2 * HOUR, True),
    }  # fmt: skip


def test_who_has_gone_further_than_the_handoff_brought_them_is_not_given_back() -> None:
    taken, refused = OFFER._replace(state="accepted"), [Status("UNQUALIFIED", NOON + HOUR)]
    for further, state in ((True, "accepted"), (False, "rejected")):
        after = settled(taken, RULE, refused, None, True, NOON + 2 * HOUR, "r2", is_past=further)
        assert after.state == state


@pytest.mark.parametrize(
    ("trigger", "sets", "further_from"),
    [
        ({"value": 75}, True, 5),
        ({"value": 75}, False, None),
        ({"type": "stage", "value": "marketing_qualified_lead"}, False, 5),
        ({"type": "stage", "value": "opportunity"}, False, 6),
    ],
)
def test_further_is_past_the_stage_a_handoff_sets_or_else_the_one_it_hands_over_at_if_any(
    trigger: dict[str, Any], sets: bool, further_from: int | None
) -> None:
    """Somebody who is handed over as an opportunity is refused as one."""
    actions = [{"type": "create-task"}]
    if sets:
        actions.append({"type": "update-lifecycle", "value": "sales_qualified_lead"})
    rule = HandoffRule.model_validate({"trigger": trigger, "actions": actions})
    order = {"marketing_qualified_lead": 3, "sales_qualified_lead": 4, "opportunity": 5, "customer": 6}
    assert next((at for at in range(1, 7) if is_past(rule, at, order)), None) == further_from


def test_who_was_handed_over_is_so_under_the_id_of_who_they_are_now() -> None:
    def today(ids: Any) -> list[str]:
        return ["ann" if each in ("ann", "old") else each for each in ids]

    known = {("h", p): Score("h", p, armed, n) for p, armed, n in (
        ("ann", True, 0), ("old", False, 2), ("bo", True, 1))}  # fmt: skip
    now, kept = offers.scores_of_today(known, today)
    assert now == {("h", "ann"): Score("h", "ann", False, 2), ("h", "bo"): Score("h", "bo", True, 1)}
    later, again = offers.scores_of_today(known | {(s.handoff, s.person_id): s for s in kept}, today)
    assert (later, again) == (now, []), "told once: below the threshold ann is armed again for good"
    (offer,) = offers.of_today([OFFER._replace(person_id="old")], today)
    assert offer.person_id == "ann"


def person(contact: str | None = "1", owner: str | None = None, *staged: Staged) -> Person:
    told = {"name": "Pat", "email": "p@x.example"}
    return Person("p", told, 80, "lead", False, owner, contact, "00Q", None, staged=staged)


def composer(who: Person, rule: HandoffRule, *under_way: Handoff) -> Composer:
    facts = Facts({"p": who}, {ADA.email: ADA}, {"hubspot": ("1", ""), "salesforce": ("00D", "")})
    doing = Doing(facts, load_teams(CONFIG), load_stages(CONFIG), Templates({}), NotificationsFile(), NOON)
    return Composer(doing, load_routing(CONFIG), Handoffs((rule,)), list(under_way), NOON, "r")


def given() -> dict[str, KeptDecision]:
    """Ada gets it."""
    event = "handoff:h"
    return {
        event: KeptDecision("d", 1, "p", "routing", "", ADA.email, "handoff", "", NOON, "r", event, "handoff")
    }


def keys(rows: list[Row]) -> dict[str, tuple[str, ...]]:
    return {row.action_key: row.needs for row in rows}


def test_what_could_not_be_made_keeps_a_handoff_open_and_is_made_once_it_can_be() -> None:
    crossing, status = Crossing(RULE, "p", "h", "because", 80), {"p": [Status("OPEN", NOON, "k")]}
    first = composer(person(contact=None), RULE)
    assert set(keys(first.of_crossings([crossing], {}, status))) == {"h.stage.salesforce"}
    (waits,) = first.new_handoffs
    assert waits.left == ("call", "mail", "note"), "nobody can take it"
    assert orjson.loads(waits.statuses) == {"k": "OPEN"}
    second = composer(person(contact=None), RULE, waits)
    made = keys(second.of_unfinished([waits], given()))
    assert made == {"h.call": ("h.stage.salesforce",)}, "what was made is not made again"
    assert (second.open[0].left, second.open[0].owner_email) == (("mail", "note"), ADA.email)
    assert any("note of a handoff is not done: it needs mail" in note for note in second.doing.notes)
    third = composer(person(), RULE, second.open[0])
    assert keys(third.of_unfinished(second.open, given())) == {"h.mail": (), "h.note": ("h.mail",)}
    assert third.open[0].left == ()
    rules = {RULE.name: RULE}
    assert offers.unfinished([waits, third.open[0]], rules, NOON) == [waits]
    assert offers.unfinished([waits], rules, NOON + RULE.expires_after) == []


def test_a_handoff_that_keeps_the_owner_waits_until_there_is_one() -> None:
    keeps = RULE.model_copy(update={"actions": RULE.actions[2:3]})
    keeps = keeps.model_copy(update={"actions": (keeps.actions[0].model_copy(update={"needs": ()}),)})
    nobody = composer(person(), keeps)
    assert nobody.of_crossings([Crossing(keeps, "p", "h", "")], {}, {}) == []
    waits = nobody.new_handoffs[0]
    assert waits.statuses == "{}", "no record had any; what kept none is older, and has no clock"
    assert composer(person(), keeps, waits).of_unfinished([waits], {}) == []
    owned = composer(person(owner=ADA.email), keeps, waits)
    (task,) = owned.of_unfinished([waits], {})
    assert (task.payload["owner_id"], owned.open[0].left) == ("70", ())


def test_who_is_given_back_goes_back_in_every_record_that_is_past_the_stage_and_in_no_other() -> None:
    stages = {"1": "sales_qualified_lead", "2": "sales_qualified_lead", "3": "lead", "4": None}
    staged = [Staged("hubspot", "contacts", key, stage) for key, stage in stages.items()]
    refused = OFFER._replace(state="rejected")
    made = composer(person("1", None, *staged, Staged("salesforce", "Lead", "00Q", "lead")), RULE, refused)
    rows = made.recycled([refused])
    assert {row.action_key: row.record_key for row in rows} == {
        "h.recycle.hubspot": "hubspot:1:contacts:1", "h.recycle.2.hubspot": "hubspot:1:contacts:2",
        "h.recycle.salesforce": "salesforce:00D:Lead:00Q",
    }  # fmt: skip
    assert rows[0].payload["clear_first"] == ["lifecyclestage"]
    assert made.open[0].state == "recycled"


def test_what_waits_of_a_handoff_that_has_ended_is_not_done_but_the_way_back_is() -> None:
    pending = [
        PendingAction(key, "p", "", NOON, "r") for key in ("h.mail", "h.recycle.hubspot", "g.mail", "f1.ask")
    ]
    ended = [OFFER._replace(state="recycled"), OFFER._replace(handoff_id="g", state="accepted")]
    assert offers.given_up(ended, pending) == {"h.mail"}
