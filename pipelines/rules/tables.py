"""Writes the rules and the run's clock into schema `rules`, which is all that dbt knows of `config/`.

Belongs here: one transaction that replaces every table of the schema, and the tables of others that models
read and that may not be there yet. What the rules mean is in the modules that parse them and in the models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from pipelines.errors import ConfigError
from pipelines.rules import (
    activities,
    attribution,
    campaign_links,
    campaign_members,
    consent_tables,
    crm_scores,
    data_extensions,
    engagement,
    event_outcomes,
    identity,
    identity_tables,
    journeys,
    kpis,
    lead_score,
    routing,
    rows,
    stages,
    syncs,
    teams,
)
from pipelines.run import Run
from pipelines.transactions import all_or_nothing

if TYPE_CHECKING:
    import duckdb


CONFIG_SUFFIXES = (".yml", ".yaml", ".json", ".j2")


class Connected(Protocol):
    """What is known about the portal or org at the other end of a connection."""

    @property
    def vendor(self) -> str: ...
    @property
    def org_id(self) -> str: ...
    @property
    def org_name(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def url_host(self) -> str: ...


class Registry(Protocol):
    """The person registry as Arrow tables: record_key, person_id, founded_at, and alias, person_id."""

    @property
    def people(self) -> pa.Table: ...
    @property
    def aliases(self) -> pa.Table: ...


# Written by other steps; created empty here, so that models that read them build in a first refresh too.
_OTHERS = """
create schema if not exists ops;
create schema if not exists decisions;
create schema if not exists incremental;
create table if not exists ops.connections (
    vendor varchar, org_id varchar, org_name varchar, currency varchar, time_zone varchar, url_host varchar,
    environment varchar, checked_at timestamptz
);
create table if not exists ops.object_findings (
    finding varchar, vendor varchar, object varchar, example_id varchar, record_key varchar, detail varchar
);
create table if not exists ops.journal (
    change_id varchar, run_id varchar, plan_id varchar, sync varchar, vendor varchar, object varchar,
    record_id varchar, record_key varchar, field varchar, before_value varchar, after_value varchar,
    provider varchar, rule varchar, state varchar, code varchar, message varchar, request_id varchar,
    intended_at timestamptz, settled_at timestamptz, operation varchar, action_key varchar
);
alter table ops.journal add column if not exists operation varchar;
alter table ops.journal add column if not exists action_key varchar;
alter table ops.journal add column if not exists needs varchar;
alter table ops.journal add column if not exists person_id varchar;
alter table ops.journal add column if not exists result_id varchar;
alter table ops.journal add column if not exists reversibility varchar;
create table if not exists ops.runs (
    run_id varchar, kind varchar, started_at timestamptz, ended_at timestamptz, status varchar
);
create table if not exists ops.probes (
    vendor varchar, run_id varchar, probed_at timestamptz, ok boolean, milliseconds bigint, message varchar
);
alter table ops.probes add column if not exists org varchar;
alter table ops.probes add column if not exists day_limit bigint;
alter table ops.probes add column if not exists day_left bigint;
create table if not exists ops.pipeline_days (
    snapshot_date date, owner_id varchar, pipeline varchar, canonical_stage varchar,
    forecast_category varchar, close_quarter date, opportunities bigint, unconverted_opportunities bigint,
    amount_converted decimal(18, 2), weighted_amount_converted decimal(18, 2)
);
create table if not exists ops.forecast_days (
    snapshot_date date, period date, period_end date, owner_id varchar, closed_amount decimal(18, 2),
    commit_amount decimal(18, 2), best_case_amount decimal(18, 2), pipeline_amount decimal(18, 2),
    weighted_amount decimal(18, 2), category_forecast decimal(18, 2), weighted_forecast decimal(18, 2),
    currency varchar
);
create table if not exists ops.kpi_days (
    snapshot_date date, kpi varchar, numerator double, denominator double, value double, target double,
    met boolean
);
create table if not exists ops.held_rows (
    sync varchar, record_id varchar, record_key varchar, reason varchar, plan_id varchar
);
create table if not exists ops.mapped_fields (
    mapping varchar, entity varchar, field varchar, pairs bigint
);
create table if not exists ops.mapping_differences (
    mapping varchar, entity varchar, field varchar, left_key varchar, right_key varchar,
    field_left varchar, field_right varchar, wish_left varchar, wish_right varchar
);
create table if not exists ops.dead_letters (
    letter_id varchar, sync varchar, vendor varchar, object varchar, record_id varchar, record_key varchar,
    field varchar, action_key varchar, value varchar, category varchar, code varchar, message varchar,
    remedy varchar, run_id varchar, attempts bigint, failed_at timestamptz, released_at timestamptz
);
alter table ops.journal add column if not exists action_key varchar;
create table if not exists decisions.assignments (
    decision_id varchar, person_id varchar, team varchar, owner_email varchar, rule varchar, reason varchar,
    state varchar, decided_at timestamptz, run_id varchar, sequence bigint
);
alter table decisions.assignments add column if not exists event_key varchar;
alter table decisions.assignments add column if not exists caused_by varchar;
alter table decisions.assignments add column if not exists pool varchar;
alter table decisions.assignments add column if not exists previous_owner varchar;
alter table decisions.assignments add column if not exists held_until timestamptz;
create table if not exists decisions.shadow as from decisions.assignments limit 0;
create table if not exists decisions.fairness (
    pool varchar, owner_email varchar, leads bigint, beyond_share double
);
create table if not exists decisions.handoffs (
    handoff_id varchar, handoff varchar, person_id varchar, state varchar, owner_email varchar,
    reason varchar, offered_at timestamptz, changed_at timestamptz, completed_at timestamptz, run_id varchar
);
alter table decisions.handoffs add column if not exists lead_score bigint;
alter table decisions.handoffs add column if not exists undone varchar;
"""


_KEPT_TABLES = {"pipeline": "ops.pipeline_days", "forecasts": "ops.forecast_days", "kpis": "ops.kpi_days"}
"""Where the days go that a run has seen: what it saw then stays, whatever histories say afterwards."""

_OWN_STAGE_WRITES: rows.Columns = (("record_key", pa.string()), ("written_at", pa.timestamp("us", tz="UTC")))
"""Each lifecycle stage that this project wrote to a HubSpot contact, which HubSpot dates like any other."""
_DECIDED_STAGES: rows.Columns = (
    ("person_id", pa.string()),
    ("canonical_stage", pa.string()),
    ("decided_at", pa.timestamp("us", tz="UTC")),
)
"""The stage in which a handoff has put somebody, and when: for those of whom no CRM tells it back."""
_OWN_REFUSALS: rows.Columns = (
    ("record_key", pa.string()), ("field", pa.string()), ("is_refusal", pa.bool_()),
    ("written_from", pa.timestamp("us", tz="UTC")), ("written_to", pa.timestamp("us", tz="UTC")),
)  # fmt: skip
"""Each time this project carried a refusal, or its end, to a record: it comes back dated like anybody's."""
_OWN_CHANGES = {
    name: pa.schema([("record_key", pa.string()), (moment, pa.timestamp("us", tz="UTC"))])
    for name, moment in (("own_writes", "written_at"), ("others_changes", "changed_at"))
}
"""By whom records were changed; `pipelines.state.others_changes` knows."""


