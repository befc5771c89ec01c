"""What the dbt project's Python models of links and lives call: see `build`.

Belongs here: which links there are and under which id records live, worked out for the groups that a change
touches.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from pipelines.identity import links as linking
from pipelines.identity import lives, touched
from pipelines.identity.build import Relation, Work, lend, model_of, settings_of, table_of
from pipelines.identity.kept import Kept
from pipelines.identity.model import Model
from pipelines.identity.spec import Spec
from pipelines.identity.specs import SPECS

_SKETCH = {"person": "left(f.last, 2)", "account": "left(f.name, 4)"}
_ENDS_TOUCHED = "left_key in (from touched) or right_key in (from touched)"


def links(
    entity: str,
    *,
    records: Relation,
    keys: Relation,
    decided: Relation,
    settings: Relation,
    of: Relation | None = None,
    scored: Relation | None = None,
    with_model: Relation | None = None,
) -> Work:
    """A row per link, and per key or block that too many share: see `links.cluster`.

    `waterfall` is JSON; `component` names the group that a tie is in, before tangles are settled. Due are the
    records of the groups that were touched.
    """
    spec = SPECS.get(entity)
    tables = {"all_records": table_of(records), "all_keys": table_of(keys)}
    if of is not None and scored is not None:
        tables |= {"features": table_of(of), "scored": table_of(scored)}
    models = table_of(with_model) if with_model is not None else None

    def work(connection: duckdb.DuckDBPyConnection, table: str, run: str, anew: bool) -> None:
        kept = Kept(connection, table, run, anew=anew)
        rules = settings_of(connection, table_of(settings))
        policy = linking.Policy(
            join_from=float(rules["join_from"]), review_from=float(rules["review_from"]),
            most_records=int(rules["most_records"]), most_names=int(rules["most_names"]),
            name_sketch=_SKETCH.get(entity, "null"),
        )  # fmt: skip
        known = model_of(connection, models) if models else None
        for name, table_read in tables.items():
            lend(connection, name, f"select * from {table_read}")
        used = _lend_keys(connection, entity, table_of(settings))
        lend(connection, "decided", f"select * from {table_of(decided)} where entity = '{entity}'")
        has_features = known is not None
        read = {
            tables["all_records"]: "select record_key as owner, hash(created_at) as hashed from all_records",
            tables["all_keys"]: "select record_key as owner, hash(kind, value) as hashed from all_keys",
            table_of(decided): "select unnest([left_key, right_key]) as owner, "
            "hash(left_key, right_key, verdict) as hashed from decided",
        } | ({tables["features"]: "", tables["scored"]: ""} if known else {})
        has_features = known is not None
        made_of = (policy, used, known.version if known else None)
        if kept.goes_on(made_of, read, tables["all_records"]):
            if kept.is_as_it_was():
                return
            gathered = touched.find(connection, policy, table, has_features=has_features)
            connection.execute(
                "create or replace temp table records_again as select record_key, created_at "
                "from all_records where record_key in (from touched); "
                "create or replace temp view records as from records_again"
            )
            linking.settle(connection, gathered, spec, known)
            kept.goes_on_with(
                f"verdict in ('shared', 'crowded') or {_ENDS_TOUCHED}",
                _told(spec, known, tables, f"(select * from scored where {_ENDS_TOUCHED})"),
                "select record_key as owner from touched",
            )
        else:
            linking.cluster(connection, policy, spec, known)
            kept.replaced(_told(spec, known, tables, "scored"))

    return work


def _lend_keys(connection: duckdb.DuckDBPyConnection, entity: str, settings: str) -> list[str]:
    """Views `records` and `keys`, of the kinds that settings name; a phone is one under a last name."""
    used = [kind for (kind,) in connection.execute(
        f"select split_part(value, '.', 2) from {settings} "
        f"where setting = 'key' and value like '{entity}.%' order by all"
    ).fetchall()]  # fmt: skip
    kinds = ", ".join(f"'{kind}'" for kind in used) or "''"
    phones = f" union all {linking.PHONE_KEYS}" if "phone" in used and entity == "person" else ""
    lend(connection, "records", "select record_key, created_at from all_records")
    lend(connection, "keys", f"select record_key, kind, value from all_keys where kind in ({kinds}){phones}")
    return used


def _told(spec: Spec | None, known: Model | None, tables: dict[str, str], scored: str) -> str:
    """SQL: the rows of the model, of temp tables `links`, `shared_keys` and `tied_by_all`."""
    waterfall, join, crowded = "cast(null as varchar)", "", ""
    if spec is not None and known is not None:
        steps = ", ".join(
            [
                f"'prior': {known.prior_bits:.2f}",
                *(f"'{c.name}': round(s.w_{c.name}, 2)" for c in spec.comparisons),
            ]
        )
        waterfall = f"to_json({{{steps}}})::varchar"
        join = f"left join {scored} as s on l.left_key = s.left_key and l.right_key = s.right_key"
        features = tables["features"].rsplit(".", 1)[-1].strip('"')
        crowded = (
            "union all by name select 'crowded' as verdict, kind, text as value, records "
            f"from incremental.{features}__crowded"
        )
    return f"""
        select l.left_key, l.right_key, l.kind, l.value, l.match_weight, l.match_probability, l.verdict,
            l.offered, l.strength, case when l.is_tied then hash(least.record_key) end as component,
            case when l.kind = 'similarity' then {waterfall} end as waterfall,
            cast(null as bigint) as records
        from links as l
        left join tied_by_all as t on l.left_key = t.record_key
        left join tied_by_all as least on t.component = least.code
        {join}
        union all by name
        select 'shared' as verdict, kind, value, records from shared_keys
        {crowded}"""


def resolved(
    entity: str, *, records: Relation, links: Relation, registry: Relation, aliases: Relation, run: Relation
) -> Work:
    """A row per record and per id that is gone: see `lives.resolve`, with by what each record joined.

    What was found stands for groups that nothing touched if the registry is what was found: then to find it
    again would give the same.
    """
    tables = {"all_records": table_of(records), "all_links": table_of(links)}
    known = {"all_registry": table_of(registry), "all_aliases": table_of(aliases)}
    clock = table_of(run)

    def work(connection: duckdb.DuckDBPyConnection, table: str, run: str, anew: bool) -> None:
        kept = Kept(connection, table, run, anew=anew)
        [(as_of,)] = connection.execute(f"select as_of from {clock}").fetchall()
        lend(connection, "all_records", f"select record_key, created_at from {tables['all_records']}")
        lend(
            connection, "all_links",
            "select left_key, right_key, kind, value, match_weight, match_probability, verdict, strength "
            f"from {tables['all_links']} where verdict = 'joined'",
        )  # fmt: skip
        for name, table_read in known.items():
            lend(connection, name, f"select * from {table_read} where entity = '{entity}'")
        if kept.goes_on((), {tables["all_links"]: ""}) and _was_kept(connection, table):
            if kept.is_as_it_was():
                return
            _lend_touched(connection, table)
            found = placed(connection, as_of, "elsewhere")
            again = "select record_key from placed where kind = 'record'"
            connection.execute(f"create or replace temp table placed as {found}")
            kept.goes_on_with(
                f"kind = 'alias' or record_key in (from due) or record_key in ({again})",
                "select * from placed", f"from due union {again}",
            )  # fmt: skip
        else:
            for name in ("records", "links", "registry", "aliases"):
                lend(connection, name, f"from all_{name}")
            kept.replaced(placed(connection, as_of, None))

    return work


def _was_kept(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the registry is what the last run found."""
    people, aliases = "record_key, id, founded_at, joined_at", "record_key, id, since, why"
    found = f"select count(*), sum(hash({people})) from {table} where kind = 'record'"
    gone = f"select count(*), sum(hash({aliases})) from {table} where kind = 'alias'"
    ours = connection.execute(f"{found} union all {gone}").fetchall()
    aliases = aliases.replace("record_key", "alias")
    theirs = connection.execute(
        f"select count(*), sum(hash({people})) from all_registry "
        f"union all select count(*), sum(hash({aliases})) from all_aliases"
    ).fetchall()
    return bool(ours == theirs)


def _lend_touched(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Tables `records`, `links` and `registry` of those due and of all who have an id that they had: of a
    record that was gone these are others, whom nothing else touches. `elsewhere`, the other ids."""
    connection.execute(
        f"""
        create or replace temp table registry as
        select * from all_registry where id in (select id from all_registry where record_key in (from due));
        create or replace temp table involved as from due union select record_key from registry;
        create or replace temp table records as
        select * from all_records where record_key in (from involved);
        create or replace temp table links as
        select * from all_links where left_key in (from involved) or right_key in (from involved);
        create or replace temp view aliases as from all_aliases;
        create or replace temp table elsewhere as
        select distinct id from {table} where kind = 'record' and record_key not in (from involved)"""
    )


def placed(connection: duckdb.DuckDBPyConnection, as_of: datetime, elsewhere: str | None) -> str:
    """SQL: the rows of `resolved`, of tables or views `records`, `links` (those joined), `registry` and
    `aliases`; see `lives.resolve`."""
    linking.group(connection)
    everyone = lives.resolve(connection, as_of=as_of, elsewhere=elsewhere)
    return f"""
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
