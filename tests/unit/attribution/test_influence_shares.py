"""Shares of won deals for campaign influence: what has no row there has a reason, and none pass 100%."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.fixtures.dbt_sql import compiled

TABLES = """
create table connections as select 'salesforce' as vendor, 'O' as org_id;
create table attribution_models as from (values ('linear', true), ('first', false)) as t(model, is_written_back);
create table attribution_settings as select 'influence_model' as setting, 'Multi_Touch' as value;
create table int_opportunities as
from (values ('won', '006W'), ('thirds', '006T'), ('hubspots', null)) as t(opportunity_id, opportunity_id_salesforce);
create table int_campaigns as
from (values ('a', '701A'), ('b', '701B'), ('hubspots', null)) as t(campaign_id, campaign_id_salesforce);
create table int_person_members as
from (values ('salesforce:O:Contact:003A', 'ana'), ('salesforce:O:Contact:0030', 'ana'), ('salesforce:O:Lead:00Q', 'lee'),
    ('hubspot:P:contacts:1', 'hub')) as t(record_key, person_id);
create table stg_salesforce__contacts as
from (values ('salesforce:O:Contact:003A'), ('salesforce:O:Contact:0030')) as t(record_key);
create table stg_salesforce__opportunity_contact_roles as select '006W' as opportunity_id, '003A' as contact_id;
create table attribution_credits as
select *, model is not null as is_won
from (values
    ('won', 'a', 'ana', 0.5::decimal(18, 8), 'linear'), ('won', 'a', 'lee', 0.2, 'linear'),
    ('won', 'a', 'hub', 0.1, 'linear'), ('won', 'hubspots', 'ana', 0.19995, 'linear'),
    ('won', 'b', 'ana', 0.00005, 'linear'), ('hubspots', 'a', 'ana', 1, 'linear'), ('won', 'b', 'ana', 1, 'first'),
    ('thirds', 'a', 'ana', 0.33333334, 'linear'), ('thirds', 'b', 'ana', 0.66666666, 'linear'))
    as t(opportunity_id, campaign_id, person_id, share, model);
create table int_opportunities_resolved as select '' as id, '' as record_key, '' as kind where false;
create table int_opportunity_members as select '' as record_key, '' as opportunity_id where false;
create table int_campaign_members as select '' as record_key, '' as campaign_id where false;
create table int_person_aliases as select '' as alias, '' as person_id where false;
create table journal as select '' as action_key, '' as person_id, '' as result_id, '' as sync, '' as state where false;
create table stg_salesforce__campaign_influence as select '' as campaign_influence_id, '' as opportunity_id,
    '' as campaign_id, '' as contact_id, 1.0 as influence, now() as updated_at where false;
"""  # noqa: E501 - a row each


@pytest.fixture(scope="module")
def shares() -> Iterator[list[dict[str, Any]]]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        sql = compiled("reverse_sync/salesforce/actions_salesforce__campaign_influence.sql")
        yield [json.loads(row[0]) for row in connection.execute(f"select payload from ({sql})").fetchall()]


def test_a_share_that_has_no_row_in_salesforce_says_why(shares: list[dict[str, Any]]) -> None:
    held = {
        (each["opportunity_id"], each["campaign_id"], each["contact_id"], each["influence"]): each["cannot"]
        for each in shares
        if each["cannot"]
    }
    assert held == {
        ("006W", "701A", None, 20.0): "the person is no contact in Salesforce",
        ("006W", "701A", None, 10.0): "the person is no contact in Salesforce",
        ("006W", None, "003A", 19.99): "the campaign is not in Salesforce",
        ("006W", "701B", "003A", 0.0): "the share is less than 0.01%",
        (None, "701A", "0030", 100.0): "the deal is not in Salesforce",
    }


def test_the_shares_of_a_deal_are_of_its_contact_in_a_role_and_are_100_together_at_most(
    shares: list[dict[str, Any]],
) -> None:
    written = {
        (each["opportunity_id"], each["campaign_id"]): (each["contact_id"], each["influence"])
        for each in shares
        if not each["cannot"]
    }
    assert written == {
        ("006W", "701A"): ("003A", 50.0),
        ("006T", "701A"): ("0030", 33.33), ("006T", "701B"): ("0030", 66.66),
    }  # fmt: skip
    for deal in {"006W", "006T"}:
        assert sum(each["influence"] for each in shares if each["opportunity_id"] == deal) <= 100
