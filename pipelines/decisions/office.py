"""From configuration and what the CRMs know to the people, teams and ways that the fold goes by.

Belongs here: translation, without deciding anything, and who of them a CRM does not know. The same files,
people and loads give the same fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines.decisions.assignment import Fold, Kind, Land, Way
from pipelines.decisions.hours import ALWAYS, Schedule
from pipelines.decisions.people import Worker
from pipelines.decisions.pools import TeamRule
from pipelines.decisions.rounds import Seat
from pipelines.rules.hours import Week
from pipelines.rules.routing import Routing, RoutingRule
from pipelines.rules.teams import Person, Teams
from pipelines.state.decisions import KeptDecision


def fold(
    routing: Routing, rules: Sequence[RoutingRule], active: frozenset[str], loads: Mapping[str, float],
    kept: Mapping[str, Any],
) -> Fold:  # fmt: skip
    """The fold of these rules, over these people, going on from this state."""
    teams = routing.teams
    default_cap = routing.file.load.default_cap
    people = {
        email: worker(teams, email, person, active, loads.get(email, 0.0), default_cap)
        for email, person in teams.people.items()
    }
    lands = [Land(t.name, t.team, t.owner, t.method) for t in teams.territories]
    return Fold([way(rule, teams) for rule in rules], lands, team_rules(teams), people, kept)


_NOT_THERE = """
select g.owner_email, v.vendor, count(distinct l.person_id)
from (select unnest($people::varchar[]) as person_id, unnest($owners::varchar[]) as owner_email) g
join marts.unified_leads l using (person_id)
join intermediate.int_owners o on o.owner_id = g.owner_email
cross join (values ('HubSpot'), ('Salesforce')) v (vendor)
where case when v.vendor = 'HubSpot' then l.contact_id_hubspot is not null and o.owner_id_hubspot is null
    else coalesce(l.lead_id_salesforce, l.contact_id_salesforce) is not null
        and o.owner_id_salesforce is null end
group by all order by all
"""


def not_written(connection: duckdb.DuckDBPyConnection, new: Iterable[KeptDecision]) -> list[str]:
    """A sentence for each who was given people whose records are in a CRM that does not know them."""
    given = [decision for decision in new if decision.state == "assigned"]
    if not given:
        return []
    bound = {"people": [d.person_id for d in given], "owners": [d.owner_email for d in given]}
    return [
        f"{count:,} people given to {owner} keep their owner in {vendor}, where {owner} is no active user"
        for owner, vendor, count in connection.execute(_NOT_THERE, bound).fetchall()
    ]


def worker(
    teams: Teams, email: str, person: Person, active: frozenset[str], load: float, default_cap: int | None
) -> Worker:  # fmt: skip
    return Worker(
        email,
        schedule(teams, email, person),
        person.active and email in active,
        person.backup,
        person.cap if person.cap is not None else default_cap,
        person.per_day,
        person.per_week,
        person.skills,
        load,
    )


def schedule(teams: Teams, email: str, person: Person | None = None) -> Schedule:
    """When a person works, by teams.yml and calendars.yml."""
    person = person or teams.people.get(email)
    if person is None:
        return ALWAYS
    zone = person.zone or "UTC"
    away = [a.between(ZoneInfo(zone)) for a in teams.calendars.absences if a.person == email]
    return Schedule(
        week_of(teams, person),
        zone,
        [h.day for h in teams.calendars.holidays.get(person.holidays or "", ())],
        [(start.timestamp(), end.timestamp()) for start, end in away],
    )


def week_of(teams: Teams, person: Person) -> Week | None:
    return teams.calendars.hours[person.hours] if isinstance(person.hours, str) else person.hours


def team_rules(teams: Teams) -> dict[str, TeamRule]:
    found = {}
    for name, team in teams.teams.items():
        members = [m for m in teams.members if m.team == name and m.active]
        has_hours = any(week_of(teams, teams.people[m.email]) for m in members)
        found[name] = TeamRule(
            name,
            tuple(Seat(m.email, m.position, m.weight) for m in members),
            team.outside_hours or ("hold" if has_hours else "ignore"),
            team.catch_up,
            team.everyone_away,
            team.backup,
        )
    return found


def way(rule: RoutingRule, teams: Teams) -> Way:
    return Way(
        rule.name, *_target(rule, teams), rule.method, rule.prefer, frozenset(rule.skills), rule.moves_worked
    )  # fmt: skip


def _target(rule: RoutingRule, teams: Teams) -> tuple[str, Kind]:
    if rule.method == "territory":
        return rule.team, "territory"
    if rule.team in teams.queues:
        return rule.team, "queue"
    return (rule.team, "team") if rule.team in teams.teams else (rule.team.lower(), "person")
