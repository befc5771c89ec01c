"""Bulk API 2.0 ingest: a job, one CSV, results in three files whose order is not the upload's.

A job and its CSV may come in one multipart request. Simplified: one upload makes one batch; retries of locked
rows are the client's.
"""

from __future__ import annotations

import csv
import hashlib
import io
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.faults import HEADER
from sandbox.salesforce import errors, files, ids, ingest, multipart, sobjects

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MOST_BYTES = 150 * 1024 * 1024
MOST_AT_ONCE = 100_000
"""Characters of data that may come with the job itself."""
DELIMITERS = {
    "COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`",
}  # fmt: skip
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
CLEAR = "#N/A"
_COLUMNS = "id, operation, object, key, options, state, created, modified, version, message"


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/jobs/ingest"
    one = base + "/{job}"
    return [
        *sf.route("POST", base, lambda call: _create(sf, call)),
        *sf.route("GET", base, lambda call: _list(sf, call)),
        *sf.route("GET", one, lambda call: _status(sf, call)),
        *sf.route("PATCH", one, lambda call: _change(sf, call)),
        *sf.route("DELETE", one, lambda call: _delete(sf, call)),
        *sf.route("PUT", one + "/batches", lambda call: _upload(sf, call)),
        *sf.route("GET", one + "/successfulResults", lambda call: _successful(sf, call)),
        *sf.route("GET", one + "/failedResults", lambda call: _failed(sf, call)),
        *sf.route("GET", one + "/unprocessedrecords", lambda call: _unprocessed(sf, call)),
        *sf.route("GET", one + "/unprocessedRecords", lambda call: _unprocessed(sf, call)),
    ]


def new_id(sf: Salesforce, prefix: str) -> str:
    """An id no job or batch has had."""
    number = int(sf.store.value("select value from meta where key = 'jobs'") or 0) + 1
    sf.store.set_meta("jobs", str(number))
    return ids.make(prefix, number)


def _create(sf: Salesforce, call: Call) -> Response:
    if call.headers.get("content-type", "").startswith("multipart/"):
        return _create_whole(sf, call)
    job = _made(sf, call, sobjects.body_of(call))
    return answer(_shown(sf, _job(sf, job)), charset="UTF-8")


def _create_whole(sf: Salesforce, call: Call) -> Response:
    """A job with its data, which is begun at once."""
    parts = multipart.parts(call)
    try:
        body = orjson.loads(parts.get("job", b""))
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or "content" not in parts:
        raise errors.error(
            400, "INVALIDJOB", "InvalidJob : the parts job (JSON) and content (CSV) are wanted"
        )
    if len(parts["content"]) > MOST_AT_ONCE:
        message = f"ClientInputError : the data of a multipart request is at most {MOST_AT_ONCE} characters"
        raise errors.error(400, "CLIENT_INPUT_ERROR", message)
    job = _made(sf, call, body)
    _put(sf, call, job, parts["content"])
    _begin(sf, call, _job(sf, job))
    return answer(_shown(sf, _job(sf, job)), charset="UTF-8")


def _made(sf: Salesforce, call: Call, body: dict[str, Any]) -> str:
    """The id of a new job."""
    operation, name, key = (
        body.get("operation"),
        str(body.get("object") or ""),
        body.get("externalIdFieldName"),
    )
    if operation not in ingest.OPERATIONS:
        raise errors.error(400, "INVALIDJOB", f"InvalidJob : operation {str(operation)[:40]} is not known")
    sobject = sf.org.object(name)
    if sobject is None:
        raise errors.error(400, "INVALIDENTITY", f"InvalidEntity : Unknown entity {name[:80]}")
    if operation == "upsert":
        field = sobject.field(str(key or ""))
        if field is None or not (field.external_id or field.name == "Id"):
            message = (
                f"InvalidJob : Field name provided, {key} does not match an External ID for {sobject.name}"
            )
            raise errors.error(400, "INVALIDJOB", message)
        key = field.name
    options = {
        "lineEnding": body.get("lineEnding") or "LF",
        "columnDelimiter": body.get("columnDelimiter") or "COMMA",
    }
    if body.get("assignmentRuleId"):
        options["assignmentRuleId"] = str(body["assignmentRuleId"])  # fmt: skip
    if options["lineEnding"] not in ENDINGS or options["columnDelimiter"] not in DELIMITERS:
        raise errors.error(400, "INVALIDJOB", "InvalidJob : lineEnding or columnDelimiter is not known")
    if body.get("contentType", "CSV") != "CSV":
        raise errors.error(400, "INVALIDJOB", "InvalidJob : contentType must be CSV")
    job = new_id(sf, "750")
    sf.store.db.execute(
        "insert into ingest_jobs values (?, 'v2', ?, ?, ?, 'CSV', ?, 'Open', ?, ?, ?, null)",
        (
            job, operation, sobject.name, key, orjson.dumps(options).decode(), call.now, call.now,
            call.params["version"],
        ),
    )  # fmt: skip
    call.effect = "job"
    return job


