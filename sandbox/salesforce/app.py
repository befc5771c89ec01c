"""Salesforce's server: sessions, the daily allowance, versions, and the routes of its resources."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route, compile_path

from sandbox import times
from sandbox.call import Call, answer
from sandbox.clock import Clock, real_ms
from sandbox.limits import ENDLESS, DailyCount
from sandbox.salesforce import (
    auth,
    bulk,
    bulk_ingest,
    bulk_v1,
    cascade,
    collections,
    cometd,
    composite,
    errors,
    files,
    graphs,
    history,
    ids,
    ingest,
    layouts,
    lifecycle,
    list_views,
    oauth_flows,
    org_control,
    org_setup,
    passwords,
    people_pages,
    plans,
    query,
    recent,
    report_routes,
    search_help,
    soap,
    sobjects,
    sosl,
    versions,
    worked_out,
)
from sandbox.salesforce.locks import Locks
from sandbox.salesforce.metadata import anonymous, deploy, tooling
from sandbox.salesforce.metadata import soap as metadata_soap
from sandbox.salesforce.metadata.components import show_permitted
from sandbox.salesforce.metadata.kept import Kept
from sandbox.salesforce.org import Org
from sandbox.salesforce.records import Rows
from sandbox.salesforce.soql import functions
from sandbox.store import Store
from sandbox.vendor import Handler, OneSlash, Vendor

FIRST_VERSION, LAST_VERSION = 31, 68
DAILY = 100_000
_VERSION = re.compile(r"v(\d{2})\.0")
_NOT_DELETED = " where IsDeleted = 'false'"
_SEASONS = ("Summer", "Winter", "Spring")
_OPEN = re.compile(
    r"/services/oauth2/(?:token|revoke|authorize|introspect)/?$|/secur/frontdoor\.jsp$|/services/data/?$|/services/Soap/(?![ms]/)"
)
"""What is entered without a session; SOAP says who it is in its body."""
_IN_BODY = ("/services/Soap/m/", "/services/Soap/s/")
"""What has its session in its body, and is refused in SOAP's words."""
_SOAP_FAULTS = (401, 403, 429, 500)
"""What SOAP says itself, always by 500; other statuses come from machines before it."""
_RESOURCES = (
    "tooling",
    "metadata",
    "sobjects",
    "query",
    "queryAll",
    "limits",
    "composite",
    "jobs",
    "recent",
    "tabs",
    "quickActions",
    "process",
    "search",
    "parameterizedSearch",
    "theme",
    "analytics",
)


_UNTOUCHED = {
    "ConcurrentAsyncGetReportInstances": 200, "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000, "DailyStreamingApiEvents": 200_000,
    "DailyWorkflowEmails": 18_000, "HourlyAsyncReportRuns": 1_200, "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5_000, "HourlySyncReportRuns": 500, "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000, "SingleEmail": 5_000, "StreamingApiConcurrentClients": 1_000,
}  # fmt: skip
"""Limits of what the sandbox does not do, shown and never used up."""


