"""config/*.yml arrives in schema `rules` as the models expect it, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ConfigError
from pipelines.rules import consent_tables, event_outcomes, tables
from pipelines.rules.activities import Activities
from pipelines.rules.syncs import load_syncs
from pipelines.run import Run
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.raw_tables import AS_OF, CONNECTED, ORG, Connected, Registry
from tests.fixtures.tables import table

MARKETING_CLOUD = Connected("marketing_cloud", "7", "Unit", "", "UTC", "127.0.0.1")
PROMISED = {  # docs/interfaces.md
    "run": {"run_id", "as_of", "business_date", "business_zone", "salesforce_zone", "config_hash"},
    "connections": {"vendor", "org_id", "org_name", "currency", "time_zone", "url_host"},
    "stages": {"vendor", "pipeline", "stage", "canonical_stage", "position", "is_closed", "is_won"},
    "lifecycle": {"vendor", "object", "value", "canonical_stage", "position"},
    "lead_score_rules": {"rule", "kind", "match_value", "points", "half_life_days"},
    "lifecycle_dates": {"canonical_stage", "picks", "position"},
    "lifecycle_defaults": {"vendor", "object", "canonical_stage", "position"},
    "lead_score": {"score_of_record", "outcome", "horizon_days", "cohorts"},
    "lead_score_bands": {"band", "from_score", "to_score"},
    "crm_scores": {"vendor", "record_key", "score"},
    "event_outcomes": {"event_id", "outcome"},
    "channels": {"vendor", "kind", "match_value", "channel", "source", "medium"},
    "attribution_models": {"model", "position", "lookback_days", "is_written_back", "variant", "basis"},
    "attribution_bases": {"basis", "lookback_days", "lookback_from", "eligibility"},
    "attribution_sync": {"setting", "is_on"},
    "attribution_settings": {"setting", "value"},
    "kpis": {"kpi", "label", "target", "direction", "unit"},
    "team_members": {"team", "member_email", "position", "weight", "active"},
    "person_registry": {"record_key", "person_id", "founded_at"},
    "person_aliases": {"alias", "person_id"},
    "identity_registry": {"entity", "record_key", "id", "founded_at", "joined_at"},
    "identity_aliases": {"entity", "alias", "id", "since", "why"},
    "identity_decisions": {"entity", "left_key", "right_key", "verdict", "decided_at", "source"},
    "identity_models": {"entity", "version", "trained_at", "records", "reason", "body"},
    "survivorship": {"entity", "field", "rule", "sources"},
    "consent_purposes": {"purpose", "purpose_id", "label"},
    "consent_places": {"purpose", "sync", "vendor", "object", "field", "place_id"},
    "consent_flags": {"purpose", "field", "record_key", "is_refused"},
    "own_refusals": {"record_key", "field", "is_refusal", "written_from", "written_to"},
    "own_stage_writes": {"record_key", "written_at"},
    "decided_stages": {"person_id", "canonical_stage", "decided_at"},
    "own_writes": {"record_key", "written_at"},
    "others_changes": {"record_key", "changed_at"},
}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def write(connection: duckdb.DuckDBPyConnection, config: Path, as_of: datetime = AS_OF) -> None:
    tables.write(connection, config, Run(), as_of, Registry(), CONNECTED)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_every_promised_column_is_there(connection: duckdb.DuckDBPyConnection, config: Path) -> None:
    write(connection, config)
    for name, columns in PROMISED.items():
        found = {str(row[0]) for row in connection.execute(f"describe rules.{name}").fetchall()}
        assert columns <= found, name


@pytest.mark.parametrize(
    ("as_of", "business_date"),
    [
        (datetime(2026, 6, 30, 22, 59, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 6, 30, 23, 1, tzinfo=UTC), date(2026, 7, 1)),  # British summer time
        (datetime(2026, 12, 31, 23, 1, tzinfo=UTC), date(2026, 12, 31)),
    ],
)
def test_the_business_date_is_that_of_the_business_zone(
    connection: duckdb.DuckDBPyConnection, config: Path, as_of: datetime, business_date: date
) -> None:
    write(connection, config, as_of)
    assert connection.execute("select business_date from rules.run").fetchone() == (business_date,)


def test_connections_come_from_the_extract_when_none_are_given_and_writing_again_replaces(
    connection: duckdb.DuckDBPyConnection, config: Path
) -> None:
    write(connection, config)
    counts = "select (select count(*) from rules.stages), (select count(*) from rules.run)"
    once = connection.execute(counts).fetchone()
    connection.execute(
        "insert into ops.connections values "
        "('hubspot', '1', 'old', 'USD', 'UTC', 'h', 'sandbox', '2026-01-01 00:00:00+00'), "
        "('hubspot', '1', 'new', 'EUR', 'UTC', 'h', 'sandbox', '2026-02-01 00:00:00+00'), "
        "('salesforce', '2', 'org', '', 'Pacific/Honolulu', 'h', 'sandbox', '2026-02-01 00:00:00+00')"
    )
    tables.write(connection, config, Run(), AS_OF, Registry())
    names = connection.execute("select org_name from rules.connections order by all").fetchall()
    assert names == [("new",), ("org",)]
    # Salesforce's days are the org's own, unless config says whose.
    run = "select company_currency, salesforce_zone from rules.run"
    assert connection.execute(run).fetchone() == ("EUR", "Pacific/Honolulu")
    replace(config / "kpis.yml", "# salesforce_zone: America/New_York", "salesforce_zone: Asia/Tokyo")
    tables.write(connection, config, Run(), AS_OF, Registry())
    assert connection.execute(run).fetchone() == ("EUR", "Asia/Tokyo")
    connection.execute("update ops.connections set time_zone = 'Mars/Olympus'")
    replace(config / "kpis.yml", "salesforce_zone: Asia/Tokyo", "")
    tables.write(connection, config, Run(), AS_OF, Registry())
    assert connection.execute(run).fetchone() == ("EUR", "Europe/London")
    assert connection.execute(counts).fetchone() == once
    assert once is not None
    assert once[1] == 1


def test_a_fault_in_any_file_leaves_the_rules_as_they_were(
    connection: duckdb.DuckDBPyConnection, config: Path
) -> None:
    write(connection, config)
    before = connection.execute("select count(*) from rules.kpis").fetchone()
    replace(config / "kpis.yml", "# salesforce_zone: America/New_York", "salesforce_zone: Europe/Atlantis")
    with pytest.raises(ConfigError, match="salesforce_zone Europe/Atlantis is no time zone"):
        write(connection, config)
    assert connection.execute("select count(*) from rules.kpis").fetchone() == before


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("identity.yml", "plus_tags: strip", "plus_tag: strip", r"unknown key email\.plus_tag .*line 32"),
        ("identity.yml", "hubspot.contacts, salesforce.Lead]", "salesforce.Lead]", "name each of"),
        ("lead_score.yml", "values: [company_email]", "values: [horoscope]", "has 'horoscope' is not known"),
        ("lead_score.yml", "rule: manager", "rule: decision_maker", "rule decision_maker stands twice"),
        ("lead_score.yml", "values: [200]", "values: [many]", "employees_at_least takes whole numbers"),
        ("stages.yml", "hubspot: [contractsent]", "hubspot: [closedwon]", "is under negotiation and won"),
        ("stages.yml", "stage: subscriber\n", "stage: stranger\n", "lifecycle.0.stage"),
        ("attribution.yml", "written_back: multi_touch", "written_back: last_click", "written_back"),
        ("attribution.yml", "  - model: last ", "  - model: first ", "a model stands twice"),
        ("attribution.yml", '{match: "*", channel: campaign,', "{match: x, channel: c,", "everything else"),
        ("kpis.yml", 'opens: "09:00"', 'opens: "18:00"', "opens must be before closes"),
        ("kpis.yml", "kpi: handoff_completion", "kpi: integration_uptime", "a KPI stands twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_by_file_and_key(
    connection: duckdb.DuckDBPyConnection, config: Path, file: str, old: str, new: str, sentence: str
) -> None:
    replace(config / file, old, new)
    with pytest.raises(ConfigError, match=sentence) as raised:
        write(connection, config)
    assert file in str(raised.value)


def test_the_hash_of_config_moves_with_its_content_only(config: Path) -> None:
    before = tables.config_hash(config)
    assert tables.config_hash(PROJECT_ROOT / "config") == before
    replace(config / "kpis.yml", "window_days: 30", "window_days: 31")
    assert tables.config_hash(config) != before


@pytest.fixture
def kept_in(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """What consent can be kept in: a type of HubSpot's twice, a checkbox of leads."""
    table(connection, "raw_hubspot.subscription_types", "id, name", [("501", "News"), ("7", "Twice"),
                                                                     ("8", "twice")])  # fmt: skip
    table(
        connection,
        "raw_marketing_cloud.lists",
        '"ID", "ListName", "CustomerKey"',
        [("9", "Letters", "letters - 4")],
    )
    table(connection, "raw_salesforce.lead", "id, \"No_News__c\" boolean, about, deleted_at",
          [("L", True, "x", None), ("M", None, "x", None), ("N", True, "x", "gone")])  # fmt: skip
    return connection


