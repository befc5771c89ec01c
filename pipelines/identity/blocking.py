"""Which pairs of records are worth comparing: those that share a block that is not crowded.

Belongs here: blocks and their bound. A value that very many records share (a made-up address, a switchboard,
a common name) would make pairs by the square of its records and say little; such a block is left out, and
said, and its records meet through their other blocks.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    numbers = range(len(spec.blocks))
    hashes = ", ".join(f"{_hash(spec, n)} as h{n}" for n in numbers)
    sizes = " union all ".join(
        f"select {n} as block, h{n} as value, count(*) as records, min(n) as n from block_hashes "
        f"where h{n} is not null group by h{n} having count(*) > 1"
        for n in numbers
    )
    open_ones = f"select value from block_sizes where records <= {largest} and block"
    are_open = ", ".join(f"h{n} in ({open_ones} = {n}) as o{n}" for n in numbers)
    connection.execute(
        f"create or replace temp table block_hashes as select rowid as n, {hashes} from {features};"
        f"create or replace temp table block_sizes as {sizes};"
        f"create or replace temp table blocks as select n, {_those(numbers, 'o{0}')} as blocks, "
        f"{_those(numbers, 'not o{0}')} as shut from (select *, {are_open} from block_hashes);"
        "create or replace temp table too_many as select value, records, n "
        f"from block_sizes where records > {largest}"
    )
    crowd(connection, spec, f"(select * from {features} where rowid in (select n from too_many))")
    connection.execute("drop table block_hashes; drop table block_sizes")


def _those(numbers: Iterable[int], condition: str) -> str:
    """SQL over `block_hashes`: the list of a record's values for which it holds; null where it has none."""
    values = ", ".join(f"case when {condition.format(n)} then h{n} end" for n in numbers)
    return f"nullif(list_sort(list_filter([{values}], lambda v: v is not null)), [])"


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
