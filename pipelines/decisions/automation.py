"""Stage automation: what happened to deals since an automation is active, each event once, and what follows.

Belongs here: the events of deals as set operations, and the rows of what is to be done about a deal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import duckdb

from pipelines.decisions import retold
from pipelines.decisions.doing import About, Doing, Row
from pipelines.decisions.ids import short
from pipelines.decisions.journeys import TYPES as JOURNEY_TYPES
from pipelines.decisions.retold import Told
from pipelines.rules.actions import ActionRule
from pipelines.rules.stage_automation import DEAL_COLUMNS, Automation
from pipelines.state.handoffs import Firing

OF_PEOPLE = ("enroll-sequence", *JOURNEY_TYPES)
"""Actions that are done for the people of a deal."""
_NOTHING_TO_ASK = ("require-fields", "ask-reason", "leave-journey")
"""Done where nothing is to be asked for: it is there."""
_COLUMNS = ", ".join(f"o.{name}" for name in DEAL_COLUMNS)
_CLOSED = (
    "select o.opportunity_id, '{event}:' || coalesce(h.entered_at, o.closed_at), "
    "coalesce(h.entered_at, o.closed_at), o.canonical_stage, null, null from marts.opportunities o "
    "left join (select opportunity_id, canonical_stage, max(entered_at) as entered_at "
    "from marts.stage_history where left_at is null group by all) h using (opportunity_id, canonical_stage) "
    "where {which} and coalesce(h.entered_at, o.closed_at) is not null"
)
"""A deal is won or lost when it enters that stage: its close date is what somebody typed, or planned."""
_EVENTS: dict[str, str] = {
    "entered": "select opportunity_id, 'entered:' || canonical_stage || ':' || entered_at "
    "as event_key, entered_at as happened_at, "
    "canonical_stage as stage, null as old_value, stage as new_value from marts.stage_history",
    "left": "select opportunity_id, 'left:' || canonical_stage || ':' || left_at, "
    "left_at, canonical_stage, stage, null "
    "from marts.stage_history where left_at is not null",
    "stayed": "select opportunity_id, 'stayed:' || canonical_stage || ':' || entered_at, "
    "entered_at + $stay::interval, "
    "canonical_stage, null, stage from marts.stage_history where left_at is null",
    "amount-changed": "select opportunity_id, 'amount:' || changed_at, changed_at, "
    "canonical_stage_then, old_value, "
    "new_value from marts.deal_changes where field = 'amount'",
    "close-date-changed": "select opportunity_id, 'close_date:' || changed_at, changed_at, "
    "canonical_stage_then, "
    "old_value, new_value from marts.deal_changes where field = 'close_date'",
    "won": _CLOSED.format(event="won", which="o.is_won"),
    "lost": _CLOSED.format(event="lost", which="o.is_closed and not o.is_won"),
}


@dataclass(frozen=True)
class Fired:
    """One automation that fires for one deal."""

    automation: Automation
    firing_id: str
    opportunity_id: str
    event_key: str
    at: datetime
    deal: Mapping[str, Any]


def firing(
    connection: duckdb.DuckDBPyConnection,
    rule: Automation,
    told: Told,
    since: datetime,
    as_of: datetime,
) -> tuple[list[Fired], int]:
    """What fires now, and how many would have, had they not happened before the automation was active."""
    stage = "and e.stage = $stage" if rule.stage else ""
    query = (
        "select o.opportunity_id, e.event_key, e.happened_at, e.stage as event_stage, o.name, "
        "o.opportunity_id_hubspot, o.opportunity_id_salesforce, "
        f"{_COLUMNS}, e.old_value, e.new_value from ({_EVENTS[rule.on]}) as e "
        "(opportunity_id, event_key, happened_at, stage, "
        "old_value, new_value) join marts.opportunities o using (opportunity_id) "
        f"where e.happened_at <= $as_of::timestamptz {stage}"
    )
    bound: dict[str, Any] = {"as_of": as_of}
    bound |= {"stage": rule.stage} if rule.stage else {}
    bound |= {"stay": rule.for_} if rule.for_ is not None else {}
    rows = connection.execute(
        f"select * from ({query}) as asked where ({rule.when}) "
        "order by happened_at, opportunity_id, event_key",
        bound,
    )
    names = [column[0] for column in rows.description or []]
    found, too_old = [], 0
    for values in rows.fetchall():
        deal = dict(zip(names, values, strict=True))
        fired = firing_id(rule.name, deal["opportunity_id"], deal["event_key"])
        if fired in told.ids:
            continue
        if deal["happened_at"] < since:
            too_old += 1
            continue
        found.append(Fired(rule, fired, deal["opportunity_id"], deal["event_key"], deal["happened_at"], deal))
    return _new(connection, found, told), too_old


def _new(connection: duckdb.DuckDBPyConnection, found: list[Fired], told: Told) -> list[Fired]:
    """Without what has fired already and is told otherwise now."""
    before = {f.opportunity_id: told.of(f.automation.name, f.opportunity_id) for f in found}
    stays = retold.stays_of(connection, (deal for deal, keys in before.items() if keys))
    return [
        f for f in found
        if not retold.is_retold(
            f.event_key, f.deal["event_stage"], before[f.opportunity_id], stays.get(f.opportunity_id, ())
        )
    ]  # fmt: skip


def firing_id(rule: str, opportunity_id: str, event_key: str) -> str:
    """An event fires an automation once: this is its name, whenever it is looked at."""
    return short(f"automation:{rule}:{opportunity_id}:{event_key}")


def people_of(
    connection: duckdb.DuckDBPyConnection, fired: Iterable[Fired]
) -> dict[str, tuple[str, ...]]:  # fmt: skip
    """Deal -> the people who are named on it, of deals about which an action is that concerns people."""
    deals = sorted({
        f.opportunity_id for f in fired if any(a.type in OF_PEOPLE for a in f.automation.actions)
    })  # fmt: skip
    if not deals:
        return {}
    rows = connection.execute(
        "select opportunity_id, list(distinct person_id order by person_id) "
        "from intermediate.int_opportunity_people "
        "where via <> 'account' and list_contains($deals::varchar[], opportunity_id) group by 1",
        {"deals": deals},
    ).fetchall()
    return {deal: tuple(people) for deal, people in rows}


def held_by_records(
    connection: duckdb.DuckDBPyConnection, fired: Iterable[Fired]
) -> dict[str, tuple[Any, Any]]:  # fmt: skip
    """Record key -> amount and probability, of the records of deals whose forecast is written."""
    deals = sorted({
        f.opportunity_id for f in fired if any(a.type == "write-forecast" for a in f.automation.actions)
    })  # fmt: skip
    if not deals:
        return {}
    rows = connection.execute(
        "select r.record_key, r.amount, r.probability from intermediate.int_opportunity_records r "
        "join intermediate.int_opportunity_members m on m.record_key = r.record_key "
        "where list_contains($deals::varchar[], m.opportunity_id)", {"deals": deals},
    ).fetchall()  # fmt: skip
    return {key: (amount, probability) for key, amount, probability in rows}


def answered(
    connection: duckdb.DuckDBPyConnection, firings: Iterable[Firing], reminders: Iterable[str]
) -> set[str]:
    """Keys of reminders of which nothing is left to ask: there is a reason, or the deal is not closed as it
    was."""
    today, waits = retold.aliases(connection), set(reminders)
    fired = {each.firing_id: each for each in firings}
    asked = {key: fired[first] for key in waits if (first := key.partition(".")[0]) in fired}
    deals = {key: today.get(each.opportunity_id, each.opportunity_id) for key, each in asked.items()}
    rows = connection.execute(
        "select opportunity_id, is_won from marts.opportunities where is_closed "
        "and coalesce(case when is_won then won_reason else lost_reason end, '') = '' "
        "and list_contains($deals::varchar[], opportunity_id)", {"deals": sorted(set(deals.values()))},
    )  # fmt: skip
    silent = dict(rows.fetchall())
    outcomes = {"won": True, "lost": False}
    return {
        key for key, each in asked.items()
        if deals[key] not in silent
        or outcomes.get(each.event_key.partition(":")[0], silent[deals[key]]) != silent[deals[key]]
    }  # fmt: skip


class DealRows:
    """Rows of what is to be done about one deal. `people`: who is named on each; `held`: amount and
    probability of its records."""

    def __init__(
        self, doing: Doing, as_of: datetime, people: Mapping[str, Sequence[str]] | None = None,
        held: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> None:  # fmt: skip
        self.doing, self.as_of, self.people, self.held = doing, as_of, people or {}, held or {}

    def of(self, fired: Fired) -> list[Row]:
        """In the order of the file, each with the keys of what it needs."""
        about = self._about(fired)
        made: dict[str, list[Row]] = {}
        for rule in fired.automation.actions:
            rows = self._rows(rule, fired, about)
            missing = [need for need in rule.needs if need not in made]
            if missing:
                self.doing.notes.append(
                    f"{rule.name} of {fired.automation.name} is not done: it needs {missing[0]}"
                )
            elif rows or rule.type in _NOTHING_TO_ASK:
                needs = tuple(row.action_key for need in rule.needs for row in made[need])
                made[rule.name] = [row.needing(needs) for row in rows]
        return [row for rows in made.values() for row in rows]

    def _about(self, fired: Fired) -> About:
        deal = fired.deal
        told = {
            "name": deal["name"],
            "stage": deal["canonical_stage"],
            "amount": deal["amount"],
            "currency": deal["currency"],
            "close_date": deal["close_date"],
            "lost_reason": deal["lost_reason"],
            "won_reason": deal["won_reason"],
            "old": deal["old_value"],
            "new": deal["new_value"],
        }
        return About(
            fired.firing_id,
            "stage_automation",
            fired.automation.name,
            f"Automation {fired.automation.name}: {deal['name']} {fired.automation.on.replace('-', ' ')}.",
            owner=self.doing.facts.owner(deal["owner_id"]),
            more={"deal": told, "automation": fired.automation.name},
        )

    def _rows(self, rule: ActionRule, fired: Fired, about: About) -> list[Row]:
        deal, records = fired.deal, self._records(fired.deal)
        if rule.type in ("create-task", "create-note"):
            return self.doing.texts(rule, about, records[:1])
        if rule.type == "send-notification":
            row = self.doing.message(about, rule.template, rule.channel, rule.name)
            return [row] if row else []
        if rule.type == "set-fields":
            return [self._fields(name, about, v, key, said) for name, v, key, said in rule.sets(records)]
        if rule.type == "update-forecast-category":
            return [self._category(rule, about, v, key) for v, _, key in records]
        if rule.type == "write-forecast":
            return self._weighted(rule, about, deal, records)
        if rule.type == "require-fields":
            empty = [name for name in rule.names if deal[name] in (None, "")]
            said = f"Fill {', '.join(empty)} of {deal['name']}"
            return self._asked(rule, about, records, said, rule.name, None) if empty else []
        if rule.type in OF_PEOPLE:
            return self._of_people(rule, fired, about)
        outcome = "won" if deal["is_won"] else "lost"
        if rule.type == "ask-reason" and not deal[f"{outcome}_reason"]:
            said = f"Why was {deal['name']} {outcome}?"
            rows = self._asked(rule, about, records, said, rule.name, None)
            again = self.as_of + (rule.remind_after or timedelta(days=7))
            return [
                *rows,
                *self._asked(rule, about, records, f"Reminder: {said}", f"{rule.name}.reminder", again),
            ]
        return []

    def _of_people(self, rule: ActionRule, fired: Fired, about: About) -> list[Row]:
        """An enrolment or a journey, for each person who is named on the deal; its owner sends."""
        known = self.doing.facts.people
        people = [known[each] for each in self.people.get(fired.opportunity_id, ()) if each in known]
        if not people:
            self.doing.notes.append(f"{rule.type} is not done for deals on which nobody is named")
        return [
            row
            for person in people
            for row in self.doing.of_person(
                rule, replace(about, key=f"{about.key}.{person.person_id}", person=person)
            )
        ]

    def _asked(
        self, rule: ActionRule, about: About, records: Sequence[tuple[str, str, str]], subject: str, key: str,
        due: datetime | None,
    ) -> list[Row]:  # fmt: skip
        """One task that asks somebody for something."""
        asked = rule.model_copy(
            update={"type": "create-task", "name": key, "template": "", "task_type": "ask"}
        )
        found = []
        for row in self.doing.texts(asked, about, records[:1], due):
            found.append(replace(row, payload={**row.payload, "subject": subject}, due_at=due))
        return found

    def _category(self, rule: ActionRule, about: About, vendor: str, key: str) -> Row:
        names = {"commit": "Commit", "best_case": "Best Case", "pipeline": "Pipeline", "omitted": "Omitted",
                 "closed": "Closed"}  # fmt: skip
        fields: dict[str, Any] = (
            {"hs_manual_forecast_category": "OMIT" if rule.value == "omitted" else rule.value.upper()}
            if vendor == "hubspot"
            else {"ForecastCategoryName": names[rule.value]}
        )  # fmt: skip
        return self._fields(f"{rule.name}.{vendor}", about, vendor, key, fields)

    def _weighted(
        self, rule: ActionRule, about: About, deal: Mapping[str, Any], records: Sequence[tuple[str, str, str]]
    ) -> list[Row]:
        """Amount times probability, into the fields that `names` give as `hubspot.property`,
        `salesforce.Field__c`; each record's own, which may be in another currency than its partner's.
        """
        wanted = dict(name.split(".", 1) for name in rule.names)
        found = []
        for vendor, _, key in records:
            amount, probability = self.held.get(key, (deal["amount"], deal["probability"]))
            if vendor in wanted and amount is not None and probability is not None:
                share = float(probability) / (100 if probability > 1 else 1)
                fields = {wanted[vendor]: round(float(amount) * share, 2)}
                found.append(self._fields(f"{rule.name}.{vendor}", about, vendor, key, fields))
        return found

    def _fields(self, key: str, about: About, vendor: str, record_key: str, fields: Mapping[str, Any]) -> Row:
        return Row(
            f"{about.key}.{key}",
            about.sync,
            "fields",
            vendor,
            record_key.split(":")[2],
            record_key,
            None,
            {"fields": dict(fields)},
            (),
            "decided",
            about.rule,
            about.reason,
        )

    def _records(self, deal: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        ids = (("hubspot", "deals", deal["opportunity_id_hubspot"]),
               ("salesforce", "Opportunity", deal["opportunity_id_salesforce"]))  # fmt: skip
        return [(v, o, self.doing.facts.key(v, o, i)) for v, o, i in ids if i]
