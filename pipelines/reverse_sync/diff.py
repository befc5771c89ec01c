"""The difference between desired and existing, as set operations in DuckDB.

Belongs here: SQL that leaves the temp table `cells` (a row per field that differs, with a verdict) and `held`
(records that cannot be written) on the connection it is given. What a plan makes of them is in `plan.py`.

What exists is the last extract, overlaid with values a CRM confirmed after that extract's window: a confirmed
write is there even if no extract has brought it back, and once one reached past it, the extract counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb
import pyarrow as pa

from pipelines.errors import ConfigError
from pipelines.reverse_sync.values import CLEAR, canonical_sql
from pipelines.rules.syncs import NUMERIC, FieldRule, Sync
from pipelines.state.agreed import Agreed
from pipelines.warehouse import has_table

_AGREED = pa.schema(
    [
        ("record_key", pa.string()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("agreed_at", pa.timestamp("us", tz="UTC")),
    ]
)
_RANKED = ("text", "reference", "boolean")


def extracted_until(connection: duckdb.DuckDBPyConnection, vendor: str, object_name: str) -> datetime | None:
    """How far the extract of an object reached by the vendor's clock; None when it never did."""
    if not has_table(connection, "ops", "loads"):
        return None
    row = connection.execute(
        "select max(window_to) from ops.loads where vendor = ? and status in ('loaded', 'unchanged') "
        "and (lower(object) = lower(?) or regexp_full_match(lower(object), 'p[0-9]+_' || lower(?)))",
        [vendor, object_name, object_name],
    ).fetchone()
    moment: datetime | None = row[0] if row else None
    return moment


def calls_to_read(
    connection: duckdb.DuckDBPyConnection, vendor: str, tracked: Sequence[str] = ()
) -> tuple[int, int]:
    """What reading all of a vendor takes, and what is `tracked` alone: of each table as many calls as the
    last time it was read, of what is tracked as when it was read from where the time before had ended."""
    if not has_table(connection, "ops", "loads"):
        return 0, 0
    rows = connection.execute(
        "select table_name, arg_max(calls, run_id), arg_max(calls, run_id) filter (window_from is not null) "
        "from ops.loads where vendor = ? and calls > 0 group by table_name", [vendor],
    ).fetchall()  # fmt: skip
    lately = {name: int(since or 1) for name, _, since in rows if name in tracked}
    whole = {name: int(calls) for name, calls, since in rows if name not in tracked or since is None}
    return sum((lately | whole).values()), sum(lately.values())


def register_agreed(connection: duckdb.DuckDBPyConnection, rows: Sequence[Agreed]) -> None:
    """Make the agreed values readable as `agreed_values`."""
    columns = [
        pa.array([row.record_key for row in rows], pa.string()),
        pa.array([row.field for row in rows], pa.string()),
        pa.array([row.value for row in rows], pa.string()),
        pa.array([row.agreed_at for row in rows], pa.timestamp("us", tz="UTC")),
    ]
    connection.register("agreed_values", pa.table(columns, schema=_AGREED))


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty `cells` and `held`. A cell's verdict: `change`, or `kept` where policy leaves it as it is."""
    connection.execute(
        "create or replace temp table cells (sync varchar, record_id varchar, record_key varchar, "
        "person_id varchar, position integer, field varchar, before varchar, after varchar, "
        "provider varchar, owner varchar, rule varchar, verdict varchar)"
    )
    connection.execute(
        "create or replace temp table held "
        "(sync varchar, record_id varchar, record_key varchar, reason varchar)"
    )
    # A decided value is explained by the rule that decided it.
    decisions = "decisions.assignments where state = 'assigned'"
    source = (
        decisions
        if has_table(connection, "decisions", "assignments")
        else "(select '' as person_id, '' as rule)"
    )
    connection.execute(
        "create or replace temp table decided_by as "
        f"select person_id, any_value(rule) as rule from {source} group by person_id"
    )


def compare(
    connection: duckdb.DuckDBPyConnection, name: str, sync: Sync, extracted: datetime | None
) -> tuple[int, int]:
    """Add what differs for one sync to `cells` and `held`. Returns how many records are desired and exist."""
    _stage(connection, sync, extracted)
    mirrored = _compare_mirrored(connection, name, sync)
    if not sync.modelled:
        return mirrored
    _check_columns(connection, name, sync)
    _pair(connection, sync)
    connection.execute(
        "insert into held select ?, record_id, any_value(record_key), case when bool_or(copies > 1) "
        "then 'the desired rows name this record ' || max(copies) || ' times' "
        "else 'the last extract does not have this record' end "
        "from paired where copies > 1 or not is_there group by record_id",
        [name],
    )
    connection.execute(_cells_sql(sync), {"sync": name, "clear": CLEAR})
    connection.execute("drop table paired")  # as large as all that differs
    counted = connection.execute(
        f"select (select count(*) from reverse_sync.{sync.desired}), "
        f"(select count(*) from reverse_sync.{sync.existing})"
    ).fetchone()
    assert counted is not None
    return int(counted[0]), int(counted[1])


