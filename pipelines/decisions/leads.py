"""Who is to be decided about: what happened to whom, and the first rule that holds. One pass in SQL.

Belongs here: eligibility as set operations over the refresh in the works. The same statement answers for a
million events and, prepared, for one (`Eligibility.of_one`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb

from pipelines.decisions import triggers
from pipelines.decisions.assignment import Lead
from pipelines.decisions.given import Given
from pipelines.errors import ConfigError
from pipelines.rules.condition_values import question
from pipelines.rules.conditions import named_columns
from pipelines.rules.routing import Routing, RoutingRule

_ASK = "coalesce(l.email, '') <> '' and not coalesce(l.is_opted_out, false)"
_PEOPLE = f"""
create or replace temp table routing_people as
with owners as (select owner_id, is_active, left_at from intermediate.int_owners),
contacted as (
    select person_id, max(occurred_at) as last_contact_at
    from intermediate.int_sales_contacts group by person_id
)
select l.*,
    case when account_owners.is_active then a.owner_id end as account_owner,
    coalesce(owners.is_active, false) as owner_active, owners.left_at as owner_left_at,
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


class Eligibility:
    """The rules' half in SQL, over one refresh."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, routing: Routing, rules: Sequence[RoutingRule],
        as_of: datetime, previous: Mapping[str, Given],
        extra: Sequence[tuple[str, str, str, str]] = (), *, anyone_is_new: bool = False,
    ) -> None:  # fmt: skip
        """`previous`: the latest decision that gave each person to somebody."""
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
        self._leaves = any("owner-left" in rule.on for rule in rules)
        if self._leaves:
            connection.execute(triggers.LEFT)
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
            f"events.form, events.event, events.list, {self._had_before()} as previous_owner "
            "from events join routing_people p using (person_id) "
            "left join routing_previous previous using (person_id)) "
            "select a.person_id, a.event_key, a.happened_at, "
            f"{rule_case(self.rules)} as rule, {territory_case(self.routing)} as territory, a.account_owner, "
            f"a.previous_owner, {self._owner()}, "
            "a.is_worked and a.trigger <> 'owner-left', a.may_be_enrolled, "
            f"{self._has_score()}, a.trigger, null as exclude, {'l.other_owner' if self._leaves else 'null'} "
            f"from asked a {triggers.OF_LEFT if self._leaves else ''}order by a.person_id, a.event_key"
        )

    def _had_before(self) -> str:
        """Who has the person, or was given them and has them as soon as that is written. Nobody, where it is
        asked what would have been. Who has them again after a later change was given them back by hand."""
        if self._anyone_is_new:
            return "null::varchar"
        return (
            "case when p.owner_id is null or (list_contains(previous.taken_from, p.owner_id) "
            "and coalesce(p.updated_at <= previous.decided_at, true)) "
            "then coalesce(previous.owner_email, p.owner_id) else p.owner_id end"
        )

    def _has_score(self) -> str:
        """Where no rule asks for a score, that there is none is no reason."""
        asked = any("lead_score" in named_columns(rule.when) for rule in self.rules)
        return "a.lead_score is not null" if asked else "true"

    def _owner(self) -> str:
        return "coalesce(l.left_owner, a.owner_id)" if self._leaves else "a.owner_id"

    def _event(self, trigger: str) -> str:
        known = triggers.EVENTS[trigger]
        if trigger == "new-lead" and self._anyone_is_new:
            known = known.removesuffix(" where owner_id is null")
        if trigger == "re-engaged":
            settings = self.routing.file.re_engaged
            known += triggers.MERGED if settings.merged else ""
            known += triggers.RECYCLED if settings.recycled else ""
        return (
            f"select person_id, event_key, happened_at, '{trigger}' as trigger, form, event, list "
            f"from ({known}) as e (person_id, event_key, happened_at, form, event, list)"
        )

    def _previous(self, previous: Mapping[str, Given]) -> None:
        self.connection.execute(
            "create or replace temp table routing_previous as "
            "select unnest($people::varchar[]) as person_id, unnest($owners::varchar[]) as owner_email, "
            "unnest($before::varchar[][]) as taken_from, unnest($at::timestamptz[]) as decided_at",
            {
                "people": list(previous),
                "owners": [each.decision.owner_email for each in previous.values()],
                "before": [list(each.taken_from) for each in previous.values()],
                "at": [each.decision.decided_at for each in previous.values()],
            },
        )  # fmt: skip

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
        for index, (on, holds) in enumerate(asked):
            if row["trigger"] in on and holds(row) is True:
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
