"""Which pairs of records are worth comparing: those that share a block that is not crowded.

Belongs here: blocks and their bound. A value that very many records share (a made-up address, a switchboard,
a common name) would make pairs by the square of its records and say little; such a block is left out, and
said, and its records meet through their other blocks.
"""

from __future__ import annotations

import duckdb

from pipelines.identity.spec import Spec

LARGEST_BLOCK = 60


def block(connection: duckdb.DuckDBPyConnection, spec: Spec, features: str, largest: int) -> None:
    """Make temp table `blocks` (n, values) of the blocks that no more than `largest` share.

    `n` is the row's number in table `features` (its rowid): numbers group and join faster than keys do.
    """
    parts = " union all ".join(
        f"select rowid as n, hash({n}, {b.sql}) as value from {features} where ({b.sql}) is not null"
        for n, b in enumerate(spec.blocks)
    )
    connection.execute(f"create or replace temp table all_blocks as {parts}")
    connection.execute(
        "create or replace temp table blocks as select b.n, list_sort(list(b.value)) as values "
        "from all_blocks as b semi join "
        f"(select value from all_blocks group by value having count(*) between 2 and {largest}) as s "
        "on b.value = s.value group by b.n"
    )
    connection.execute("drop table all_blocks")


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
