"""One SELECT that puts the fields of a pair of objects side by side, and one a direction that converts them.

Belongs here: that SQL. Each line leaves what the sides hold (`l`, `r`), what each would become on the other
(`fl`, `gr`) and when each last changed; only lines whose sides do not agree become rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.objects.sql import columns_of, quoted, text_literal
from pipelines.reverse_sync.mirror.conversions import Columns, comparable, converted, sayable
from pipelines.reverse_sync.mirror.metadata import FieldMeta
from pipelines.reverse_sync.mirror.records import Source, source_of
from pipelines.reverse_sync.mirror.resolve import SIDES, ResolvedLine, ResolvedPair
from pipelines.reverse_sync.values import canonical_sql, set_sql
from pipelines.rules.mappings.model import VENDORS, Side, read_besides
from pipelines.rules.syncs import NUMERIC, FieldType

Kinds = dict[Side, dict[str, FieldType]]


@dataclass(frozen=True)
class Compiled:
    """`staged`: CREATE of temp table `mirror_wide`. `open`: a SELECT of the lines that do not agree."""

    staged: str
    opened: str
    agreed: str
    """A SELECT of (pair_key, content): JSON of the lines that do agree."""
    missing: tuple[tuple[Side, str], ...]
    """Fields that the extract does not bring."""


def kinds_of(pair: ResolvedPair) -> Kinds:
    """The type of every field that a pair reads, by side and name in lower case."""
    found: Kinds = {"left": {}, "right": {}}
    for side in SIDES:
        for meta in pair.extra[side]:
            found[side][meta.name.lower()] = meta.type
        for each in pair.lines:
            rule = each.rules.get(side)
            found[side][each.field(side).name.lower()] = (
                rule.type if rule is not None else each.field(side).type
            )
    return found


def compile_pair(
    connection: duckdb.DuckDBPyConnection, pair: ResolvedPair, *, absent: Side | None = None
) -> Compiled:
    """The SQL of one pair. It reads `mirror_pairs`, `agreed_held_<side>` and the raw tables.

    `absent`: the side whose records are to be created; every field of theirs is empty.
    """
    kinds = kinds_of(pair)
    missing: list[tuple[Side, str]] = []
    ctes = []
    for side in SIDES:
        source = source_of(VENDORS[side], pair.object_of(side))
        there = columns_of(connection, source.table)
        missing += [(side, name) for name in kinds[side] if name not in there]
        ctes.append(_side(connection, pair, side, source, kinds[side], there))
    names: Columns = {
        side: {name: (f"w.{quoted(f'{side}:{name}')}", kind) for name, kind in kinds[side].items()}
        for side in SIDES
    }
    object_name = text_literal(pair.right_object)
    join = {side: "left join" if side == absent else "join" for side in SIDES}
    staged = (
        f"create or replace temp table mirror_wide as with left_side as ({ctes[0]}), "
        f"right_side as ({ctes[1]}) select p.left_key || '|' || p.right_key as pair_key, p.*, "
        "l.* exclude (id), r.* exclude (id), "
        "coalesce(l.left_overlaid, false) or coalesce(r.right_overlaid, false) as is_overlaid "
        "from mirror_pairs p "
        f"{join['left']} left_side l on l.id = p.left_id {join['right']} right_side r on r.id = p.right_id "
        f"where p.right_object = {object_name}"
    )
    lines = [_Line(i, each, names, kinds) for i, each in enumerate(pair.lines)]
    return Compiled(staged, _opened(lines), _agreed(lines), tuple(missing))


# -- one side --------------------------------------------------------------------------------------------


def _side(
    connection: duckdb.DuckDBPyConnection, pair: ResolvedPair, side: Side, source: Source,
    kinds: dict[str, FieldType], there: dict[str, str],
) -> str:  # fmt: skip
    """Canonical text of every field of the side's records: the extract's, or a newer one a CRM confirmed."""
    computed = {e.left.name.lower(): e.computed for e in pair.lines if e.computed} if side == "left" else {}
    shown, joins = [], []
    for n, (name, kind) in enumerate(kinds.items()):
        raw = _canonical(kind, f"t.{quoted(name)}", there.get(name, "")) if name in there else "null::varchar"
        key = text_literal(name)
        value = f"case when map_contains(o.held, {key}) then o.held[{key}] else {raw} end"
        if name in computed:
            joins.append(
                f"left join reverse_sync.{computed[name]} d{n} on d{n}.record_id = t.{quoted(source.id)}"
            )
            value = _with_desired(kind, value, f"d{n}.{quoted(name)}")
        shown.append(f"{value} as {quoted(f'{side}:{name}')}")
    changed = _history(connection, source, kinds)
    joins.append(f"left join ({changed}) h on h.id = t.{quoted(source.id)}")
    joins.append(f"left join agreed_held_{side} o on o.record_id = t.{quoted(source.id)}")
    modified, created = (
        f"t.{quoted(name)}::timestamptz" if name.lower() in there else "null::timestamptz"
        for name in (source.modified, source.created)
    )
    unchanged = _unchanged(connection, source, kinds, created, modified) if side == "right" else "null"
    return (
        f"select t.{quoted(source.id)} as id, {', '.join(shown)}, "
        f"map_concat({unchanged}, h.changed) as {side}_changed, {modified} as {side}_modified, "
        f"o.held is not null as {side}_overlaid "
        f"from {source.table} t {' '.join(joins)} where {source.alive.replace('deleted_at', 't.deleted_at')}"
    )


def _canonical(kind: FieldType, column: str, raw_type: str) -> str:
    if kind == "set":
        return set_sql(column) if raw_type.endswith("[]") else canonical_sql(kind, column)
    if raw_type.endswith("[]"):
        return set_sql(column)
    if kind == "integer" and raw_type == "VARCHAR":
        return canonical_sql(kind, f"try_cast({column} as decimal(38, 8))")
    return canonical_sql(kind, column)


def _with_desired(kind: FieldType, existing: str, desired: str) -> str:
    wished = canonical_sql(kind, desired)
    if kind in NUMERIC:
        near = f"abs(try_cast({wished} as decimal(38, 8)) - try_cast({existing} as decimal(38, 8))) <= 1"
        return f"if({existing} is not null and {near}, {existing}, coalesce({wished}, {existing}))"
    return f"coalesce({wished}, {existing})"


def _history(connection: duckdb.DuckDBPyConnection, source: Source, kinds: dict[str, FieldType]) -> str:
    """(id, changed): when each field last changed, by the vendor's own history where the extract has it."""
    table, id_column, _, moment = source.history
    if columns_of(connection, table) == {} or not kinds:
        return "select null::varchar as id, null::map(varchar, timestamptz) as changed where false"
    return (
        "select id, map_from_entries(list((name, moment))) as changed "
        f"from (select {quoted(id_column)} as id, {_field_of(source, kinds)} as name, "
        f"max({quoted(moment)})::timestamptz as moment from {table} group by 1, 2) "
        "where name is not null group by id"
    )


