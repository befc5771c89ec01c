"""The way of a request through any vendor: fault, sign-in, limit, handler, log, commit, answer.

What differs between vendors (who may enter, how a refusal looks, which headers an answer carries) is asked of
a `Vendor`. Handlers are plain functions from `Call` to `Response` and run one at a time.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import control, fault_specs, openapi, overview, spoil, times
from sandbox.call import Call, Refused
from sandbox.clock import Clock, real_ms
from sandbox.faults import BREAKS, HEADER, PAGES, ROWS, Fault, Faults, Kinds
from sandbox.routing import Address
from sandbox.store import Store

Handler = Callable[[Call], Response]
ACTOR_HEADER, AT_HEADER, BUSINESS = "x-sandbox-actor", "x-sandbox-at", "business"
"""Who says so is the world itself living on: no limit, fault or sign-in holds it."""
COUNTED_MS = 10_000
LARGEST = 256 * 1024 * 1024
"""Bytes of a body once it is inflated."""
NOT_INSTEAD = (*BREAKS, *PAGES, *ROWS)


_OUR_OWN = ("meta", "requests", "tokens", "writes")
"""Tables of a store that no vendor has."""


class _TakenBack(Exception):
    """Ends a request whose answer is given and whose changes are not kept."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Vendor:
    """One vendor's server: its store, its faults, and the questions its subclass answers."""

    name = ""
    kinds: Kinds = fault_specs.KINDS
    """The faults it knows, by name."""
    any_case = False
    """Whether addresses may be written in any case."""

    @property
    def title(self) -> str:
        """The name for people."""
        return {"hubspot": "HubSpot"}.get(self.name, self.name.replace("_", " ").title())

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock, self.faults = store, clock, Faults()
        self.lived = ""
        """What the days brought that were let pass from the page last."""
        self._counted: tuple[int, list[tuple[str, int]]] | None = None
        started = store.value("select coalesce(max(seq), 0) from requests")
        self._ids = (f"{self.name[:2]}-{n:08d}" for n in itertools.count(int(started) + 1))

    def admit(self, call: Call) -> None:
        """Raise Refused when the caller may not enter or has used up a limit."""
        raise NotImplementedError

    def is_open(self, path: str) -> bool:
        """Whether this is asked without having signed in."""
        return False

    def refusal(self, call: Call, status: int, message: str) -> Response:
        """The vendor's error answer for a status that has no cause in the request itself."""
        raise NotImplementedError

    def instead(self, call: Call, fault: Fault) -> Response:
        """The answer of a fault that comes instead of the handler's."""
        if fault.status == "outage":
            page = "<html><head><title>503 Service Unavailable</title></head></html>"
            return Response(page, 503, media_type="text/html")
        if fault.status == "daily_limit":
            return self.daily_limit(call)
        if fault.status == "rotated_token":
            with self.store.transaction():
                self.rotate()
        status = 401 if fault.status in ("expired_token", "rotated_token") else fault.status
        return self.refusal(call, int(status or 500), fault.limit or "Injected fault")

    def rotate(self) -> None:
        """End all sessions; refresh tokens are good once from now on, where the vendor rotates them."""

    def show_late(self, made: list[tuple[str, str]], at: int) -> None:
        """Let nobody see these records, by object and id, before `at`."""

    def suffers(self, call: Call) -> bool:
        """Let a fault come over what a call stored; whether none of it is to be kept."""
        fault = call.fault
        if fault is None or not call.changes or fault.status == "row_error":
            return False
        made = [(c.object, c.record_id) for c in call.changes if c.operation == "create"]
        fault.acted = fault.status == "noop" or bool(made)
        if fault.status == "late_rows" and made:
            self.show_late(list(dict.fromkeys(made)), call.now + fault.late * times.SECOND)
        return fault.status == "noop"

    def changed(self) -> None:
        """Something was stored."""

    def taken_back(self) -> None:
        """What a request stored is not kept: what is remembered of the store is read anew."""

    def before(self, call: Call) -> None:
        """What falls due by the clock, done before a request is answered."""

    def after(self, call: Call) -> None:
        """What the vendor does of itself once a request is done."""

    def daily_limit(self, call: Call) -> Response:
        """What the vendor says when the day's calls are used up."""
        return self.refusal(call, 429, "Injected fault")

    def headers(self, call: Call) -> dict[str, str]:
        """Headers every answer of this vendor carries."""
        raise NotImplementedError

    def route(self, method: str, path: str, handler: Handler) -> list[Route]:
        """The route for a path, with and without a trailing slash: clients use both."""
        return [_Route(self, path, _Endpoint(self, handler), method)]

    def control_routes(self) -> list[Route]:
        return [*control.routes(self), *overview.routes(self), openapi.route()]

    def contents(self) -> list[tuple[str, int]]:
        """What is in the vendor's store, for its page: names and how many."""
        return self.counted(self.tables())

    def tables(self) -> list[tuple[str, str]]:
        """Of each kind of record its name and what is counted."""
        inside = "select name from sqlite_master where type = 'table' order by name"
        names = [name for (name,) in self.store.rows(inside)]
        return [(n, f'"{n}"') for n in names if not n.startswith("sqlite_") and n not in _OUR_OWN]

    def counted(self, tables: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
        """Counts of tables that hold anything; kept for a while, for a large world takes its time."""
        if self._counted is None or self._counted[0] < real_ms() - COUNTED_MS:
            found = [(name, self.how_many(table)) for name, table in tables]
            self._counted = (real_ms(), [(name, count) for name, count in found if count])
        return self._counted[1]

    def how_many(self, table: str) -> int:
        """Rows of a table, or of what is counted of it."""
        return int(self.store.value(f"select count(*) from {table}"))

    def record_of(self, kind: str, record_id: str) -> dict[str, Any] | None:
        """A record for the page: object, id, fields and history; None when there is none."""
        if kind not in dict(self.tables()):
            return None
        names = [row[0] for row in self.store.rows("select name from pragma_table_info(?)", (kind,))]
        row = self.store.row(f'select * from "{kind}" where id = ?', (record_id,)) if "id" in names else None
        if row is None:
            return None
        fields = [pair for name, value in zip(names, row, strict=True) for pair in _told(name, value)]
        return {"object": kind, "id": str(row[names.index("id")]), "fields": fields, "history": []}

    def fallback(self) -> _Endpoint:
        def not_there(call: Call) -> Response:
            raise Refused(self.refusal(call, 404, f"No route for {call.method} {call.path}"))

        return _Endpoint(self, not_there)

    def next_request_id(self) -> str:
        return next(self._ids)


class OneSlash:
    """Middleware: an address that begins with two slashes, of a client that joined it so, is the same."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("//"):
            scope = {**scope, "path": "/" + scope["path"].lstrip("/")}
        await self.app(scope, receive, send)


class _Route(Address):
    """A route that says in the vendor's words when it takes another method."""

    def __init__(self, vendor: Vendor, path: str, endpoint: _Endpoint, method: str) -> None:
        super().__init__(path, endpoint, method, any_case=vendor.any_case)
        self.vendor, self.method = vendor, method

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in (self.methods or ()):
            await super().handle(scope, receive, send)
            return

        def another(call: Call) -> Response:
            message = f"HTTP Method '{call.method}' not allowed. Allowed are {self.method}"
            raise Refused(self.vendor.refusal(call, 405, message))

        await _Endpoint(self.vendor, another)(scope, receive, send)


class _Endpoint:
    """An ASGI application around one handler."""

    def __init__(self, vendor: Vendor, handler: Handler) -> None:
        self.vendor, self.handler = vendor, handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = _inflated(request.headers.get("content-encoding", ""), await request.body())
        started = time.perf_counter()
        call = self._call(request, body)
        as_business = call.headers.get(ACTOR_HEADER) == BUSINESS
        try:
            fault = None if as_business else self._met(call)
        except fault_specs.NoFault as problem:
            said = Response(f"X-Sandbox-Fault: {problem}\n", 400, media_type="text/plain")
            await self._finish(call, said, started, "fault")(scope, receive, send)
            return
        if fault and fault.slow:
            await asyncio.sleep(fault.slow / 1000)
        if fault and fault.status == "reset":
            self._log(call, 0, started, "reset")
            await _break_off(scope, receive)
            return
        call.fault = fault if fault and fault.status in ROWS else None
        response = self._faulty(call, fault, started) or self._answer(call, started, admitted=as_business)
        if fault:
            _spoil(call, fault, response)
            fault.settle()
        if fault and fault.status == "cut_body":
            await spoil.send_half(response, send)
        if fault and fault.status in BREAKS:
            await _break_off(scope, receive)
            return
        await response(scope, receive, send)

    def _met(self, call: Call) -> Fault | None:
        """The fault that a request meets. Raises NoFault when it asks for one that there is not."""
        said, faults = call.headers.get(HEADER), self.vendor.faults
        own = fault_specs.of_header(said, self.vendor.kinds) if said is not None else None
        return faults.meet(call.method, call.path, call.now, own=own, is_open=self.vendor.is_open(call.path))

    def _call(self, request: Request, body: bytes) -> Call:
        base = f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"
        scope = request.scope
        return Call(
            request.method,
            unquote(scope["path"]),
            scope["query_string"].decode("latin-1"),
            request.headers,
            request.path_params,
            body,
            self.vendor.store,
            _moment(request) or self.vendor.clock.now(),
            self.vendor.next_request_id(),
            base,
        )

    def _faulty(self, call: Call, fault: Fault | None, started: float) -> Response | None:
        if fault is None or fault.status in (None, *NOT_INSTEAD):
            return None
        response = self.vendor.instead(call, fault)
        if fault.retry_after is not None:
            response.headers["Retry-After"] = fault.retry_after
        return self._finish(call, response, started, "fault")

    def _answer(self, call: Call, started: float, *, admitted: bool = False) -> Response:
        """The handler's answer. `admitted`: the business itself asks, whom no limit holds."""
        store = self.vendor.store
        with store.transaction():
            self.vendor.before(call)
            try:
                with store.transaction():
                    if not admitted:
                        self.vendor.admit(call)
                    response = self.handler(call)
                    store.log_changes(call.now, call.request_id, call.changes)
                    if self.vendor.suffers(call):
                        raise _TakenBack(response)
            except _TakenBack as back:
                self.vendor.taken_back()
                for sql, values in call.kept:
                    store.db.execute(sql, values)
                call.changes, call.effect = [], "noop"
                response = back.response
            except Refused as refused:
                self.vendor.taken_back()
                call.changes, call.records = [], 0
                response = refused.response
            except Exception:  # noqa: BLE001 - a client must get the vendor's 500, never a broken server
                traceback.print_exc(file=sys.stderr)
                self.vendor.taken_back()
                call.changes, call.records = [], 0
                response = self.vendor.refusal(call, 500, "An internal error occurred")
            if call.changes:
                self.vendor.after(call)
            finished = self._finish(call, response, started, call.effect)
        if call.changes:
            self.vendor.changed()
        return finished

    def _finish(self, call: Call, response: Response, started: float, effect: str) -> Response:
        self._log(call, response.status_code, started, effect)
        for name, value in self.vendor.headers(call).items():
            response.headers.setdefault(name, value)
        response.headers["Date"] = times.http_date(call.now)
        return response

    def _log(self, call: Call, status: int, started: float, effect: str) -> None:
        changed = sum(1 for change in call.changes if change.operation != "noop")
        self.vendor.store.log_request(
            (
                call.request_id, call.now, call.method, call.path, call.query_string, status,
                round((time.perf_counter() - started) * 1000, 3), call.headers.get("user-agent", ""),
                effect or ("write" if changed else "read"), call.records, changed,
            )
        )  # fmt: skip


def _told(name: str, value: Any) -> list[tuple[str, str]]:
    """A stored value for the page; what is kept as JSON by its keys."""
    if isinstance(value, bytes):
        found = orjson.loads(value)
        if isinstance(found, dict):
            return [(k, v if isinstance(v, str) else orjson.dumps(v).decode()) for k, v in found.items()]
        value = value.decode()
    return [(name, "" if value is None else str(value))]


def _inflated(encoding: str, body: bytes) -> bytes:
    """A body that was sent compressed; as it came when it is not what its header says, or blows up."""
    if "gzip" not in encoding.lower():
        return body
    try:
        reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        found = reader.decompress(body, LARGEST)
    except zlib.error:
        return body
    return body if reader.unconsumed_tail else found


def _moment(request: Request) -> int | None:
    """When something happens that the business does itself: it says so, to the millisecond."""
    said = request.headers.get(AT_HEADER, "")
    is_business = request.headers.get(ACTOR_HEADER) == BUSINESS
    return int(said) if is_business and said.isdecimal() and len(said) < 15 else None


def _spoil(call: Call, fault: Fault, response: Response) -> None:
    """Leave rows of a page out; an answer to a write is no page."""
    if fault.status in PAGES and not call.changes:
        fault.acted = spoil.shorten(response, is_last=fault.status == "truncated_page")


async def _break_off(scope: Scope, receive: Receive) -> None:
    """End the connection without an answer, and wait until the server has noticed."""
    scope["sandbox.transport"].abort()
    while (await receive())["type"] != "http.disconnect":
        continue


def tick() -> int:
    """Real milliseconds, for rolling limits: they must not jump when someone sets the sandbox's clock."""
    return real_ms()
