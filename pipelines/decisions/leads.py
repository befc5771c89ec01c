"""Who is to be decided about: what happened to whom, and the first rule that holds. One pass in SQL.

Belongs here: eligibility as set operations over the refresh in the works. The same statement answers for a
million events and, prepared, for one (`Eligibility.of_one`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb

from pipelines.decisions.assignment import Lead
from pipelines.errors import ConfigError
from pipelines.rules.condition_values import question
from pipelines.rules.conditions import named_columns
from pipelines.rules.routing import Routing, RoutingRule

_ASK = "coalesce(l.email, '') <> '' and not coalesce(l.is_opted_out, false)"
_PEOPLE = f"""
create or replace temp table routing_people as
with owners as (select owner_id, is_active from intermediate.int_owners),
contacted as (
    select person_id, max(occurred_at) as last_contact_at
    from intermediate.int_sales_contacts group by person_id
)
select l.*,
    case when account_owners.is_active then a.owner_id end as account_owner,
    coalesce(owners.is_active, false) as owner_active,
    coalesce(owners.is_active, false) and (
        contacted.last_contact_at >= $as_of::timestamptz - to_days($activity_days::integer)
        or ($open_deal and coalesce(l.open_opportunities, 0) > 0)
    ) as is_worked,
    {_ASK} as may_be_enrolled