def _field_of(source: Source, kinds: dict[str, FieldType]) -> str:
    """The field that a row of a history is of. Salesforce's call a reference by what it leads to: Owner."""
    said = {name: name for name in kinds}
    said |= {
        name.removesuffix("id"): name for name, kind in kinds.items()
        if kind == "reference" and name.endswith("id") and name.removesuffix("id") not in kinds
    }  # fmt: skip
    cases = " ".join(f"when {text_literal(a)} then {text_literal(b)}" for a, b in said.items())
    return f"case lower({quoted(source.history[2])}) {cases} end"


def _unchanged(
    connection: duckdb.DuckDBPyConnection, source: Source, kinds: dict[str, FieldType], created: str,
    modified: str,
) -> str:  # fmt: skip
    """When a field changed last that Salesforce keeps a history of and that has none of this record: when the
    record was made, or before the history begins. Other fields of it may have changed since."""
    table, _, _, moment = source.history
    if columns_of(connection, table) == {} or not kinds:
        return "null"
    kept = connection.execute(
        f"select {_field_of(source, kinds)} as name, min({quoted(moment)})::timestamptz from {table} "
        "group by 1 having name is not null order by 1"
    ).fetchall()
    since = (
        f"{text_literal(name)}: least({modified}, greatest({created}, "
        f"{text_literal(first.isoformat())}::timestamptz))"
        for name, first in kept
        if first is not None
    )
    return f"map {{{', '.join(since)}}}" if kept else "null"


# -- lines -----------------------------------------------------------------------------------------------


