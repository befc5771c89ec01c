"""Which pairs of records are worth comparing: those that share a block that is not crowded.

Belongs here: blocks and their bound. A value that very many records share (a made-up address, a switchboard,
a common name) would make pairs by the square of its records and say little; such a block is left out, and
said, and its records meet through their other blocks.
"""

from __future__ import annotations

import duckdb

from pipelines.identity.spec import Spec

LARGEST_BLOCK = 60
SHOWN = 80


def hashed(spec: Spec) -> str:
    """SQL over features: the block values of a record, as a list."""
    values = ", ".join(_hash(spec, n) for n in range(len(spec.blocks)))
    return f"list_filter([{values}], lambda v: v is not null)"


def parted(value: str, is_open: str) -> str:
    """SQL that lists a record's values: `blocks` that are open, and those `shut`, crowded or its alone."""
    return (
        f"list_sort(list({value}) filter ({is_open})) as blocks, "
        f"list_sort(list({value}) filter ({is_open} is distinct from true)) as shut"
    )


def block(connection: duckdb.DuckDBPyConnection, spec: Spec, features: str, largest: int) -> None:
    """Make temp tables `blocks` (n, blocks, shut) of the blocks that no more than `largest` share and of the
    other values, and `crowded`.

    `n` is the row's number in table `features` (its rowid): numbers group and join faster than keys do.
    crowded: value, kind, text (its beginning), records.
    """
    parts = " union all ".join(
        f"select rowid as n, hash({n}, {b.sql}) as value from {features} where ({b.sql}) is not null"
        for n, b in enumerate(spec.blocks)
    )
    connection.execute(f"create or replace temp table all_blocks as {parts}")
    connection.execute(
        "create or replace temp table block_sizes as select value, count(*) as records, min(n) as n "
        "from all_blocks group by value having count(*) > 1;"
        f"create or replace temp table blocks as select b.n, {parted('b.value', 's.is_open')} "
        f"from all_blocks as b left join (select value, records <= {largest} as is_open from block_sizes) "
        "as s "
        "on b.value = s.value group by b.n;"
        "create or replace temp table too_many as select value, records, n "
        f"from block_sizes where records > {largest}"
    )
    crowd(connection, spec, f"(select * from {features} where rowid in (select n from too_many))")
    connection.execute("drop table all_blocks; drop table block_sizes")


def crowd(
    connection: duckdb.DuckDBPyConnection, spec: Spec, features: str, before: str | None = None
) -> None:
    """Make temp table `crowded` of `too_many` (value, records), which `features` have or `before` knows."""
    told = " union all ".join(
        f"select {_hash(spec, n)} as value, '{b.name}' as kind, left({b.sql}, {SHOWN}) as text "
        f"from {features}"
        for n, b in enumerate(spec.blocks)
    )
    if before:
        told += f" union all select value, kind, text from {before}"
    connection.execute(
        "create or replace temp table crowded as select t.value, any_value(b.kind) as kind, "
        f"any_value(b.text) as text, any_value(t.records) as records from too_many as t "
        f"inner join ({told}) as b on t.value = b.value group by t.value"
    )


def _hash(spec: Spec, n: int) -> str:
    sql = spec.blocks[n].sql
    return f"case when ({sql}) is not null then hash({n}, {sql}) end"


def pairs(fresh: str | None = None) -> str:
    """SQL: each pair (left_key < right_key) of records, by their numbers, that share one of `blocks`, once.

    `fresh` names a table of n: pairs with none of these are left out.
    """
    if fresh is None:
        return """
            select distinct l.n as left_key, r.n as right_key
            from blocks as l inner join blocks as r on l.value = r.value and l.n < r.n"""
    return f"""
        select distinct least(l.n, r.n) as left_key, greatest(l.n, r.n) as right_key
        from (select * from blocks semi join {fresh} using (n)) as l
        inner join blocks as r on l.value = r.value and l.n != r.n"""
