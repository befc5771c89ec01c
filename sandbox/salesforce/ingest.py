"""Rows on their way in through either Bulk API: batches that are stored, then worked off beside the server.

A batch is worked in chunks, each of which is one transaction with its results, so a kill loses and repeats
nothing: the server goes on with the next row when it starts again. Formats are the business of the two APIs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sandbox import fault_specs
from sandbox.call import Call
from sandbox.faults import ROWS
from sandbox.salesforce import lifecycle, references
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.records import id_for

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

CHUNK = 200
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
TABLES = """
create table if not exists ingest_jobs (
    id text primary key, api text not null, operation text not null, object text not null, key text,
    format text not null, options text not null, state text not null, created integer not null,
    modified integer not null, version text not null, message text);
create table if not exists ingest_batches (
    id text primary key, job text not null, seq integer not null, state text not null,
    created integer not null, modified integer not null, total integer not null, done integer not null,
    failed integer not null, message text, body blob not null, rows blob not null);
create index if not exists ingest_batches_of on ingest_batches (job, seq);
create table if not exists ingest_results (
    batch text not null, line integer not null, id text, success integer not null, created integer not null,
    error text, primary key (batch, line)) without rowid
"""
_WORKING: set[asyncio.Task[None]] = set()
Row = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of a row. `errors` as in a save result."""

    line: int
    id: str | None
    success: bool
    created: bool
    errors: list[dict[str, Any]]

    @property
    def told(self) -> str:
        """The error in one line, as both Bulk APIs spell it in CSV."""
        return ";".join(f"{e['statusCode']}:{e['message']}:{','.join(e['fields'])} --" for e in self.errors)


def start(sf: Salesforce, batch: str, fault: str = "") -> None:
    """Work a batch off beside the server. `fault`: what the call that brought it asked its rows to meet."""
    task = asyncio.get_running_loop().create_task(_work(sf, batch, fault))
    _WORKING.add(task)
    task.add_done_callback(_WORKING.discard)


def resume(sf: Salesforce) -> None:
    """Go on with what a kill cut short."""
    for (batch,) in sf.store.rows("select id from ingest_batches where state in ('Queued', 'InProgress')"):
        start(sf, batch)


async def _work(sf: Salesforce, batch: str, fault: str = "") -> None:
    job, blob, done, total = sf.store.row(
        "select job, rows, done, total from ingest_batches where id = ?", (batch,)
    ) or ("", b"[]", 0, 0)
    rows = orjson.loads(blob)
    await asyncio.sleep(0)  # the call that started this is answered first
    while done < total:
        sf.locks.release(job)
        if not _goes_on(sf, job, batch):
            return
        with sf.store.transaction():
            _chunk(sf, job, batch, rows[done : done + CHUNK], done, fault)
        done += CHUNK
        await asyncio.sleep(0)
    sf.locks.release(job)
    with sf.store.transaction():
        _set(sf, batch, "Completed")
        _close_when_done(sf, job)


def _goes_on(sf: Salesforce, job: str, batch: str) -> bool:
    state = sf.store.value("select state from ingest_jobs where id = ?", (job,))
    if state == "Aborted":
        with sf.store.transaction():
            _set(sf, batch, "NotProcessed")
        return False
    return state is not None


def _set(sf: Salesforce, batch: str, state: str) -> None:
    sf.store.db.execute(
        "update ingest_batches set state = ?, modified = ? where id = ?", (state, sf.clock.now(), batch)
    )


def _close_when_done(sf: Salesforce, job: str) -> None:
    """A job of the newer API is complete with its last batch; the older one's is closed by its client."""
    left = "select 1 from ingest_batches where job = ? and state in ('Queued', 'InProgress')"
    if not sf.store.value(left, (job,)):
        sf.store.db.execute(
            "update ingest_jobs set state = 'JobComplete', modified = ? where id = ? and api = 'v2'",
            (sf.clock.now(), job),
        )


