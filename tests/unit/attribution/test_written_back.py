"""What of attribution the CRMs are told, and what not when `dataSync` says so."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.rules import rows
from pipelines.rules.tables import _as_table as as_table
from tests.fixtures.credits import rules
from tests.fixtures.dbt_sql import made

TABLES = """
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of;
create table int_opportunity_people as select 'deal' as opportunity_id, 'ana' as person_id;
create table int_credit_deals as
select 'deal' as opportunity_id, timestamptz '2026-06-01 00:00:00+00' as counts_until;
create table int_opportunities as select unnest(['deal', 'untouched']) as opportunity_id;
create table attribution_touchpoints as
select *, 'ana' as person_id, touch_type != 'membership' as earns_credit,
    'hubspot:P:' || touchpoint_id as source_record_key
from (values
    ('listed', timestamptz '2026-01-01 00:00:00+00', 'campaign', 'list', 'In', 'Listed', 'membership'),
    ('t1', timestamptz '2026-01-10 00:00:00+00', 'paid_search', 'cpc', 'brand ad', 'Spring', 'page_visit'),
    ('t2', timestamptz '2026-02-10 00:00:00+00', 'email', 'email', 'Issue 2', null, 'email_click'),
    ('t3', timestamptz '2026-03-10 00:00:00+00', 'sales', 'call', 'Intro', null, 'call'),
    ('late', timestamptz '2026-06-02 00:00:00+00', 'webinar', 'event', 'After the close', null, 'event'))
    as t(touchpoint_id, occurred_at, channel, medium, content, campaign_name, touch_type);
create table attribution_credits as
select 'deal' as opportunity_id, 'ana' as person_id, *
from (values ('linear', 250.01::decimal(18, 2)), ('linear', 250), ('first', 999)) as t(model, revenue),
    (select 500.55::decimal(18, 2) as revenue_converted);
create table unified_leads as
select 'ana' as person_id, 50 as lead_score, 'customer' as lifecycle_stage, 4 as touches,
    'paid_search' as first_touch_channel, 'Spring' as first_touch_campaign,
    'webinar' as last_touch_channel, null::varchar as owner_id;
create table int_person_touches as
select 'ana' as person_id, 'cpc' as first_touch_medium, 'brand ad' as first_touch_content,
    'event' as last_touch_medium, 'After the close' as last_touch_content;
create table assignments as select ''::varchar as person_id, ''::varchar as owner_email,
    ''::varchar as previous_owner, now() as decided_at, 1 as sequence, ''::varchar as state where false;
create table int_person_aliases as select ''::varchar as alias, ''::varchar as person_id where false;
create table int_owners as select ''::varchar as owner_id, ''::varchar as owner_id_hubspot,
    ''::varchar as owner_id_salesforce where false;
"""
DEAL = {
    "touch_count": 4, "first_touch_source": "paid_search", "last_touch_source": "email",
    "first_touch_campaign": "Spring", "first_touch_medium": "cpc", "last_touch_medium": "email",
    "first_touch_content": "brand ad", "last_touch_content": "Issue 2",
    "attributed_revenue": Decimal("500.01"),
}  # fmt: skip
"""Up to the close, and of the model that is written back; sales' call and a list count, as no source."""
PERSON = {
    "touch_count": 4, "first_touch_channel": "paid_search", "last_touch_channel": "webinar",
    "first_touch_campaign": "Spring", "first_touch_medium": "cpc", "last_touch_medium": "event",
    "first_touch_content": "brand ad", "last_touch_content": "After the close",
    "attributed_revenue": Decimal("1001.10"),
}  # fmt: skip
OF = {"campaigns": "campaign", "sources": ("source", "channel"), "mediums": "medium", "content": "content",
      "revenue": "revenue"}  # fmt: skip


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        known = rules([{"model": "linear"}, {"model": "first"}])
        for name in ("attribution_models", "attribution_settings", "attribution_sync"):
            connection.register("incoming", as_table(*getattr(rows, name)(known)))
            connection.execute(f"create table {name} as from incoming")
        for name in ("opportunities/int_desired_deals", "people/int_desired_people"):
            made(connection, f"intermediate/{name}.sql")
        yield connection


def told(warehouse: duckdb.DuckDBPyConnection, table: str, wanted: dict[str, Any]) -> dict[str, Any]:
    found = warehouse.execute(f"select {', '.join(wanted)} from {table} limit 1").fetchone()
    assert found is not None
    return dict(zip(wanted, found, strict=True))


@pytest.mark.parametrize("off", [None, *OF])
def test_what_is_switched_off_is_left_alone_and_the_rest_is_told(
    warehouse: duckdb.DuckDBPyConnection, off: str | None
) -> None:
    warehouse.execute("update attribution_sync set is_on = (setting != coalesce(?, ''))", [off])
    for table, wanted in (
        ("(from int_desired_deals where opportunity_id = 'deal')", DEAL), ("int_desired_people", PERSON)
    ):  # fmt: skip
        expected = {
            name: None if off is not None and name.endswith(OF[off]) else value
            for name, value in wanted.items()
        }
        assert told(warehouse, table, wanted) == expected
        assert off is None or None in expected.values()


def test_a_deal_that_nobody_touched_is_told_so(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update attribution_sync set is_on = true")
    deals = "(from int_desired_deals where opportunity_id = 'untouched')"
    assert told(warehouse, deals, DEAL) == dict.fromkeys(DEAL) | {"touch_count": 0, "attributed_revenue": 0}
