"""Bulk API v1, for clients that still speak it: jobs, batches, results, PK chunking; XML, CSV and JSON.

Answers about jobs and batches are JSON when the job's content is, else XML. Batches that write are worked off
by `ingest`; those that ask run beside the server as in Bulk 2.0.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times, xmltree
from sandbox.call import Call, Refused
from sandbox.faults import HEADER
from sandbox.salesforce import bulk_v1_formats as formats
from sandbox.salesforce import files, ids, ingest
from sandbox.salesforce.bulk import NO_BINARY, NO_COMPOUND
from sandbox.salesforce.bulk_ingest import new_id
from sandbox.salesforce.query import compiled, types_of
from sandbox.salesforce.schema_operations import NO_BULK

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

QUERIES = ("query", "queryAll")
FORMATS = ("CSV", "XML", "JSON")
FIRST, LAST = 31, 68
MOST_ROWS, MOST_BYTES, MOST_CHUNK = 10_000, 10_000_000, 250_000
TABLES = (
    "create table if not exists v1_results (id text primary key, batch text not null, rows integer not null)"
)
_RUNNING: set[asyncio.Task[None]] = set()
_JOB = "id, operation, object, key, format, options, state, created, modified, version, message"
_BATCH = "id, job, state, created, modified, total, done, failed, message"


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/async/{number}/job"
    one, batch = base + "/{job}", base + "/{job}/batch/{batch}"
    return [
        *sf.route("POST", base, lambda call: _create(sf, call)),
        *sf.route("GET", one, lambda call: _told(call, _job(sf, call))),
        *sf.route("POST", one, lambda call: _change(sf, call)),
        *sf.route("POST", one + "/batch", lambda call: _add(sf, call)),
        *sf.route("GET", one + "/batch", lambda call: _batches(sf, call)),
        *sf.route("GET", batch, lambda call: _batch_told(sf, call)),
        *sf.route("GET", batch + "/request", lambda call: _request(sf, call)),
        *sf.route("GET", batch + "/result", lambda call: _results(sf, call)),
        *sf.route("GET", batch + "/result/{result}", lambda call: _result(sf, call)),
    ]


def is_meant(call: Call) -> bool:
    return call.path.startswith("/services/async/")


def refused(call: Call, status: int, code: str, message: str) -> Refused:
    """An error in the words of Bulk v1, in the format the client speaks."""
    content = {"exceptionCode": code, "exceptionMessage": message}
    if "json" in call.headers.get("content-type", "") or "json" in call.headers.get("accept", ""):
        return Refused(Response(orjson.dumps(content), status, media_type="application/json"))
    return Refused(formats.xml("error", content, status))


def _row(sf: Salesforce, call: Call, job: str) -> dict[str, Any]:
    number = call.params["number"].partition(".")[0]
    if not number.isdecimal() or not FIRST <= int(number) <= LAST:
        raise refused(
            call, 400, "InvalidVersion", f"API version {call.params['number'][:10]} is not supported"
        )
    row = sf.store.row(
        f"select {_JOB} from ingest_jobs where id = ? and api = 'v1'", (ids.normal(job) or job,)
    )
    if row is None:
        raise refused(call, 400, "InvalidJob", f"Unable to find object: {job[:40]}")
    found = dict(zip(_JOB.split(", "), row, strict=True))
    return found | {"options": orjson.loads(found["options"])}


def _job(sf: Salesforce, call: Call) -> dict[str, Any]:
    """The job in the path as the API shows it."""
    return _job_shown(sf, _row(sf, call, call.params["job"]))


def _job_shown(sf: Salesforce, job: dict[str, Any]) -> dict[str, Any]:
    states = [s for (s,) in sf.store.rows("select state from ingest_batches where job = ?", (job["id"],))]
    done, failed = sf.store.row(
        "select coalesce(sum(done), 0), coalesce(sum(failed), 0) from ingest_batches where job = ?",
        (job["id"],),
    ) or (0, 0)
    key = {"externalIdFieldName": job["key"]} if job["key"] else {}
    return {
        "id": job["id"], "operation": job["operation"], "object": job["object"],
        "createdById": sf.org.user_id, "createdDate": times.iso(job["created"]),
        "systemModstamp": times.iso(job["modified"]), "state": job["state"], **key,
        "concurrencyMode": job["options"]["concurrencyMode"], "contentType": job["format"],
        "numberBatchesQueued": states.count("Queued"), "numberBatchesInProgress": states.count("InProgress"),
        "numberBatchesCompleted": states.count("Completed"), "numberBatchesFailed": states.count("Failed"),
        "numberBatchesTotal": len(states), "numberRecordsProcessed": done, "numberRetries": 0,
        "apiVersion": float(job["version"]), "numberRecordsFailed": failed, "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0, "apexProcessingTime": 0,
    }  # fmt: skip


def _told(call: Call, job: dict[str, Any], status: int = 200) -> Response:
    """A job: in JSON to whoever speaks it, else in XML, whatever the job's content."""
    spoken = "json" in call.headers.get("content-type", "") + call.headers.get("accept", "")
    return formats.told("JSON" if spoken else "XML", "jobInfo", job, status)


