"""Attributed revenue by model: a field for each model named, asked only of a CRM that has the field."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ConfigError
from pipelines.reverse_sync import revenue
from pipelines.rules.attribution import load_attribution
from pipelines.rules.fields import load_fields
from pipelines.rules.revenue_fields import PLACES, field_of
from pipelines.rules.schema.load import load_model
from pipelines.rules.schema.renames import VENDORS
from pipelines.rules.syncs import load_syncs

TABLES = """
create schema raw_hubspot; create schema raw_salesforce; create schema reverse_sync; create schema marts;
create schema intermediate;
create table raw_hubspot.contacts as select '1' as id, 7.00 as attributed_revenue_first;
create table raw_hubspot.deals as select '9' as id, null::double as attributed_revenue_first,
    null::double as attributed_revenue_markov;
create table raw_salesforce.lead ("Id" varchar); create table raw_salesforce.contact ("Id" varchar);
create table raw_salesforce.opportunity ("Id" varchar);
create table raw_salesforce.campaign as select '701' as "Id", 5 as "Attributed_Revenue_First__c";
create table reverse_sync.existing_hubspot__contacts as
    select '1' as record_id, 'k1' as record_key, 'ana' as person_id;
create table reverse_sync.existing_hubspot__deals as
    select '9' as record_id, 'k9' as record_key, '' as person_id;
create table reverse_sync.existing_salesforce__campaigns as
    select '701' as record_id, 'salesforce:o:Campaign:701' as record_key, '' as person_id;
create table intermediate.int_opportunity_members as select 'k9' as record_key, 'deal' as opportunity_id;
create table intermediate.int_campaign_members as
    select 'salesforce:o:Campaign:701' as record_key, 'spring' as campaign_id;
create table marts.campaign_performance as
    select 'spring' as campaign_id, unnest(['first', 'markov']) as model, unnest([60.00, 50.00]) as revenue;
create table marts.attribution_credits (opportunity_id varchar, person_id varchar, model varchar,
    revenue decimal(18, 2), revenue_converted decimal(18, 2));
insert into marts.attribution_credits values
    ('deal', 'ana', 'first', 60, 66), ('deal', 'ana', 'markov', 20, 22),
    ('deal', 'ben', 'markov', 40, 44), ('other', 'ana', 'first', 1, 1.1), ('deal', 'ana', 'linear', 9, 9.9);
"""
TABLES += """
insert into raw_salesforce.campaign values ('702', null);
insert into reverse_sync.existing_salesforce__campaigns values ('702', 'salesforce:o:Campaign:702', '');
insert into intermediate.int_campaign_members values ('salesforce:o:Campaign:702', 'spring');
create table intermediate.int_campaigns as select 'spring' as campaign_id, '701' as campaign_id_salesforce;
create table intermediate.int_foreign_records as
    select 'salesforce:o:Campaign:701' as record_key, true as has_rate;
create table intermediate.int_record_revenue as
    select 'salesforce:o:Campaign:701' as record_key, 'first' as model, 48.00::decimal(18, 2) as revenue;
"""
for table in ("leads", "contacts", "opportunities"):
    TABLES += (
        f"create table reverse_sync.existing_salesforce__{table} (record_id varchar, record_key varchar, "
        "person_id varchar, parent_id varchar);"
    )


def names(config: Path, said: str) -> None:
    text = (config / "attribution.yml").read_text()
    (config / "attribution.yml").write_text(text.replace("revenue_by_model: []", f"revenue_by_model: {said}"))


def test_each_model_named_has_a_field_with_its_own_revenue(config: Path) -> None:
    names(config, "[first, markov]")
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        assert revenue.rows(connection, config) == 4

        def held(table: str) -> list[tuple[object, ...]]:
            return connection.execute(f"from reverse_sync.{table} order by 1").fetchall()

        # A person's in the company's currency, a deal's in its own, a campaign's in that of its record;
        # contacts have no field for markov.
        assert held("sync_hubspot__contacts_revenue") == [("1", "k1", "ana", Decimal("67.10"), None)]
        assert held("existing_hubspot__contacts_revenue") == [("1", "k1", "ana", Decimal("7.00"), None)]
        assert held("sync_hubspot__deals_revenue") == [("9", "k9", "", Decimal("60.00"), Decimal("60.00"))]
        # Of two records of one campaign, the one that influence uses.
        campaigns = [(f"70{n}", f"salesforce:o:Campaign:70{n}", "") for n in (1, 2)]
        assert held("sync_salesforce__campaign_revenue") == [
            (*campaigns[0], Decimal("48.00"), None), (*campaigns[1], Decimal(0), None)
        ]  # fmt: skip
        connection.execute("update intermediate.int_foreign_records set has_rate = false")
        revenue.rows(connection, config)
        assert held("sync_salesforce__campaign_revenue")[0] == (*campaigns[0], None, None)  # left alone
        names_now = (config / "attribution.yml").read_text()
        (config / "attribution.yml").write_text(names_now.replace("revenue: true", "revenue: false"))
        revenue.rows(connection, config)
        assert held("sync_hubspot__deals_revenue") == [("9", "k9", "", None, None)]  # left alone


def test_syncs_and_fields_are_there_for_the_models_named_and_by_default_for_none(config: Path) -> None:
    before = set(load_syncs(config).syncs)
    assert before.isdisjoint(place.sync for place in PLACES)
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        assert revenue.rows(connection, config) == 0
        assert (
            connection.execute(
                "from duckdb_tables() where schema_name = 'reverse_sync' and table_name like '%_revenue'"
            ).fetchall()
            == []
        )
    names(config, "all")
    syncs = load_syncs(config).syncs
    assert set(syncs) - before == {place.sync for place in PLACES}
    described = {
        (vendor, owner, getattr(placed.model, vendor))
        for vendor in VENDORS
        for owner, placed in load_model(config).shared(vendor)
    }
    for place in PLACES:
        wanted = {field_of(place.vendor, each.model) for each in load_attribution(config).models}
        assert set(syncs[place.sync].fields) == wanted
        assert {(place.vendor, place.object, name) for name in wanted} <= described
    # What everybody else's journeys move by cents is not written at every run.
    bands = {name: rule.dead_band for name, rule in syncs["hubspot_deals_revenue"].fields.items()}
    assert (bands["attributed_revenue_first"], bands["attributed_revenue_markov"]) == (0.01, 1.0)


def test_a_model_that_is_none_or_has_too_long_a_name_is_a_sentence(config: Path) -> None:
    names(config, "[frist]")
    with pytest.raises(ConfigError, match="revenue_by_model names frist, which is not among the models"):
        load_syncs(config)
    text = (config / "attribution.yml").read_text().replace("[frist]", "all")
    (config / "attribution.yml").write_text(
        text.replace(
            "- model: first  ", "- {model: the_first_touch_of_them_all, variant: first}\n  - model: first  "
        )
    )
    with pytest.raises(ConfigError, match=r"the_first_touch_of_them_all has a name too long"):
        load_syncs(config)


def test_a_field_that_is_called_like_one_of_revenue_by_model_is_named(config):
    names(config, "all")
    with (config / "fields.yml").open("a") as file:
        file.write("\nmine: {salesforce: Attributed_Revenue_First__c}\n")
    with pytest.raises(
        ConfigError, match="Attributed_Revenue_First__c is a field of revenue by model already"
    ):
        load_fields(config)