def _job(sf: Salesforce, job: str) -> tuple[Any, ...]:
    row = sf.store.row(
        f"select {_COLUMNS} from ingest_jobs where id = ? and api = 'v2'", (ids.normal(job) or job,)
    )
    if row is None:
        raise errors.not_found()
    return row


def _shown(sf: Salesforce, row: tuple[Any, ...], *, whole: bool = False) -> dict[str, Any]:
    number = row[8].removeprefix("v")
    shown = {
        "id": row[0], "operation": row[1], "object": row[2], "createdById": sf.org.user_id,
        "createdDate": times.iso(row[6])[:-1] + "+0000", "systemModstamp": times.iso(row[7])[:-1] + "+0000",
        "state": row[5], "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": float(number),
        "contentUrl": f"services/data/{row[8]}/jobs/ingest/{row[0]}/batches", **orjson.loads(row[4]),
    }  # fmt: skip
    if row[3]:
        shown["externalIdFieldName"] = row[3]
    if whole:
        done, failed = sf.store.row(
            "select coalesce(sum(done), 0), coalesce(sum(failed), 0) from ingest_batches where job = ?",
            (row[0],),
        ) or (0, 0)
        shown |= {
            "jobType": "V2Ingest", "numberRecordsProcessed": done, "numberRecordsFailed": failed,
            "retries": 0, "totalProcessingTime": row[7] - row[6], "apiActiveProcessingTime": row[7] - row[6],
            "apexProcessingTime": 0,
        }  # fmt: skip
    if row[9]:
        shown["errorMessage"] = row[9]
    return shown


def _status(sf: Salesforce, call: Call) -> Response:
    return answer(_shown(sf, _job(sf, call.params["job"]), whole=True), charset="UTF-8")


def _list(sf: Salesforce, call: Call) -> Response:
    rows = sf.store.rows(
        f"select {_COLUMNS} from ingest_jobs where api = 'v2' order by created desc, id limit 1000"
    )
    records = [_shown(sf, row) | {"jobType": "V2Ingest"} for row in rows]
    return answer({"done": True, "records": records, "nextRecordsUrl": None}, charset="UTF-8")


def _upload(sf: Salesforce, call: Call) -> Response:
    row = _job(sf, call.params["job"])
    known = sf.store.value("select 1 from ingest_batches where job = ?", (row[0],))
    if row[5] != "Open" or known:
        raise errors.error(400, "INVALIDJOBSTATE", "InvalidJobState : the job takes no more data")
    if len(call.body) > MOST_BYTES:
        raise errors.error(400, "CLIENT_INPUT_ERROR", "ClientInputError : the data is larger than 150 MB")
    _put(sf, call, row[0], call.body)
    return Response(status_code=201)


def _put(sf: Salesforce, call: Call, job: str, data: bytes) -> None:
    sf.store.db.execute(
        "insert into ingest_batches values (?, ?, 0, 'Uploaded', ?, ?, 0, 0, 0, null, ?, ?)",
        (new_id(sf, "751"), job, call.now, call.now, data, b"[]"),
    )


def _change(sf: Salesforce, call: Call) -> Response:
    row, state = _job(sf, call.params["job"]), sobjects.body_of(call).get("state")
    if state == "UploadComplete" and row[5] == "Open":
        _begin(sf, call, row)
    elif state == "Aborted" and row[5] in ("Open", "UploadComplete", "InProgress"):
        _set(sf, call, row[0], "Aborted", None)
    else:
        raise errors.error(
            400, "INVALIDJOBSTATE", f"InvalidJobState : {row[5]} cannot become {str(state)[:40]}"
        )
    shown = _shown(sf, _job(sf, row[0])) | {"state": state}  # what comes of it is told to who asks later
    shown.pop("errorMessage", None)
    return answer(shown, charset="UTF-8")


def _set(sf: Salesforce, call: Call, job: str, state: str, message: str | None) -> None:
    sf.store.db.execute(
        "update ingest_jobs set state = ?, modified = ?, message = ? where id = ?",
        (state, call.now, message, job),
    )


def _begin(sf: Salesforce, call: Call, row: tuple[Any, ...]) -> None:
    """Read the CSV. What is wrong with all of it fails the job, not the call."""
    batch = sf.store.row("select id, body from ingest_batches where job = ?", (row[0],))
    if batch is None:
        _set(sf, call, row[0], "Failed", "InvalidBatch : Field name not found : no data was uploaded")
        return
    options = orjson.loads(row[4])
    try:
        names, lines = table_of(
            bytes(batch[1]), DELIMITERS[options["columnDelimiter"]], options["lineEnding"]
        )
        rows = [row_of(names, line) for line in lines]
        _check_columns(sf, row, names)
    except ValueError as problem:
        _set(sf, call, row[0], "Failed", str(problem))
        return
    sf.store.db.execute(
        "update ingest_batches set state = 'Queued', total = ?, rows = ? where id = ?",
        (len(rows), orjson.dumps(rows), batch[0]),
    )
    _set(sf, call, row[0], "InProgress", None)
    ingest.start(sf, batch[0], call.headers.get(HEADER, ""))