def test_a_purpose_is_found_in_each_place_by_name_key_or_id(kept_in, config: Path) -> None:
    (config / "consent.yml").write_text(
        "purposes:\n  news: {hubspot: news, marketing_cloud: LETTERS - 4, salesforce: {Lead: No_News__c}}\n"
        "  twice: {hubspot: 8}\n  elsewhere: {marketing_cloud: Letters by mail}\n"
    )
    with pytest.raises(ConfigError, match="Marketing Cloud, purpose elsewhere"):
        tables.write(kept_in, config, Run(), AS_OF, Registry(), (*CONNECTED, MARKETING_CLOUD))
    write(kept_in, config)  # where Marketing Cloud is not connected its places are nobody's
    named = kept_in.execute(
        "select purpose, purpose_id, label from rules.consent_purposes order by 1"
    ).fetchall()
    assert named == [
        ("elsewhere", "purpose:elsewhere", "elsewhere"), ("news", "hubspot:501", "News"),
        ("twice", "hubspot:8", "twice"),
    ]  # fmt: skip
    places = kept_in.execute("select sync, field, place_id from rules.consent_places order by 1").fetchall()
    assert places == [
        ("consent_news_hubspot", "subscription news", "501"),
        ("consent_news_salesforce_lead", "No_News__c", "No_News__c"),
        ("consent_twice_hubspot", "subscription 8", "8"),
    ]
    flags = kept_in.execute("select record_key, is_refused from rules.consent_flags order by 1").fetchall()
    assert flags == [(f"salesforce:{ORG}:Lead:L", True), (f"salesforce:{ORG}:Lead:M", False)]


