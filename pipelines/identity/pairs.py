"""The scored pairs of a kind of record, kept from run to run: only what is new or changed is compared.

Belongs here: what must be compared again, and what of the last run still holds. A record's `stamp` covers its
fields and its blocks that are not crowded; under the same model, a pair of two records whose stamps
stand keeps its
score. So a run over what changed leaves the same pairs as a run over everything.
"""

from __future__ import annotations

import duckdb

from pipelines.identity import blocking, scoring
from pipelines.identity.model import Model
from pipelines.identity.spec import Spec

KEPT_FROM_BITS = -5.0


def stamped(spec: Spec, rows: str, blocks: str, shut: str) -> str:
    """SQL: `rows` of features (`f`) with lists `blocks` and `shut` and a `stamp` of it all."""
    fields = ", ".join(f"f.{name}" for name in ("record_key", *spec.fields))
    return (
        f"select f.*, {blocks} as blocks, {shut} as shut, "
        f"hash({fields}, {blocks}, '{spec.version}') as stamp "
        f"from {rows}"
    )


def stamp(
    connection: duckdb.DuckDBPyConnection,
    spec: Spec,
    features: str,
    largest: int = blocking.LARGEST_BLOCK,
) -> str:
    """SQL: features with `blocks` and `shut` (hashes) and `stamp`; makes temp table `crowded`, see
    `blocking`.

    largest: a block with more records is left out.
    """
    blocking.block(connection, spec, features, largest)
    return stamped(spec, f"{features} as f left join blocks as g on f.rowid = g.n", "g.blocks", "g.shut")


def compare(
    connection: duckdb.DuckDBPyConnection, spec: Spec, model: Model, features: str, fresh: str | None = None
) -> int:
    """Make temp table `scored`: the pairs of `features` (made by `stamp`) worth keeping, by `scoring.scored`.

    fresh: a table of owner; only pairs with one of these are made. Returns how many pairs were scored.
    """
    unnested = f"select record_key, unnest(blocks) as value from {features} where blocks is not null"
    where = "blocks is not null"
    if fresh is not None:
        connection.execute(
            f"create or replace temp table blocks_of as with unnested as ({unnested}) select u.* from "
            f"unnested as u semi join (select value from unnested semi join {fresh} as d "
            "on record_key = d.owner) as s on u.value = s.value"
        )
        unnested, where = "from blocks_of", "record_key in (select record_key from blocks_of)"
    scoring.rate(connection, spec, model, features, where=where)
    connection.execute(
        f"create or replace temp table blocks as select r.n, b.value from ({unnested}) as b "
        "inner join in_order as r on b.record_key = r.record_key"
    )
    if fresh is not None:
        connection.execute(
            "create or replace temp view fresh as "
            f"select n from rated where record_key in (select owner from {fresh}); drop table blocks_of"
        )
    connection.execute(
        f"create or replace temp table candidates as {blocking.pairs('fresh' if fresh else None)}"
    )
    scored = scoring.scored(spec, model, "candidates", "rated", "n")
    connection.execute(
        "create or replace temp table scored as "
        "select l.record_key as left_key, r.record_key as right_key, s.* exclude (left_key, right_key), "
        f"'{model.version}' as model_version from (select * from ({scored}) "
        f"where match_weight >= {KEPT_FROM_BITS}) as s inner join in_order as l on s.left_key = l.n "
        "inner join in_order as r on s.right_key = r.n"
    )
    row = connection.execute("select count(*) from candidates").fetchone()
    connection.execute("drop table candidates; drop table blocks")
    return int(row[0]) if row else 0
