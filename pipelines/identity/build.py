"""What the dbt project's Python models call: relations in, what is to be done out.

Belongs here: the order of the engine's steps and the tables they hand each other. What a step does is in the
module named after it; what of a model's table stands is known to `kept`. Temp tables keep everything off the
work file but the model's own result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import duckdb
import pyarrow as pa

from pipelines.identity import features as shaping
from pipelines.identity import pairs, refreshing
from pipelines.identity.kept import Kept
from pipelines.identity.model import Model, misfit
from pipelines.identity.specs import SPECS

Relation: TypeAlias = duckdb.DuckDBPyRelation
Work: TypeAlias = Callable[[duckdb.DuckDBPyConnection, str, str, bool], None]
"""What the materialization `kept` does: on this connection, to this table, in this run, or all of it anew."""


def lend(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    connection.execute(f"create or replace temp view {name} as {sql}")


def table_of(relation: Relation) -> str:
    """The name of the table that dbt means by a relation."""
    return str(relation.sql_query()).rsplit(" ", 1)[-1]


def features(entity: str, records: Relation, settings: Relation) -> Work:
    """A row per record: the fields of the specification, blocks, stamp. Due is who has another stamp."""
    spec, compared, known = SPECS[entity], table_of(records), table_of(settings)

    def work(connection: duckdb.DuckDBPyConnection, table: str, run: str, anew: bool) -> None:
        kept = Kept(connection, table, run, anew=anew)
        rules = settings_of(connection, known)
        bounds = int(rules["most_records"]), int(rules["most_names"]), int(rules["largest_block"])
        crowded = kept.beside("crowded")
        if not kept.goes_on(
            bounds, {compared: f"select record_key as owner, hash(c) as hashed from {compared} as c"}
        ):
            getattr(shaping, entity)(connection, compared, "shaped", *bounds[:2])
            stamped = pairs.stamp(connection, spec, "shaped", bounds[2])
            connection.execute(f"create or replace table {crowded} as from crowded")
            kept.replaced(stamped)
            return
        if kept.is_as_it_was():
            return
        refreshing.refresh(connection, spec, table, compared, crowded, bounds)
        kept.goes_on_with(
            "record_key in (select owner from due union all select record_key from restamped)",
            "select * from restamped",
            f"select record_key as owner from restamped as r where not exists (from {table} as s where "
            "s.record_key = r.record_key and s.stamp = r.stamp) "
            "union select owner from due where owner not in (select record_key from restamped)",
            beside=f"delete from {crowded} where value in (select value from retold); "
            f"insert into {crowded} by name from crowded",
        )

    return work


def model(
    session: duckdb.DuckDBPyConnection, entity: str, of: Relation, kept: Relation, run: Relation
) -> pa.Table:
    """One row: entity, version, trained_at, records, reason, body. Trained only where the kept one
    does not fit."""
    spec, features = SPECS[entity], table_of(of)
    row = session.execute(
        f"select body, trained_at::varchar, reason from {table_of(kept)} where entity = '{entity}' "
        "order by trained_at desc, version desc limit 1"
    ).fetchone()
    known = Model.from_json(row[0]) if row else None
    records, filled = _filled(session, features, spec.fields)
    reason = misfit(known, spec, records, filled) if known else "there was none"
    if known and not reason:
        trained_at, reason = str(row[1]) if row else "", str(row[2]) if row else ""
    else:
        from pipelines.identity.training import train

        known = train(session, spec, features)
        trained_at = str(run.to_arrow_table().column("as_of")[0].as_py().isoformat())
    return pa.table(
        {
            "entity": [entity], "version": [known.version], "trained_at": [trained_at],
            "records": [known.records], "reason": [reason], "body": [known.to_json()],
        }
    )  # fmt: skip


def compared(entity: str, of: Relation, with_model: Relation) -> Work:
    """A row per scored pair: left_key, right_key, bits per comparison, match_weight, match_probability."""
    spec, features, models = SPECS[entity], table_of(of), table_of(with_model)

    def work(connection: duckdb.DuckDBPyConnection, table: str, run: str, anew: bool) -> None:
        kept = Kept(connection, table, run, anew=anew)
        known = model_of(connection, models)
        stamps = f"select record_key as owner, stamp as hashed from {features}"
        if not kept.goes_on((known.version,), {features: stamps}, features):
            pairs.compare(connection, spec, known, features)
            kept.replaced("select * from scored")
            return
        if kept.is_as_it_was():
            return
        pairs.compare(connection, spec, known, features, "due")
        kept.goes_on_with(
            "left_key in (from due) or right_key in (from due)",
            "select * from scored",
            "select owner from due",
        )

    return work


def settings_of(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return dict(connection.execute(f"select setting, value::varchar from {table}").fetchall())


def model_of(connection: duckdb.DuckDBPyConnection, table: str) -> Model:
    [(body,)] = connection.execute(f"select body from {table}").fetchall()
    found = Model.from_json(str(body))
    if found is None:
        raise ValueError("the model was written in a format this version does not read")
    return found


def _filled(
    session: duckdb.DuckDBPyConnection, features: str, fields: tuple[str, ...]
) -> tuple[int, dict[str, float]]:
    """How many records there are, and the share of them that have each field."""
    shares = ", ".join(f"coalesce(round(avg(({f} is not null)::int), 6), 0)" for f in fields)
    count, *found = session.execute(f"select count(*), {shares} from {features}").fetchone() or (0,)
    return int(count), dict(zip(fields, (float(share) for share in found), strict=True))