def _body(call: Call) -> dict[str, Any]:
    """What a client says of a job: JSON or XML."""
    try:
        if "json" in call.headers.get("content-type", ""):
            found = call.json()
        else:
            root = xmltree.parse(call.body)
            found = {xmltree.local(each): xmltree.text(each) for each in root}
    except (orjson.JSONDecodeError, xmltree.Malformed) as problem:
        raise refused(call, 400, "InvalidJob", f"Unable to parse Job: {problem}") from None
    if not isinstance(found, dict):
        raise refused(call, 400, "InvalidJob", "Unable to parse Job")
    return found


def _create(sf: Salesforce, call: Call) -> Response:
    body = _body(call)
    operation, name = str(body.get("operation") or ""), str(body.get("object") or "")
    kind, key = str(body.get("contentType") or "XML"), body.get("externalIdFieldName")
    number = call.params["number"].partition(".")[0]
    if not number.isdecimal() or not FIRST <= int(number) <= LAST:
        raise refused(
            call, 400, "InvalidVersion", f"API version {call.params['number'][:10]} is not supported"
        )
    if operation not in (*ingest.OPERATIONS, *QUERIES) or kind not in FORMATS:
        raise refused(call, 400, "InvalidJob", "Unable to parse Job: operation or contentType is not known")
    sobject = sf.org.object(name)
    if sobject is None:
        raise refused(call, 400, "InvalidEntity", f"Entity '{name[:80]}' is not supported by the Bulk API.")
    if operation in QUERIES and sobject.name in NO_BULK:
        raise refused(
            call, 400, "InvalidEntity", f"Entity '{sobject.name}' is not supported by the Bulk API."
        )
    if operation == "upsert":
        field = sobject.field(str(key or ""))
        if field is None or not (field.external_id or field.name == "Id"):
            raise refused(call, 400, "InvalidJob", f"External ID was not found for {sobject.name}: {key}")
        key = field.name
    options = {
        "concurrencyMode": "Serial" if str(body.get("concurrencyMode")) in ("1", "Serial") else "Parallel"
    }
    if body.get("assignmentRuleId"):
        options["assignmentRuleId"] = str(body["assignmentRuleId"])
    chunking = call.headers.get("sforce-enable-pkchunking", "")
    if chunking and chunking.lower() != "false":
        options["chunk"] = str(formats.chunk_size(chunking, MOST_CHUNK))
    job = new_id(sf, "750")
    sf.store.db.execute(
        "insert into ingest_jobs values (?, 'v1', ?, ?, ?, ?, ?, 'Open', ?, ?, ?, null)",
        (
            job, operation, sobject.name, key, kind, orjson.dumps(options).decode(), call.now, call.now,
            f"{number}.0",
        ),
    )  # fmt: skip
    call.effect = "job"
    return _told(call, _job_shown(sf, _row(sf, call, job)), 201)


def _change(sf: Salesforce, call: Call) -> Response:
    job, state = _row(sf, call, call.params["job"]), _body(call).get("state")
    if state not in ("Closed", "Aborted") or job["state"] == "Aborted":
        raise refused(call, 400, "InvalidJobState", f"a job that is {job['state']} cannot become that")
    sf.store.db.execute(
        "update ingest_jobs set state = ?, modified = ? where id = ?", (state, call.now, job["id"])
    )
    return _told(call, _job_shown(sf, _row(sf, call, job["id"])))


