"""Desired and existing attributed revenue under each model that has a field of its own, as tables.

Belongs here: that SQL. Which models and fields there are is `rules.revenue_fields`; a record's other fields
of attribution are dbt models, and its row here is the one of theirs. A CRM without a field is not asked to
take it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from pipelines.objects.sql import columns_of, quoted, rows_in, text_literal
from pipelines.reverse_sync.mirror.records import MEMBERS, Source, source_of
from pipelines.rules import revenue_fields as rules
from pipelines.rules.attribution import load_attribution
from pipelines.rules.revenue_fields import Place

_MONEY = "decimal(18, 2)"
_CREDITS = """(
    select {owner} as owner, model, sum({amount}) as revenue from {source} group by all
)"""
_SOURCES = {
    "people": ("marts.attribution_credits", "person_id", "revenue_converted"),
    "deals": ("marts.attribution_credits", "opportunity_id", "revenue"),
    "campaigns": ("marts.campaign_performance", "campaign_id", "revenue"),
}
# Of several records there that are one campaign the one that campaign influence uses holds its revenue, the
# others 0: a report over all of them has it once.
_HOLDERS = """(
    select m.record_key, h.campaign_id from intermediate.int_campaign_members m
    left join intermediate.int_campaigns h
        on m.campaign_id = h.campaign_id and split_part(m.record_key, ':', 4) = h.campaign_id_salesforce
)"""
_MEMBERS = {"deals": MEMBERS["opportunity"], "campaigns": (_HOLDERS, "campaign_id")}


def rows(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> int:
    """Leave both tables of every object, or none where no model is named. Returns the rows desired."""
    total, chosen = 0, rules.models(config_dir)
    is_synced = bool(chosen) and load_attribution(config_dir).sync.dataSync.revenue
    for place in rules.PLACES:
        for name in (place.existing, place.desired):
            connection.execute(f"drop table if exists reverse_sync.{name}")
        if not chosen:
            continue
        fields = {rules.field_of(place.vendor, each.model): each.model for each in chosen}
        raw = source_of(place.vendor, place.object)
        there = columns_of(connection, raw.table)
        connection.execute(_existing(place, fields, there, raw))
        wanted = {
            name: model if name.lower() in there and is_synced else "" for name, model in fields.items()
        }
        connection.execute(_desired(place, wanted))
        total += rows_in(connection, f"reverse_sync.{place.desired}")
    return total


def _existing(place: Place, fields: dict[str, str], there: Collection[str], raw: Source) -> str:
    beside = f"reverse_sync.existing_{place.vendor}__{place.beside}"
    parent = f", e.{place.grouped_by}" if place.grouped_by else ""
    shown = ", ".join(
        f"cast({f'r.{quoted(name)}' if name.lower() in there else 'null'} as {_MONEY}) as {quoted(name)}"
        for name in fields
    )
    return (
        f"create table reverse_sync.{place.existing} as select e.record_id, e.record_key, "
        f"e.person_id{parent}, {shown} from {beside} e join {raw.table} r on e.record_id = r.{quoted(raw.id)}"
    )


def _desired(place: Place, wanted: dict[str, str]) -> str:
    kind = {"deals": "deals", "opportunities": "deals", "campaigns": "campaigns"}.get(place.beside, "people")
    source, owner, amount = _SOURCES[kind]
    credits = _CREDITS.format(owner=owner, amount=amount, source=source)
    if kind in _MEMBERS:
        table, column = _MEMBERS[kind]
        joined, mine = f"join {table} m on e.record_key = m.record_key", f"m.{column}"
    else:
        joined, mine = "", "e.person_id"
    values = ", ".join(f"cast({_sum_of(m)} as {_MONEY}) as {quoted(name)}" for name, m in wanted.items())
    return (
        f"create table reverse_sync.{place.desired} as select e.record_id, e.record_key, e.person_id, "
        f"{values} from reverse_sync.{place.existing} e {joined} "
        f"left join {credits} c on c.owner = {mine} "
        "left join intermediate.int_foreign_records f on e.record_key = f.record_key "
        "left join intermediate.int_record_revenue r on e.record_key = r.record_key and c.model = r.model "
        "group by all"
    )


def _sum_of(model: str) -> str:
    """What the model credits, in the record's currency; null, which leaves the field alone, where it has none
    or nobody knows a rate of that currency."""
    if not model:
        return "null"
    revenue = "if(f.record_key is null, c.revenue, r.revenue)"
    credited = f"coalesce(sum({revenue}) filter (where c.model = {text_literal(model)}), 0)"
    return f"case when coalesce(bool_and(f.has_rate), true) then {credited} end"