class Salesforce(Vendor):
    """One organisation and its integration user."""

    name = "salesforce"

    def __init__(self, store: Store, clock: Clock, *, limited: bool = True) -> None:
        super().__init__(store, clock)
        self.metadata = Kept(store)
        org_setup.bring_up(store)
        self.written = asyncio.Event()
        """Set when something was stored: whoever listens for changes is told."""
        self.read_org()
        self.table: list[tuple[str, re.Pattern[str], Handler]] = []
        """Every route, for requests inside a composite."""
        self.cut: dict[str, int] = {}
        self.locks = Locks(store)
        """How many of the next answers of a kind lose their last rows."""
        self.results: Path = store.path.parent / "bulk"
        self.key_file: Path = store.path.parent / "salesforce_jwt_key.pem"
        self.prepare(store.db)
        store.script(
            ";".join((ingest.TABLES, bulk_v1.TABLES, cascade.TABLES, files.TABLES, report_routes.TABLES))
        )
        with store.transaction():
            report_routes.begin(self, clock.now())
        today = times.day(clock.now())
        used = store.value("select count(*) from requests where at >= ?", (times.parse(today),))
        self.daily = DailyCount(DAILY if limited else ENDLESS, int(used), today)

    def prepare(self, db: sqlite3.Connection) -> None:
        """Let another connection to the store work formula fields out."""
        worked_out.register(db, lambda: self.org.worked, self.clock.now)
        functions.register(db, self.clock.now)

    def read_org(self) -> None:
        """Take the org as its store has it now."""
        self.org = Org(self.store)
        self.rows = Rows(self.org)

    def route(self, method: str, path: str, handler: Handler) -> list[Route]:
        self.table.append((method, compile_path(path)[0], handler))
        return super().route(method, path, handler)

    def is_cut(self, kind: str) -> bool:
        """Whether this answer is to lose its last rows."""
        if not self.cut.get(kind):
            return False
        self.cut[kind] -= 1
        return True

    def real_now(self) -> int:
        """The machine's time: sessions and assertions age by it, so that setting the clock ends none."""
        return real_ms()

    def at_version(self, call: Call) -> None:
        """Give `latest` its number; refuse a version that is none, or does not have what is asked for."""
        version = call.params.get("version")
        if version == "latest":
            version = f"v{LAST_VERSION}.0"
            call.params = {**call.params, "version": version}
        if version is not None:
            match = _VERSION.fullmatch(version)
            if match is None or not FIRST_VERSION <= int(match[1]) <= LAST_VERSION:
                raise errors.not_found()
            if not versions.knows(call.path, int(match[1])):
                raise errors.not_found()

    def is_open(self, path: str) -> bool:
        return _OPEN.search(path) is not None and "/services/Soap/" not in path

    def admit(self, call: Call) -> None:
        self.at_version(call)
        if _OPEN.search(call.path):
            return
        if call.path.startswith(_IN_BODY):
            if not auth.is_live(self, metadata_soap.session_of(call.body)):
                raise metadata_soap.fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
        elif not auth.check_session(self, call):
            if bulk_v1.is_meant(call):
                raise bulk_v1.refused(call, 400, "InvalidSessionId", "Invalid session id")
            raise errors.error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if not self.daily.take(times.day(call.now)):
            if bulk_v1.is_meant(call):
                raise bulk_v1.refused(call, 503, "ExceededQuota", "TotalRequests Limit exceeded.")
            raise errors.error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def refusal(self, call: Call, status: int, message: str) -> Response:
        limit = "ConcurrentRequests (Concurrent API Requests)" if "oncurrent" in message else "TotalRequests"
        codes = {
            401: ("INVALID_SESSION_ID", "Session expired or invalid"),
            403: ("REQUEST_LIMIT_EXCEEDED", f"{limit} Limit exceeded."),
            404: ("NOT_FOUND", "The requested resource does not exist"),
            405: ("METHOD_NOT_ALLOWED", message),
            429: ("REQUEST_LIMIT_EXCEEDED", f"{limit} Limit exceeded."),
            503: ("SERVER_UNAVAILABLE", "Server is unavailable, please try again later"),
        }
        code, words = codes.get(status, ("UNKNOWN_EXCEPTION", message))
        if bulk_v1.is_meant(call) and status != 404:
            return _of_bulk_v1(call, status, code, words)
        if "/services/Soap/" in call.path and status in _SOAP_FAULTS:
            if call.path.startswith(_IN_BODY):
                return metadata_soap.fault(code, words).response
            return soap.refusal(call, code, words)
        return errors.response(status, code, words)

    def tables(self) -> list[tuple[str, str]]:
        return [
            (name, f'"{name}"' + (_NOT_DELETED if "IsDeleted" in each.fields else ""))
            for name, each in self.org.objects.items()
        ]

    def how_many(self, table: str) -> int:
        """All rows but those in the bin, both told by an index: a look at every row of many takes long."""
        whole, deleted, _ = table.partition(_NOT_DELETED)
        found = super().how_many(whole)
        return found - super().how_many(f"{whole} where IsDeleted = 'true'") if deleted else found

    def record_of(self, kind: str, record_id: str) -> dict[str, Any] | None:
        sobject, full = self.org.object(kind), ids.normal(record_id)
        row = self.rows.get(sobject, full) if sobject and full else None
        if sobject is None or row is None:
            return None
        past: list[tuple[Any, ...]] = []
        if sobject.name in history.TRACKED:
            table = history.TRACKED[sobject.name][0]
            past = self.store.rows(
                f"select CreatedDate, Field, coalesce(OldValue, '') || ' → ' || coalesce(NewValue, ''), "
                f'CreatedById from "{table}" where "{history.parent_field(sobject.name)}" = ? '
                "order by CreatedDate desc, Id desc limit 200",
                (full,),
            )
        fields = [(name, value) for name, value in row.items() if value is not None]
        return {"object": sobject.name, "id": full, "fields": fields, "history": past}

    def rotate(self) -> None:
        self.store.db.execute("delete from tokens")
        self.store.set_meta("rotate_refresh", "1")

    def show_late(self, made: list[tuple[str, str]], at: int) -> None:
        for name in dict.fromkeys(name for name, _ in made):
            sobject = self.org.object(name)
            if sobject is not None:
                lifecycle.show_later(self, sobject, [own for each, own in made if each == name], at)

    def changed(self) -> None:
        if self.org.assigned:  # now, for the next request may be refused and what it stores taken back
            with self.store.transaction():
                show_permitted(self, self.metadata)
        self.written.set()

    def daily_limit(self, call: Call) -> Response:
        refused = self.refusal(call, 403, "")
        refused.headers["Sforce-Limit-Info"] = f"api-usage={self.daily.limit}/{self.daily.limit}"
        return refused

    def headers(self, call: Call) -> dict[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self.daily.used}/{self.daily.limit}"}