def _add(sf: Salesforce, call: Call) -> Response:
    job = _row(sf, call, call.params["job"])
    if job["state"] != "Open":
        raise refused(call, 400, "InvalidJobState", f"the job is {job['state']}, it takes no more batches")
    if len(call.body) > MOST_BYTES:
        raise refused(call, 400, "ClientInputError", "the batch is larger than 10,000,000 bytes")
    batch = new_id(sf, "751")
    if job["operation"] in QUERIES:
        _ask(sf, call, job, batch)
    else:
        _take(sf, call, job, batch)
    return formats.told(job["format"], "batchInfo", _batch(sf, call, job, batch), 201)


def _insert(
    sf: Salesforce, call: Call, job: str, batch: str, state: str, body: bytes, rows: list[Any],
    message: str | None,
) -> None:  # fmt: skip
    seq = int(sf.store.value("select count(*) from ingest_batches where job = ?", (job,)))
    sf.store.db.execute(
        "insert into ingest_batches values (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)",
        (batch, job, seq, state, call.now, call.now, len(rows), message, body, orjson.dumps(rows)),
    )


def _take(sf: Salesforce, call: Call, job: dict[str, Any], batch: str) -> None:
    """Keep a batch of rows and start on it. One that cannot be read fails, the job lives on."""
    try:
        rows = formats.rows_of(job["format"], call.body)
        if len(rows) > MOST_ROWS:
            raise ValueError(f"InvalidBatch : Records not processed: more than {MOST_ROWS}")
        files.refuse(sf.org.objects[job["object"]], {name for row in rows for name in row})
    except ValueError as problem:
        _insert(sf, call, job["id"], batch, "Failed", call.body, [], str(problem))
        return
    _insert(sf, call, job["id"], batch, "Queued", call.body, rows, None)
    ingest.start(sf, batch, call.headers.get(HEADER, ""))


def _ask(sf: Salesforce, call: Call, job: dict[str, Any], batch: str) -> None:
    """Keep a query and start it; with PK chunking a batch for each so many ids follows the first."""
    text = call.body.decode("utf-8", "replace").strip()
    deleted = job["operation"] == "queryAll"
    try:
        query = compiled(sf, text, call.now, job["version"], deleted=deleted)
    except Refused as refusal:
        (problem,) = orjson.loads(bytes(refusal.response.body))
        message = f"InvalidBatch : Failed to process query: {problem['errorCode']}: {problem['message']}"
        _insert(sf, call, job["id"], batch, "Failed", call.body, [], message)
        return
    if query.aggregate or query.count_only or query.nested or query.compound or query.binary:
        message = "FeatureNotEnabled : Aggregate queries are not supported in Bulk Query"
        if query.compound:
            message = f"InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: {NO_COMPOUND}"
        if query.binary:
            message = f"FeatureNotEnabled : {NO_BINARY}"
        _insert(sf, call, job["id"], batch, "Failed", call.body, [], message)
        return
    if "chunk" not in job["options"]:
        _insert(sf, call, job["id"], batch, "InProgress", call.body, [], None)
        _run(sf, batch)
        return
    _insert(sf, call, job["id"], batch, "NotProcessed", call.body, [], None)
    for text_of_part in formats.chunks(sf, query.sobject, text, int(job["options"]["chunk"])):
        part = new_id(sf, "751")
        _insert(sf, call, job["id"], part, "InProgress", text_of_part.encode(), [], None)
        _run(sf, part)


def _run(sf: Salesforce, batch: str) -> None:
    task = asyncio.get_running_loop().create_task(_running(sf, batch))
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)


def resume(sf: Salesforce) -> None:
    """Ask again what a kill cut short."""
    for (batch,) in sf.store.rows(
        "select b.id from ingest_batches b join ingest_jobs j on j.id = b.job "
        "where b.state = 'InProgress' and j.operation in ('query', 'queryAll')"
    ):
        _run(sf, batch)