class _Line:
    """The SQL of one line over `mirror_wide w`."""

    def __init__(self, number: int, each: ResolvedLine, columns: Columns, kinds: Kinds) -> None:
        self.number, self.each, self.line = number, each, each.line
        metas: dict[Side, FieldMeta] = {"left": each.left, "right": each.right}
        names = {side: metas[side].name.lower() for side in SIDES}
        self.value = {side: columns[side][names[side]][0] for side in SIDES}
        ends = {side: (kinds[side][names[side]], metas[side].meaning) for side in SIDES}
        self.is_box = each.right.type == "boolean"
        self.wish: dict[Side, str] = {"left": "null::varchar", "right": "null::varchar"}
        for side in SIDES:
            other: Side = "left" if side == "right" else "right"
            if self.line.writes(side):
                self.wish[side] = converted(
                    self.line, side, self.value[other], columns, ends[other], ends[side]
                )
        self.parts = {side: sayable(self.line, side, self.value[side], ends[side][0]) for side in SIDES}
        self.unsaid = {side: each[1] if each else "null::varchar" for side, each in self.parts.items()}
        self.changed = {side: self._moment(side, names[side]) for side in SIDES}
        self.meanings = {side: metas[side].meaning for side in SIDES}

    def _moment(self, side: Side, name: str) -> str:
        """When what the line reads on a side last changed: its field, and what it reads beside that."""
        beside = (each.lower() for end, each in read_besides(self.line) if end == side)
        read = dict.fromkeys((name, *beside))
        moments = (f"coalesce(w.{side}_changed[{text_literal(each)}], w.{side}_modified)" for each in read)
        return f"greatest({', '.join(moments)})" if len(read) > 1 else next(moments)

    @property
    def agrees(self) -> str:
        """Both hold the same, said either way, or both nothing. What two expressions make of several fields
        is the same only where the destination holds what the source's fields come to."""
        written = [side for side in SIDES if self.line.writes(side)]
        if self.line.to_left and self.line.to_right:
            written = [side for side in written if side != self.line.source] or written
        same = [f"coalesce({self._same(side)}, false)" for side in written]
        filled = [
            f"{self.value[side]} is not null"
            for side in SIDES
            if self.line.writes(side) and self.line.write == "fill_if_empty"
        ]
        rest = " and ".join(filled) if len(filled) == 1 else "false"
        has_default = self.line.default_left is not None or self.line.default_right is not None
        empty = f"({self.value['left']} is null and {self.value['right']} is null)"
        if has_default or self.line.required:
            empty = "false"
        return f"({' or '.join([*same, rest, empty, self._cleared_box])})"

    @property
    def _cleared_box(self) -> str:
        """Salesforce has no empty checkbox: one that is not ticked is what an empty field becomes there."""
        is_box = self.line.blanks == "clear" and self.line.writes("right") and self.is_box
        return f"({self.value['left']} is null and {self.value['right']} = 'false')" if is_box else "false"

    def _same(self, side: Side) -> str:
        """Whether a side holds what the other wishes; of a set only what the other can say is asked."""
        wish, value, meaning = self.wish[side], self.value[side], self.meanings[side]
        parts = self.parts[side]
        if parts is None:
            return f"{comparable(self.line, wish, meaning)} = {comparable(self.line, value, meaning)}"
        both = f"{self.value['left']} is not null and {self.value['right']} is not null"
        return f"({both} and {wish} is not distinct from {parts[0]}) or {wish} = {value}"

    @property
    def struct(self) -> str:
        parts = {
            "line": f"{self.number}", "l": self.value["left"], "r": self.value["right"],
            "fl": self.wish["right"], "gr": self.wish["left"],
            "kl": self.unsaid["left"], "kr": self.unsaid["right"],
            "lt": self.changed["left"], "rt": self.changed["right"], "same": self.agrees,
        }  # fmt: skip
        shown = ", ".join(f"'{name}': {sql}" for name, sql in parts.items())
        return f"case when w.is_overlaid or not {self.agrees} then {{{shown}}} end"


def _opened(lines: Sequence[_Line]) -> str:
    cells = ", ".join(each.struct for each in lines)
    return (
        "select w.pair_key, w.entity_id, w.left_id, w.left_key, w.right_id, w.right_key, unnest(c) "
        f"from (select w.*, unnest(list_filter([{cells}], lambda c: c is not null)) as c "
        "from mirror_wide w) w"
    )


def _agreed(lines: Sequence[_Line]) -> str:
    """The lines that agree, for the next comparison: by name, what each side holds."""
    entries = ", ".join(
        f"case when {each.agrees} then {{'name': {text_literal(each.line.name)}, "
        f"'held': [{each.value['left']}, {each.value['right']}]}} end"
        for each in lines
    )
    return f"select w.pair_key, list_filter([{entries}], lambda c: c is not null) as lines from mirror_wide w"
