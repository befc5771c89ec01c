"""A first `teams.yml` from what both CRMs know: owners and users matched by e-mail, teams, managers, queues.

Belongs here: reading the warehouse and writing the text. What the file may say is `pipelines.rules.teams`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import duckdb
import yaml

from pipelines.errors import CrmError
from pipelines.rules.teams import TeamsFile

_PEOPLE = """
with hubspot as (
    select lower(trim(o.email)) as email, o.owner_id, o.user_id, o.is_active,
        any_value(u.standard_time_zone) as zone
    from staging.stg_hubspot__owners o
    left join staging.stg_hubspot__users u on lower(trim(u.email)) = lower(trim(o.email))
    where o.email is not null group by all
),
salesforce as (
    select lower(trim(u.email)) as email, u.user_id, u.time_zone as zone, u.is_active,
        lower(trim(m.email)) as manager
    from staging.stg_salesforce__users u left join staging.stg_salesforce__users m on u.manager_id = m.user_id
    where u.email is not null
)
select coalesce(h.email, s.email), min(h.owner_id), min(s.user_id), coalesce(min(s.zone), min(h.zone)),
    min(s.manager)
from (select * from hubspot where is_active) h
full join (select * from salesforce where coalesce(is_active, true)) s on h.email = s.email
group by 1 order by 1
"""
_TEAMS = """
select t.name, lower(trim(o.email)) from (
    select name, unnest(user_ids::varchar[]) as user_id from staging.stg_hubspot__teams) t
join staging.stg_hubspot__owners o on o.user_id = t.user_id and o.is_active and o.email is not null
union
select g.name, lower(trim(u.email)) from staging.stg_salesforce__groups g
join staging.stg_salesforce__group_members m on m.group_id = g.group_id
join staging.stg_salesforce__users u on u.user_id = m.user_or_group_id and coalesce(u.is_active, true)
where g.type = 'Regular' and g.name is not null and u.email is not null
order by 1, 2
"""
_QUEUES = """
select g.name, g.group_id from staging.stg_salesforce__groups g
where g.type = 'Queue' and g.group_id in (
    select queue_id from staging.stg_salesforce__queue_objects where sobject_type = 'Lead')
order by g.name
"""
_HEAD = (
    "# Who takes leads, as both CRMs had it when this was written: read it, and make it yours. What they do "
    "not know\n# is not here: weights, caps, skills, hours (calendars.yml), backups, territories. "
    "docs/routing.md has each key.\n"
)


class Imported(NamedTuple):
    """The text of the file, and what to look at before it is used."""

    text: str
    people: int
    teams: int
    queues: int
    notes: tuple[str, ...]


def imported(connection: duckdb.DuckDBPyConnection) -> Imported:
    """Read the warehouse. Raises CrmError when nothing of it can become a team."""
    people = connection.execute(_PEOPLE).fetchall()
    teams = _members(connection.execute(_TEAMS).fetchall())
    queues = {_slug(name): {"salesforce_queue": own} for name, own in connection.execute(_QUEUES).fetchall()}
    on_a_team = {email for some in teams.values() for email in some}
    kept = [row for row in people if row[1] or row[0] in on_a_team]
    if not kept:
        raise CrmError(
            "neither CRM has an active owner with an e-mail address", where="owners and users",
            remedy="run crm extract and crm transform first, and look at the scopes of the connections",
        )  # fmt: skip
    if not teams:
        teams = {"sales": [row[0] for row in kept]}
    known = {row[0] for row in kept}
    content = {
        "people": {row[0]: _person(row, known) for row in kept},
        "teams": {name: {"members": some} for name, some in teams.items()},
        **(
            {"queues": {name: queue for name, queue in queues.items() if name not in teams}} if queues else {}
        ),
    }
    TeamsFile.model_validate(content)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    return Imported(_HEAD + text, len(kept), len(teams), len(queues), tuple(_notes(kept, people, on_a_team)))


def _members(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, email in rows:
        some = found.setdefault(_slug(name), [])
        if email not in some:
            some.append(email)
    return found


def _person(row: tuple[Any, ...], known: set[str]) -> Mapping[str, str]:
    _, _, _, zone, manager = row
    said = {"zone": zone, "manager": manager if manager in known else None}
    return {name: value for name, value in said.items() if value}


def _notes(kept: list[tuple[Any, ...]], people: list[tuple[Any, ...]], on_a_team: set[str]) -> Iterable[str]:
    for email, owner, user, *_ in kept:
        if owner is None or user is None:
            there, lacking = ("Salesforce", "HubSpot") if owner is None else ("HubSpot", "Salesforce")
            yield (
                f"{email} is known to {there} alone; where {lacking} has them by another address, say so as "
                f"{'hubspot_owner' if owner is None else 'salesforce_user'}"
            )
        if email not in on_a_team:
            yield f"{email} is on no team"
    left_out = [row[0] for row in people if row[0] not in {k[0] for k in kept}]
    if left_out:
        yield f"left out, as they own nothing in HubSpot and are on no team: {', '.join(left_out)}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "team"