@pytest.mark.parametrize(
    ("place", "said", "remedy"),
    [
        ("hubspot: Nwes", "HubSpot, purpose news: it has no subscription type Nwes", "News, Twice, twice"),
        ("hubspot: Twice", "2 of its subscription types are called Twice: 7, 8", "by its id"),
        ("marketing_cloud: [Letters, Leters]", "it has no list Leters", "Letters"),
        ("marketing_cloud: [Letters, 9]", "Letters and 9 are one and the same there", "once"),
        ("salesforce: {Lead: No_Mail__c}", "no field Lead.No_Mail__c has been read", "create it"),
        ("salesforce: {Lead: no_news__C}", "Lead.no_news__C is spelt No_News__c there", "as it is there"),
        ("salesforce: {Lead: about}", "Lead.about is no checkbox", "name a checkbox"),
    ],
)
def test_a_place_that_its_vendor_lacks_is_one_error_with_file_and_line(
    kept_in, config: Path, place: str, said: str, remedy: str
) -> None:
    (config / "consent.yml").write_text(f"# here\npurposes:\n  news:\n    {place}\n")
    table(kept_in, "rules.connections", "vendor", [("hubspot",), ("salesforce",), ("marketing_cloud",)])
    with pytest.raises(ConfigError, match=re.escape(said)) as raised:
        consent_tables.write(kept_in, config)
    assert "consent.yml line 4" in str(raised.value)
    assert remedy in str(raised.value)


def test_a_checkbox_that_another_sync_writes_stands_for_no_purpose(config: Path) -> None:
    (config / "consent.yml").write_text("purposes:\n  news:\n    salesforce: {Lead: HasOptedOutOfEmail}\n")
    with pytest.raises(
        ConfigError, match=r"the sync salesforce_lead_consents writes it too .*consent\.yml line 3"
    ):
        load_syncs(config)


def test_how_an_event_came_out_is_read_from_the_field_that_config_names(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    table(connection, "raw_salesforce.event", '"Id" varchar, "Outcome__c" varchar',
          [("1", " no show "), ("2", "Held"), ("3", "Moved"), ("4", None)])  # fmt: skip
    connection.execute("create schema if not exists rules")
    named = {"field": "outcome__C", "no_show": ["No Show"], "rescheduled": ["Moved"]}
    event_outcomes.write(connection, Activities.model_validate({"event_outcome": named}))
    found = connection.execute("from rules.event_outcomes order by all").fetchall()
    assert found == [("1", "NO_SHOW"), ("3", "RESCHEDULED")]
    with pytest.raises(ConfigError, match="names Other__c, which has not been extracted"):
        event_outcomes.write(
            connection, Activities.model_validate({"event_outcome": {**named, "field": "Other__c"}})
        )
    alike = {"field": "F__c", "no_show": ["Missed"], "canceled": ["missed"]}
    with pytest.raises(ValueError, match="Missed is given two meanings"):
        Activities.model_validate({"event_outcome": alike})
    event_outcomes.write(connection, Activities())
    assert connection.execute("from rules.event_outcomes").fetchall() == []