def _check_columns(sf: Salesforce, row: tuple[Any, ...], names: list[str]) -> None:
    sobject = sf.org.objects[row[2]]
    if row[1] in ("delete", "hardDelete") and [name.lower() for name in names] != ["id"]:
        raise ValueError(f"InvalidBatch : The '{row[1]}' batch must contain only ids")
    for name in names:
        if "." not in name and sobject.field(name) is None:
            raise ValueError(f"InvalidBatch : Field name not found : {name}")
    files.refuse(sobject, names)


def table_of(body: bytes, delimiter: str, ending: str) -> tuple[list[str], list[list[str]]]:
    """Header and lines of a CSV. Raises ValueError in the vendor's words."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("InvalidBatch : the data is not UTF-8") from None
    first = text.partition("\n")[0]
    if first != text and first.endswith("\r") != (ending == "CRLF"):
        message = f"LineEnding is invalid on user data. Current LineEnding setting is {ending}"
        raise ValueError(f"ClientInputError : {message}")
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as problem:
        raise ValueError(f"InvalidBatch : Failed to parse CSV: {problem}") from None
    lines = [line for line in lines if line]
    if not lines:
        raise ValueError("InvalidBatch : the data has no header")
    if any(len(line) != len(lines[0]) for line in lines):
        message = "The length of a record does not match the length of the header"
        raise ValueError(f"InvalidBatch : {message}")
    return lines[0], lines[1:]


def row_of(names: list[str], line: list[str]) -> dict[str, Any]:
    """A line's values: an empty cell leaves a field alone, #N/A empties it."""
    cells = zip(names, line, strict=True)
    return {name: None if value == CLEAR else value for name, value in cells if value != ""}


def _delete(sf: Salesforce, call: Call) -> Response:
    row = _job(sf, call.params["job"])
    if row[5] not in ("JobComplete", "Failed", "Aborted", "Open"):
        raise errors.error(
            400, "INVALIDJOBSTATE", "InvalidJobState : only a job that has ended can be deleted"
        )
    db = sf.store.db
    db.execute(
        "delete from ingest_results where batch in (select id from ingest_batches where job = ?)", (row[0],)
    )
    db.execute("delete from ingest_batches where job = ?", (row[0],))
    db.execute("delete from ingest_jobs where id = ?", (row[0],))
    return Response(status_code=204)


def _lines(
    sf: Salesforce, call: Call
) -> tuple[tuple[Any, ...], list[str], list[list[str]], list[ingest.Outcome]]:
    row = _job(sf, call.params["job"])
    if row[5] not in ("JobComplete", "Failed", "Aborted"):
        raise errors.error(
            400, "INVALIDJOBSTATE", "InvalidJobState : results are there when the job has ended"
        )
    batch = sf.store.row("select id, body from ingest_batches where job = ?", (row[0],))
    if batch is None:
        return row, [], [], []
    options = orjson.loads(row[4])
    try:
        names, lines = table_of(
            bytes(batch[1]), DELIMITERS[options["columnDelimiter"]], options["lineEnding"]
        )
    except ValueError:
        return row, [], [], []
    return row, names, lines, ingest.outcomes(sf, batch[0])


def _shuffled(job: str, outcomes: list[ingest.Outcome]) -> list[ingest.Outcome]:
    """Another order than the upload's, the same each time: nobody may lean on it."""
    return sorted(outcomes, key=lambda o: hashlib.sha256(f"{job}{o.line}".encode()).digest())


def _file(row: tuple[Any, ...], header: list[str], lines: list[list[str]]) -> Response:
    options = orjson.loads(row[4])
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=DELIMITERS[options["columnDelimiter"]], quoting=csv.QUOTE_ALL,
        lineterminator=ENDINGS[options["lineEnding"]],
    )  # fmt: skip
    writer.writerows([header, *lines])
    headers = {"Sforce-NumberOfRecords": str(len(lines))}
    return Response(text.getvalue().encode(), headers=headers, media_type="text/csv;charset=UTF-8")


def _successful(sf: Salesforce, call: Call) -> Response:
    row, names, lines, outcomes = _lines(sf, call)
    found = [
        [o.id or "", str(o.created).lower(), *lines[o.line]] for o in _shuffled(row[0], outcomes) if o.success
    ]
    return _file(row, ["sf__Id", "sf__Created", *names], found)


def _failed(sf: Salesforce, call: Call) -> Response:
    row, names, lines, outcomes = _lines(sf, call)
    found = [[o.id or "", o.told, *lines[o.line]] for o in _shuffled(row[0], outcomes) if not o.success]
    return _file(row, ["sf__Id", "sf__Error", *names], found)


def _unprocessed(sf: Salesforce, call: Call) -> Response:
    row, names, lines, outcomes = _lines(sf, call)
    done = {o.line for o in outcomes}
    return _file(row, names, [line for number, line in enumerate(lines) if number not in done])
