"""The step that mirrors: from mappings to desired cells, conflicts and what is held.

Belongs here: the tables it leaves and the order of things. They are `reverse_sync.mirrored_cells`,
`mirrored_fields`, `mirror_held`, `mirror_skipped`, `conflicts`, `mirror_run`, and `intermediate.mirror_base`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.errors import ConfigError
from pipelines.objects.sql import columns_of, quoted, text_literal
from pipelines.reverse_sync import diff
from pipelines.reverse_sync.actions.base import empty_table_sql
from pipelines.reverse_sync.mirror import agreement, choices, creates, deletions, records, settle
from pipelines.reverse_sync.mirror.effective import mappings_hash
from pipelines.reverse_sync.mirror.findings import refuse
from pipelines.reverse_sync.mirror.metadata import Metadata
from pipelines.reverse_sync.mirror.records import source_of
from pipelines.reverse_sync.mirror.resolve import SIDES, ResolvedPair, resolve
from pipelines.reverse_sync.mirror.values_sql import compile_pair
from pipelines.rules.fields import load_fields
from pipelines.rules.mappings import Mapping, load_mappings
from pipelines.rules.mappings.load import OTHER
from pipelines.rules.mappings.model import VENDORS, Side
from pipelines.rules.syncs import Syncs, load_syncs
from pipelines.state import State, agreed, conflict_choices, created, mirrored

_TABLES = """
create schema if not exists reverse_sync;
create schema if not exists intermediate;
create or replace table reverse_sync.mirrored_cells (
    sync varchar, vendor varchar, object varchar, record_id varchar, record_key varchar, person_id varchar,
    field varchar, before varchar, value varchar, provider varchar, rule varchar, changed_at timestamptz
);
create or replace table reverse_sync.mirrored_fields (
    sync varchar, vendor varchar, object varchar, field varchar, position integer, type varchar,
    owner varchar, policy varchar, value_order varchar[], rule varchar, other_object varchar,
    other_field varchar
);
create or replace table reverse_sync.mirror_held (
    sync varchar, record_id varchar, record_key varchar, field varchar, reason varchar
);
create or replace table reverse_sync.mirror_skipped (
    mapping varchar, vendor varchar, object varchar, record_id varchar, record_key varchar, reason varchar
);
create table if not exists reverse_sync.conflicts (
    conflict_id varchar, mapping varchar, rule varchar, person_id varchar, left_key varchar,
    right_key varchar, field_left varchar, field_right varchar, left_value varchar,
    right_value varchar, agreed_left varchar, agreed_right varchar,
    left_changed_at timestamptz, right_changed_at timestamptz, strategy varchar,
    outcome varchar, run_id varchar, seen_at timestamptz
);
create or replace table reverse_sync.mirror_run (mappings_hash varchar);
create or replace table intermediate.mirror_base (pair_key varchar, content varchar);
"""


def _pointer(name: str) -> str:
    """A line's name as part of a JSON pointer."""
    return f"replace(replace({name}, '~', '~0'), '/', '~1')"


@dataclass(frozen=True)
class Mirrored:
    """Rows the step left."""

    cells: int = 0
    conflicts: int = 0
    held: int = 0
    skipped: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.skipped:
            return ()
        return (f"{self.skipped:,} records are not mirrored, see reverse_sync.mirror_skipped",)

    @property
    def counts(self) -> dict[str, int]:
        return {"mirrored cells": self.cells, "conflicts": self.conflicts, "held": self.held}


def mirror(
    connection: duckdb.DuckDBPyConnection, state: State, config_dir: Path, metadata: Metadata,
    run_id: str, as_of: datetime,
) -> Mirrored:  # fmt: skip
    """Leave the mirrored cells of every mapping. Raises ConfigError when a line cannot hold."""
    mappings, syncs = load_mappings(config_dir), load_syncs(config_dir)
    connection.execute(_TABLES + agreement.TABLES + choices.TABLE)
    for actions in ("reverse_sync.actions_creates", "reverse_sync.actions_deletes"):
        connection.execute(empty_table_sql(actions))
    records.make_views(connection)
    connection.execute("insert into reverse_sync.mirror_run values (?)", [mappings_hash(config_dir)])
    if not mappings:
        return Mirrored()
    resolved = resolve(mappings, metadata, syncs, load_fields(config_dir))
    refuse(resolved.findings)
    with state.reading() as reading:
        diff.register_agreed(connection, agreed.since(reading, None))
        connection.register("mirrored_kept", mirrored.load(reading))
        connection.register("conflict_choices", conflict_choices.load(reading))
        connection.register("created_records", created.load(reading))
        connection.register("deleted_records", created.deleted(reading))
    records.inherit(connection)
    records.make_lookups(connection, {str(each.line.convert) for p in resolved.pairs for each in p.lines})
    work = _Mirroring(connection, syncs, run_id, as_of)
    for mapping in mappings:
        work.mapping(mapping, [pair for pair in resolved.pairs if pair.mapping == mapping])
    creates.link(connection)
    for name in ("mirrored_kept", "conflict_choices", "created_records", "deleted_records"):
        connection.unregister(name)
    return work.counted()


