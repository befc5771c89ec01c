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
from tests.fixtures.dbt_sql import compiled, made

TABLES = """
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of;
create table int_opportunity_people as
from (values ('deal', 'ana'), ('of_list', 'ben')) as t(opportunity_id, person_id);
create table int_campaigns as select 'y' as campaign_id, '' as name;
create table int_credit_deals as
select unnest(['deal', 'of_list']) as opportunity_id, timestamptz '2026-06-01 00:00:00+00' as counts_until;
create table int_opportunities as select unnest(['deal', 'of_list', 'untouched']) as opportunity_id;
create table attribution_touchpoints as
select * replace (occurred_at::timestamptz as occurred_at),
    person_id = 'ana' and touch_type != 'membership' and medium != 'visit' as earns_credit,
    true as is_counted, 'x' as campaign_id
from (values
    ('ana', 'listed', '2026-01-01', 'campaign', 'list', 'Sent', 'Sent', 'membership'),
    ('ana', 'visit', '2026-01-02', 'website', 'visit', '/', null, 'page_visit'),
    ('ana', 't1', '2026-01-10', 'paid_search', 'cpc', 'brand ad', 'Spring', 'page_visit'),
    ('ana', 't2', '2026-02-10', 'email', 'email', 'Issue 2', null, 'email_click'),
    ('ana', 't3', '2026-03-10', 'sales', 'call', 'Intro', null, 'call'),
    ('ana', 'late', '2026-06-02', 'webinar', 'event', 'After the close', null, 'event'),
    ('ben', 'sent', '2026-01-01', 'campaign', 'list', 'Sent', 'Sent', 'membership'),
    ('ben', 'b1', '2026-02-01', 'import', 'import', 'list.csv', null, 'original_source'),
    ('cem', 'c1', '2026-02-01', 'campaign', 'list', 'Sent', 'Sent', 'membership'))
    as t(person_id, touchpoint_id, occurred_at, channel, medium, content, campaign_name, touch_type);
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
    "touch_count": 5, "first_touch_source": "paid_search", "last_touch_source": "email",
    "first_touch_campaign": "Spring", "first_touch_medium": "cpc", "last_touch_medium": "email",
    "first_touch_content": "brand ad", "last_touch_content": "Issue 2",
    "attributed_revenue": Decimal("500.01"),
}  # fmt: skip
"""Up to the close, and of the model that is written back. Sales' call, a campaign that was only sent and a
visit that no campaign led to are touches, and no source."""
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


def test_a_source_is_what_earns_credit_or_else_the_one_that_the_crm_shows(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    warehouse.execute("update attribution_sync set is_on = true")
    deal = "first_touch_source, last_touch_source, touch_count from int_desired_deals"
    found = warehouse.execute(f"select {deal} where opportunity_id = 'of_list'").fetchall()
    assert found == [("import", "import", 2)]
    sql = compiled("intermediate/touches/int_person_touches.sql")
    people = warehouse.execute(
        "with int_touches as (from attribution_touchpoints) select person_id, first_touch_channel, "
        f"last_touch_channel, first_touch_medium, touches from ({sql}) order by 1"
    ).fetchall()
    assert people == [
        ("ana", "paid_search", "webinar", "cpc", 6), ("ben", "import", "import", "import", 2),
        ("cem", None, None, None, 1),
    ]  # fmt: skip


def test_a_deal_that_nobody_touched_is_told_so(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update attribution_sync set is_on = true")
    deals = "(from int_desired_deals where opportunity_id = 'untouched')"
    assert told(warehouse, deals, DEAL) == dict.fromkeys(DEAL) | {"touch_count": 0, "attributed_revenue": 0}
