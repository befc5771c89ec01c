"""What the dbt project's Python models call: relations in, a relation out, on the connection dbt lends.

Belongs here: the order of the engine's steps and the tables they hand each other. What a step does is in the
module named after it. Temp tables keep everything off the work file but the model's own result.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from pipelines.identity import features as shaping
from pipelines.identity import links as linking
from pipelines.identity import lives, pairs, scoring, tangles
from pipelines.identity.model import Model, misfit
from pipelines.identity.specs import SPECS

Relation: TypeAlias = duckdb.DuckDBPyRelation
_SKETCH = {"person": "left(f.last, 2)", "account": "left(f.name, 4)"}


def lend(session: duckdb.DuckDBPyConnection, name: str, relation: Relation) -> None:
    """A relation of dbt's as temp table `name`."""
    relation.query("lent", "create or replace temp table being_lent as select * from lent")
    session.execute(f"drop table if exists temp.{name}; alter table being_lent rename to {name}")


def before(session: duckdb.DuckDBPyConnection, this: Any, columns: tuple[str, ...]) -> str | None:
    """The name of the table that the last run left, when it has these columns."""
    row = session.execute(
        "select list(column_name) from information_schema.columns "
        f"where table_catalog = '{this.database}' and table_schema = '{this.schema}' "
        f"and table_name = '{this.identifier}'"
    ).fetchone()
    return str(this) if row and row[0] and set(columns) <= set(row[0]) else None


def features(
    session: duckdb.DuckDBPyConnection, entity: str, records: Relation, settings: Relation, this: Any
) -> Relation:
    """A row per record: the fields of the specification, blocks, stamp, is_fresh."""
    spec = SPECS[entity]
    lend(session, "compared", records)
    rules = _settings(settings)
    most = int(rules["most_records"]), int(rules["most_names"])
    getattr(shaping, entity)(session, "compared", "shaped", *most)
    kept = before(session, this, ("record_key", "stamp", *spec.fields))
    pairs.stamp(session, spec, "shaped", kept, int(rules["largest_block"]))
    return session.sql("select * from stamped")


def model(
    session: duckdb.DuckDBPyConnection, entity: str, of: Relation, kept: Relation, run: Relation
) -> pa.Table:
    """One row: entity, version, trained_at, records, reason, body. Trained only where the kept one
    does not fit."""
    spec = SPECS[entity]
    lend(session, "features", of)
    lend(session, "kept_models", kept)
    row = session.execute(
        f"select body, trained_at::varchar, reason from kept_models where entity = '{entity}' "
        "order by trained_at desc, version desc limit 1"
    ).fetchone()
    known = Model.from_json(row[0]) if row else None
    records = int((session.execute("select count(*) from features").fetchone() or (0,))[0])
    filled = _filled(session, spec.fields)
    reason = misfit(known, spec, records, filled) if known else "there was none"
    if known and not reason:
        trained_at, reason = str(row[1]) if row else "", str(row[2]) if row else ""
    else:
        from pipelines.identity.training import train

        known = train(session, spec, "features")
        trained_at = str(run.to_arrow_table().column("as_of")[0].as_py().isoformat())
    return pa.table(
        {
            "entity": [entity], "version": [known.version], "trained_at": [trained_at],
            "records": [known.records], "reason": [reason], "body": [known.to_json()],
        }
    )  # fmt: skip


def compared(
    session: duckdb.DuckDBPyConnection, entity: str, of: Relation, with_model: Relation, this: Any
) -> Relation:
    """A row per scored pair: left_key, right_key, bits per comparison, match_weight, match_probability."""
    spec, known = SPECS[entity], _model(with_model)
    lend(session, "features", of)
    columns = ("left_key", "right_key", "model_version", *scoring.weight_columns(spec))
    kept = before(session, this, columns)
    if kept is not None:
        other = session.execute(
            f"select count(*) from {kept} where model_version != '{known.version}'"
        ).fetchone()
        kept = kept if other and other[0] == 0 else None
    pairs.compare(session, spec, known, "features", kept)
    return session.sql("select * from scored")


