"""The features of records that changed, and of those whose features hang on them.

Belongs here: who is touched when a record comes, goes or changes: those who share an address or a number with
it, for that may now be too many's, and those who share a block that is now crowded, or no longer. Columns are
read from the whole table as few at a time as will do.
"""

from __future__ import annotations

import duckdb

from pipelines.identity import blocking, pairs
from pipelines.identity import features as shaping
from pipelines.identity.spec import Spec


def refresh(
    connection: duckdb.DuckDBPyConnection,
    spec: Spec,
    kept: str,
    records: str,
    crowded: str,
    bounds: tuple[int, int, int],
) -> None:
    """Make temp tables `restamped` (rows that take the place of those of `kept` with the same key) and
    `crowded` (that of `retold`, the block values that were looked at).

    Reads `due` (owner); `records`: the columns that are compared; `crowded`: the table of before. bounds:
    most records and names of a value, largest block.
    """
    connection.execute(
        f"create or replace temp table changed as select r.* from {records} as r semi join due as d "
        "on r.record_key = d.owner"
    )
    getattr(shaping, f"spell_{spec.entity}")(connection, "changed", "reshaped")
    _find_shared(connection, spec, kept, bounds[:2])
    _find_blocks(connection, spec, kept, bounds[2])
    _restamp(connection, spec, kept, crowded, bounds[2])


def _find_shared(connection: duckdb.DuckDBPyConnection, spec: Spec, kept: str, most: tuple[int, int]) -> None:
    """Into temp table `reshaped`, beside what changed, who shares a value with it that is now left out, or no
    longer; what is left out is null there."""
    shared = shaping.SHARED[spec.entity]
    given = ", ".join(f"{each.field}_given" for each in shared)
    connection.execute(
        f"create or replace temp table given_before as select {given} from {kept} as f semi join due as d "
        "on f.record_key = d.owner; create or replace temp table moved (record_key varchar)"
    )
    for each in shared:
        field, sketched = each.field, f"record_key, {each.field}, {each.field}_given, {each.sketched}"
        connection.execute(
            f"create or replace temp table {field}_looked_at as "
            f"select {field}_given from (select {field}_given from given_before union "
            f"select {field}_given from reshaped) where {field}_given is not null;"
            f"create or replace temp table who_share as select {sketched} from {kept} as f "
            f"semi join {field}_looked_at using ({field}_given) where f.record_key not in (from due) "
            f"union all by name select {sketched} from reshaped where {field}_given is not null;"
            f"create or replace temp table {field}_left_out as {shaping.shared(each, 'who_share', *most)};"
            "insert into moved select record_key from who_share where record_key not in (from due) "
            f"and ({field} is null) != ({field}_given in (from {field}_left_out))"
        )
    if connection.execute("select 1 from moved limit 1").fetchone():
        connection.execute(
            f"insert into reshaped by name select {', '.join(('record_key', *spec.fields))}, {given} "
            f"from {kept} where record_key in (from moved)"
        )
    for each in shared:
        field = each.field
        also = "" if each.of[0] == field else f", {each.of[0]} = {{}}"
        connection.execute(
            f"update reshaped set {field} = {field}_given{also.format(each.of[1])} "
            f"where {field}_given in (from {field}_looked_at);"
            f"update reshaped set {field} = null{also.format('null')} "
            f"where {field}_given in (from {field}_left_out)"
        )


def _find_blocks(connection: duckdb.DuckDBPyConnection, spec: Spec, kept: str, largest: int) -> None:
    """Temp tables `values_are` (record_key, value) of the records themselves, `met` of the others with one of
    their values, and `retold`: each value they had or have, how many have it, whether it was and is open."""
    connection.execute(
        "create or replace temp table themselves as select owner as record_key from due "
        "union select record_key from reshaped;"
        f"""
        create or replace temp table values_were as
        select unnest(list_concat(coalesce(f.blocks, []), coalesce(f.shut, []))) as value
        from {kept} as f semi join themselves as t on f.record_key = t.record_key;
        create or replace temp table values_are as
        select record_key, unnest({blocking.hashed(spec)}) as value from reshaped;
        create or replace temp table values_looked_at as
        select value from values_were union select value from values_are;
        create or replace temp table met as
        select record_key, value from (
            select record_key, unnest(list_concat(coalesce(blocks, []), coalesce(shut, []))) as value
            from {kept}
        ) semi join values_looked_at using (value)
        where record_key not in (from themselves)"""
    )
    count = "select value, count(*) as n from {} group by value"
    connection.execute(
        f"""
        create or replace temp table retold as
        select v.value, coalesce(m.n, 0) + coalesce(a.n, 0) as records,
            coalesce(m.n, 0) + coalesce(w.n, 0) between 2 and {largest} as was_open,
            coalesce(m.n, 0) + coalesce(a.n, 0) between 2 and {largest} as is_open
        from values_looked_at as v
        left join ({count.format("met")}) as m on v.value = m.value
        left join ({count.format("values_were")}) as w on v.value = w.value
        left join ({count.format("values_are")}) as a on v.value = a.value"""
    )


def _restamp(
    connection: duckdb.DuckDBPyConnection, spec: Spec, kept: str, crowded: str, largest: int
) -> None:
    connection.execute(
        f"""
        create or replace temp table blocks_are as
        select a.record_key, {blocking.parted("a.value", "r.is_open")}
        from values_are as a inner join retold as r on a.value = r.value group by a.record_key;
        create or replace temp table blocks_moved as
        select m.record_key, list(m.value) as moved
        from met as m inner join retold as r on m.value = r.value and r.was_open != r.is_open
        group by m.record_key"""
    )
    own = "reshaped as f left join blocks_are as b on f.record_key = b.record_key"
    swapped = (
        "nullif(list_sort(list_concat("
        "list_filter(coalesce(f.{0}, []), lambda v: not list_contains(m.moved, v)), "
        "list_filter(coalesce(f.{1}, []), lambda v: list_contains(m.moved, v)))), [])"
    )
    others = (
        f"(select f.* exclude (blocks, shut, stamp), {swapped.format('blocks', 'shut')} as open, "
        f"{swapped.format('shut', 'blocks')} as closed "
        f"from {kept} as f inner join blocks_moved as m on f.record_key = m.record_key) as f"
    )
    connection.execute(
        "create or replace temp table restamped as "
        f"{pairs.stamped(spec, own, 'b.blocks', 'b.shut')} union all by name "
        f"select * exclude (open, closed) from ({pairs.stamped(spec, others, 'f.open', 'f.closed')});"
        "create or replace temp table too_many as "
        f"select value, records from retold where records > {largest}"
    )
    blocking.crowd(connection, spec, "reshaped", before=crowded)
