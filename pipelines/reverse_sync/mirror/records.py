"""Where the records of each object are in the warehouse, and which record of one CRM is which of the other.

Belongs here: raw tables, members of the unified things, pairs. A pair is one record on each side: of several
records of one person in one CRM the oldest is mirrored, and the others are listed until somebody merges them.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.objects.sql import columns_of, quoted, record_key_sql, text_literal
from pipelines.reverse_sync.mirror.resolve import SIDES
from pipelines.rules.mappings.model import VENDORS, Mapping, Matched, Side
from pipelines.rules.schema.names import raw_table

CAMPAIGNS = "intermediate.mirror_hubspot_campaigns"
_CAMPAIGN_COLUMNS = {
    "hs_name": "name", "hs_campaign_status": "status", "hs_utm": "utm", "hs_start_date": "start_date",
    "hs_end_date": "end_date", "hs_budget_items_sum_amount": "budget", "hs_spend_items_sum_amount": "spend",
    "hs_currency_code": "currency", "hs_notes": "notes", "hs_audience": "audience", "hs_owner": "owner",
}  # fmt: skip


def make_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Raw tables whose columns are not called as the API calls the fields, under the API's names."""
    there = columns_of(connection, "raw_hubspot.campaigns")
    if there:
        named = [f"{ours} as {theirs}" for theirs, ours in _CAMPAIGN_COLUMNS.items() if ours in there]
        connection.execute(
            f"create or replace view {CAMPAIGNS} as select id, created_at, updated_at, {', '.join(named)} "
            "from raw_hubspot.campaigns"
        )


@dataclass(frozen=True)
class Source:
    """A raw table of records. `history` is the table of field changes: its (name, id, field, moment)."""

    table: str
    id: str
    alive: str
    created: str
    modified: str
    history: tuple[str, str, str, str]


def _hubspot(name: str, modified: str = "hs_lastmodifieddate", created: str = "createdate") -> Source:
    return Source(
        f"raw_hubspot.{name}", "id", "deleted_at is null and not coalesce(archived, false)", created,
        modified, (f"raw_hubspot.{name}_property_history", "id", "property", "changed_at"),
    )  # fmt: skip


def _salesforce(name: str, history: str, parent: str, more: str = "") -> Source:
    return Source(
        f"raw_salesforce.{name}", "Id", f"deleted_at is null and not coalesce(IsDeleted, false){more}",
        "CreatedDate", "LastModifiedDate", (f"raw_salesforce.{history}", parent, "Field", "CreatedDate"),
    )  # fmt: skip


SOURCES: dict[tuple[str, str], Source] = {
    ("hubspot", "contacts"): _hubspot("contacts", "lastmodifieddate"),
    ("hubspot", "companies"): _hubspot("companies"),
    ("hubspot", "deals"): _hubspot("deals"),
    # Campaigns are read whole: what is gone is not in the table. The view has the API's names.
    ("hubspot", "campaigns"): Source(
        CAMPAIGNS,
        "id",
        "true",
        "created_at",
        "updated_at",
        ("raw_hubspot.no_history", "id", "property", "at"),
    ),
    ("salesforce", "Lead"): _salesforce(
        "lead", "lead_history", "LeadId", " and not coalesce(IsConverted, false)"
    ),
    ("salesforce", "Contact"): _salesforce("contact", "contact_history", "ContactId"),
    ("salesforce", "Account"): _salesforce("account", "account_history", "AccountId"),
    ("salesforce", "Opportunity"): _salesforce("opportunity", "opportunity_field_history", "OpportunityId"),
    ("salesforce", "Campaign"): _salesforce("campaign", "no_history", "CampaignId"),
}


def source_of(vendor: str, object_name: str) -> Source:
    """Where an object's records are; those of a custom object by the names the extract gives its tables."""
    known = SOURCES.get((vendor, object_name))
    if known is not None:
        return known
    if vendor == "hubspot":
        return _hubspot(f"custom_{object_name.lower()}", created="created_at")
    table = raw_table(object_name)
    return _salesforce(table, table.removesuffix("__c") + "__history", "ParentId")


MEMBERS = {
    "person": ("intermediate.int_person_members", "person_id"),
    "account": ("intermediate.int_account_members", "account_id"),
    "opportunity": ("intermediate.int_opportunity_members", "opportunity_id"),
    "campaign": ("intermediate.int_campaign_members", "campaign_id"),
}


@dataclass(frozen=True)
class Lookup:
    """Ids of one thing on either side: the thing, HubSpot's object, Salesforce's, and the temp table."""

    entity: str
    left: str
    right: str
    table: str


LOOKUPS = {
    "person": Lookup("person", "contacts", "Contact", "mirror_persons"),
    "lead": Lookup("person", "contacts", "Lead", "mirror_leads"),
    "account": Lookup("account", "companies", "Account", "mirror_accounts"),
    "opportunity": Lookup("opportunity", "deals", "Opportunity", "mirror_opportunities"),
}


_NOBODY = (
    "select null::varchar as entity_id, null::varchar as object, 0 as rank, null::varchar as record_id, "
    "null::varchar as record_key, null::timestamptz as created_at where false"
)


