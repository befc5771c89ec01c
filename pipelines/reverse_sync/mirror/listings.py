"""Members of a Salesforce campaign are put on a HubSpot list, once each: as actions.

Belongs here: whom each of `lists` in `campaign_members.yml` means. Whom people took off the list is not put
on it again, and nobody is taken off: the list is HubSpot's.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.errors import ConfigError
from pipelines.rules.campaign_members import Listing

KIND = "list_membership"
_WISH = """
insert into {table}
with best as (
    select p.person_id, arg_min(p.record_key, (c.createdate, c.id)) as record_key
    from intermediate.int_person_members p
    join raw_hubspot.contacts c on p.record_key like 'hubspot:%:contacts:' || c.id and c.deleted_at is null
    group by 1
),
listed as (
    select p.person_id from raw_hubspot.list_members s
    join intermediate.int_person_members p on p.record_key like 'hubspot:%:contacts:' || s.record_id
    where s.list_id::varchar = $list
),
members as (
    select p.person_id, min(m.Status) as status
    from raw_salesforce.campaign_member m
    join intermediate.int_person_members p
        on split_part(p.record_key, ':', 4) in (m.LeadId, m.ContactId)
        and starts_with(p.record_key, 'salesforce:')
    where m.CampaignId = $campaign and m.deleted_at is null and not coalesce(m.IsDeleted, false)
        and (len($statuses) = 0 or list_contains($statuses, m.Status))
    group by 1
)
select concat_ws(':', 'listed', $list, m.person_id), 'hubspot_list_members', $kind, 'hubspot', 'contacts',
    b.record_key, m.person_id, json_object('list', $list)::varchar, null, 'mirrored', 'campaign_members.yml',
    m.status || ' in campaign ' || $said, 'compensable', null
from members m
join best b on b.person_id = m.person_id
where m.person_id not in (select person_id from listed)
"""


def wish(connection: duckdb.DuckDBPyConnection, asked: Sequence[Listing], table: str) -> None:
    """Add to the table of actions; whoever several lines put on one list is there once for each."""
    for each in asked:
        campaign = named(connection, "raw_salesforce.campaign", "Name", "Id", each.campaign, "campaign")
        list_id = named(connection, "raw_hubspot.lists", "name", "id", each.list, "list")
        _refuse_dynamic(connection, list_id, each.list)
        connection.execute(_WISH.replace("{table}", table), {
            "campaign": campaign, "list": list_id, "statuses": list(each.statuses), "kind": KIND,
            "said": each.campaign,
        })  # fmt: skip


def _refuse_dynamic(connection: duckdb.DuckDBPyConnection, list_id: str, said: str) -> None:
    row = connection.execute(
        "select processing_type from raw_hubspot.lists where id::varchar = ?", [list_id]
    ).fetchone()
    if row and row[0] == "DYNAMIC":
        raise ConfigError(
            f"HubSpot decides by itself who is on the list {said}, nobody can be put on it",
            where="campaign_members.yml", remedy="name a static list",
        )  # fmt: skip


def named(
    connection: duckdb.DuckDBPyConnection, table: str, name: str, id_column: str, wanted: str, what: str
) -> str:
    """The id of what a file names by name or id. Raises ConfigError when there is none, or more than one."""
    rows = connection.execute(
        f"select {id_column}::varchar from {table} where {id_column}::varchar = $wanted or {name} = $wanted "
        "order by 1",
        {"wanted": wanted},
    ).fetchall()
    if len(rows) != 1:
        problem = (
            f"there is no {what} {wanted}" if not rows else f"there are {len(rows)} {what}s called {wanted}"
        )
        raise ConfigError(problem, where="campaign_members.yml", remedy="name it by its id")
    return str(rows[0][0])
