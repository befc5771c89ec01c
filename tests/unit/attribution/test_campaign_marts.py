"""What the marts of campaigns and channels, and their pictures, say of a business, worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.rules import rows
from pipelines.rules.tables import _as_table as as_table
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.credits import rules
from tests.fixtures.dbt_sql import compiled, made

# Campaign a cost 100, b nothing, of c nobody knows what; c is part of a, d of c; e and f are each above the
# other. Ana clicked twice for a, and became an MQL in between; ben was met by b and only listed by c.
# Deal w of ana is won for 1000; deal o of ben is open with 300.
TABLES = """
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of, date '2026-06-30' as business_date,
    'USD' as company_currency, 'America/New_York' as business_zone;
create table int_campaigns as
select *, 'Type' as type, 'Active' as status, campaign_id as utm, null::date as start_date,
    null::date as end_date, cost as cost_converted, 'USD' as cost_currency, 'salesforce' as cost_from,
    null::decimal(18, 2) as budget, if(campaign_id = 'c', 'hs-c', null) as campaign_id_hubspot,
    if(campaign_id = 'c', null, '701' || campaign_id) as campaign_id_salesforce,
    null::varchar as campaign_id_marketing_cloud, 1::bigint as records
from (values ('a', 'Alpha', 100::decimal(18, 2), null), ('b', 'Beta', 0, null), ('c', 'Gamma', null, 'a'),
    ('d', 'Delta', null, 'c'), ('e', 'Epsilon', null, 'f'), ('f', 'Phi', null, 'e'))
    as t(campaign_id, name, cost, parent_campaign_id);
create table int_campaign_records as
select *, split_part(record_key, ':', 1) as vendor, record_key as name, null::date as start_date
from (values ('hubspot:P:campaigns:1'), ('hubspot:P:campaigns:2'), ('salesforce:o:Campaign:701a'),
    ('salesforce:o:Campaign:701b'), ('marketing_cloud:m:Campaign:9')) as t(record_key);
create table int_campaign_pairs as
select *, 'name' as reason
from (values ('hubspot:P:campaigns:1', 'salesforce:o:Campaign:701a', 'same'),
    ('hubspot:P:campaigns:2', 'salesforce:o:Campaign:701a', 'review'),
    ('hubspot:P:campaigns:1', 'marketing_cloud:m:Campaign:9', 'review'),
    ('marketing_cloud:m:Campaign:9', 'salesforce:o:Campaign:701b', 'review'))
    as t(left_key, right_key, verdict);
create table int_campaign_members as
select 'salesforce:o:Campaign:701' || campaign_id as record_key, campaign_id from int_campaigns
union all
from (values ('hubspot:P:campaigns:1', 'a'), ('hubspot:P:campaigns:2', 'h2'),
    ('marketing_cloud:m:Campaign:9', 'm9'));