def write(
    connection: duckdb.DuckDBPyConnection,
    config_dir: Path,
    run: Run,
    as_of: datetime,
    registry: Registry,
    connections: Sequence[Connected] | None = None,
    own_stage_writes: Sequence[tuple[str, datetime]] = (),
    decided_stages: Sequence[tuple[str, str, datetime]] = (),
    kept_days: Sequence[tuple[str, str, str]] = (),
    own_changes: Mapping[str, pa.Table] | None = None,
    own_refusals: Sequence[tuple[str, str, bool, datetime, datetime]] = (),
) -> None:
    """Replace schema `rules`. Without `connections`, those the extract left in `ops.connections` are used.

    Raises ConfigError when a file of `config/` does not hold; nothing was written then.
    """
    known_stages = stages.load_stages(config_dir)
    known_identity = identity.load_identity(config_dir)
    known_attribution = attribution.load_attribution(config_dir)
    known_kpis = kpis.load_kpis(config_dir)
    known_score = lead_score.load_lead_score(config_dir)
    known_journeys = journeys.load_journeys(config_dir)
    known_engagement = engagement.load_engagement(config_dir)
    known_teams = teams.load_teams(config_dir)
    tables: dict[str, rows.Rows] = {
        "journey_entries": journeys.entries(known_journeys),
        "journey_exits": journeys.exits(known_journeys),
        "journey_keep_up": journeys.kept_up(known_journeys),
        "form_members": campaign_members.form_members(campaign_members.load_campaign_members(config_dir)),
        "engagement_members": engagement.members(known_engagement),
        "engagement_tasks": engagement.tasks(known_engagement),
        "data_extensions": data_extensions.policies(syncs.load_syncs(config_dir)),
        "stages": rows.stages(known_stages),
        "lifecycle": rows.lifecycle(known_stages),
        "lifecycle_dates": rows.lifecycle_dates(known_stages),
        "lifecycle_defaults": rows.lifecycle_defaults(known_stages),
        "load_values": rows.load_values(routing.load_load(config_dir)),
        "lead_score": rows.lead_score(known_score),
        "lead_score_bands": rows.lead_score_bands(known_score),
        "lead_score_rules": rows.lead_score_rules(known_score),
        "channels": rows.channels(known_attribution),
        "attribution_models": rows.attribution_models(known_attribution),
        "attribution_bases": rows.attribution_bases(known_attribution),
        "attribution_sync": rows.attribution_sync(known_attribution),
        "touch_types": rows.touch_types(known_attribution),
        "attribution_settings": rows.attribution_settings(known_attribution),
        "campaign_decisions": rows.campaign_decisions(known_attribution),
        "identity": rows.identity(known_identity),
        "precedence": rows.precedence(known_identity),
        "survivorship": rows.survivorship(known_identity),
        "kpis": rows.kpis(known_kpis),
        "opening_hours": rows.opening_hours(known_kpis),
        "team_members": rows.team_members(known_teams),
        "owner_links": rows.owner_links(known_teams),
        "calendars": rows.calendars(known_kpis, known_teams),
        "calendar_holidays": rows.calendar_holidays(known_teams),
    }
    with all_or_nothing(connection):
        connection.execute("create schema if not exists rules")
        connection.execute(_OTHERS)
        for name, (schema, content) in tables.items():
            _replace(connection, name, _as_table(schema, content))
        _replace(connection, "person_registry", registry.people)
        _replace(connection, "person_aliases", registry.aliases)
        identity_tables.write(connection, registry, known_identity)
        _replace(connection, "own_stage_writes", _as_table(_OWN_STAGE_WRITES, own_stage_writes))
        _replace(connection, "own_refusals", _as_table(_OWN_REFUSALS, own_refusals))
        _replace(connection, "decided_stages", decided_stages_table(decided_stages))
        for name, schema in _OWN_CHANGES.items():
            _replace(connection, name, (own_changes or {}).get(name, schema.empty_table()))
        _write_connections(connection, connections)
        crm_scores.write(connection, known_score)
        consent_tables.write(connection, config_dir)
        event_outcomes.write(connection, activities.load_activities(config_dir))
        campaign_links.write(connection, known_attribution)
        _write_run(connection, run, as_of, known_kpis, config_hash(config_dir))
        _write_kept_days(connection, kept_days)


