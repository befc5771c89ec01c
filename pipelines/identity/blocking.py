"""Which pairs of records are worth comparing: those that share a block that is not crowded.

Belongs here: blocks and their bound. A value that very many records share (a made-up address, a switchboard,
a common name) would make pairs by the square of its records and say little; such a block is left out, and
said, and its records meet through their other blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.identity.spec import Spec

LARGEST_BLOCK = 60


@dataclass(frozen=True)
class Crowded:
    """A block that was left out: its name, the value shared, how many records share it."""

    block: str
    value: str
    records: int


def crowded(
    connection: duckdb.DuckDBPyConnection, spec: Spec, features: str, largest: int = LARGEST_BLOCK
) -> list[Crowded]:
    """Make temp table `blocks` (record_key, block, value) of the blocks that are not crowded; the others."""
    parts = " union all ".join(
        f"select record_key, {n} as block, hash({n}, {block.sql}) as value, {block.sql} as shown "
        f"from {features} where ({block.sql}) is not null"
        for n, block in enumerate(spec.blocks)
    )
    connection.execute(
        f"create or replace temp table all_blocks as select record_key, block, value from ({parts})"
    )
    connection.execute(
        "create or replace temp table block_sizes as "
        "select block, value, count(*) as records, min(record_key) as an_example from all_blocks "
        "group by block, value having count(*) > 1"
    )
    connection.execute(
        "create or replace temp table blocks as select b.record_key, b.block, b.value from all_blocks as b "
        f"semi join (select value from block_sizes where records <= {largest}) as s on b.value = s.value"
    )
    over = connection.execute(
        f"select block, an_example, records from block_sizes where records > {largest} "
        "order by records desc, block, an_example limit 1000"
    ).fetchall()
    connection.execute("drop table all_blocks")
    return [
        Crowded(spec.blocks[n].name, _shown(connection, spec.blocks[n].sql, features, key), records)
        for n, key, records in over
    ]


def _shown(connection: duckdb.DuckDBPyConnection, sql: str, features: str, record_key: str) -> str:
    row = connection.execute(f"select {sql} from {features} where record_key = ?", [record_key]).fetchone()
    return str(row[0])[:80] if row else ""


def pairs(fresh: str | None = None) -> str:
    """SQL: each pair (left_key < right_key) of records that share a block, once.

    `fresh` names a table of record_key: pairs with none of its records are left out.
    """
    if fresh is None:
        return """
            select distinct l.record_key as left_key, r.record_key as right_key
            from blocks as l inner join blocks as r
            on l.value = r.value and l.record_key < r.record_key"""
    return f"""
        select distinct least(l.record_key, r.record_key) as left_key,
            greatest(l.record_key, r.record_key) as right_key
        from (select * from blocks semi join {fresh} using (record_key)) as l
        inner join blocks as r on l.value = r.value and l.record_key != r.record_key"""
