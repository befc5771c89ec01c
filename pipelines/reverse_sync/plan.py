"""The plan: an exact list of what would be written, why, and what it would cost. It changes nothing.

Belongs here: making a plan from the published file and the state. How values are compared is `diff.py`, what
is read of the comparison `cells.py`, the file format `planfile.py`, the writing `apply.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from itertools import chain
from math import ceil
from typing import Any

import duckdb

from pipelines.errors import CrmError
from pipelines.reverse_sync import (
    buried,
    cells,
    coexistence,
    diff,
    guards,
    met_since,
    pace,
    planfile,
    rekeyed,
    suppressed,
    unconnected,
    unreached,
)
from pipelines.reverse_sync.actions import desired
from pipelines.reverse_sync.actions.registry import REGISTRY, Registry
from pipelines.reverse_sync.cells import HELD_SHOWN
from pipelines.reverse_sync.forecast import NOTHING_READ, TRACKED, Listening, forecast
from pipelines.reverse_sync.mirror import choices, written_over
from pipelines.reverse_sync.mirror.effective import effective
from pipelines.reverse_sync.planned import ActionSummary, Held, Plan, Sample, SyncSummary
from pipelines.rules.events import load_events
from pipelines.rules.extract import load_extract
from pipelines.rules.frequency import MINUTES_A_DAY
from pipelines.rules.syncs import Sync, Syncs, load_syncs
from pipelines.rules.tables import config_hash
from pipelines.run import Progress, Run
from pipelines.settings import Settings
from pipelines.state import State, agreed, api_days, dead_letters, held_rows, suppression
from pipelines.warehouse import Warehouse, latest_publish

__all__ = ["Held", "Plan", "Sample", "SyncSummary", "make"]


def make(
    warehouse: Warehouse, state: State, settings: Settings, run: Run, progress: Progress, *,
    registry: Registry = REGISTRY, of_all: bool = True,
) -> Plan:  # fmt: skip
    """Compare what the CRMs should hold with what they hold, and write the difference to `var/plans/`. Not
    `of_all`: of a few people, so that what a plan of all holds back stays listed."""
    with warehouse.reading("published") as connection:
        syncs = effective(connection, settings.config_dir)
        try:
            return _Making(connection, state, settings, syncs, run, progress, registry, of_all).plan()
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise CrmError(
                f"a table to plan from is not as this version reads it ({str(error).splitlines()[0]})",
                where="what is published",
                remedy="refresh first if an earlier version published it (crm extract to crm publish)",
            ) from error


class _Making:
    """One plan in the works."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, state: State, settings: Settings, syncs: Syncs, run: Run,
        progress: Progress, registry: Registry, of_all: bool = True,
    ) -> None:  # fmt: skip
        self.registry, self.of_all = registry, of_all
        self.connection, self.state, self.settings = connection, state, settings
        self.syncs, self.run, self.progress = syncs, run, progress
        self.windows: dict[str, datetime | None] = {}
        self.notes: tuple[str, ...] = ()
        self.readings: dict[str, Listening] = {}

    def plan(self) -> Plan:
        """Compare, guard, write the file."""
        connection = self.connection
        self._prepare()
        sizes = {}
        for done, (name, sync) in enumerate(self.syncs.syncs.items()):
            self.progress(name, done, len(self.syncs.syncs))
            sizes[name] = diff.compare(connection, name, sync, self.windows[name])
        self.notes = met_since.leave(connection, self.state, self.syncs.syncs)
        self.notes += coexistence.hold(connection, self.syncs.syncs)
        if self.of_all:
            told = (unreached, choices, written_over)
            self.notes += tuple(note for each in told for note in each.notes(connection))
        without = unconnected.vendors(self.settings)
        self.notes += unconnected.hold(connection, self.syncs.syncs, without)
        with self.state.reading() as reading:
            erased = suppression.load(reading, self.settings.paths.suppression_key)
            buried.hold(connection, dead_letters.buried(reading))
        suppressed.hold(connection, erased)
        self.wanted = desired.wanted(
            connection, self.state, self.syncs.guards.actions, erased, self.registry, self._made_at, without
        )
        self.progress("plan", len(self.syncs.syncs), len(self.syncs.syncs))
        summaries = {name: self._summary(name, sync, *sizes[name]) for name, sync in self.syncs.syncs.items()}
        guarded = [(n, s.existing) for n, s in summaries.items() if not self.syncs.syncs[n].consent]
        with self.state.reading() as reading:
            stopped = tuple(
                guards.exceeded(
                    connection, {name: (self.syncs.syncs[name], there) for name, there in guarded},
                    self.syncs.guards,
                    lambda sync: agreed.records(reading, sync.vendor, sync.object, list(sync.fields)),
                )
            )  # fmt: skip
            stopped += tuple(rekeyed.exceeded(connection, reading, guarded, self.syncs.guards))
        stopped += tuple(desired.exceeded(self.wanted, self.syncs.guards.actions))
        stopped += tuple(guards.leaving(self.wanted.todo, self.syncs.guards))
        return self._write(summaries, stopped)

    @property
    def _made_at(self) -> datetime | None:
        return max((moment for moment in self.windows.values() if moment is not None), default=None)

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
        counted = cells.fields(self.connection, name)
        records = cells.records(self.connection, name)
        return SyncSummary(
            vendor=sync.vendor, object=sync.object, desired=desired, existing=existing, records=records,
            fields={row[0]: row[1] for row in counted if row[1]},
            kept={row[0]: row[2] for row in counted if row[2]},
            held=cells.count(self.connection, "held where sync = ?", "*", name),
            calls=replace(
                forecast(
                    sync.vendor, records, consent=sync.consent, object_name=sync.object,
                    rows=cells.rows_then(self.connection, name, sync),
                    is_dated=self.of_all and self.windows[name] is not None,
                    looks_at_each=self.of_all and self.syncs.look_before_writing == "each",
                ),
                reading=self._reading(sync),
            ),
            note=self._why_empty(sync, desired),
        )  # fmt: skip

    def _reading(self, sync: Sync) -> Listening:
        """What is read of its vendor in a day, where `pace` says how many calls there are for all."""
        if not (sync.syncFrequency and sync.vendor in self.syncs.pace.calls_a_day):
            return NOTHING_READ
        if sync.vendor not in self.readings:
            self.readings[sync.vendor] = self._listening(sync.vendor)
        return self.readings[sync.vendor]

    def _listening(self, vendor: str) -> Listening:
        whole, tracked = diff.calls_to_read(self.connection, vendor, TRACKED)
        refreshes = ceil(timedelta(days=1) / load_events(self.settings.config_dir).refresh_every)
        every = load_extract(self.settings.config_dir).marketing_cloud.whole_every_minutes
        return Listening(whole, tracked, min(refreshes, ceil(MINUTES_A_DAY / every)), refreshes)

    def _why_empty(self, sync: Sync, desired: int) -> str:
        if desired:
            return ""
        if not cells.has_people(self.connection):
            return f"this world has no people, so nothing is written to {sync.vendor} {sync.object}"
        return f"no person has a record in {sync.vendor} {sync.object}"

    def _write(self, summaries: dict[str, SyncSummary], stopped: tuple[str, ...]) -> Plan:
        folder = self.settings.paths.plans
        actions = desired.summaries(self.wanted, self.registry)
        body = folder / f"{self.run.id}.lines"
        lines = chain(cells.lines(self.connection, self.syncs.syncs), desired.lines(self.wanted))
        sha256, _ = planfile.spool_lines(lines, body)
        publish_id = latest_publish(self.connection)
        content = hashlib.sha256(f"{publish_id} {sha256}".encode()).hexdigest()
        plan_id = f"{self.run.id}-{content[:8]}"
        plan = Plan(
            plan_id=plan_id, publish_id=publish_id, path=folder / f"{plan_id}.jsonl",
            made_at=self._made_at, config_hash=config_hash(self.settings.config_dir), syncs=summaries,
            actions=actions,
            held=(*cells.held(self.connection), *self.wanted.held[:HELD_SHOWN]),
            samples=cells.samples(self.connection, self.syncs.syncs),
            findings=cells.findings(self.connection), stopped=stopped,
            notes=(
                *dict.fromkeys(s.note for s in summaries.values() if s.note), *self.notes,
                *self._costs(summaries, actions), *self._shares(summaries),
            ),
            warnings=self._warnings(summaries),
        )  # fmt: skip
        planfile.assemble(self._header(plan, sha256), body, plan.path)
        if self.of_all:
            with self.state.writing() as state:
                held_rows.replace(state, plan_id, cells.all_held(self.connection))
        return plan

    def _header(self, plan: Plan, sha256: str) -> dict[str, Any]:
        return {
            "plan_id": plan.plan_id, "run_id": self.run.id, "publish_id": plan.publish_id,
            "made_at": _iso(plan.made_at), "config_hash": plan.config_hash,
            "rules": load_syncs(self.settings.config_dir).fingerprint, "asks_who_changed": self.of_all,
            "look_before_writing": self.syncs.look_before_writing,
            "extracted_until": {name: _iso(moment) for name, moment in self.windows.items()},
            "counts": {
                name: {
                    "desired": s.desired, "existing": s.existing, "records": s.records,
                    "operations": {"update": s.records}, "fields": s.fields, "kept": s.kept, "held": s.held,
                }
                for name, s in plan.syncs.items()
            },
            "actions": {name: asdict(summary) for name, summary in plan.actions.items()},
            "calls": {name: s.calls.as_dict() for name, s in plan.syncs.items()},
            "held": [vars(held) for held in plan.held],
            "stopped": list(plan.stopped), "notes": list(plan.notes), "warnings": list(plan.warnings),
            "sha256": sha256,
        }  # fmt: skip

    def _costs(
        self, summaries: dict[str, SyncSummary], actions: Mapping[str, ActionSummary]
    ) -> Iterator[str]:
        """What each setting of syncFrequency costs in calls a day, by the size of this plan."""
        with self.state.reading() as reading:
            found = pace.paces(self.syncs.syncs, summaries, pace.limits(reading), self.syncs, actions)
        for name, each in found.items():
            if each.calls:
                yield f"{name}: {each}"

    def _shares(self, summaries: dict[str, SyncSummary]) -> Iterator[str]:
        """What the plan takes of each CRM's day, as the CRM told of it last."""
        with self.state.reading() as connection:
            days = api_days.load(connection)
        share = self.syncs.budget.daily_share
        for vendor, day in days.items():
            calls = sum(each.calls.total for each in summaries.values() if each.vendor == vendor)
            if not calls:
                continue
            said = f"{vendor}: {calls:,} calls are {calls / day.allowed:.2%} of the {day.allowed:,} of a day"
            free = day.remaining - round((1 - share) * day.allowed)
            if calls > free:
                said += (
                    f"; {max(free, 0):,} were free for writing: it stops at {share:.0%} of the day "
                    "and goes on when it is applied again"
                )
            yield said

    def _warnings(self, summaries: dict[str, SyncSummary]) -> tuple[str, ...]:
        found = []
        for name, summary in summaries.items():
            if summary.records and self.windows[name] is None:
                found.append(f"{name}: no extract says how fresh the existing values are")
            if summary.held:
                found.append(f"{name}: {summary.held:,} records are held back")
        held = Counter(each.reason for each in self.wanted.held)
        found += [f"{n:,} actions are held back: {reason}" for reason, n in held.items()]
        return tuple(found)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
