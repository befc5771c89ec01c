"""The sandbox's own door, `/_sandbox/...`: clock, logs, faults. No vendor has anything like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fault_specs, times
from sandbox.call import answer

if TYPE_CHECKING:
    from sandbox.vendor import Vendor

PAGE = 1_000
_REQUEST_COLUMNS = [
    "seq",
    "request_id",
    "at",
    "method",
    "path",
    "query",
    "status",
    "ms",
    "client",
    "effect",
    "records",
    "changes",
]
_WRITE_COLUMNS = ["seq", "at", "object", "record_id", "operation", "field", "before", "after", "request_id"]
_FILTERS = {
    "requests": ("request_id", "method", "path", "status", "effect"),
    "writes": ("object", "record_id", "operation", "field", "request_id"),
}


def routes(vendor: Vendor) -> list[Route]:
    """The control routes of one vendor's server."""

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            problem = _set_clock(vendor, await request.body())
            if problem:
                return answer({"error": problem}, 400)
        now = vendor.clock.now()
        return answer({"now": times.iso(now), "ms": now})

    async def requests(request: Request) -> Response:
        return _page(vendor, "requests", _REQUEST_COLUMNS, dict(request.query_params))

    async def writes(request: Request) -> Response:
        return _page(vendor, "writes", _WRITE_COLUMNS, dict(request.query_params))

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            vendor.faults.replace([])
        if request.method in ("POST", "PUT"):
            try:
                _switch(vendor, await request.body())
            except fault_specs.NoFault as problem:
                return answer({"error": str(problem)}, 400)
        return answer({"faults": vendor.faults.shown(), "kinds": list(vendor.kinds)})

    return [
        Route("/_sandbox/clock", clock, methods=["GET", "POST"]),
        Route("/_sandbox/requests", requests, methods=["GET"]),
        Route("/_sandbox/writes", writes, methods=["GET"]),
        Route("/_sandbox/faults", faults, methods=["GET", "POST", "PUT", "DELETE"]),
    ]


def _switch(vendor: Vendor, body: bytes) -> None:
    """One fault joins those that are on, a list (or what a GET told) takes their place. Raises NoFault."""
    try:
        wish = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise fault_specs.NoFault("send a fault or a list of faults as JSON") from None
    wish = wish["faults"] if isinstance(wish, dict) and "faults" in wish else wish
    if isinstance(wish, list):
        vendor.faults.replace([fault_specs.parse(each, vendor.kinds) for each in wish])
    else:
        vendor.faults.add(fault_specs.parse(wish, vendor.kinds))


def _set_clock(vendor: Vendor, body: bytes) -> str:
    """Set (`now`) or advance (`advance_seconds`) the clock of all vendors; the problem, or nothing."""
    try:
        wish = orjson.loads(body)
        if "now" in wish:
            vendor.clock.set(times.parse(wish["now"]))
        else:
            vendor.clock.set(vendor.clock.now() + int(wish["advance_seconds"] * 1000))
    except (ValueError, KeyError, TypeError):
        return 'send {"now": "2026-07-01T00:00:00Z"} or {"advance_seconds": 3600}'
    return ""


def _page(vendor: Vendor, table: str, columns: list[str], query: dict[str, str]) -> Response:
    """A page of a log, oldest first: `after` a sequence number, `limit`, equality filters; `noop=1` shows
    writes that changed nothing as well."""
    numbers = [query.get("after", "0"), query.get("limit", str(PAGE))]
    if not all(n.isdecimal() and len(n) < 16 for n in numbers):
        return answer({"error": "after and limit must be whole numbers"}, 400)
    after, limit = (int(n) for n in numbers)
    clauses: list[str] = ["seq > ?"]
    values: list[Any] = [after]
    for name in _FILTERS[table]:
        if name in query:
            clauses.append(f"{name} = ?")
            values.append(query[name])
    if table == "writes" and query.get("noop") != "1":
        clauses.append("operation <> 'noop'")
    limit = min(max(limit, 1), 100_000)
    rows = vendor.store.rows(
        f"select {', '.join(columns)} from {table} where {' and '.join(clauses)} order by seq limit ?",
        [*values, limit],
    )
    shown = [dict(zip(columns, row, strict=True)) for row in rows]
    for item in shown:
        item["at"], item["vendor"] = times.iso(item["at"]), vendor.name
    following = rows[-1][0] if len(rows) == limit else None
    return answer({table: shown, "next": following})