def _check_columns(connection: duckdb.DuckDBPyConnection, name: str, sync: Sync) -> None:
    for model in (sync.desired, sync.existing):
        if not has_table(connection, "reverse_sync", model):
            raise ConfigError(
                f"sync {name} names the model {model}, which was not published", where="syncs.yml",
                remedy="mend the name, or run crm transform and crm publish",
            )  # fmt: skip
        described = connection.execute(f"describe reverse_sync.{model}").fetchall()
        columns = {str(row[0]).lower() for row in described}
        if model == sync.existing and sync.grouped_by and sync.grouped_by not in columns:
            raise ConfigError(
                f"sync {name} is grouped by {sync.grouped_by}, which model {model} does not have",
                where="syncs.yml", remedy="mend grouped_by, or add the column to the model",
            )  # fmt: skip
        for field in sync.modelled:
            if field.lower() not in columns:
                raise ConfigError(
                    f"sync {name} names the field {field}, which model {model} does not have",
                    where="syncs.yml", remedy="remove the field, or add the column to the model",
                )  # fmt: skip


def _stage(connection: duckdb.DuckDBPyConnection, sync: Sync, extracted: datetime | None) -> None:
    """Temp tables of this sync: `overlay` (agreed values that are newer than the extract), `rules` and
    `ranks` (the order of forward-only values)."""
    connection.execute(
        "create or replace temp table overlay as select record_key, field, value from agreed_values "
        "where split_part(record_key, ':', 1) = $vendor and split_part(record_key, ':', 3) = $object "
        "and agreed_at > coalesce($extracted, '-infinity'::timestamptz)",
        {"vendor": sync.vendor, "object": sync.keys_of or sync.object, "extracted": extracted},
    )
    fields = list(sync.fields.items())
    _values(connection, "rules", "position, field, kind, provider, owner, policy, dead_band, rule", [
        (i, field, rule.type, rule.provider, rule.owner, rule.policy, str(rule.dead_band), rule.rule)
        for i, (field, rule) in enumerate(fields)
    ])  # fmt: skip
    _values(connection, "ranks", "field, value, rank", [
        (field, value, rank) for field, rule in fields for rank, value in enumerate(rule.order)
    ] or [("", "", -1)])  # fmt: skip


