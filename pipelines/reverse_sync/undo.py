"""The way back: a plan that undoes what a run wrote, as far as it can be undone.

Belongs here: making that plan from the journal and from what the CRMs hold now. It is applied like any other.
What others changed since is left alone, opt-outs are never taken back, and what is final is listed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, or_, select

from pipelines.errors import UsageError
from pipelines.reverse_sync import planfile, unconnected
from pipelines.reverse_sync.actions import undoing
from pipelines.reverse_sync.actions.base import UNDO as UNDO_KIND
from pipelines.reverse_sync.actions.base import WAS_THERE
from pipelines.reverse_sync.actions.records import LINKED
from pipelines.reverse_sync.destinations.base import Destination, Opener
from pipelines.reverse_sync.destinations.open import opener
from pipelines.reverse_sync.forecast import forecast
from pipelines.reverse_sync.mirror.effective import load_effective
from pipelines.reverse_sync.planned import Held
from pipelines.reverse_sync.values import canonical
from pipelines.rules.syncs import Syncs, load_syncs
from pipelines.rules.tables import config_hash
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.state import State, actions, agreed
from pipelines.state.actions import Standing
from pipelines.state.agreed import Agreed
from pipelines.state.dead_letters import UNDO
from pipelines.state.journal import UPDATE
from pipelines.state.tables import journal
from pipelines.warehouse import Warehouse, latest_publish

CHANGED_SINCE = "others changed it since"
NOT_OURS = "it was there before, and was left as it was"
UNDONE_BEFORE = "it was taken back before"
UNWRITTEN = "syncs.yml does not write it any more"
_AT_ONCE = 100
_REMEDY = {
    "message": "write to the person again, if it matters", "merge": "the CRM's own merge cannot be split",
    "delete_record": "take it out of the CRM's recycle bin",
    "enrolment": "take the person out of the sequence by hand",
}  # fmt: skip


@dataclass
class Undoing:
    """A plan that undoes a run. `final` are sentences about what it cannot undo."""

    run: str
    path: Path
    plan_id: str = ""
    fields: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    held: list[Held] = field(default_factory=list)
    final: list[str] = field(default_factory=list)
    calls: int = 0

    @property
    def counts(self) -> dict[str, int]:
        taken = {"fields": self.fields.total(), "actions": self.actions.total()}
        return taken | {"left alone": len(self.held), "final": len(self.final)}

    @property
    def is_empty(self) -> bool:
        return not self.fields and not self.actions


def make(
    of_run: str, warehouse: Warehouse, state: State, settings: Settings, run: Run, *,
    open_destination: Opener | None = None,
) -> Undoing:  # fmt: skip
    """Plan the way back of a run (or of a plan that it applied). Reads the CRMs, writes nothing to them."""
    with state.reading() as connection:
        rows = _written(connection, of_run)
    if not rows:
        raise UsageError(
            f"no run {of_run} wrote anything that the journal knows", where="crm undo",
            remedy="crm status names the latest runs",
        )  # fmt: skip
    making = _Making(of_run, rows, warehouse, state, settings, run, open_destination or opener(settings))
    return making.plan()


def latest_run(state: State) -> str:
    """The run that wrote last; empty when none did. What an undo wrote does not count."""
    query = select(journal.c.run_id).where(journal.c.state == "confirmed", journal.c.provider != UNDO)
    with state.reading() as connection:
        found = connection.execute(query.order_by(journal.c.intended_at.desc()).limit(1)).scalar()
    return str(found or "")


def _written(connection: Connection, of_run: str) -> list[RowMapping]:
    c = journal.c
    query = select(journal).where(or_(c.run_id == of_run, c.plan_id == of_run), c.state == "confirmed")
    order = (c.sync, c.vendor, c.object, c.record_id, c.field)
    return list(connection.execute(query.order_by(*order)).mappings())


class _Making:
    """One undo in the works."""

    def __init__(
        self, of_run: str, rows: Sequence[RowMapping], warehouse: Warehouse, state: State, settings: Settings,
        run: Run, open_destination: Opener,
    ) -> None:  # fmt: skip
        self.rows, self.warehouse, self.settings, self.run = rows, warehouse, settings, run
        self.state, self.without = state, unconnected.vendors(settings)
        self.syncs: Syncs = load_effective(settings)
        self.open = open_destination
        self.found = Undoing(of_run, Path())
        self.records: Counter[str] = Counter()
        self.removals: Counter[str] = Counter()
        """Sync -> things to remove."""
        self.read_at: dict[str, datetime] = {}
        """Sync -> when its records were read, by the CRM's clock."""

    def plan(self) -> Undoing:
        body = self.settings.paths.plans / f"{self.run.id}-undo.lines"
        lines = [*self._fields(), *self._actions()]
        sha256, _ = planfile.spool_lines((orjson.dumps(each).decode() for each in lines), body)
        with self.warehouse.reading() as connection:
            publish_id = latest_publish(connection)
        content = hashlib.sha256(f"{publish_id} {sha256}".encode()).hexdigest()
        self.found.plan_id = f"{self.run.id}-undo-{content[:8]}"
        self.found.path = self.settings.paths.plans / f"{self.found.plan_id}.jsonl"
        planfile.assemble(self._header(publish_id, sha256), body, self.found.path)
        return self.found

    def _fields(self) -> Iterator[dict[str, Any]]:
        """A line per record whose fields still hold what we wrote into them."""
        mine = [row for row in self.rows if row["operation"] == UPDATE]
        self.found.final += [
            f"{row['record_key']}: an opt-out is never taken back"
            for row in mine
            if row["reversibility"] == "final"
        ]
        back = [row for row in mine if row["reversibility"] == "reversible" and self._is_written(row)]
        for vendor, of_vendor in groupby(sorted(back, key=lambda r: r["vendor"]), key=lambda r: r["vendor"]):
            with self.open(str(vendor)) as destination:
                for sync, of_sync in groupby(of_vendor, key=lambda r: str(r["sync"])):
                    self.read_at[sync] = destination.now
                    records = [list(g) for _, g in groupby(of_sync, key=lambda r: str(r["record_id"]))]
                    for start in range(0, len(records), _AT_ONCE):
                        yield from self._batch(destination, sync, records[start : start + _AT_ONCE])

    def _batch(
        self, destination: Destination, sync: str, records: list[list[RowMapping]]
    ) -> Iterator[dict[str, Any]]:
        names = sorted({row["field"] for record in records for row in record})
        first = records[0][0]
        held = destination.read(first["object"], [record[0]["record_id"] for record in records], names)
        with self.state.reading() as connection:
            known = agreed.of_records(connection, [record[0]["record_key"] for record in records])
        for record in records:
            there = held.get(record[0]["record_id"])
            fields = {}
            for row in record:
                kind = self.syncs.field_type(row["vendor"], row["object"], row["field"])
                now = None if there is None else canonical(kind, there.get(row["field"]))
                if there is None:
                    self._hold(row, "the record is gone")
                elif now == row["before_value"]:
                    self._hold(row, "it holds again what it held before")
                elif now != row["after_value"]:
                    self._hold(row, _who_changed(row, now, known))
                else:
                    fields[row["field"]] = {
                        "before": row["after_value"], "after": row["before_value"], "provider": UNDO,
                        "rule": f"undo of {self.found.run}",
                    }  # fmt: skip
            if fields:
                self.found.fields.update(fields.keys())
                self.records[sync] += 1
                yield {
                    "sync": sync, "vendor": first["vendor"], "object": first["object"],
                    "record_id": record[0]["record_id"], "record_key": record[0]["record_key"],
                    "person_id": None, "operation": UPDATE, "fields": fields,
                }  # fmt: skip

    def _is_written(self, row: RowMapping) -> bool:
        """Whether the field may be written now; else it is held."""
        sync = self.syncs.syncs.get(row["sync"])
        reason = unconnected.why(row["vendor"]) if row["vendor"] in self.without else ""
        if sync is None or row["field"] not in sync.fields:
            reason = reason or UNWRITTEN
        if reason:
            self._hold(row, reason)
        return not reason

    def _hold(self, row: RowMapping, reason: str) -> None:
        what = row["record_id"] if row["operation"] == UPDATE else row["action_key"]
        self.found.held.append(Held(row["sync"], what, row["record_key"], f"{row['field']}: {reason}"))

    def _actions(self) -> Iterator[dict[str, Any]]:
        """A line per thing we made that can be removed; what was made last goes first."""
        mine = [row for row in self.rows if row["operation"] != UPDATE]
        with self.state.reading() as connection:
            known = actions.standing(connection, [undoing.key_of(row) for row in mine])
        for row in sorted(mine, key=lambda r: (r["intended_at"], r["action_key"]), reverse=True):
            if row["operation"] == UNDO_KIND:
                self.found.final.append(f"{row['action_key']}: crm retry lets it be done again")
            elif row["reversibility"] == "final":
                remedy = _REMEDY.get(row["operation"], "nothing takes it back")
                self.found.final.append(f"{row['operation']} {row['action_key']}: {remedy}")
            elif reason := self._why_left(row, known):
                self._hold(row, reason)
            else:
                self.found.actions[f"{row['vendor']} {row['operation']}"] += 1
                self.removals[row["sync"]] += 1
                yield undoing.line(row, self.found.run)

    def _why_left(self, row: RowMapping, known: Mapping[str, Standing]) -> str:
        """Why what an action made is not removed."""
        if row["code"] in (LINKED, WAS_THERE):
            return NOT_OURS
        undone = known.get(undoing.key_of(row))
        if undone is not None and undone.state == "confirmed":
            return UNDONE_BEFORE
        return unconnected.why(row["vendor"]) if row["vendor"] in self.without else ""

    def _header(self, publish_id: str, sha256: str) -> dict[str, Any]:
        calls = {
            name: forecast(
                self.syncs.syncs[name].vendor,
                number,
                object_name=self.syncs.syncs[name].object,
                is_dated=True,
                looks_at_each=self.syncs.look_before_writing == "each",
            )
            for name, number in self.records.items()
        }
        self.found.calls = sum(each.total for each in calls.values())
        return {
            "plan_id": self.found.plan_id, "run_id": self.run.id, "publish_id": publish_id, "made_at": None,
            "undo_of": self.found.run, "config_hash": config_hash(self.settings.config_dir),
            "rules": load_syncs(self.settings.config_dir).fingerprint,
            "asks_who_changed": True, "look_before_writing": self.syncs.look_before_writing,
            "extracted_until": {name: moment.isoformat() for name, moment in self.read_at.items()},
            "counts": {name: {"records": number, "operations": {UPDATE: number}}
                       for name, number in self.records.items()},
            "actions": {name: {"kinds": {UNDO_KIND: number}} for name, number in self.removals.items()},
            "calls": {name: each.as_dict() for name, each in calls.items()},
            "held": [vars(each) for each in self.found.held], "stopped": [], "notes": self.found.final,
            "warnings": [], "sha256": sha256,
        }  # fmt: skip


def _who_changed(row: RowMapping, now: str | None, known: Mapping[tuple[str, str], Agreed]) -> str:
    """Who has written a field since: a later run of ours, or somebody else."""
    ours = known.get((row["record_key"], row["field"]))
    if ours is not None and ours.value == now and ours.run_id != row["run_id"]:
        return f"run {ours.run_id} wrote it since"
    return CHANGED_SINCE