class _Mirroring:
    def __init__(
        self, connection: duckdb.DuckDBPyConnection, syncs: Syncs, run_id: str, as_of: datetime
    ) -> None:
        self.connection, self.syncs, self.run_id, self.as_of = connection, syncs, run_id, as_of

    def mapping(self, mapping: Mapping, pairs: Sequence[ResolvedPair]) -> None:
        records.make_pairs(self.connection, mapping)
        self.connection.execute(
            "insert into reverse_sync.mirror_skipped select ?, *, 'another record of the same "
            "' || ? || ' is mirrored; merge the two' from mirror_alone",
            [mapping.name, mapping.entity],
        )
        for pair in pairs:
            self._overlay(pair)
            self._pair(pair)
        deletions.find(self.connection, mapping)
        deletions.wish(self.connection, mapping)
        for side in sorted(mapping.creates):
            creates.wish(self.connection, mapping, pairs, side)

    def _overlay(self, pair: ResolvedPair) -> None:
        """What a CRM confirmed after the extract reached it is what it holds."""
        for side in SIDES:
            vendor, object_name = VENDORS[side], pair.object_of(side)
            self.connection.execute(
                f"create or replace temp table agreed_held_{side} as "
                "select substr(record_key, length(split_part(record_key, ':', 1)) "
                "+ length(split_part(record_key, ':', 2)) + length(split_part(record_key, ':', 3)) + 4) "
                "as record_id, map_from_entries(list((lower(field), value))) as held from agreed_values "
                "where split_part(record_key, ':', 1) = ? and split_part(record_key, ':', 3) = ? "
                "and agreed_at > coalesce(?, '-infinity'::timestamptz) group by record_key",
                [vendor, object_name, diff.extracted_until(self.connection, vendor, object_name)],
            )

    def _pair(self, pair: ResolvedPair) -> None:
        connection = self.connection
        if not self._was_read(pair):
            return
        compiled = compile_pair(connection, pair)
        for side, name in compiled.missing:
            raise ConfigError(
                f"{VENDORS[side]} {pair.object_of(side)}.{name} is mapped and the extract does not bring it",
                where=pair.mapping.file, remedy="add it to config/extract.yml, or remove the line",
            )  # fmt: skip
        connection.execute(compiled.staged)
        connection.execute(f"create or replace temp table mirror_open as {compiled.opened}")
        connection.execute(
            "create or replace temp table seen_conflicts as select left_key, right_key, field_left, "
            "field_right, left_value, right_value, agreed_left, agreed_right, "
            "arg_min(left_changed_at, seen_at) as lt, "
            "arg_min(right_changed_at, seen_at) as rt from reverse_sync.conflicts where mapping = ? "
            "group by all",
            [pair.mapping.name],
        )
        settle.settle(connection, pair)
        agreement.note(connection, pair)
        self._conflicts(pair)
        for side in SIDES:
            self._cells(pair, side)
            self._fields(pair, side)
        self._base(compiled.agreed)

    def _was_read(self, pair: ResolvedPair) -> bool:
        """A custom object of which no record has been read has no table yet, and nothing to keep in step."""
        tables = [source_of(VENDORS[side], pair.object_of(side)).table for side in SIDES]
        return all(columns_of(self.connection, table) for table in tables)

    def _cells(self, pair: ResolvedPair, side: Side) -> None:
        """The wishes of one side: those that can be written become cells, the others are held."""
        connection, sync = self.connection, pair.sync_name(side, self.syncs)
        held = "l" if side == "left" else "r"
        written = [n for n, each in enumerate(pair.lines) if each.line.writes(side)]
        connection.execute(
            f"create or replace temp table mirror_wished as select {side}_id as record_id, {side}_key as "
            f"record_key, entity_id, line, field_{side} as field, {held} as before, wish_{side} as value, "
            f"rule, {'lt' if side == 'right' else 'rt'} as changed_at, {settle.problem_sql(side)} as problem "
            f"from mirror_outcome where line in ({', '.join(map(str, written)) or 'null'}) "
            f"and (wish_{side} is not null or outcome in ('left', 'right', 'empty'))"
        )
        for number in written:
            if pair.lines[number].field(side).unique:
                self._unique(pair, side, number)
        connection.execute(
            "insert into reverse_sync.mirror_held select ?, record_id, record_key, field, problem "
            "from mirror_wished where problem is not null",
            [sync],
        )
        person = "entity_id" if pair.mapping.entity == "person" else "null"
        connection.execute(
            f"insert into reverse_sync.mirrored_cells select ?, ?, ?, record_id, record_key, {person}, "
            "field, before, value, 'mirrored', rule, changed_at from mirror_wished "
            "where problem is null and value is not null and value is distinct from before",
            [sync, VENDORS[side], pair.object_of(side)],
        )

    def _unique(self, pair: ResolvedPair, side: Side, number: int) -> None:
        """A value that another record has, or is to get, would be refused by the CRM: hold it."""
        source = source_of(VENDORS[side], pair.object_of(side))
        name = pair.lines[number].field(side).name
        same = f"lower(trim(t.{quoted(name)}::varchar)) = lower(c.value)"
        self.connection.execute(
            "update mirror_wished w set problem = w.value || ' belongs to another record, ' || x.other from ("
            f"select c.record_id, min(t.{quoted(source.id)}) as other from mirror_wished c "
            f"join {source.table} t on {same} and t.{quoted(source.id)} <> c.record_id "
            f"where c.line = {number} and {source.alive.replace('deleted_at', 't.deleted_at')} group by 1) x "
            f"where w.record_id = x.record_id and w.line = {number} and w.problem is null"
        )
        self.connection.execute(
            "update mirror_wished w set problem = w.value || ' would go to more than one record' from ("
            f"select lower(value) as value from mirror_wished where line = {number} and value is not null "
            "group by 1 having count(*) > 1) x "
            f"where lower(w.value) = x.value and w.line = {number} and w.problem is null"
        )

    def _fields(self, pair: ResolvedPair, side: Side) -> None:
        other = OTHER[side]
        for number, each in enumerate(pair.lines):
            rule = each.rules.get(side)
            if rule is not None:
                self.connection.execute(
                    "insert into reverse_sync.mirrored_fields values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        pair.sync_name(side, self.syncs), VENDORS[side], pair.object_of(side),
                        each.field(side).name, number, rule.type, rule.owner, rule.policy, list(rule.order),
                        rule.rule, pair.object_of(other), each.field(other).name,
                    ],
                )  # fmt: skip

    def _conflicts(self, pair: ResolvedPair) -> None:
        """Each conflict once: what both sides hold, what they agreed on, and who won."""
        person = "entity_id" if pair.mapping.entity == "person" else "null"
        self.connection.execute(
            "insert into reverse_sync.conflicts by name "
            f"select {settle.CONFLICT_ID} as conflict_id, ? as mapping, rule, {person} as person_id, "
            "left_key, right_key, field_left, field_right, l as left_value, r as right_value, "
            "bl as agreed_left, br as agreed_right, "
            "lt as left_changed_at, rt as right_changed_at, strategy, outcome, ? as run_id, "
            "?::timestamptz as seen_at from mirror_outcome o "
            "where (is_conflict and outcome <> 'agreed' or outcome = 'no counterpart') "
            "and not exists (select 1 from reverse_sync.conflicts c where c.left_key = o.left_key "
            "and c.right_key = o.right_key and c.field_left = o.field_left and c.outcome = o.outcome "
            "and c.left_value is not distinct from o.l and c.right_value is not distinct from o.r "
            "and c.agreed_left is not distinct from o.bl and c.agreed_right is not distinct from o.br)",
            [pair.mapping.name, self.run_id, self.as_of],
        )
        choices.note(self.connection, pair)

    def _base(self, agreed_sql: str) -> None:
        """What agrees now, over what was agreed before on the lines that differ, and since when (`@at`): of a
        new pair for all lines at once, then of each line that agrees on something else."""
        at = text_literal(self.as_of.astimezone(UTC).isoformat())
        said = "list_transform(a.lines, lambda x: (x.name, x.held))"
        moved = (
            f"list_transform(list_filter(a.lines, lambda x: json(to_json(x.held)) is distinct from "
            f"json_extract(k.content, '/' || {_pointer('x.name')})), lambda x: (x.name, {at}))"
        )
        self.connection.execute(
            "insert into intermediate.mirror_base "
            f"with told as (select a.*, coalesce(json(to_json(map_from_entries({said}))), '{{}}') as said "
            f"from ({agreed_sql}) a), "
            "merged as (select a.*, k.content as before, json_merge_patch(k.content, a.said) as content "
            "from told a left join mirrored_kept k on k.pair_key = a.pair_key) "
            "select a.pair_key, case "
            f"when a.before is null then json_merge_patch(a.said, json_object('@at', json_object('', {at}))) "
            "when a.content = json(a.before) then a.before "
            "else json_merge_patch(a.content, json_object('@at', "
            f"json(to_json(map_from_entries({moved.replace('k.content', 'a.before')}))))) end "
            "from merged a"
        )

    def counted(self) -> Mirrored:
        def count(table: str, where: str = "true") -> int:
            row = self.connection.execute(
                f"select count(*) from reverse_sync.{table} where {where}"
            ).fetchone()
            return int(row[0]) if row else 0

        return Mirrored(
            cells=count("mirrored_cells"), held=count("mirror_held"), skipped=count("mirror_skipped"),
            conflicts=count("conflicts", f"run_id = {text_literal(self.run_id)}"),
        )  # fmt: skip
