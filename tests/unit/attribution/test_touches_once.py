"""What happened once counts once, also where only one side knows the hour, or HubSpot tells of it twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.fixtures.dbt_sql import made, rendered

# Salesforce's people are in Los Angeles: half past midnight UTC is the evening before. The business is not.
TABLES = """
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of,
    date '2026-06-30' as business_date, 'Europe/London' as business_zone,
    'America/Los_Angeles' as salesforce_zone;
create table int_opportunities as select 'deal' as opportunity_id, null as campaign_id, true as is_closed,
    true as is_won, timestamptz '2026-04-01 12:00:00+00' as created_at,
    timestamptz '2026-04-03 00:00:00+00' as closed_at;
create table int_opportunity_people as select 'deal' as opportunity_id, 'p' as person_id, 'account' as via;
create table int_people as select 'p' as person_id, timestamptz '2026-03-01 12:00:00+00' as created_at;
create table int_campaign_members as select null as record_key, null as campaign_id;
create table attribution_settings as select 'coverage_without_channel' as setting, 'offline' as value;
create view int_told_touches as
select *, cast(occurred_at at time zone if(is_day, 'UTC', (select salesforce_zone from run)) as date) as day,
    vendor || ':o:x:' || touchpoint_id as source_record_key, vendor || ':o:people:1' as record_key,
    touch_type as kind, channel as source, channel as medium, 'Intro' as content, true as is_response,
    false as is_bot, touchpoint_id <> 'mute' as earns_credit, false as is_made_of_another, false as is_member
from (values
    ('came', 'hubspot', 'p', timestamptz '2026-04-04 00:30:00+00', false, 'event', 'webinar', 'c'),
    ('response', 'salesforce', 'p', timestamptz '2026-04-03 00:00:00+00', true, 'membership', 'webinar', 'c'),
    ('next_day', 'salesforce', 'p', timestamptz '2026-04-04 00:00:00+00', true, 'membership', 'webinar', 'c'),
    ('call', 'hubspot', 'p', timestamptz '2026-04-04 00:30:00+00', false, 'call', 'sales', null),
    ('task', 'salesforce', 'p', timestamptz '2026-04-03 00:00:00+00', true, 'call', 'sales', null),
    ('click', 'hubspot', 'q', timestamptz '2026-04-04 09:00:00+00', false, 'page_visit', 'paid_search', 'a'),
    ('clicked', 'hubspot', 'q', timestamptz '2026-04-04 09:00:00+00', false, 'latest_source', 'ads', null),
    ('landed', 'hubspot', 'w', timestamptz '2026-04-04 09:00:00+00', false, 'page_visit', 'paid_search', 'a'),
    ('origin', 'hubspot', 'w', timestamptz '2026-04-04 09:00:00+00', false, 'original_source', 'ads', null),
    ('sent', 'hubspot', 'r', timestamptz '2026-04-04 09:00:00+00', false, 'conversion', 'website', null),
    ('ad', 'hubspot', 'r', timestamptz '2026-04-04 09:00:00+00', false, 'latest_source', 'paid_social', 'b'),
    ('later', 'hubspot', 'r', timestamptz '2026-04-04 09:00:01+00', false, 'latest_source', 'email', null),
    ('mine', 'hubspot', 's', timestamptz '2026-04-04 09:00:00+00', false, 'form', 'website', null),
    ('typed', 'hubspot', 's', timestamptz '2026-04-04 09:00:00+00', false, 'latest_source', 'direct', null),
    ('ad1', 'hubspot', 't', timestamptz '2026-04-04 09:00:00+00', false, 'latest_source', 'paid_search', 'a'),
    ('told', 'hubspot', 't', timestamptz '2026-04-04 09:00:00+00', false, 'conversion', 'website', null),
    ('form', 'hubspot', 't', timestamptz '2026-04-04 09:00:01+00', false, 'form', 'website', null),
    ('once', 'hubspot', 'u', timestamptz '2026-04-04 08:59:30+00', false, 'form', 'website', null),
    ('again', 'hubspot', 'u', timestamptz '2026-04-04 09:00:00+00', false, 'form', 'website', null),
    ('ad2', 'hubspot', 'u', timestamptz '2026-04-04 09:00:00+00', false, 'latest_source', 'paid_social', 'b'),
    ('ad3', 'hubspot', 'v', timestamptz '2026-04-04 09:00:00+00', false, 'latest_source', 'paid_search', 'c'),
    ('unheard', 'hubspot', 'v', timestamptz '2026-04-04 09:00:00+00', false, 'conversion', 'website', null),
    ('mute', 'hubspot', 'v', timestamptz '2026-04-04 09:00:01+00', false, 'form', 'website', null))
    as t(touchpoint_id, vendor, person_id, occurred_at, is_day, touch_type, channel, campaign_id);