from marts.unified_leads l
left join marts.unified_accounts a on l.account_id = a.account_id
left join owners on l.owner_id = owners.owner_id
left join owners as account_owners on a.owner_id = account_owners.owner_id
left join contacted on l.person_id = contacted.person_id
"""
_EVENTS: dict[str, str] = {
    "new-lead": "select person_id, 'new' as event_key, created_at as happened_at, null as "
    "form, null as event, "
    "null as list from routing_people where owner_id is null",
    "owner-left": "select person_id, 'left:' || owner_id, updated_at, null, null, null from routing_people "
    "where owner_id is not null and not owner_active",
    "form-submission": "select p.person_id, f.record_key, f.submitted_at, coalesce(forms.name, "
    "f.form_id), null, null "
    "from staging.stg_hubspot__form_submissions f "
    "join (select distinct lower(email) as email, person_id from intermediate.int_person_records "
    "join intermediate.int_person_members using (record_key) where email is not null) p "
    "on lower(f.email) = p.email left join staging.stg_hubspot__forms forms on forms.form_id = f.form_id",
    "event-attendee": "select p.person_id, e.record_key, e.occurred_at, null, coalesce(m.name, "
    "e.event_id), null "
    "from staging.stg_hubspot__marketing_event_participations e "
    "join intermediate.int_person_records r on r.vendor = 'hubspot' and r.object = 'contacts' "
    "and r.record_id = e.contact_id join intermediate.int_person_members p on p.record_key = r.record_key "
    "left join staging.stg_hubspot__marketing_events m on m.marketing_event_id = e.event_id "
    "where e.state = 'ATTENDED'",
    "list-member": "select p.person_id, 'list:' || m.list_id || ':' || p.person_id, m.added_at, null, null, "
    "coalesce(l.name, m.list_id) from staging.stg_hubspot__list_members m "
    "join intermediate.int_person_records r on r.vendor = 'hubspot' and r.object = 'contacts' "
    "and r.record_id = m.record_id join intermediate.int_person_members p on p.record_key = r.record_key "
    "left join staging.stg_hubspot__lists l on l.list_id = m.list_id "
    "where m.object_type in ('0-1', 'contacts')",
    "re-engaged": "select person_id, touchpoint_id, occurred_at, null, null, null from ("
    "select person_id, touchpoint_id, touch_type, occurred_at, "
    "lag(occurred_at) over (partition by person_id order by occurred_at, touchpoint_id) as before "
    "from marts.attribution_touchpoints) where list_contains($touches::varchar[], touch_type) "
    "and occurred_at >= before + to_days($quiet_days::integer) and occurred_at <= $as_of::timestamptz",
}
"""What happens to people: (person, key of the event, when, form, event, list)."""
_OF_MEETINGS = (
    "select m.person_id, g.record_key || '{suffix}', g.{at}, null, g.title, null "
    "from staging.stg_hubspot__meetings g join staging.stg_hubspot__associations a "
    "on a.from_type = 'meetings' and a.from_id = g.meeting_id and a.to_type = 'contacts' "
    "join intermediate.int_person_records r on r.vendor = 'hubspot' and r.object = 'contacts' "
    "and r.record_id = a.to_id join intermediate.int_person_members m on m.record_key = r.record_key "
    "where coalesce(g.outcome, 'SCHEDULED') {outcome}"
)
_EVENTS |= {
    trigger: _OF_MEETINGS.format(suffix=suffix, at=at, outcome=outcome)
    for trigger, suffix, at, outcome in (
        ("meeting-booked", "", "created_at", "not in ('CANCELED', 'NO_SHOW')"),
        ("meeting-rebooked", ":rebooked", "updated_at", "= 'RESCHEDULED'"),
        ("meeting-canceled", ":canceled", "updated_at", "= 'CANCELED'"),
        ("meeting-no-show", ":no-show", "updated_at", "= 'NO_SHOW'"),
    )
}
_OF_EVENTS = (
    " union all select m.person_id, e.record_key || '{suffix}', e.{at}, null, e.subject, null "
    "from staging.stg_salesforce__events e "
    "join intermediate.int_person_records r on r.vendor = 'salesforce' and r.record_id = e.who_id "
    "join intermediate.int_person_members m on m.record_key = r.record_key "
    "where coalesce(e.outcome, 'SCHEDULED') {outcome}"
)
for _trigger, _suffix, _at, _outcome in (
    ("meeting-booked", "", "created_at", "not in ('CANCELED', 'NO_SHOW') "
     "and coalesce(e.starts_at, e.created_at) >= e.created_at"),
    ("meeting-rebooked", ":rebooked", "updated_at", "= 'RESCHEDULED'"),
    ("meeting-canceled", ":canceled", "updated_at", "= 'CANCELED'"),
    ("meeting-no-show", ":no-show", "updated_at", "= 'NO_SHOW'"),
):  # fmt: skip
    _EVENTS[_trigger] += _OF_EVENTS.format(suffix=_suffix, at=_at, outcome=_outcome)
"""Salesforce's event has no outcome of its own: one that begins after it was written is a booking, and what
else became of it is told by the field that activities.yml names."""
_EVENTS["meeting-canceled"] += (
    " union all select m.person_id, e.record_key || ':canceled', e.canceled_at, null, e.subject, null "
    "from staging.stg_salesforce__canceled_events e "
    "join intermediate.int_person_records r on r.vendor = 'salesforce' and r.record_id = e.who_id "
    "join intermediate.int_person_members m on m.record_key = r.record_key"
)
"""One that is deleted before it began was called off."""
_EXTRA = "select person_id, event_key, happened_at, null, event, null from routing_extra where trigger = '{}'"
"""What other parts ask for: handoffs and escalations."""
_EVENTS |= {trigger: _EXTRA.format(trigger) for trigger in ("handoff", "escalation")}
_MERGED = (
    " union all select a.person_id, 'merged:' || a.alias, a.since, null, null, null "
    "from intermediate.int_person_aliases a where a.since is not null"
)
_RECYCLED = (
    " union all select h.person_id, 'recycled:' || h.handoff_id, h.changed_at, null, null, null "
    "from decisions.handoffs h where h.state = 'recycled'"
)


class Eligibility:
    """The rules' half in SQL, over one refresh."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, routing: Routing, rules: Sequence[RoutingRule],
        as_of: datetime, previous: Mapping[str, str], extra: Sequence[tuple[str, str, str, str]] = (),
        *, anyone_is_new: bool = False,
    ) -> None:  # fmt: skip
        self.connection, self.routing, self.rules = connection, routing, rules
        self.as_of = as_of
        self._anyone_is_new = anyone_is_new
        """For asking what would have been: whoever has an owner now had none when they came."""
        self._bound = {
            "as_of": as_of, "activity_days": routing.file.worked.activity_days,
            "open_deal": routing.file.worked.open_deal, "quiet_days": routing.file.re_engaged.quiet_days,
            "touches": list(routing.file.re_engaged.touches),
        }  # fmt: skip
        check_columns(connection, rules)
        connection.execute(_PEOPLE, self._named(_PEOPLE))
        self._previous(previous)
        self._extra(extra)

    def leads(self) -> list[Lead]:
        """Everybody to whom something happened that a rule is about, with the first rule that holds."""
        triggers = dict.fromkeys(on for rule in self.rules for on in rule.on)
        if not triggers:
            return []
        query = self.statement(" union all ".join(self._event(trigger) for trigger in triggers))
        try:
            rows = self.connection.execute(query, self._named(query)).fetchall()
        except (duckdb.BinderException, duckdb.ConversionException) as error:
            raise ConfigError(
                f"a condition of a rule cannot be asked of the people: {str(error).splitlines()[0]}",
                where=self.routing.file_name, remedy="compare each column with a value of its own type",
            ) from None  # fmt: skip
        at = self.as_of.timestamp()
        return [_lead(row, at) for row in rows]

    def statement(self, events: str) -> str:
        """The question for these events: whoever they happened to, and the rule and territory of each."""
        return (
            f"with events as ({events}), asked as ("
            "select p.*, events.event_key, events.happened_at, events.trigger, "
            "events.form, events.event, events.list, "
            "previous.owner_email as previous_owner "
            "from events join routing_people p using (person_id) "
            "left join routing_previous previous using (person_id)) "
            "select person_id, event_key, happened_at, "
            f"{rule_case(self.rules)} as rule, {territory_case(self.routing)} as territory, account_owner, "
            "previous_owner, owner_id, is_worked, may_be_enrolled, lead_score is not null, trigger "
            "from asked order by person_id, event_key"
        )

    def _event(self, trigger: str) -> str:
        known = _EVENTS[trigger]
        if trigger == "new-lead" and self._anyone_is_new:
            known = known.removesuffix(" where owner_id is null")
        if trigger == "re-engaged":
            settings = self.routing.file.re_engaged
            known += _MERGED if settings.merged else ""
            known += _RECYCLED if settings.recycled else ""
        return (
            f"select person_id, event_key, happened_at, '{trigger}' as trigger, form, event, list "
            f"from ({known}) as e (person_id, event_key, happened_at, form, event, list)"
        )

    def _previous(self, previous: Mapping[str, str]) -> None:
        self.connection.execute(
            "create or replace temp table routing_previous (person_id varchar, owner_email varchar)"
        )
        if previous:
            self.connection.execute(
                "insert into routing_previous select unnest($people::varchar[]), unnest($owners::varchar[])",
                {"people": list(previous), "owners": list(previous.values())},
            )

    def _extra(self, extra: Sequence[tuple[str, str, str, str]]) -> None:
        """(person, key of the event, event, trigger), all of now."""
        self.connection.execute(
            "create or replace temp table routing_extra (person_id varchar, event_key varchar, "
            "event varchar, trigger varchar, happened_at timestamptz)"
        )
        if extra:
            self.connection.executemany(
                "insert into routing_extra values (?, ?, ?, ?, ?)", [[*row, self.as_of] for row in extra]
            )

    def _named(self, query: str) -> dict[str, Any]:
        return {name: value for name, value in self._bound.items() if f"${name}" in query}