def _chunk(sf: Salesforce, job: str, batch: str, rows: Sequence[Row], first: int, said: str) -> None:
    """Work some rows off and keep what came of them."""
    what = "select operation, object, key, options from ingest_jobs where id = ?"
    operation, name, key, options = sf.store.row(what, (job,)) or ("", "", None, None)
    call = Call(
        "POST", f"/services/async/{name}/{operation}", "", {}, {}, b"", sf.store, sf.clock.now(),
        sf.next_request_id(), "",
    )  # fmt: skip
    call.assign = orjson.loads(options or b"{}").get("assignmentRuleId") or "FALSE"
    own = fault_specs.of_header(said, sf.kinds) if said else None
    call.fault = sf.faults.meet(call.method, call.path, call.now, own=own, among=ROWS)
    outcomes: list[Outcome] = []
    try:
        with sf.store.transaction():
            outcomes = outcomes_of(sf, call, operation, sf.org.objects[name], key, rows, first, job)
            if sf.suffers(call):
                raise _NotKept
    except _NotKept:
        sf.taken_back()
        call.changes = []
    if call.fault:
        call.fault.settle()
    sf.store.log_changes(call.now, call.request_id, call.changes)
    sf.store.db.executemany(
        "insert into ingest_results values (?, ?, ?, ?, ?, ?)",
        [(batch, o.line, o.id, o.success, o.created, orjson.dumps(o.errors).decode()) for o in outcomes],
    )
    failed = sum(1 for o in outcomes if not o.success)
    sf.store.db.execute(
        "update ingest_batches set state = 'InProgress', done = done + ?, failed = failed + ?, modified = ? "
        "where id = ?",
        (len(rows), failed, call.now, batch),
    )


class _NotKept(Exception):
    """Ends a chunk that is told as done and not stored."""


class Keys:
    """The keys of an upsert's rows: those that Salesforce works off together name a record once."""

    def __init__(self, sobject: SObject, key: str | None) -> None:
        self._field = sobject.field(key) if key else None
        self._seen: set[tuple[int, str]] = set()

    def take(self, row: Mapping[str, Any], chunk: int = 0) -> None:
        """Raise RowError for a key that was there before."""
        if self._field is None or self._field.name == "Id":
            return
        own = next((v for k, v in row.items() if k.lower() == self._field.name.lower()), None)
        mark = (chunk, str(own).lower())
        if own and mark in self._seen:
            message = f"Duplicate external id specified: {own}"
            raise RowError("DUPLICATE_VALUE", message, (self._field.name,))
        self._seen.add(mark)


def outcomes_of(
    sf: Salesforce, call: Call, operation: str, sobject: SObject, key: str | None, rows: Sequence[Row],
    first: int, job: str = "",
) -> list[Outcome]:  # fmt: skip
    """Do each row by itself."""
    found = []
    keys = Keys(sobject, key if operation == "upsert" else None)
    for line, row in enumerate(rows, first):
        before = len(call.changes)
        try:
            keys.take(row, line // CHUNK)
            with sf.store.transaction():
                if job:
                    sf.locks.take(job, sobject, row)
                record_id, created = _one(sf, call, operation, sobject, key, row)
            found.append(Outcome(line, record_id, True, created, []))
        except RowError as problem:
            del call.changes[before:]
            found.append(Outcome(line, None, False, False, [problem.shown()]))
    return found


def _one(
    sf: Salesforce, call: Call, operation: str, sobject: SObject, key: str | None, row: Row
) -> tuple[str, bool]:
    own = next((value for name, value in row.items() if name.lower() == "id"), None)
    given = {name: value for name, value in row.items() if name.lower() != "id"}
    fields = references.resolved(sf.rows, sobject, given)
    if operation == "insert":
        return sf.rows.create(call, sobject, fields), True
    if operation == "upsert":
        return sf.rows.upsert(call, sobject, key or "Id", fields | ({"Id": own} if own else {}))
    if not own:
        raise RowError("MISSING_ARGUMENT", f"Id not specified in an {operation} call", ("Id",))
    _, record_id = id_for(sf.org, sobject, own)
    if operation == "update":
        sf.rows.update(call, sobject, record_id, fields)
        return record_id, False
    if operation == "delete":
        sf.rows.delete(call, sobject, record_id)
        return record_id, False
    if sf.rows.deleted(sobject, record_id) is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    lifecycle.purge(sf, call, sobject, [record_id])
    call.change(sobject.name, record_id, "purge", "Id", record_id, None)
    return record_id, False


def outcomes(sf: Salesforce, batch: str) -> list[Outcome]:
    """What came of a batch's rows, in their order."""
    rows = sf.store.rows(
        "select line, id, success, created, error from ingest_results where batch = ? order by line", (batch,)
    )
    return [Outcome(r[0], r[1], bool(r[2]), bool(r[3]), orjson.loads(r[4])) for r in rows]