"""


@pytest.fixture(scope="module")
def built() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        for model in (
            "touches/int_zone_days",
            "touches/int_touches",
            "credits/int_credit_deals",
            "credits/int_deal_touches",
        ):
            made(connection, f"intermediate/{model}.sql")
        yield connection


@pytest.fixture(scope="module")
def counted(built: duckdb.DuckDBPyConnection) -> dict[str, tuple[Any, ...]]:
    found = built.execute(
        "select touchpoint_id, channel, campaign_id from int_touches where is_counted"
    ).fetchall()
    return {touch: tuple(rest) for touch, *rest in found}


def test_a_day_that_salesforce_tells_is_one_where_its_people_are(counted: dict[str, Any]) -> None:
    assert {"came", "next_day", "call"} <= set(counted)
    assert {"response", "task"}.isdisjoint(counted)


def test_a_source_and_what_was_done_at_that_moment_are_one(counted: dict[str, Any]) -> None:
    # A conversion or form says nothing of where the person came from; to have typed the address says no more.
    assert {touch: said for touch, said in counted.items() if touch not in ("came", "next_day", "call")} == {
        "click": ("paid_search", "a"), "landed": ("paid_search", "a"), "sent": ("paid_social", "b"),
        "later": ("email", None), "mine": ("website", None),
        # Where the act is a copy, what stands for it takes the source, unless it earns nothing.
        "form": ("paid_search", "a"), "once": ("paid_social", "b"), "ad3": ("paid_search", "c"),
        "mute": ("website", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("business", "salesforce", "credited"),
    [
        # What came at half past midnight UTC came on the closing day, what is dated the fourth a day later.
        ("America/Los_Angeles", "America/Los_Angeles", {"came", "call"}),
        # The closing day has no hour, so it is Salesforce's too.
        ("Europe/London", "America/Los_Angeles", {"came", "call"}),
        # There that was the day after, and is one with what is dated so.
        ("Asia/Tokyo", "Asia/Tokyo", {"response", "task"}),
        ("America/Los_Angeles", "Asia/Tokyo", {"response", "task"}),
    ],
)
def test_a_day_counts_up_to_the_closing_day_wherever_salesforce_and_the_business_are(
    built: duckdb.DuckDBPyConnection, business: str, salesforce: str, credited: set[str]
) -> None:
    built.execute("begin")
    try:
        built.execute("update run set business_zone = ?, salesforce_zone = ?", [business, salesforce])
        found = built.execute("select touchpoint_id from int_deal_touches").fetchall()
        days = "select distinct cast(occurred_at at time zone ? as date)::varchar from int_touches "
        dated = built.execute(
            f"{days} where touchpoint_id = 'next_day' union {days} where touchpoint_id = 'next_day'",
            [business, salesforce],
        ).fetchall()
    finally:
        built.execute("rollback")
    assert {touch for (touch,) in found} == credited
    assert dated == [("2026-04-04",)]


@pytest.mark.parametrize("zone", ["America/St_Johns", "Pacific/Apia"])
def test_a_day_by_its_offset_is_the_day_in_the_zone(built: duckdb.DuckDBPyConnection, zone: str) -> None:
    day = rendered("{{ day_by_offset('moment', 'business_offset') }}")
    sql = f"""
        select count(business_offset), count(*),
            count(*) filter (where {day} <> (moment at time zone '{zone}')::date)
        from range(timestamptz '2010-01-01', timestamptz '2012-06-01', interval 30 minutes) as m(moment)
        left join int_zone_days on cast(moment as date) = day
    """
    built.execute("begin")
    try:
        built.execute("update run set business_zone = ?", [zone])
        [(by_offset, moments, otherwise)] = built.execute(sql).fetchall()
    finally:
        built.execute("rollback")
    assert otherwise == 0
    assert 0.98 * moments < by_offset <= moments
