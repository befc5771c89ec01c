"""What automations do about a deal: each kind of action by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from pipelines.decisions.automation import DealRows, Fired, held_by_records, people_of
from pipelines.decisions.doing import Doing, Row
from pipelines.decisions.facts import Facts, Owner, Person
from pipelines.rules.notifications import NotificationsFile, load_notifications
from pipelines.rules.stage_automation import DEAL_COLUMNS, Automation
from pipelines.rules.stages import load_stages
from pipelines.rules.teams import load_teams
from pipelines.rules.templates import Templates, load_templates
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.tables import table

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
CONFIG = PROJECT_ROOT / "config"
ANN, BEN = (
    Person(
        name, {"name": name, "email": f"{name}@x.example"}, 80, "lead", name == "ben", None, name, None, None
    )
    for name in ("ann", "ben")
)
DEAL = dict.fromkeys(DEAL_COLUMNS) | {
    "name": "Big one", "opportunity_id_hubspot": "7", "opportunity_id_salesforce": "006A", "amount": 1000,
    "probability": 0.4, "owner_id": "ada@x.example", "canonical_stage": "lost", "old_value": None,
    "new_value": None,
}  # fmt: skip


def rows(action: dict[str, Any], held: Any = None, **deal: Any) -> tuple[list[Row], list[str]]:
    """What one action comes to, and what is said."""
    rule = Automation.model_validate({"name": "a", "on": "lost", "actions": [{"name": "it", **action}]})
    facts = Facts(
        people={"ann": ANN, "ben": BEN}, owners={"ada@x.example": Owner("ada@x.example", "Ada", "70", "005")},
        orgs={"hubspot": ("1", ""), "salesforce": ("00D", "")},
    )  # fmt: skip
    doing = Doing(
        facts, load_teams(CONFIG), load_stages(CONFIG), load_templates(CONFIG), load_notifications(CONFIG),
        NOON,
    )  # fmt: skip
    fired = Fired(rule, "f1", "o1", "lost:1", NOON, {**DEAL, **deal})
    return DealRows(doing, NOON, {"o1": ("ann", "ben")}, held).of(fired), doing.notes


def test_fields_are_set_and_the_forecast_is_written_in_each_crm_s_own_words() -> None:
    (row,), _ = rows({"type": "set-fields", "fields": {"dealtype": "lost"}})
    assert (row.vendor, row.record_key, row.payload["fields"]) == (
        "hubspot", "hubspot:1:deals:7", {"dealtype": "lost"}
    )  # fmt: skip
    said = {"hubspot.dealtype": "lost", "salesforce.Type": "Lost", "closed": True}
    each, _ = rows({"type": "set-fields", "fields": said})
    assert {row.action_key: (row.vendor, row.payload["fields"]) for row in each} == {
        "f1.it": ("hubspot", {"dealtype": "lost", "closed": True}),
        "f1.it.salesforce": ("salesforce", {"Type": "Lost"}),
    }
    both, _ = rows({"type": "update-forecast-category", "value": "best_case"})
    assert {row.vendor: row.payload["fields"] for row in both} == {
        "hubspot": {"hs_manual_forecast_category": "BEST_CASE"},
        "salesforce": {"ForecastCategoryName": "Best Case"},
    }
    out, _ = rows({"type": "update-forecast-category", "value": "omitted"})
    assert [value for row in out for value in row.payload["fields"].values()] == ["OMIT", "Omitted"]
    weighted = {"type": "write-forecast", "names": ["hubspot.weighted", "salesforce.Weighted__c"]}
    found, _ = rows(weighted)
    assert {row.object: row.payload["fields"] for row in found} == {
        "deals": {"weighted": 400.0}, "Opportunity": {"Weighted__c": 400.0}
    }  # fmt: skip
    assert rows(weighted, probability=40)[0][0].payload["fields"] == {"weighted": 400.0}
    own = {"hubspot:1:deals:7": (900, 0.5), "salesforce:00D:Opportunity:006A": (1100, None)}
    assert [row.payload["fields"] for row in rows(weighted, held=own)[0]] == [{"weighted": 450.0}]
    assert rows(weighted, amount=None)[0] == []


def test_what_is_not_filled_is_asked_for_once_by_name() -> None:
    asks = {"type": "require-fields", "names": ["close_date", "amount"]}
    (row,), _ = rows(asks)
    assert (row.kind, row.payload["subject"], row.payload["owner_id"]) == (
        "task", "Fill close_date of Big one", "70"
    )  # fmt: skip
    assert rows(asks, close_date=NOON)[0] == []
    first, again = rows({"type": "ask-reason", "remind_after": "3d"})[0]
    assert (first.payload["subject"], first.due_at) == ("Why was Big one lost?", None)
    assert (again.action_key, again.due_at) == ("f1.it.reminder", NOON + timedelta(days=3))
    due = [datetime.fromisoformat(each.payload["due_at"]) - NOON for each in (first, again)]
    assert due == [timedelta(days=1), timedelta(days=4)], "a reminder is not late when it comes"
    assert rows({"type": "ask-reason"}, lost_reason="price")[0] == []
    won = {"is_won": True, "lost_reason": "price"}
    assert rows({"type": "ask-reason"}, **won)[0][0].payload["subject"] == "Why was Big one won?"
    assert rows({"type": "ask-reason"}, **won, won_reason="people")[0] == []


def test_an_action_whose_need_made_nothing_is_not_done_and_says_so_unless_nothing_was_to_be_made() -> None:
    tells = {"type": "send-notification", "name": "first", "template": "deal", "channel": "team"}
    asks = {"type": "require-fields", "name": "first", "names": ["amount"]}
    facts, notifications = Facts(orgs={"hubspot": ("1", "")}), NotificationsFile.model_validate(
        {"channels": {"team": {"kind": "slack", "to": "team"}}})  # fmt: skip
    doing = Doing(facts, load_teams(CONFIG), load_stages(CONFIG), Templates({}), notifications, NOON)
    for action, made in ((tells, 0), (asks, 1)):
        then = {"type": "set-fields", "name": "then", "fields": {"dealtype": "x"}, "needs": ["first"]}
        rule = Automation.model_validate({"name": "a", "on": "lost", "actions": [action, then]})
        assert len(DealRows(doing, NOON).of(Fired(rule, "f1", "o1", "lost:1", NOON, DEAL))) == made
    assert "then of a is not done: it needs first" in doing.notes
    assert "nobody is told by channel team where there is no team" in doing.notes


@pytest.mark.parametrize(("kind", "made"), [("create-task", "task"), ("create-note", "note")])
def test_tasks_and_notes_hang_on_the_deal(kind: str, made: str) -> None:
    (row,), _ = rows({"type": kind, "taskType": "win-back-call", "dueIn": "2h"})
    assert (row.kind, row.record_key, row.action_key) == (made, "hubspot:1:deals:7", "f1.it")
    if made == "task":
        assert (row.payload["due_at"], row.payload["type"]) == ("2026-06-30T14:00:00Z", "call")


def test_those_who_are_named_on_the_deal_are_enrolled_each_by_a_key_of_their_own_with_their_consent() -> None:
    found, notes = rows({"type": "enroll-sequence", "sequence": "win-back"})
    assert [(row.action_key, row.record_key, row.person_id) for row in found] == [
        ("f1.ann.it", "hubspot:1:contacts:ann", "ann"), ("f1.ben.it", "hubspot:1:contacts:ben", "ben"),
    ]  # fmt: skip
    assert [(row.payload["sender"], row.payload["opted_out"]) for row in found] == [
        ("ada@x.example", False), ("ada@x.example", True),
    ]  # fmt: skip
    assert notes == []
    nothing, notes = rows({"type": "leave-journey", "journey": "nurture"})
    assert (nothing, len(notes)) == ([], 2)
    assert all("not in it" in note for note in notes)


def test_people_are_looked_up_for_actions_about_people_alone_and_not_by_their_company() -> None:
    enrols, asks = (
        Automation.model_validate({"name": "a", "on": "lost", "actions": [action]})
        for action in ({"type": "enroll-sequence", "sequence": "s"}, {"type": "ask-reason"})
    )
    with duckdb.connect() as connection:
        named = [("o1", "ben", "role"), ("o1", "ann", "role"), ("o2", "cal", "account"), ("o3", "di", "role")]
        table(connection, "intermediate.int_opportunity_people", "opportunity_id, person_id, via", named)
        fired = [Fired(enrols, "f", deal, "e", NOON, DEAL) for deal in ("o1", "o2")]
        fired.append(Fired(asks, "f", "o3", "e", NOON, DEAL))
        assert people_of(connection, fired) == {"o1": ("ann", "ben")}
        members = [("o1", "k1"), ("o1", "k2"), ("o2", "k3")]
        table(connection, "intermediate.int_opportunity_members", "opportunity_id, record_key", members)
        held = [(key, amount, 0.5) for key, amount in (("k1", 10.0), ("k2", 12.0), ("k3", 14.0))]
        columns = "record_key, amount double, probability double"
        table(connection, "intermediate.int_opportunity_records", columns, held)
        writes = {"type": "write-forecast", "names": ["hubspot.weighted"]}
        rule = Automation.model_validate({"name": "a", "on": "lost", "actions": [writes]})
        asked = held_by_records(connection, [Fired(rule, "f", "o1", "e", NOON, DEAL), *fired])
        assert asked == {"k1": (10.0, 0.5), "k2": (12.0, 0.5)}