def asker(rules: Sequence[RoutingRule]) -> Callable[[Mapping[str, Any]], int | None]:
    """The same question for one row in Python, without a statement to plan: the index of the first rule that
    holds. A property test holds it and `rule_case` together."""
    asked = [(frozenset(rule.on), question(rule.when)) for rule in rules]

    def first(row: Mapping[str, Any]) -> int | None:
        for index, (triggers, holds) in enumerate(asked):
            if row["trigger"] in triggers and holds(row) is True:
                return index
        return None

    return first


def rule_case(rules: Sequence[RoutingRule]) -> str:
    """The index of the first rule that holds, as one expression."""
    cases = []
    for index, rule in enumerate(rules):
        triggers = ", ".join(f"'{on}'" for on in rule.on)
        cases.append(f"when trigger in ({triggers}) and ({rule.when}) then {index}")
    return f"case {' '.join(cases)} end" if cases else "cast(null as integer)"


def territory_case(routing: Routing) -> str:
    """The index of the territory: the greatest priority first, then the order of the file."""
    order = sorted(range(len(routing.territories)), key=lambda n: (-routing.teams.territories[n].priority, n))
    cases = " ".join(f"when ({routing.territories[n]}) then {n}" for n in order)
    return f"case {cases} end" if cases else "cast(null as integer)"


def check_columns(connection: duckdb.DuckDBPyConnection, rules: Sequence[RoutingRule]) -> None:
    """A rule may name a column that the mart of this project's version lacks."""
    there = {str(row[0]) for row in connection.execute("describe marts.unified_leads").fetchall()}
    there |= {"trigger", "form", "event", "list", "account_owner", "previous_owner"}
    for rule in rules:
        for column in named_columns(rule.when):
            if column not in there:
                raise ConfigError(
                    f"rule {rule.name} names {column}, which marts.unified_leads does not have",
                    where="routing.yml", remedy="name one of its columns",
                )  # fmt: skip


def _lead(row: tuple[Any, ...], at: float) -> Lead:
    happened = row[2].timestamp() if row[2] is not None else at
    return Lead(row[0], row[1], happened, max(at, happened), *row[3:])
