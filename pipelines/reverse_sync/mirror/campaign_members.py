"""Who becomes a member of a Salesforce campaign, or moves on in it, for what they did in HubSpot: as actions.

Belongs here: whom each line of `campaign_members.yml` means, as which record, and from which status. A person
is a member of a campaign once, as the contact if there is one, else as the lead. The way back, from members
to a HubSpot list, is `listings.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.errors import ConfigError
from pipelines.objects.sql import rows_in
from pipelines.reverse_sync.actions.base import empty_table_sql
from pipelines.reverse_sync.mirror import listings
from pipelines.reverse_sync.mirror.listings import named
from pipelines.rules.campaign_members import CampaignMembers, Membership, load_campaign_members
from pipelines.warehouse import has_table

KIND = "campaign_member"
TABLE = "reverse_sync.actions_campaign_members"
_PEOPLE = """
create or replace temp table member_records as
select m.person_id, m.record_key, split_part(m.record_key, ':', 3) as object,
    split_part(m.record_key, ':', 4) as id,
    coalesce(c.Id, l.Id) is not null as is_there
from intermediate.int_person_members m
left join raw_salesforce.contact c on m.record_key like '%:Contact:' || c.Id and c.deleted_at is null
    and not coalesce(c.IsDeleted, false)
left join raw_salesforce.lead l on m.record_key like '%:Lead:' || l.Id and l.deleted_at is null
    and not coalesce(l.IsDeleted, false) and not coalesce(l.IsConverted, false)
where starts_with(m.record_key, 'salesforce:')
"""
# How often somebody left the campaign by leaving this list, and whether they came again since.
_TURNS = """
create or replace temp table member_turns as
select person_id, count(*) filter (where forced) as times_left,
    max(settled_at) filter (where not forced)
        > coalesce(max(settled_at) filter (where forced), '-infinity'::timestamptz) as is_in
from (
    select person_id, settled_at,
        json_extract_string(after_value, '$.forced') is not distinct from 'true' as forced
    from ops.journal
    where operation = $kind and state = 'confirmed'
        and json_extract_string(after_value, '$.campaign') = $campaign
        and coalesce(json_extract_string(after_value, '$.source'), $source) = $source
) group by person_id
"""
_NO_TURNS = "create or replace temp table member_turns (person_id varchar, times_left bigint, is_in boolean)"
_WISH = """
insert into reverse_sync.actions_campaign_members
with people as ({people}),
best as (
    select person_id, arg_min(record_key, (object <> 'Contact', record_key)) as record_key
    from member_records where is_there group by person_id
),
ranks as (select unnest($order) as status, generate_subscripts($order, 1) as rank),
held as (
    select r.person_id, arg_max(m.Status, coalesce(k.rank, 0)) as status, max(coalesce(k.rank, 0)) as rank
    from raw_salesforce.campaign_member m
    join member_records r on r.id in (m.LeadId, m.ContactId)
    left join ranks k on k.status = m.Status
    where m.CampaignId = $campaign and m.deleted_at is null and not coalesce(m.IsDeleted, false)
    group by r.person_id
)
select concat_ws(':', 'member', $campaign, p.person_id, $status, nullif(t.times_left, 0)::varchar),
    'salesforce_campaign_members', $kind, 'salesforce', 'CampaignMember', b.record_key, p.person_id,
    json_object('campaign', $campaign, 'status', $status, 'order', $order, 'before', h.status,
        'create_status', $create_status, 'forced', $forced, 'source', $source, 'left', $left)::varchar,
    {needs}, 'mirrored', $rule, $reason, 'compensable', null