def decided_stages_table(stages: Sequence[tuple[str, str, datetime]]) -> pa.Table:
    """The rows of `rules.decided_stages`."""
    return _as_table(_DECIDED_STAGES, stages)


def config_hash(config_dir: Path) -> str:
    """sha256 over every YAML and JSON file of a configuration folder, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(path for path in config_dir.rglob("*") if path.suffix in CONFIG_SUFFIXES):
        digest.update(path.relative_to(config_dir).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _write_connections(
    connection: duckdb.DuckDBPyConnection, connections: Sequence[Connected] | None
) -> None:
    columns = ("vendor", "org_id", "org_name", "currency", "time_zone", "url_host")
    if connections is None:
        connection.execute(
            f"create or replace table rules.connections as select {', '.join(columns)} from ops.connections "
            "qualify row_number() over (partition by vendor order by checked_at desc) = 1"
        )
        return
    content = [tuple(getattr(c, name) for name in columns) for c in connections]
    _replace(connection, "connections", _as_table(tuple((name, pa.string()) for name in columns), content))


def _write_run(
    connection: duckdb.DuckDBPyConnection, run: Run, as_of: datetime, known: kpis.Kpis, hash_of_config: str
) -> None:
    """One row. The company's currency is the Salesforce org's, or else the HubSpot portal's. Days that
    Salesforce knows without an hour are of the org's own zone, unless config says which."""
    if as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    for setting in ("business_zone", "salesforce_zone"):
        zone = getattr(known, setting)
        query = "select count(*) from pg_timezone_names() where name = ?"
        if zone is not None and connection.execute(query, [zone]).fetchone() == (0,):
            raise ConfigError(
                f"{setting} {zone} is no time zone", where="kpis.yml",
                remedy="use a name such as Europe/London",
            )  # fmt: skip
    connection.execute(
        "create or replace table rules.run as select "
        "$run_id::varchar as run_id, $as_of::timestamptz as as_of, "
        "timezone($zone::varchar, $as_of::timestamptz)::date as business_date, "
        "$zone::varchar as business_zone, "
        "coalesce($salesforce_zone::varchar, (select time_zone from rules.connections "
        "where vendor = 'salesforce' and time_zone in (select name from pg_timezone_names())), "
        "$zone) as salesforce_zone, "
        "$config_hash::varchar as config_hash, "
        "$window_days::integer as window_days, "
        "(select arg_max(currency, vendor) filter (where currency != '') from rules.connections) "
        "as company_currency",
        {
            "run_id": run.id, "as_of": as_of, "zone": known.business_zone,
            "salesforce_zone": known.salesforce_zone,
            "config_hash": hash_of_config, "window_days": known.window_days,
        },
    )  # fmt: skip


