"""The plan: an exact list of what would be written, why, and what it would cost. It changes nothing.

Belongs here: making a plan from the published file and the state, and its summary. How values are compared is
`diff.py`, the file format `planfile.py`, the writing `apply.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.reverse_sync import diff, guards, planfile
from pipelines.reverse_sync.forecast import Forecast, forecast
from pipelines.rules.syncs import Sync, Syncs, load_syncs
from pipelines.rules.tables import config_hash
from pipelines.run import Progress, Run
from pipelines.settings import Settings
from pipelines.state import State, agreed
from pipelines.warehouse import Warehouse

_SAMPLES = 3
_HELD_SHOWN = 1_000
_LINES_AT_ONCE = 10_000


@dataclass(frozen=True)
class Held:
    """A record that is left out of the plan, and why."""

    sync: str
    record_id: str
    record_key: str
    reason: str


@dataclass(frozen=True)
class Sample:
    """One planned change as people read it. `label` is the person's name, where the marts know it."""

    sync: str
    record_id: str
    label: str
    fields: dict[str, planfile.FieldChange]


@dataclass(frozen=True)
class SyncSummary:
    """What a plan does for one sync. `fields` counts changes by field, `kept` those the policy forbids."""

    vendor: str
    object: str
    desired: int
    existing: int
    records: int
    fields: dict[str, int]
    kept: dict[str, int]
    held: int
    calls: Forecast
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan that was made and written to `path`. `stopped` are the guards it exceeds."""

    plan_id: str
    publish_id: str
    path: Path
    made_at: datetime | None
    config_hash: str
    syncs: dict[str, SyncSummary]
    held: tuple[Held, ...] = ()
    samples: tuple[Sample, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    stopped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        return sum(summary.records for summary in self.syncs.values())

    @property
    def is_empty(self) -> bool:
        return self.records == 0

    @property
    def calls(self) -> int:
        """API calls the forecast comes to; each vendor that is written to is asked once who it is."""
        vendors = {summary.vendor for summary in self.syncs.values() if summary.records}
        return sum(summary.calls.total for summary in self.syncs.values()) + len(vendors)

    @property
    def counts(self) -> dict[str, int]:
        """Records to change by sync, and what is held back."""
        changes = {name: summary.records for name, summary in self.syncs.items()}
        return changes | {"held": sum(s.held for s in self.syncs.values()), "calls": self.calls}


def make(warehouse: Warehouse, state: State, settings: Settings, run: Run, progress: Progress) -> Plan:
    """Compare what the CRMs should hold with what they hold, and write the difference to `var/plans/`."""
    syncs = load_syncs(settings.config_dir)
    with warehouse.reading("published") as connection:
        return _Making(connection, state, settings, syncs, run, progress).plan()


class _Making:
    """One plan in the works."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, state: State, settings: Settings, syncs: Syncs, run: Run,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.connection, self.state, self.settings = connection, state, settings
        self.syncs, self.run, self.progress = syncs, run, progress
        self.windows: dict[str, datetime | None] = {}

    def plan(self) -> Plan:
        """Compare, guard, write the file."""
        connection = self.connection
        self._prepare()
        sizes = {}
        for done, (name, sync) in enumerate(self.syncs.syncs.items()):
            self.progress(name, done, len(self.syncs.syncs))
            sizes[name] = diff.compare(connection, name, sync, self.windows[name])
        self.progress("plan", len(self.syncs.syncs), len(self.syncs.syncs))
        summaries = {name: self._summary(name, sync, *sizes[name]) for name, sync in self.syncs.syncs.items()}
        stopped = tuple(
            sentence
            for name in summaries
            for sentence in guards.exceeded(connection, name, summaries[name].existing, self.syncs.guards)
        )
        return self._write(summaries, stopped)

    def _prepare(self) -> None:
        connection = self.connection
        self.windows = {
            name: diff.extracted_until(connection, sync.vendor, sync.object)
            for name, sync in self.syncs.syncs.items()
        }
        known = [moment for moment in self.windows.values() if moment is not None]
        since = min(known) if len(known) == len(self.windows) else None
        with self.state.reading() as reading:
            diff.register_agreed(connection, agreed.since(reading, since))
        diff.create_tables(connection)

    def _summary(self, name: str, sync: Sync, desired: int, existing: int) -> SyncSummary:
        counted = self.connection.execute(
            "select field, count(*) filter (where verdict = 'change'), "
            "count(*) filter (where verdict = 'kept') "
            "from cells where sync = ? group by field, position order by position",
            [name],
        ).fetchall()
        records = _count(
            self.connection, "cells where verdict = 'change' and sync = ?", "distinct record_id", name
        )
        return SyncSummary(
            vendor=sync.vendor, object=sync.object, desired=desired, existing=existing, records=records,
            fields={row[0]: row[1] for row in counted if row[1]},
            kept={row[0]: row[2] for row in counted if row[2]},
            held=_count(self.connection, "held where sync = ?", "*", name),
            calls=forecast(sync.vendor, records), note=self._why_empty(sync, desired),
        )  # fmt: skip

    def _why_empty(self, sync: Sync, desired: int) -> str:
        if desired:
            return ""
        people = diff.has_table(self.connection, "marts", "unified_leads") and _count(
            self.connection, "marts.unified_leads"
        )
        if not people:
            return f"this world has no people, so nothing is written to {sync.vendor} {sync.object}"
        return f"no person has a record in {sync.vendor} {sync.object}"

    def _write(self, summaries: dict[str, SyncSummary], stopped: tuple[str, ...]) -> Plan:
        folder = self.settings.paths.plans
        body = folder / f"{self.run.id}.lines"
        sha256, _ = planfile.spool_lines(self._lines(), body)
        publish_id = latest_publish(self.connection)
        content = hashlib.sha256(f"{publish_id} {sha256}".encode()).hexdigest()
        plan_id = f"{self.run.id}-{content[:8]}"
        made_at = max((m for m in self.windows.values() if m is not None), default=None)
        plan = Plan(
            plan_id=plan_id, publish_id=publish_id, path=folder / f"{plan_id}.jsonl", made_at=made_at,
            config_hash=config_hash(self.settings.config_dir), syncs=summaries, held=self._held(),
            samples=self._samples(), findings=self._findings(), stopped=stopped,
            notes=tuple(dict.fromkeys(s.note for s in summaries.values() if s.note)),
            warnings=self._warnings(summaries),
        )  # fmt: skip
        planfile.assemble(self._header(plan, sha256), body, plan.path)
        return plan

    def _header(self, plan: Plan, sha256: str) -> dict[str, Any]:
        return {
            "plan_id": plan.plan_id, "run_id": self.run.id, "publish_id": plan.publish_id,
            "made_at": _iso(plan.made_at), "config_hash": plan.config_hash,
            "extracted_until": {name: _iso(moment) for name, moment in self.windows.items()},
            "counts": {
                name: {
                    "desired": s.desired, "existing": s.existing, "records": s.records,
                    "operations": {"update": s.records}, "fields": s.fields, "kept": s.kept, "held": s.held,
                }
                for name, s in plan.syncs.items()
            },
            "calls": {name: s.calls.as_dict() for name, s in plan.syncs.items()},
            "held": [vars(held) for held in plan.held],
            "stopped": list(plan.stopped), "notes": list(plan.notes), "warnings": list(plan.warnings),
            "sha256": sha256,
        }  # fmt: skip

    def _lines(self) -> Iterator[str]:
        """A line per record, in the order of the file of syncs and then by record id."""
        names = list(self.syncs.syncs)
        reader = self.connection.execute(
            f"{_LINE_SQL} order by list_position($names, c.sync), c.record_id",
            {"names": names, "vendors": [s.vendor for s in self.syncs.syncs.values()],
             "objects": [s.object for s in self.syncs.syncs.values()]},
        ).to_arrow_reader(_LINES_AT_ONCE)  # fmt: skip
        for batch in reader:
            yield from batch.column(0).to_pylist()

    def _held(self) -> tuple[Held, ...]:
        rows = self.connection.execute(
            f"select sync, record_id, record_key, reason from held order by all limit {_HELD_SHOWN}"
        ).fetchall()
        return tuple(Held(*row) for row in rows)

    def _samples(self) -> tuple[Sample, ...]:
        """Of each sync the records with most to change: they show most."""
        has_people = diff.has_table(self.connection, "marts", "unified_leads")
        people = (
            "marts.unified_leads"
            if has_people
            else "(select null as person_id, '' as full_name, '' as email)"
        )
        rows = self.connection.execute(
            "select c.sync, c.record_id, coalesce(any_value(p.full_name), any_value(p.email), ''), "
            "list({'field': field, 'before': before, 'after': after, 'provider': provider, 'rule': rule} "
            "order by position) as fields "
            f"from cells c left join {people} p on p.person_id = c.person_id where verdict = 'change' "
            "group by c.sync, c.record_id "
            "qualify row_number() over (partition by c.sync order by count(*) desc, c.record_id) <= ? "
            "order by list_position(?, c.sync), len(fields) desc, c.record_id",
            [_SAMPLES, list(self.syncs.syncs)],
        ).fetchall()
        return tuple(
            Sample(sync, record_id, label, {f.pop("field"): planfile.FieldChange(**f) for f in fields})
            for sync, record_id, label, fields in rows
        )

    def _findings(self) -> tuple[dict[str, Any], ...]:
        """Defects in the data that the marts found, the gravest kind first as the mart orders them."""
        if not diff.has_table(self.connection, "marts", "data_findings"):
            return ()
        found = self.connection.execute("select * from marts.data_findings order by all")
        names = [column[0] for column in found.description or ()]
        return tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())

    def _warnings(self, summaries: dict[str, SyncSummary]) -> tuple[str, ...]:
        found = []
        for name, summary in summaries.items():
            if summary.records and self.windows[name] is None:
                found.append(f"{name}: no extract says how fresh the existing values are")
            if summary.held:
                found.append(f"{name}: {summary.held:,} records are held back")
        return tuple(found)


_LINE_SQL = """
select json_object(
    'sync', c.sync,
    'vendor', $vendors[list_position($names, c.sync)],
    'object', $objects[list_position($names, c.sync)],
    'record_id', c.record_id,
    'record_key', any_value(c.record_key),
    'person_id', any_value(c.person_id),
    'operation', 'update',
    'fields', map_from_entries(list((
        c.field, {'before': c.before, 'after': c.after, 'provider': c.provider, 'rule': c.rule}
    ) order by c.position))
)::varchar
from cells c
where c.verdict = 'change'
group by c.sync, c.record_id
"""


def latest_publish(connection: duckdb.DuckDBPyConnection) -> str:
    """The id of the publish that a file came out of; empty when it does not say."""
    if not diff.has_table(connection, "ops", "publishes"):
        return ""
    row = connection.execute("select arg_max(publish_id, published_at) from ops.publishes").fetchone()
    return str(row[0]) if row and row[0] is not None else ""


def _count(connection: duckdb.DuckDBPyConnection, source: str, what: str = "*", *values: str) -> int:
    row = connection.execute(f"select count({what}) from {source}", list(values)).fetchone()
    return int(row[0]) if row else 0


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