from people p
left join best b on b.person_id = p.person_id
left join held h on h.person_id = p.person_id
left join member_turns t on t.person_id = p.person_id
{join_created}
where {condition}
"""


def wish(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> int:
    """Leave the actions in `reverse_sync.actions_campaign_members`. Returns how many there are."""
    asked = load_campaign_members(config_dir)
    connection.execute(empty_table_sql(TABLE))
    if asked.members:
        connection.execute(_PEOPLE)
    for each in asked.members:
        _member(connection, asked, each)
    listings.wish(connection, asked.lists, TABLE)
    # Several lines may mean one person: the first does.
    connection.execute(
        f"delete from {TABLE} a using (select action_key, min(rowid) as first from {TABLE} group by 1) f "
        "where f.action_key = a.action_key and a.rowid <> f.first"
    )
    return rows_in(connection, TABLE)


def _member(connection: duckdb.DuckDBPyConnection, asked: CampaignMembers, each: Membership) -> None:
    campaign = named(connection, "raw_salesforce.campaign", "Name", "Id", each.campaign, "campaign")
    known = {
        str(label)
        for (label,) in connection.execute(
            "select Label from raw_salesforce.campaign_member_status where CampaignId = ?", [campaign]
        ).fetchall()
    }
    for status in filter(None, (each.status, each.removed)):
        if status not in known and not asked.create_statuses:
            raise ConfigError(
                f"campaign {each.campaign} has no status {status}, only {', '.join(sorted(known)) or 'none'}",
                where="campaign_members.yml", remedy="name one of them, or say create_statuses: true",
            )  # fmt: skip
    turns = {"kind": KIND, "campaign": campaign, "source": each.source}
    follows = bool(each.removed) and has_table(connection, "ops", "journal")
    connection.execute(_TURNS if follows else _NO_TURNS, turns if follows else {})
    values = {
        "campaign": campaign, "status": each.status, "order": list(asked.order), "kind": KIND,
        "create_status": asked.create_statuses, "rule": "campaign_members.yml", "reason": each.source,
        "source": each.source, "forced": False,
        "left": sorted({m.removed for m in asked.members if m.removed and m.campaign == each.campaign}),
    }  # fmt: skip
    people = _of_form(connection, each) if each.form else _of_list(connection, each)
    has_creates = has_table(connection, "reverse_sync", "actions_creates")
    created = (
        "left join reverse_sync.actions_creates n on n.person_id = p.person_id and n.vendor = 'salesforce' "
        "and n.kind = 'create_record' and b.record_key is null"
        if has_creates
        else ""
    )
    # A status without a place in the order is people's own: only who had left a list moves on from one.
    rank = (
        "list_position($order, $status) > coalesce(h.rank, 0) "
        "and (h.status is null or h.rank > 0 or list_contains($left, h.status))"
    )
    there = "coalesce(b.record_key, n.action_key) is not null" if has_creates else "b.record_key is not null"
    _insert(
        connection, people, values, f"{rank} and {there}", created, "n.action_key" if has_creates else "null"
    )
    if follows:
        gone = f"select person_id from member_turns where is_in and person_id not in ({people})"
        left = {**values, "status": each.removed, "reason": f"left {each.source}", "forced": True}
        has_other = "b.record_key is not null and h.status is distinct from $status"
        _insert(connection, gone, left, has_other, "", "null")


def _insert(
    connection: duckdb.DuckDBPyConnection, people: str, values: dict[str, object], condition: str, join: str,
    needs: str,
) -> None:  # fmt: skip
    sql = _WISH.replace("{people}", people).replace("{condition}", condition).replace("{join_created}", join)
    connection.execute(sql.replace("{needs}", needs), values)


def _of_form(connection: duckdb.DuckDBPyConnection, each: Membership) -> str:
    """SQL of the people who filled in a form, by the address they gave."""
    form = named(connection, "raw_hubspot.forms", "name", "id", each.form, "form")
    # Of contacts that were merged the survivor has every address.
    return (
        "select distinct m.person_id from raw_hubspot.form_submissions s "
        "join (select id, unnest(list_append(coalesce(hs_additional_emails, []), email)) as address "
        "from raw_hubspot.contacts where deleted_at is null) c "
        "on lower(trim(c.address)) = lower(trim(s.email)) "
        "join intermediate.int_person_members m on m.record_key like 'hubspot:%:contacts:' || c.id "
        f"where s.form_id = {_text(form)}"
    )


def _of_list(connection: duckdb.DuckDBPyConnection, each: Membership) -> str:
    """SQL of the people whose contacts are on a list."""
    list_id = named(connection, "raw_hubspot.lists", "name", "id", each.list, "list")
    return (
        "select distinct m.person_id from raw_hubspot.list_members s "
        "join intermediate.int_person_members m on m.record_key like 'hubspot:%:contacts:' || s.record_id "
        f"where s.list_id::varchar = {_text(list_id)}"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