async def _running(sf: Salesforce, batch: str) -> None:
    asked = "select body, job, created from ingest_batches where id = ?"
    body, job, made = sf.store.row(asked, (batch,)) or (
        b"", "", 0,
    )  # fmt: skip
    operation, kind, version = sf.store.row(
        "select operation, format, version from ingest_jobs where id = ?", (job,)
    ) or ("", "", "")
    text = bytes(body).decode("utf-8", "replace").strip()
    try:
        query = compiled(sf, text, made, version, deleted=operation == "queryAll")
        path = sf.results / f"{batch}.{kind.lower()}"
        count = await asyncio.to_thread(
            formats.write, sf.store.path, path, query, kind, f"v{version}", sf.prepare, types_of(sf.org)
        )
        state, message = "Completed", None
    except Exception as problem:  # noqa: BLE001 - a failed batch is an answer, never a broken server
        state, message, count = "Failed", f"InvalidBatch : {type(problem).__name__}: {problem}", 0
    with sf.store.transaction():
        sf.store.db.execute(
            "update ingest_batches set state = ?, message = ?, total = ?, done = ?, modified = ? "
            "where id = ?",
            (state, message, count, count, sf.clock.now(), batch),
        )
        if state == "Completed":
            sf.store.db.execute(
                "insert or replace into v1_results values (?, ?, ?)", (new_id(sf, "752"), batch, count)
            )


def _batch(sf: Salesforce, call: Call, job: dict[str, Any], batch: str) -> dict[str, Any]:
    row = sf.store.row(
        f"select {_BATCH} from ingest_batches where id = ? and job = ?",
        (ids.normal(batch) or batch, job["id"]),
    )
    if row is None:
        raise refused(call, 400, "InvalidBatch", f"Unable to find batch: {batch[:40]}")
    return _batch_shown(row)


def _batch_shown(row: tuple[Any, ...]) -> dict[str, Any]:
    state = "Not Processed" if row[2] == "NotProcessed" else row[2]
    shown = {
        "id": row[0], "jobId": row[1], "state": state.replace(" ", ""), "createdDate": times.iso(row[3]),
        "systemModstamp": times.iso(row[4]), "numberRecordsProcessed": row[6], "numberRecordsFailed": row[7],
        "totalProcessingTime": 0, "apiActiveProcessingTime": 0, "apexProcessingTime": 0,
    }  # fmt: skip
    return shown | ({"stateMessage": row[8]} if row[8] else {})


def _batches(sf: Salesforce, call: Call) -> Response:
    job = _row(sf, call, call.params["job"])
    rows = sf.store.rows(f"select {_BATCH} from ingest_batches where job = ? order by seq", (job["id"],))
    shown = [_batch_shown(row) for row in rows]
    return formats.told(job["format"], "batchInfoList", {"batchInfo": shown}, 200)


def _batch_told(sf: Salesforce, call: Call) -> Response:
    job = _row(sf, call, call.params["job"])
    return formats.told(job["format"], "batchInfo", _batch(sf, call, job, call.params["batch"]), 200)


def _request(sf: Salesforce, call: Call) -> Response:
    job = _row(sf, call, call.params["job"])
    batch = _batch(sf, call, job, call.params["batch"])
    body = sf.store.value("select body from ingest_batches where id = ?", (batch["id"],))
    return formats.plain(bytes(body), job["format"])


def _results(sf: Salesforce, call: Call) -> Response:
    """Of a query: the ids of its results. Of rows: what came of each, in their order."""
    job = _row(sf, call, call.params["job"])
    batch = _batch(sf, call, job, call.params["batch"])
    if batch["state"] != "Completed":
        raise refused(call, 400, "InvalidBatch", f"Batch not completed: it is {batch['state']}")
    if job["operation"] in QUERIES:
        found = [i for (i,) in sf.store.rows("select id from v1_results where batch = ?", (batch["id"],))]
        if job["format"] == "JSON":
            return formats.plain(orjson.dumps(found), "JSON")
        return formats.xml("result-list", {"result": found}, 200)
    return formats.outcomes(job["format"], ingest.outcomes(sf, batch["id"]))


def _result(sf: Salesforce, call: Call) -> Response:
    job = _row(sf, call, call.params["job"])
    batch = _batch(sf, call, job, call.params["batch"])
    known = sf.store.value(
        "select 1 from v1_results where id = ? and batch = ?",
        (ids.normal(call.params["result"]) or "", batch["id"]),
    )
    path = sf.results / f"{batch['id']}.{job['format'].lower()}"
    if not known or not path.is_file():
        raise refused(call, 400, "InvalidBatch", "Unable to find result")
    return formats.plain(path.read_bytes(), job["format"])