create table int_people as select * from (values ('ana', 'acme'), ('ben', null)) as t(person_id, account_id);
create table int_person_lifecycle as select * from (values
    ('ana', timestamptz '2026-02-10 00:00:00+00', null::timestamptz),
    ('ben', timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-05-01 00:00:00+00'))
    as t(person_id, mql_at, sql_at);
create table int_touches as
select *, 'source' as source, 'medium' as medium, 'content' as content, 'r' as record_key,
    's' as source_record_key, touch_type = 'membership' as is_member,
    cast(occurred_at at time zone (select business_zone from run) as date) as day
from (values
    ('t1', 'ana', timestamptz '2026-02-01 03:00:00+00', 'email', 'a', 'email_click', true, true, true),
    ('t2', 'ana', timestamptz '2026-02-20 12:00:00+00', 'email', 'a', 'email_click', true, true, true),
    ('t3', 'ben', timestamptz '2026-03-01 12:00:00+00', 'webinar', 'b', 'event', true, true, true),
    ('t4', 'ben', timestamptz '2026-03-05 12:00:00+00', 'campaign', 'c', 'membership', false, false, true),
    ('to_come', 'ben', timestamptz '2026-08-05 12:00:00+00', 'webinar', 'b', 'event', true, true, true),
    ('copy', 'ben', timestamptz '2026-03-05 12:00:00+00', 'webinar', 'b', 'membership', true, true, false))
    as t(touchpoint_id, person_id, occurred_at, channel, campaign_id, touch_type, is_response, earns_credit,
        is_counted);
create table int_opportunity_people as select * from (values ('w', 'ana', 'contact_role'),
    ('o', 'ben', 'contact_role')) as t(opportunity_id, person_id, via);
create table int_opportunities as select * from (values ('w', 1000::decimal(18, 2), true), ('o', 300, false))
    as t(opportunity_id, amount_converted, is_closed);
alter table int_opportunities add column amount decimal(18, 2);
update int_opportunities set amount = amount_converted;
create table int_foreign_records as select 'salesforce:o:Campaign:701b' as record_key, true as has_rate;
create table int_record_revenue as
select 'salesforce:o:Campaign:701b' as record_key, 'linear' as model, 0 as revenue, 240 as pipeline;
create table attribution_credits as
select *, is_won as is_closed, revenue as revenue_converted, pipeline as pipeline_converted,
    (select any_value(day) from int_touches where int_touches.touchpoint_id = t.touchpoint_id) as touched_on
from (values
    ('w', 't1', 'linear', 'ana', 'email', 'a', 0.5::decimal(18, 8), 500::decimal(18, 2), 0::decimal(18, 2), true),
    ('w', 't2', 'linear', 'ana', 'email', 'a', 0.5, 500, 0, true),
    ('o', 't3', 'linear', 'ben', 'webinar', 'b', 1, 0, 300, false),
    ('w', 't1', 'salesforce_even', 'ana', 'email', 'a', 1, 1000, 0, true),
    ('o', 't3', 'salesforce_even', 'ben', 'webinar', 'b', 0.5, 0, 150, false),
    ('o', 't4', 'salesforce_even', 'ben', 'campaign', 'c', 0.5, 0, 150, false))
    as t(opportunity_id, touchpoint_id, model, person_id, channel, campaign_id, share, revenue, pipeline, is_won);
create view int_rule_based_credits as from attribution_credits where model = 'linear';
create view int_data_driven_credits as from attribution_credits where model <> 'linear';
"""  # noqa: E501 - a row each

SUMMED = (
    "credits/int_rule_based_sums", "credits/int_data_driven_sums", "credits/int_credit_sums",
    "credits/int_campaign_influence", "touches/int_channel_touches", "touches/int_campaign_touches",
    "touches/int_campaign_costs",
)  # fmt: skip


class Columns:
    """As if the org had the fields that these tables have."""

    def get_columns_in_relation(self, relation: str) -> list[Any]:
        return [{"name": "Attributed_Revenue__c"}, {"name": "Attributed_Pipeline__c"}]


@pytest.fixture(scope="module")
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        known = rules([{"model": "linear"}, {"model": "salesforce_even"}])
        for name in ("attribution_models", "attribution_sync"):
            connection.register("incoming", as_table(*getattr(rows, name)(known)))
            connection.execute(f"create table {name} as from incoming")
        for name in SUMMED:
            made(connection, f"intermediate/{name}.sql", "view")
        for name in (
            "attribution_touchpoints", "campaign_performance", "channel_contribution", "campaign_influence",
            "attribution_models", "unified_campaigns", "campaign_reviews",
        ):  # fmt: skip
            if name == "attribution_models":  # the mart, beside the rules that it is named after
                sql = compiled(f"marts/attribution/{name}.sql")
                connection.execute(f"create table models_mart as {sql}")
            else:
                made(connection, f"marts/attribution/{name}.sql", "table")
        connection.execute("create schema marts")
        for name in (
            "channel_contribution",
            "campaign_performance",
            "campaign_influence",
            "unified_campaigns",
        ):
            connection.execute(f"create view marts.{name} as from memory.main.{name}")
        connection.execute("create view marts.attribution_models as from memory.main.models_mart")
        connection.execute(
            "create table marts.conversion_paths as from (values ('email > webinar', 2, 1), ('email', 1, 0), "
            "('a > b > c > d > e', 0, 1)) as t(path, conversions, losses)"
        )
        yield connection


def asked(marts: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return marts.execute(sql).fetchall()


def test_a_touch_has_its_persons_account_and_an_even_part_of_what_its_campaign_cost(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    sql = "select touchpoint_id, account_id, cost, campaign_name from attribution_touchpoints order by 1"
    assert asked(marts, sql) == [
        ("t1", "acme", Decimal(50), "Alpha"), ("t2", "acme", Decimal(50), "Alpha"),
        ("t3", None, Decimal(0), "Beta"), ("t4", None, None, "Gamma"), ("to_come", None, Decimal(0), "Beta"),
    ]  # fmt: skip


def test_a_campaign_shows_what_it_brought_and_no_return_where_its_cost_is_unknown(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    sql = (
        "select campaign_id, cost, touches, responses, leads, mqls, sqls, opportunities, customers, "
        "pipeline, revenue, roi, cac from campaign_performance where model = 'linear' and campaign_id < 'd' "
        "order by 1"
    )
    assert asked(marts, sql) == [
        # Ana was an MQL after the first click; ben was one before b met him, and an SQL after.
        ("a", 100, 2, 2, 1, 1, 0, 1, 1, 0, 1000, 9.0, 100.0),
        ("b", 0, 1, 1, 1, 0, 1, 1, 0, 300, 0, None, None),
        ("c", None, 1, 0, 1, 0, 1, 0, 0, 0, 0, None, None),
    ]


def test_a_model_tells_its_return_on_the_costs_that_are_known_and_how_many_are(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    sql = "select model, revenue, pipeline, cost, cost_known, roi, cac from models_mart order by 1"
    assert asked(marts, sql) == [
        ("linear", 1000, 300, 100, pytest.approx(1 / 3), 9.0, 100.0),
        ("salesforce_even", 1000, 300, 100, pytest.approx(1 / 3), 9.0, 100.0),
    ]


def test_channels_by_month_of_the_business_add_up_to_all_that_was_credited(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    sql = (
        "select channel, month::varchar, touches, leads, opportunities, pipeline, revenue "
        "from channel_contribution where model = '{}' order by 1, 2"
    )
    # The first click was on the evening of 31 January, where the business is.
    assert asked(marts, sql.format("linear")) == [
        ("campaign", "2026-03-01", 0, 0, 0, 0, 0),
        ("email", "2026-01-01", 1, 1, Decimal("0.5"), 0, 500),
        ("email", "2026-02-01", 1, 1, Decimal("0.5"), 0, 500),
        ("webinar", "2026-03-01", 1, 1, 1, 300, 0),
    ]
    # A membership that earns nothing elsewhere has its part in campaign influence.
    assert asked(marts, sql.format("salesforce_even")) == [
        ("campaign", "2026-03-01", 0, 0, Decimal("0.5"), 150, 0),
        ("email", "2026-01-01", 1, 1, 1, 0, 1000),
        ("email", "2026-02-01", 1, 1, 0, 0, 0),
        ("webinar", "2026-03-01", 1, 1, Decimal("0.5"), 150, 0),
    ]


def test_money_without_a_rate_is_counted_beside_each_sum_and_leaves_no_return(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """As if the currency of the won deal had no rate; its cost per customer is known all the same."""
    marts.execute("begin")
    try:
        marts.execute("update attribution_credits set revenue_converted = null where opportunity_id = 'w'")
        made(marts, "marts/attribution/campaign_performance.sql", "table")
        wanted = (
            "revenue, unconverted_opportunities, {} from ({}) where model = 'linear' and revenue is not null"
        )
        returns = "roi, cac, revenue_known"
        campaigns = compiled("marts/attribution/campaign_performance.sql") + " where campaign_id = 'a'"
        models = compiled("marts/attribution/attribution_models.sql")
        for sql in (campaigns, models):
            assert asked(marts, "select " + wanted.format(returns, sql)) == [(0, 1, None, 100.0, 0.0)]
        # A refund alone is no customer, and its campaign's revenue is as unknown.
        marts.execute("update attribution_credits set revenue = -revenue where opportunity_id = 'w'")
        made(marts, "marts/attribution/campaign_performance.sql", "table")
        assert asked(marts, "select " + wanted.format(returns, campaigns)) == [(0, 1, None, None, 0.0)]
        assert asked(marts, "select " + wanted.format(returns, models)) == [(0, 1, None, None, None)]
        channels = compiled("marts/attribution/channel_contribution.sql")
        assert asked(marts, "select " + wanted.format("channel", channels) + " order by channel, month") == [
            (0, 0, "campaign"), (0, 1, "email"), (0, 1, "email"), (0, 0, "webinar"),
        ]  # fmt: skip
    finally:
        marts.execute("rollback")


def test_every_campaign_that_met_somebody_of_an_open_deal_has_influenced_all_of_it(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    sql = (
        "select campaign_id, opportunity_id, touches, responses, people, influenced_pipeline, share, "
        "credited_pipeline from campaign_influence order by 1"
    )
    assert asked(marts, sql) == [("b", "o", 1, 1, 1, 300, 1, 300), ("c", "o", 1, 0, 1, 300, 0, 0)]


def test_a_look_alike_is_for_people_until_its_campaign_has_a_record_of_that_vendor(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """HubSpot's 1 and Salesforce's 701a are one; that says nothing of Marketing Cloud's 9."""
    assert asked(marts, "select left_key, right_key from campaign_reviews order by all") == [
        ("hubspot:P:campaigns:1", "marketing_cloud:m:Campaign:9"),
        ("marketing_cloud:m:Campaign:9", "salesforce:o:Campaign:701b"),
    ]


def test_the_hierarchy_of_campaigns_is_kept_and_a_circle_ends(marts: duckdb.DuckDBPyConnection) -> None:
    sql = "select campaign_id, parent_campaign_id, root_campaign_id, level from unified_campaigns order by 1"
    assert asked(marts, sql) == [
        ("a", None, "a", 0), ("b", None, "b", 0), ("c", "a", "a", 1), ("d", "c", "a", 2),
        ("e", "f", "f", 1), ("f", "e", "e", 1),
    ]  # fmt: skip


def pictured(marts: duckdb.DuckDBPyConnection, panel: str, **filters: Any) -> list[tuple[Any, ...]]:
    sql = (PROJECT_ROOT / "dashboards" / "sql" / f"{panel}.sql").read_text()
    return marts.execute(sql, filters).fetchall()


def test_the_pictures_draw_what_the_marts_say(marts: duckdb.DuckDBPyConnection) -> None:
    assert pictured(marts, "models", since=None) == [
        ("email", "linear", 1000, 0), ("email", "salesforce_even", 1000, 0)
    ]  # fmt: skip
    assert pictured(marts, "models", since=date(2026, 2, 1)) == [("email", "linear", 500, 0)]
    assert pictured(marts, "channels", since=None) == [
        (date(2026, 1, 1), "email", 500), (date(2026, 2, 1), "email", 500),
        (date(2026, 3, 1), "campaign", 0), (date(2026, 3, 1), "webinar", 0),
    ]  # fmt: skip
    assert pictured(marts, "campaign_roi") == [("Alpha", 9.0, 100, 1000, 1, 100.0)]
    assert pictured(marts, "influence") == [("Beta", 1, 1, 1, 300, 300), ("Gamma", 1, 1, 1, 300, 0)]


def test_the_sankey_takes_each_deal_from_its_first_channel_to_its_end(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    assert set(pictured(marts, "paths")) == {
        ("1. email", "2. webinar", 3), ("2. webinar", "won", 2), ("2. webinar", "lost", 1),
        ("1. email", "won", 1),
        ("1. a", "2. b", 1), ("2. b", "3. and so on", 1), ("3. and so on", "4. e", 1), ("4. e", "lost", 1),
    }  # fmt: skip


@pytest.mark.parametrize("is_on", [True, False])
def test_a_campaign_in_salesforce_is_told_its_revenue_and_pipeline_in_its_currency_while_revenue_is_synced(
    marts: duckdb.DuckDBPyConnection, is_on: bool
) -> None:
    marts.execute("update attribution_sync set is_on = ? where setting = 'revenue'", [is_on])
    # Alpha has a second record there, by the key that sorts first: influence uses the other.
    marts.execute(
        "create or replace table existing_salesforce__campaigns as select split_part(record_key, ':', 4) as "
        "record_id, record_key, '' as person_id from int_campaign_members "
        "where campaign_id < 'c' and record_key like 'salesforce:%' "
        "union all select '7010', 'salesforce:o:Campaign:7010', ''"
    )
    members = "with int_campaign_members as (from main.int_campaign_members union all from (values "
    members += "('salesforce:o:Campaign:7010', 'a'), ('hubspot:P:campaigns:3', 'c'))) "
    sql = compiled("reverse_sync/salesforce/sync_salesforce__campaigns.sql", adapter=Columns(), execute=True)
    told = asked(marts, f"{members} select record_id, columns('^Attributed') from ({sql}) order by 1")
    assert told == ([("7010", 0, 0), ("701a", 1000, 0), ("701b", 0, 240)] if is_on else [])
    held = compiled("reverse_sync/held_campaigns.sql")
    counted = asked(marts, f"{members} select record_key, reason from ({held})")
    another = "another Salesforce record of the same campaign holds what is credited to it"
    assert counted == ([("salesforce:o:Campaign:7010", another)] if is_on else [])
