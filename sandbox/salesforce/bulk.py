"""Bulk API 2.0 query: jobs, their results as CSV, pages by locator, parallel result pages.

A job runs beside the server on a connection of its own and leaves its CSV in a file; a job that a kill cut
short runs again when the server starts.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.salesforce import errors, ids, results, sobjects
from sandbox.salesforce.query import compiled
from sandbox.salesforce.schema_operations import NO_BULK
from sandbox.salesforce.soql.compiler import Compiled

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

PAGE = 50_000
NO_COMPOUND = "Selecting compound data not supported in Bulk Query"
NO_BINARY = "Binary field not supported"
_COLUMNS = "id, operation, object, query, state, created, modified, version, created_by, records, ms, message"
_RUNNING: set[asyncio.Task[None]] = set()


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/jobs/query"
    return [
        *sf.route("POST", base, lambda call: _create(sf, call)),
        *sf.route("GET", base, lambda call: _list(sf, call)),
        *sf.route("GET", base + "/{job}", lambda call: _status(sf, call)),
        *sf.route("PATCH", base + "/{job}", lambda call: _abort(sf, call)),
        *sf.route("DELETE", base + "/{job}", lambda call: _delete(sf, call)),
        *sf.route("GET", base + "/{job}/results", lambda call: _results(sf, call)),
        *sf.route("GET", base + "/{job}/resultPages", lambda call: _result_pages(sf, call)),
    ]


def _create(sf: Salesforce, call: Call) -> Response:
    body = sobjects.body_of(call)
    operation, text = body.get("operation"), body.get("query")
    if operation not in ("query", "queryAll") or not isinstance(text, str):
        raise errors.error(400, "INVALIDJOB", "operation must be query or queryAll, and query must be given")
    if body.get("contentType", "CSV") != "CSV" or body.get("columnDelimiter", "COMMA") != "COMMA":
        raise errors.error(400, "INVALIDJOB", "this server answers with CSV and commas only")
    query = compiled(sf, text, call.now, call.params["version"], deleted=operation == "queryAll")
    if query.sobject.name in NO_BULK:
        message = f"Entity '{query.sobject.name}' is not supported by the Bulk API."
        raise errors.error(400, "INVALIDENTITY", message)
    if query.nested:
        raise errors.error(400, "API_ERROR", "Nested queries and TYPEOF are not supported in Bulk Query")
    if query.binary:
        raise errors.error(400, "FUNCTIONALITY_NOT_ENABLED", NO_BINARY)
    if query.compound:
        raise errors.error(400, "FUNCTIONALITY_NOT_ENABLED", NO_COMPOUND)
    if query.aggregate or query.count_only or (" offset " in query.sql and " offset 0" not in query.sql):
        raise errors.error(
            400, "API_ERROR", "Aggregate Relationships and OFFSET are not supported in Bulk Query"
        )
    number = int(sf.store.value("select value from meta where key = 'jobs'") or 0) + 1
    sf.store.set_meta("jobs", str(number))
    job = ids.make("750", number)
    sf.store.db.execute(
        f"insert into jobs ({_COLUMNS}) values (?, ?, ?, ?, 'UploadComplete', ?, ?, ?, ?, 0, 0, null)",
        (
            job,
            operation,
            query.sobject.name,
            text,
            call.now,
            call.now,
            call.params["version"],
            sf.org.user_id,
        ),
    )
    call.effect = "job"
    start(sf, job, query)
    return answer(_shown(_job(sf, job), created=True), charset="UTF-8")


def start(sf: Salesforce, job: str, query: Compiled) -> None:
    """Run a job beside the server."""
    task = asyncio.get_running_loop().create_task(_run(sf, job, query))
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)


async def resume(sf: Salesforce) -> None:
    """Start again what was under way when the server was killed."""
    for job, operation, text, created, version in sf.store.rows(
        "select id, operation, query, created, version from jobs "
        "where state in ('UploadComplete', 'InProgress')"
    ):
        start(sf, job, compiled(sf, text, created, version, deleted=operation == "queryAll"))


async def _run(sf: Salesforce, job: str, query: Compiled) -> None:
    _set_state(sf, job, "InProgress", 0, 0, None)
    started = time.perf_counter()
    try:
        count = await asyncio.to_thread(
            results.write, sf.store.path, sf.results / f"{job}.csv", query, sf.prepare
        )
    except Exception as problem:  # noqa: BLE001 - a failed job is an answer, never a broken server
        _set_state(sf, job, "Failed", 0, 0, f"{type(problem).__name__}: {problem}")
        return
    _set_state(sf, job, "JobComplete", count, int((time.perf_counter() - started) * 1000), None)


def _set_state(sf: Salesforce, job: str, state: str, count: int, ms: int, message: str | None) -> None:
    sf.store.db.execute(
        "update jobs set state = ?, modified = ?, records = ?, ms = ?, message = ? "
        "where id = ? and state <> 'Aborted'",
        (state, sf.clock.now(), count, ms, message, job),
    )


def _job(sf: Salesforce, job: str) -> tuple[Any, ...]:
    row = sf.store.row(f"select {_COLUMNS} from jobs where id = ?", (ids.normal(job) or job,))
    if row is None:
        raise errors.not_found()
    return row


def _shown(row: tuple[Any, ...], *, created: bool = False) -> dict[str, Any]:
    shown = {
        "id": row[0], "operation": row[1], "object": row[2], "createdById": row[8],
        "createdDate": times.iso(row[5])[:-1] + "+0000", "systemModstamp": times.iso(row[6])[:-1] + "+0000",
        "state": row[4], "concurrencyMode": "Parallel", "contentType": "CSV",
        "apiVersion": float(row[7].removeprefix("v")), "lineEnding": "LF", "columnDelimiter": "COMMA",
    }  # fmt: skip
    if not created:
        shown |= {
            "jobType": "V2Query",
            "retries": 0,
            "totalProcessingTime": row[10],
            "isPkChunkingSupported": True,
        }
        if row[4] == "JobComplete":
            shown["numberRecordsProcessed"] = row[9]
        if row[11]:
            shown["errorMessage"] = row[11]
    return shown


def _status(sf: Salesforce, call: Call) -> Response:
    return answer(_shown(_job(sf, call.params["job"])), charset="UTF-8")


def _list(sf: Salesforce, call: Call) -> Response:
    rows = sf.store.rows(f"select {_COLUMNS} from jobs order by created desc, id limit 1000")
    return answer(
        {"done": True, "records": [_shown(row) for row in rows], "nextRecordsUrl": None}, charset="UTF-8"
    )


def _abort(sf: Salesforce, call: Call) -> Response:
    row = _job(sf, call.params["job"])
    if sobjects.body_of(call).get("state") != "Aborted" or row[4] in ("JobComplete", "Failed", "Aborted"):
        raise errors.error(400, "INVALIDJOBSTATE", f"a job that is {row[4]} can't be changed to that state")
    sf.store.db.execute("update jobs set state = 'Aborted', modified = ? where id = ?", (call.now, row[0]))
    return answer(_shown(_job(sf, row[0])), charset="UTF-8")


def _delete(sf: Salesforce, call: Call) -> Response:
    row = _job(sf, call.params["job"])
    if row[4] not in ("JobComplete", "Failed", "Aborted"):
        raise errors.error(400, "INVALIDJOBSTATE", "only a job that has ended can be deleted")
    sf.store.db.execute("delete from jobs where id = ?", (row[0],))
    results.remove(sf.results / f"{row[0]}.csv")
    return Response(status_code=204)


def _locator(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _position(call: Call) -> int:
    text = call.query.get("locator")
    if not text:
        return 0
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        raise errors.error(400, "INVALID_QUERY_LOCATOR", "invalid locator") from None


def _most(call: Call) -> int:
    text = call.query.get("maxRecords", "")
    if text and (not text.isdecimal() or int(text) == 0):
        raise errors.error(400, "INVALID_ARGUMENT", "maxRecords must be a positive number")
    return int(text) if text else PAGE


def _complete(sf: Salesforce, call: Call) -> tuple[Any, ...]:
    row = _job(sf, call.params["job"])
    if row[4] != "JobComplete":
        raise errors.error(
            400, "INVALIDJOBSTATE", f"results are there when the job is complete; it is {row[4]}"
        )
    return row


def _results(sf: Salesforce, call: Call) -> Response:
    row = _complete(sf, call)
    start, most = _position(call), _most(call)
    if start > row[9]:
        raise errors.error(400, "INVALID_QUERY_LOCATOR", "invalid locator")
    body, count = results.read(sf.results / f"{row[0]}.csv", start, most)
    if count > 1 and sf.is_cut("bulk"):
        body, count = results.read(sf.results / f"{row[0]}.csv", start, count // 2)
        headers = {"Sforce-Locator": "null", "Sforce-NumberOfRecords": str(count)}
        return Response(body, headers=headers, media_type="text/csv;charset=UTF-8")
    more = _locator(start + count) if start + count < row[9] else "null"
    headers = {"Sforce-Locator": more, "Sforce-NumberOfRecords": str(count)}
    return Response(body, headers=headers, media_type="text/csv;charset=UTF-8")


def _result_pages(sf: Salesforce, call: Call) -> Response:
    row = _complete(sf, call)
    if row[7] != call.params["version"]:
        raise errors.error(409, "API_VERSION_MISMATCH", f"use {row[7]}, the version the job was made with")
    if float(row[7].removeprefix("v")) < 58:
        raise errors.not_found()
    start, most = _position(call), _most(call)
    base = f"/services/data/{row[7]}/jobs/query/{row[0]}"
    starts = list(range(start, row[9], most))
    pages = [{"resultUrl": f"{base}/results?maxRecords={most}&locator={_locator(s)}"} for s in starts[:5]]
    following = (
        f"{base}/resultPages?maxRecords={most}&locator={_locator(starts[5])}" if len(starts) > 5 else None
    )
    return answer(
        {"resultPages": pages, "nextRecordUrl": following, "done": following is None}, charset="UTF-8"
    )