def _pair(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Temp table `paired`: a row per desired record that may differ, beside what exists.

    Rows whose columns are equal as they are need no canonical text: of a million most are.
    """
    fields = [
        (i, field, rule) for i, (field, rule) in enumerate(sync.fields.items()) if field in sync.modelled
    ]
    desired = ", ".join(_canonical(f"d.{_quoted(field)}", rule, f"d{i}") for i, field, rule in fields)
    existing = ", ".join(_canonical(f"e.{_quoted(field)}", rule, f"e{i}") for i, field, rule in fields)
    types = [_types(connection, model) for model in (sync.desired, sync.existing)]
    unequal = " or ".join(
        _unequal(field, rule, same_type=types[0][field.lower()] == types[1][field.lower()])
        for _, field, rule in fields
    )
    connection.execute(
        "create or replace temp table doubled as select record_id, count(*) as copies "
        f"from reverse_sync.{sync.desired} group by record_id having count(*) > 1"
    )
    connection.execute(
        "create or replace temp table paired as select d.record_id, d.record_key, d.person_id, "
        f"coalesce(c.copies, 1) as copies, {desired}, {existing}, e.record_id is not null as is_there, "
        "o.record_key is not null as is_overlaid "
        f"from reverse_sync.{sync.desired} d left join reverse_sync.{sync.existing} e "
        "on d.record_id = e.record_id left join doubled c on c.record_id = d.record_id "
        "left join (select distinct record_key from overlay) o on o.record_key = d.record_key "
        f"where e.record_id is null or c.copies > 1 or o.record_key is not null or {unequal}"
    )


def _types(connection: duckdb.DuckDBPyConnection, model: str) -> dict[str, str]:
    described = connection.execute(f"describe reverse_sync.{model}").fetchall()
    return {str(row[0]).lower(): str(row[1]) for row in described}


def _unequal(field: str, rule: FieldRule, *, same_type: bool) -> str:
    """Whether a desired value may differ from what exists: false only where it surely does not."""
    desired, existing = f"d.{_quoted(field)}", f"e.{_quoted(field)}"
    if not same_type:
        desired, existing = canonical_sql(rule.type, desired), canonical_sql(rule.type, existing)
    return f"({desired} is not null and {desired} is distinct from {existing})"


def _compare_mirrored(connection: duckdb.DuckDBPyConnection, name: str, sync: Sync) -> tuple[int, int]:
    """Add what differs of the mirrored fields. The mirror has left only cells that differed from the extract.

    Returns how many records it wants changed, twice: it does not count those it leaves as they are.
    """
    if not has_table(connection, "reverse_sync", "mirrored_cells") or sync.modelled == sync.fields:
        return 0, 0
    connection.execute(
        "insert into held select sync, record_id, any_value(record_key), "
        "string_agg(reason, '; ' order by field) "
        "from reverse_sync.mirror_held where sync = ? group by sync, record_id",
        [name],
    )
    candidates = """
        select record_id, record_key, person_id, rule as said, changed_at,
            {'position': 0, 'before': before, 'after': value} as cell, field
        from reverse_sync.mirrored_cells where sync = $sync
    """
    connection.execute(_differing_sql(candidates, "r.field = c.field"), {"sync": name, "clear": CLEAR})
    row = connection.execute(
        "select count(distinct record_id) from reverse_sync.mirrored_cells where sync = ?", [name]
    ).fetchone()
    return (int(row[0]), int(row[0])) if row else (0, 0)


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"'


def _canonical(column: str, rule: FieldRule, alias: str) -> str:
    return f"{canonical_sql(rule.type, column)} as {alias}"


def _values(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[tuple[object, ...]]
) -> None:
    marks = ", ".join("?" for _ in rows[0])
    connection.execute(
        f"create or replace temp table {table} as "
        f"select * from (values {', '.join([f'({marks})'] * len(rows))}) as t ({columns})",
        [value for row in rows for value in row],
    )


def _cells_sql(sync: Sync) -> str:
    """Only fields that differ become rows, before anything is joined to them: most of a million do not."""
    candidates = ", ".join(
        f"case when d{i} is not null and (is_overlaid or d{i} is distinct from e{i}) "
        f"then {{'position': {i}, 'before': e{i}, 'after': d{i}}} end"
        for i, field in enumerate(sync.fields)
        if field in sync.modelled
    )
    return _differing_sql(
        f"""
        select record_id, record_key, person_id, null::varchar as said,
            unnest(list_filter([{candidates}], lambda c: c is not null)) as cell
        from paired where copies = 1 and is_there
        """,
        "r.position = c.cell.position",
    )


def _differing_sql(candidates: str, rule_of: str) -> str:
    """From candidates (record, `cell`, and `said`: the rule of this very cell) to rows of `cells`."""
    return f"""
    insert into cells
    with candidates as ({candidates}),
    overlaid as (
        select c.record_id, c.record_key, c.person_id, c.said, r.*,
            case when o.record_key is null then c.cell.before else o.value end as before,
            nullif(c.cell.after, $clear) as after
        from candidates c
        join rules r on {rule_of}
        left join overlay o on o.record_key = c.record_key and o.field = r.field
    ),
    differing as (
        select * from overlaid
        where after is distinct from before
            and not (kind in {NUMERIC} and before is not null and after is not null
                and abs(try_cast(after as decimal(38, 8)) - try_cast(before as decimal(38, 8)))
                    <= try_cast(dead_band as decimal(38, 8)))
    )
    select $sync, d.record_id, d.record_key, d.person_id, d.position, d.field, d.before, d.after,
        d.provider, d.owner, coalesce(d.said, if(d.provider = 'decided', coalesce(a.rule, d.rule), d.rule)),
        {_verdict_sql()}
    from differing d
    left join decided_by a on a.person_id = d.person_id
    left join ranks was on was.field = d.field and was.value = d.before
    left join ranks will on will.field = d.field and will.value = d.after
    """


def _verdict_sql() -> str:
    """What the policy makes of a difference. An empty field may always be filled."""
    return f"""case
        when d.before is null or d.policy = 'overwrite' then 'change'
        when d.policy = 'fill_if_empty' then 'kept'
        when d.kind in {_RANKED} then if(coalesce(will.rank > was.rank, false), 'change', 'kept')
        when d.kind in {NUMERIC} then
            if(try_cast(d.after as decimal(38, 8)) > try_cast(d.before as decimal(38, 8)), 'change', 'kept')
        else if(d.after > d.before, 'change', 'kept')
    end"""