def _write_kept_days(
    connection: duckdb.DuckDBPyConnection, kept_days: Sequence[tuple[str, str, str]]
) -> None:
    """The days before this one, out of the JSON of the state database; today is worked out anew."""
    columns = (("kind", pa.string()), ("day", pa.string()), ("content", pa.string()))
    connection.register("kept", _as_table(columns, kept_days))
    for kind, table in _KEPT_TABLES.items():
        described = connection.execute(f"describe {table}").fetchall()
        shape = json.dumps([{name: type_ for name, type_, *_ in described}])
        connection.execute(f"delete from {table}")
        connection.execute(
            f"insert into {table} by name "
            "select unnest(from_json(kept.content::json, $shape), recursive := true) from kept "
            "where kept.kind = $kind and kept.day::date < (select business_date from rules.run)",
            {"shape": shape, "kind": kind},
        )
    connection.unregister("kept")


def _as_table(columns: rows.Columns, content: Sequence[tuple[Any, ...]]) -> pa.Table:
    values: list[tuple[Any, ...]] = list(zip(*content, strict=True)) if content else [() for _ in columns]
    arrays = [pa.array(value, kind) for value, (_, kind) in zip(values, columns, strict=True)]
    return pa.table(arrays, names=[name for name, _ in columns])


def _replace(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register("rules_incoming", table)
    connection.execute(f"create or replace table rules.{name} as select * from rules_incoming")
    connection.unregister("rules_incoming")
