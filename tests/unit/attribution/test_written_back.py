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
create table int_campaigns as
from (values ('y', ''), ('spring', 'Spring'), ('sent', 'Sent')) as t(campaign_id, name);
create table int_credit_deals as
select unnest(['deal', 'of_list']) as opportunity_id, timestamptz '2026-06-01 00:00:00+00' as counts_until;
create table int_opportunities as select unnest(['deal', 'of_list', 'untouched']) as opportunity_id;
create table int_touches as
select * replace (occurred_at::timestamptz as occurred_at),
    person_id = 'ana' and touch_type != 'membership' and medium != 'visit' as earns_credit,
    true as is_counted, lower(campaign_name) as campaign_id
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
create table int_last_assignments as select ''::varchar as person_id, ''::varchar as owner_id,
    ['']::varchar[] as taken_from where false;
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
        "select person_id, first_touch_channel, "
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


# A deal of 100 EUR at 1.25, one of 100 USD and one of 9 JPY, which nobody can convert, each ana's and of y.
FOREIGN = """
create schema money;
create table money.run as select 'USD' as company_currency;
create table money.connections as
from (values ('salesforce', 'USD'), ('hubspot', 'EUR')) as t(vendor, currency);
create table money.stg_salesforce__contacts as
from (values ('eur', 'EUR'), ('usd', 'USD'), ('none', null)) as t(record_key, currency);
create table money.stg_salesforce__leads as select 'jpy' as record_key, 'JPY' as currency;
create table money.stg_hubspot__contacts as select 'portal' as record_key;
create table money.int_person_members as
select unnest(['eur', 'usd', 'none', 'jpy', 'portal']) as record_key, 'ana' as person_id;
create table money.int_campaign_records as
select 'campaign' as record_key, 'EUR' as currency, 'salesforce' as vendor;
create table money.int_campaign_members as select 'campaign' as record_key, 'y' as campaign_id;
create table money.int_opportunities as
select *, date '2026-05-10' as rate_date
from (values ('e', 'EUR'), ('u', 'USD'), ('j', 'JPY')) as t(opportunity_id, currency);
create table money.int_opportunity_records as
from (values ('e in USD', 'USD'), ('e in EUR', 'EUR'), ('u in EUR', 'EUR')) as t(record_key, currency);
create table money.int_opportunity_members as
select record_key, record_key[1] as opportunity_id from money.int_opportunity_records;
create table money.int_exchange_rates as
from (values ('EUR', 1.25, 1, date '2026-05-01', date '2026-06-01'), ('EUR', 2.0, 1, date '2026-06-01', null))
    as t(currency, rate, rank, from_date, until_date);
create table money.attribution_credits as
select *, 'ana' as person_id, 'y' as campaign_id, 'linear' as model, 0 as pipeline, 0 as pipeline_converted
from (values ('e', 'EUR', 100::decimal(18, 2), 125::decimal(18, 2)), ('u', 'USD', 100, 100),
    ('j', 'JPY', 9, null))
    as t(opportunity_id, currency, revenue, revenue_converted);
"""


def test_a_record_is_told_its_money_in_its_own_currency_at_the_rate_of_each_deals_day() -> None:
    with duckdb.connect() as connection:
        connection.execute(FOREIGN + "use money")
        for name in ("int_foreign_records", "int_record_revenue"):
            made(connection, f"intermediate/credits/{name}.sql", "table")
        told = connection.execute(
            "select record_key, has_rate, revenue from int_foreign_records "
            "left join int_record_revenue using (record_key) order by 1"
        ).fetchall()
    # What is in the currency of its credit is not foreign. The 9 JPY are left out of every sum
    # but that in JPY, of which no rate is known: such a record is left alone.
    assert told == [
        ("campaign", True, 180), ("e in USD", True, 125), ("eur", True, 180), ("jpy", False, 9),
        ("portal", True, 180), ("u in EUR", True, 80),
    ]  # fmt: skip