def _of_bulk_v1(call: Call, status: int, code: str, words: str) -> Response:
    known = {
        "INVALID_SESSION_ID": (400, "InvalidSessionId"), "REQUEST_LIMIT_EXCEEDED": (503, "ExceededQuota"),
    }  # fmt: skip
    at, name = known.get(code, (status, "InternalServerError" if status >= 500 else "ClientInputError"))
    return bulk_v1.refused(call, at, name, words).response


def _versions(call: Call) -> Response:
    found = []
    for number in range(FIRST_VERSION, LAST_VERSION + 1):
        season, year = _SEASONS[(number - 31) % 3], 14 + (number - 29) // 3
        found.append(
            {"label": f"{season} '{year}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        )
    return answer(found, charset="UTF-8")


def _resources(call: Call) -> Response:
    base = f"/services/data/{call.params['version']}"
    return answer({name: f"{base}/{name}" for name in _RESOURCES}, charset="UTF-8")


def _limits(sf: Salesforce, call: Call) -> Response:
    jobs = int(sf.store.value("select count(*) from jobs where created >= ?", (call.now - times.DAY,)))
    batches = (
        "DailyBulkApiBatches" if versions.number_of(call.params["version"]) >= 49 else "DailyBulkApiRequests"
    )
    found = {name: {"Max": most, "Remaining": most} for name, most in _UNTOUCHED.items()} | {
        "DailyApiRequests": {"Max": sf.daily.limit, "Remaining": sf.daily.remaining},
        batches: {"Max": 15_000, "Remaining": 15_000},
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000 - jobs},
        "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
        "DataStorageMB": {"Max": 5_120, "Remaining": 4_096},
        "FileStorageMB": {"Max": 5_120, "Remaining": 5_000},
    }
    return answer(dict(sorted(found.items())), charset="UTF-8")


def application(store: Store, clock: Clock, *, limited: bool = True) -> Starlette:
    """The Salesforce server over a store that holds an org."""
    sf = Salesforce(store, clock, limited=limited)
    base = "/services/data"
    routes: list[Route] = [
        *sf.control_routes(), *org_control.routes(sf), *auth.routes(sf), *cometd.routes(sf),
        *sf.route("GET", base, _versions), *sf.route("GET", base + "/{version}", _resources),
        *sf.route("GET", base + "/{version}/limits", lambda call: _limits(sf, call)),
    ]  # fmt: skip
    for part in (
        oauth_flows, query, deploy, metadata_soap, anonymous, tooling, bulk, bulk_ingest, collections,
        composite, graphs,
        layouts, list_views, passwords, people_pages, plans, recent, report_routes, sobjects, soap,
        bulk_v1, search_help, sosl,
    ):  # fmt: skip
        routes += part.routes(sf)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await bulk.resume(sf)
        ingest.resume(sf)
        bulk_v1.resume(sf)
        yield

    app = Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(OneSlash)])
    app.router.default = sf.fallback()
    app.router.redirect_slashes = False
    return app