def make_pairs(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Temp tables `mirror_pairs` and `mirror_alone` (records whose partner is taken) of a mapping."""
    if mapping.matched is not None:
        _match_up(connection, mapping, mapping.matched)
    pair_up(connection, mapping.entity, mapping.left_object, mapping.right_objects)
    connection.execute("create or replace temp table mirror_pairs as select * from mirror_paired")
    sides = {
        "left": (mapping.left_object,),
        "right": mapping.right_objects,
    }
    alone = " union all ".join(
        f"select '{VENDORS[side]}' as vendor, object, record_id, record_key from mirror_members_{side} m "
        f"where object in ({', '.join(text_literal(each) for each in sides[side])}) "
        f"and entity_id in (select entity_id from mirror_paired) "
        f"and record_key not in (select {side}_key from mirror_paired)"
        for side in SIDES
    )
    connection.execute(f"create or replace temp table mirror_alone as {alone}")


def _match_up(connection: duckdb.DuckDBPyConnection, mapping: Mapping, matched: Matched) -> None:
    """Temp table `mirror_matched`: of each record of two custom objects the value that pairs them."""
    parts = []
    for side in SIDES:
        vendor, name = VENDORS[side], mapping.pairs[0][SIDES.index(side)]
        source = source_of(vendor, name)
        have = columns_of(connection, source.table)
        if not have or matched.of(side).lower() not in have:
            parts.append("select null::varchar as record_key, null::varchar as entity_id where false")
            continue
        key = record_key_sql(connection, vendor, name, f"t.{quoted(source.id)}")
        value = f"nullif(trim(t.{quoted(matched.of(side))}::varchar), '')"
        parts.append(
            f"select {key} as record_key, {value} as entity_id from {source.table} t "
            f"where {source.alive} and {value} is not null"
        )
    connection.execute(f"create or replace temp table mirror_matched as {' union all '.join(parts)}")


def pair_up(
    connection: duckdb.DuckDBPyConnection, entity: str, left_object: str, right_objects: tuple[str, ...]
) -> None:
    """Temp table `mirror_paired`: one row per unified thing that has a record on both sides.

    Of several the first of `right_objects`, then the oldest: what is chosen does not change when we write.
    """
    objects: dict[Side, tuple[str, ...]] = {"left": (left_object,), "right": right_objects}
    for side in SIDES:
        parts = [
            _members(connection, entity, VENDORS[side], name, rank) for rank, name in enumerate(objects[side])
        ]
        connection.execute(
            f"create or replace temp table mirror_members_{side} as {' union all '.join(parts)}"
        )
    chosen = (
        "select * from mirror_members_{side} qualify row_number() over "
        "(partition by entity_id order by rank, created_at nulls last, record_key) = 1"
    )
    connection.execute(
        "create or replace temp table mirror_paired as select l.entity_id, l.record_id as left_id, "
        "l.record_key as left_key, r.object as right_object, r.record_id as right_id, "
        f"r.record_key as right_key from ({chosen.format(side='left')}) l "
        f"join ({chosen.format(side='right')}) r on r.entity_id = l.entity_id"
    )


def _members(
    connection: duckdb.DuckDBPyConnection, entity: str, vendor: str, object_name: str, rank: int
) -> str:
    source = source_of(vendor, object_name)
    if not columns_of(connection, source.table):  # a custom object that no record has been read of
        return _NOBODY
    table, column = MEMBERS.get(entity, ("mirror_matched", "entity_id"))
    key = record_key_sql(connection, vendor, object_name, f"t.{quoted(source.id)}")
    return (
        f"select m.{column} as entity_id, '{object_name}' as object, {rank} as rank, "
        f"t.{quoted(source.id)} as record_id, {key} as record_key, t.{source.created} as created_at "
        f"from {source.table} t join {table} m on m.record_key = {key} where {source.alive}"
    )


def make_lookups(connection: duckdb.DuckDBPyConnection, wanted: set[str]) -> None:
    """Temp tables `mirror_owners` and those of LOOKUPS: ids of one thing on either side."""
    if "owner" in wanted:
        connection.execute(
            "create or replace temp table mirror_owners as select owner_id_hubspot as left_id, "
            "owner_id_salesforce as right_id from intermediate.int_owners "
            "where owner_id_hubspot is not null and owner_id_salesforce is not null"
        )
    for name, each in LOOKUPS.items():
        if name not in wanted:
            continue
        pair_up(connection, each.entity, each.left, (each.right,))
        # Every record of the thing leads to the one record that stands for it on the other side.
        connection.execute(
            f"create or replace temp table {each.table} as "
            "select m.record_id as left_id, p.right_id from mirror_members_left m join mirror_paired p "
            "on p.entity_id = m.entity_id union select p.left_id, m.record_id from mirror_members_right m "
            "join mirror_paired p on p.entity_id = m.entity_id"
        )


def inherit(connection: duckdb.DuckDBPyConnection) -> None:
    """Temp table `mirror_inherited` (pair_key, content): a lead's base, for the contact it became.

    A conversion copies the lead's values: without it a contact made today would be newer than what somebody
    changed in HubSpot yesterday.
    """
    found = "select null::varchar as pair_key, null::varchar as content where false"
    if {"isconverted", "convertedcontactid"} <= columns_of(connection, "raw_salesforce.lead").keys():
        found = (
            "select replace(k.pair_key, ':Lead:' || l.Id, ':Contact:' || l.ConvertedContactId) as pair_key, "
            "any_value(k.content) as content from mirrored_kept k join raw_salesforce.lead l "
            "on string_split(k.pair_key, ':Lead:')[-1] = l.Id "
            "where l.IsConverted and l.ConvertedContactId is not null group by 1"
        )
    connection.execute(f"create or replace temp table mirror_inherited as {found}")
