"""Writing rows by the thousand: a request that is taken, its status, and what became of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, errors, extensions, rows
from sandbox.marketing_cloud.extensions import RowError

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

MOST = 32_000
PAGE = 50
_UNEXPECTED = "UnexpectedError"
"""What the vendor calls a key that is there already."""


def routes(mc: MarketingCloud) -> list[Route]:
    paths = [f"/data/v1/async/dataextensions/{one}/rows" for one in ("key:{key}", "{id}")]
    return [
        *(r for p in paths for r in mc.route("POST", p, lambda call: _take(mc, call, insert=True))),
        *(r for p in paths for r in mc.route("PUT", p, lambda call: _take(mc, call, insert=False))),
        *mc.route("GET", "/data/v1/async/{request}/status", lambda call: _status(mc, call)),
        *mc.route("GET", "/data/v1/async/{request}/results", lambda call: _results(mc, call)),
    ]


def _take(mc: MarketingCloud, call: Call, *, insert: bool) -> Response:
    given = rows.body_of(call)
    items = given.get("items") if isinstance(given, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(each, dict) for each in items):
        return _refused(call, "Parameter items is invalid")
    if len(items) > MOST:
        return _refused(call, f"No more than {MOST} items are taken")
    found = extensions.for_writing(mc.store, call.params)
    if not insert and not found.keys:
        return _refused(call, f"{found.name} has no primary key to find a row by")
    results = []
    for each in items:
        try:
            rows.meet_fault(call)
            row = found.checked(each, whole=True)
            if insert and _is_there(mc, found, row):
                raise RowError(errors.THERE_ALREADY, "Violation of PRIMARY KEY constraint")
            results.append({"message": rows.store(mc, call, found, row), "status": "OK"})
        except RowError as problem:
            code = _UNEXPECTED if problem.code == errors.THERE_ALREADY else str(problem.code)
            results.append({"errorCode": code, "message": problem.message, "status": "Error"})
    request = account.guid("async", call.request_id, call.now)
    call.keep(
        "insert into async_requests values (?, ?, ?, ?)",
        (request, call.now, mc.real_now() + mc.async_ms, orjson.dumps(results)),
    )
    return answer({"requestId": request, "resultMessages": []}, 202)


def _is_there(mc: MarketingCloud, found: extensions.Extension, row: dict[str, str | None]) -> bool:
    pk = found.pk(row)
    sql = "select 1 from extension_rows where extension = ? and pk = ?"
    return pk is not None and mc.store.value(sql, (found.id, pk)) is not None


def _refused(call: Call, message: str) -> Response:
    told = {"resultType": "Error", "resultClass": "Error", "resultCode": "InvalidRequest", "message": message}
    return answer(
        {"requestId": account.guid("async", call.request_id, call.now), "resultMessages": [told]}, 400
    )


def _request(mc: MarketingCloud, call: Call) -> tuple[str, int, int, list[dict[str, Any]]]:
    row = mc.store.row("select * from async_requests where id = ?", (call.params["request"],))
    if row is None:
        raise errors.not_found()
    return row[0], row[1], row[2], orjson.loads(row[3])


def _status(mc: MarketingCloud, call: Call) -> Response:
    request, at, ready, results = _request(mc, call)
    done = mc.real_now() >= ready
    failed = any(each["status"] == "Error" for each in results)
    status: dict[str, Any] = {
        "callDateTime": account.shown(at), "hasErrors": done and failed, "requestId": request,
        "requestStatus": "Complete" if done else "Pending",
        "resultStatus": ("Error" if failed else "OK") if done else "Pending",
    }  # fmt: skip
    if done:
        status |= {
            "pickupDateTime": account.shown(at),
            "completionDateTime": account.shown(at + times.SECOND),
        }
    return answer({"status": status, "requestId": account.guid("status", call.request_id)})


def _results(mc: MarketingCloud, call: Call) -> Response:
    _, _, ready, results = _request(mc, call)
    if mc.real_now() < ready:
        results = []
    query = {name.lower(): value for name, value in call.query.items()}
    numbers = (query.get("$page", "1"), query.get("$pagesize", str(PAGE)))
    if not all(n.isdecimal() and 0 < len(n) < 8 for n in numbers):
        raise errors.invalid("$page and $pageSize must be whole numbers")
    page, size = max(1, int(numbers[0])), max(1, min(int(numbers[1]), MOST))
    shown = results[(page - 1) * size : page * size]
    return answer({"page": page, "pageSize": size, "count": len(results), "items": shown})