def links(
    session: duckdb.DuckDBPyConnection,
    entity: str,
    *,
    records: Relation,
    keys: Relation,
    decided: Relation,
    settings: Relation,
    of: Relation | None = None,
    scored: Relation | None = None,
    with_model: Relation | None = None,
    this: Any = None,
) -> Relation:
    """A row per link, and per key or block that too many share: see `links.cluster`; `waterfall` is JSON."""
    rules = _settings(settings)
    lend(session, "records", records)
    lend(session, "all_keys", keys)
    lend(session, "decided", decided.filter(f"entity = '{entity}'"))
    lend(session, "used_keys", settings.filter("setting = 'key'"))
    session.execute(
        "create or replace temp table keys as select * from all_keys where kind in "
        f"(select split_part(value, '.', 2) from used_keys where value like '{entity}.%')"
    )
    policy = linking.Policy(
        join_from=float(rules["join_from"]), review_from=float(rules["review_from"]),
        most_records=int(rules["most_records"]), most_names=int(rules["most_names"]),
        name_sketch=_SKETCH.get(entity, "null"),
    )  # fmt: skip
    spec = SPECS.get(entity)
    if spec is None or of is None or scored is None or with_model is None:
        linking.cluster(session, policy)
        waterfall, join, crowded = "cast(null as varchar)", "", ""
    else:
        lend(session, "features", of)
        lend(session, "scored", scored)
        known = _model(with_model)
        if session.execute("select 1 from used_keys where value = ?", [f"{entity}.phone"]).fetchone():
            linking.add_phone_keys(session)
        linking.cluster(session, policy, spec, known, _settled(session, this))
        steps = ", ".join(
            [
                f"'prior': {known.prior_bits:.2f}",
                *(f"'{c.name}': round(s.w_{c.name}, 2)" for c in spec.comparisons),
            ]
        )
        waterfall = f"to_json({{{steps}}})::varchar"
        join = "left join scored as s on l.left_key = s.left_key and l.right_key = s.right_key"
        most = int(rules["largest_block"])
        crowded = "".join(
            f" union all by name select 'crowded' as verdict, '{b.name}' as kind, left({b.sql}, 80) as "
            f"value, "
            f"count(*) as records from features where ({b.sql}) is not null group by all having "
            f"count(*) > {most}"
            for b in spec.blocks
        )
    return session.sql(
        f"""
        select l.left_key, l.right_key, l.kind, l.value, l.match_weight, l.match_probability, l.verdict,
            l.offered, l.strength, {tangles.RULES} as settled_by,
            case when l.kind = 'similarity' then {waterfall} end as waterfall,
            cast(null as bigint) as records
        from links as l {join}
        union all by name
        select 'shared' as verdict, kind, value, records from shared_keys
        {crowded}"""
    )


def resolved(
    session: duckdb.DuckDBPyConnection, entity: str, *, records: Relation, links: Relation, registry:
    Relation,
    aliases: Relation, run: Relation,
) -> Relation:  # fmt: skip
    """A row per record and per id that is gone: see `lives.resolve`, with by what each record joined."""
    as_of: datetime = run.to_arrow_table().column("as_of")[0].as_py()
    lend(session, "records", records)
    lend(session, "links", links.filter("verdict = 'joined'"))
    lend(session, "registry", registry.filter(f"entity = '{entity}'"))
    lend(session, "aliases", aliases.filter(f"entity = '{entity}'"))
    linking.group(session)
    everyone = lives.resolve(session, as_of=as_of)
    return session.sql(
        f"""
        with everyone as ({everyone}),
        ages as (
            select e.record_key, row_number() over (
                partition by e.id order by r.created_at asc nulls last, r.record_key
            ) as age
            from everyone as e inner join records as r on e.record_key = r.record_key
            where e.kind = 'record' and e.is_present
        ),
        ways as (
            select left_key as record_key, right_key as through, kind, match_probability, strength from links
            union all
            select right_key, left_key, kind, match_probability, strength from links
        ),
        best as (
            select * from ways
            qualify row_number() over (partition by record_key order by strength, match_probability
            desc, through) = 1
        )
        select e.kind, e.record_key, e.id, e.founded_at, e.joined_at, e.since, e.why,
            case when not e.is_present then null when a.age = 1 then 'founder' else coalesce(b.kind,
            'founder') end
                as matched_by,
            case when e.is_present then case when a.age = 1 then 1.0 else coalesce(b.match_probability,
            1.0) end end
                as match_probability,
            case when a.age > 1 then b.through end as through_key
        from everyone as e
        -- One comparison of keys: with a second condition on `e` alone DuckDB compares each row with each.
        left join ages as a on case when e.kind = 'record' then e.record_key end = a.record_key
        left join best as b on case when e.kind = 'record' then e.record_key end = b.record_key"""
    )


def _settings(settings: Relation) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in settings.fetchall()}


def _settled(session: duckdb.DuckDBPyConnection, this: Any) -> str | None:
    """The links of the last run, when its tangles were settled by the rules of today."""
    kept = before(session, this, ("left_key", "right_key", "offered", "settled_by")) if this else None
    row = (
        session.execute(f"select bool_and(settled_by = {tangles.RULES}) from {kept}").fetchone()
        if kept
        else None
    )
    return kept if row and row[0] else None


def _model(relation: Relation) -> Model:
    found = Model.from_json(str(relation.to_arrow_table().column("body")[0].as_py()))
    if found is None:
        raise ValueError("the model was written in a format this version does not read")
    return found


def _filled(session: duckdb.DuckDBPyConnection, fields: tuple[str, ...]) -> dict[str, float]:
    shares = ", ".join(f"coalesce(round(avg(({f} is not null)::int), 6), 0)" for f in fields)
    row = session.execute(f"select {shares} from features").fetchone()
    return dict(zip(fields, (float(share) for share in row or ()), strict=True))
