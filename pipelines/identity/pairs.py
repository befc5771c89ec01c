"""The scored pairs of a kind of record, kept from run to run: only what is new or changed is compared.

Belongs here: what must be compared again, and what of the last run still holds. A record's `stamp` covers its
fields and its blocks that are not crowded; under the same model, a pair of two records whose stamps
stand keeps its
score. So a run over what changed leaves the same pairs as a run over everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.identity import blocking, scoring
from pipelines.identity.model import Model
from pipelines.identity.spec import Spec

KEPT_FROM_BITS = -5.0


@dataclass(frozen=True)
class Compared:
    """How many records were new or changed, and how many pairs were scored for them."""

    fresh: int
    scored: int


def stamp(
    connection: duckdb.DuckDBPyConnection,
    spec: Spec,
    features: str,
    kept: str | None,
    largest: int = blocking.LARGEST_BLOCK,
) -> None:
    """Make temp table `stamped`: features with `blocks` (hashes), `stamp` and `is_fresh`.

    kept: a table with record_key and stamp of the last run. largest: a block with more records is left out.
    """
    blocking.block(connection, spec, features, largest)
    fields = ", ".join(f"f.{name}" for name in ("record_key", *spec.fields))
    was = f"left join {kept} as k on f.record_key = k.record_key" if kept else ""
    is_fresh = "k.stamp is distinct from f.stamp" if kept else "true"
    connection.execute(
        f"""
        create or replace temp table stamped as
        with hashed as (
            select {fields}, g.values as blocks, hash({fields}, g.values, '{spec.version}') as stamp
            from {features} as f left join blocks as g on f.rowid = g.n
        )
        select f.*, {is_fresh} as is_fresh from hashed as f {was}"""
    )


def compare(
    connection: duckdb.DuckDBPyConnection, spec: Spec, model: Model, features: str, kept: str | None
) -> Compared:
    """Make temp table `scored`: the pairs of `features` (made by `stamp`) worth keeping, by `scoring.scored`.

    kept: the pairs of the last run, scored with the same model; without it everything is compared.
    """
    scoring.lend_frequencies(connection, model)
    connection.execute(
        "create or replace temp table blocks as "
        f"select record_key, unnest(blocks) as value from {features} where blocks is not null"
    )
    fresh = "fresh" if kept else None
    connection.execute(
        f"create or replace temp view fresh as select record_key from {features} where is_fresh"
    )
    connection.execute(f"create or replace temp table candidates as {blocking.pairs(fresh)}")
    row = connection.execute(
        "select (select count(*) from fresh), (select count(*) from candidates)"
    ).fetchone()
    again = ""
    if kept:
        stands = f"(select record_key from {features} where not is_fresh)"
        again = (
            f" union all by name select * from {kept} where left_key in {stands} and right_key in {stands}"
        )
    connection.execute(
        f"create or replace temp table scored as select *, '{model.version}' as model_version "
        f"from ({scoring.scored(spec, model, 'candidates', features)}) "
        f"where match_weight >= {KEPT_FROM_BITS}{again}"
    )
    connection.execute("drop table candidates; drop table blocks")
    return Compared(*(row or (0, 0)))
