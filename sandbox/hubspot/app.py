"""HubSpot's server: who may enter, how fast, and the routes of its resources."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.clock import Clock
from sandbox.fault_specs import KINDS
from sandbox.faults import Fault
from sandbox.hubspot import (
    account,
    account_limits,
    association_writes,
    associations,
    associations_v3,
    batch,
    campaign_writes,
    campaigns,
    currencies,
    custom_events,
    errors,
    event_reads,
    event_writes,
    exports,
    file_folders,
    files,
    flow_runs,
    flows,
    form_definitions,
    form_writes,
    journal,
    journal_subscriptions,
    labels,
    legacy,
    legacy_contacts,
    legacy_engagement_writes,
    legacy_engagements,
    legacy_lists,
    legacy_ties,
    legacy_writes,
    list_changes,
    list_folders,
    list_writes,
    marketing,
    marketing_email_writes,
    marketing_emails,
    merge,
    messages,
    oauth,
    objects,
    owners,
    pipeline_audits,
    pipeline_writes,
    pipelines,
    portal_control,
    properties,
    property_groups,
    schemas,
    search,
    sequences,
    settings_users,
    setup,
    setup_writes,
    subscription_writes,
    timeline,
    timeline_templates,
    transactional,
    validations,
    webhooks,
    workflow_actions,
)  # fmt: skip
from sandbox.hubspot.portal import Portal, bring_up
from sandbox.hubspot.records import Records
from sandbox.hubspot.visibility import Visibility
from sandbox.limits import ENDLESS, DailyCount, RollingWindow
from sandbox.store import Store
from sandbox.vendor import Handler, Vendor, tick

VERSIONS = ("v3", "v4", "2025-09", "2026-03", "2026-09")
TEN_SECONDS, SEARCHES, DAILY = 190, 5, 625_000
_SEARCH = re.compile(r"/(objects|lists)/([^/]+/){0,2}search/?$")
"""What the limit of searches counts: those of objects and of lists, no other path that ends so."""
_EXEMPT = re.compile(rf"/associations/.*/batch/|{_SEARCH.pattern}")
_JOURNAL = re.compile(
    r"/(webhooks-journal|webhooks/[^/]+/(journal|journal-local|snapshots|subscriptions)|journal-files)(/|$)"
)
"""What no limit of calls counts."""
_TOKEN = re.compile(r"/oauth/(authorize|[^/]+/(token|access-tokens|refresh-tokens)(/.*)?)/?")
"""What is asked without a token: signing in, and telling of a token whoever has it."""
_MAX_URL = 16_200


_WRITING = r"^(POST|PUT|PATCH|DELETE) (?!.*/(search|read)$)"


class HubSpot(Vendor):
    """One portal behind one service key."""

    name = "hubspot"
    kinds = KINDS | {
        "lock": KINDS["423"] | {"match": _WRITING},
        "row_error": KINDS["row_error"] | {"code": "INVALID_OPTION"},
        "half_batch": KINDS["half_batch"] | {"code": "OBJECT_NOT_FOUND"},
    }  # fmt: skip
    """A lock refuses a whole write; a batch fails in part for records that are not there."""

    def __init__(self, store: Store, clock: Clock, *, limited: bool = True) -> None:
        super().__init__(store, clock)
        bring_up(store)
        self.portal = Portal(store)
        self.seen = Visibility(clock.now)
        self.flows: dict[int, dict[str, Any]] = {}
        """The workflows that are on, by id."""
        self.records = Records(self.portal, self.seen)
        store.script("create table if not exists blocklist (email text primary key) without rowid")
        self.token = store.get_meta("token")
        self.written = asyncio.Event()
        """Set when something was stored: whoever tells others of it wakes up."""
        self.sessions: dict[str, int] = {}
        """Access tokens of the OAuth app, and when each expires; gone with the process."""
        self.window = RollingWindow(TEN_SECONDS if limited else ENDLESS, 10_000)
        self.searches = RollingWindow(SEARCHES if limited else ENDLESS, 1_000)
        today = times.day(clock.now())
        used = store.value("select count(*) from requests where at >= ?", (times.parse(today),))
        self.daily = DailyCount(DAILY if limited else ENDLESS, int(used), today)

    def control_routes(self) -> list[Route]:
        return [*super().control_routes(), *portal_control.routes(self)]

    def is_open(self, path: str) -> bool:
        return (
            _TOKEN.fullmatch(path) is not None
            or journal.is_file(path)
            or exports.is_file(path)
            or files.is_open(path)
            or form_writes.is_open(path)
        )

    def admit(self, call: Call) -> None:
        given = call.headers.get("authorization", "").removeprefix("Bearer ")
        if given != self.token and not (self.is_open(call.path) or oauth.by_developer(self, call)):
            oauth.admit(self, call, given)
        if len(call.path) + len(call.query_string) > _MAX_URL:
            raise Refused(Response("URI Too Long", 414, media_type="text/plain"))
        told = _JOURNAL.match(call.path) is not None
        if not told and not self.daily.take(times.day(call.now)):
            raise Refused(errors.rate_limited(call, "You have reached your daily limit.", "DAILY"))
        if _SEARCH.search(call.path) and not self.searches.take(tick()):
            raise Refused(errors.rate_limited(call, "You have reached your secondly limit.", "SECONDLY"))
        if not told and not _EXEMPT.search(call.path) and not self.window.take(tick()):
            message = "You have reached your ten_secondly_rolling limit."
            raise Refused(errors.rate_limited(call, message, "TEN_SECONDLY_ROLLING"))
        version = call.params.get("version")
        if version is not None and version not in VERSIONS:
            raise errors.not_found(call)

    def refusal(self, call: Call, status: int, message: str) -> Response:
        if status == 429:
            policy = message if message in errors.POLICIES else errors.POLICIES[0]
            return errors.rate_limited(call, f"You have reached your {policy.lower()} limit.", policy)
        if status == 403:
            missing = "This app hasn't been granted all required scopes to make this call."
            context = {"requiredGranularScopes": [call.path.strip("/").split("/")[0] + ".read"]}
            details = [{"message": missing, "context": context}]
            return answer(errors.body(call, missing, "MISSING_SCOPES", errors=details), status)
        category = {401: "INVALID_AUTHENTICATION", 404: "OBJECT_NOT_FOUND", 423: "LOCKED"}.get(status, "")
        if not category:
            category = "VALIDATION_ERROR" if status < 500 else "INTERNAL_ERROR"
        return answer(errors.body(call, message, category), status)

    def taken_back(self) -> None:
        if self.portal.is_changed:
            self.portal.reload()
        self.flows = flow_runs.load(self)

    def tables(self) -> list[tuple[str, str]]:
        also = ("lists", "forms", "submissions", "campaigns", "owners", "email_events", "behaviours", "flows",
                "marketing_emails", "timeline_events")  # fmt: skip
        return [
            *((plural, f'"{plural}" where archived = 0') for plural in self.portal.properties),
            *((name, f'"{name}"') for name in also),
        ]

    def record_of(self, kind: str, record_id: str) -> dict[str, Any] | None:
        found = self.portal.type_of(kind)
        if found is None:
            return super().record_of(kind, record_id)
        record = self.records.get(found, record_id)
        if record is None:
            return None
        history = self.store.rows(
            "select at, property, value, source_type from history where object = ? and id = ? "
            "order by at desc, rowid desc limit 200",
            (record.type.plural, record.id),
        )
        return {
            "object": record.type.plural, "id": str(record.id),
            "fields": [*sorted(record.props.items()), ("archived", str(record.archived).lower())],
            "history": [(times.iso(at), name, value, by) for at, name, value, by in history],
        }  # fmt: skip

    def rotate(self) -> None:
        self.sessions.clear()

    def show_late(self, made: list[tuple[str, str]], at: int) -> None:
        known = self.portal.types.all
        self.seen.hidden |= {(plural, int(own)): at for plural, own in made if plural in known}

    def changed(self) -> None:
        self.written.set()

    def before(self, call: Call) -> None:
        self.portal.is_changed = False
        flow_runs.catch_up(self, call.now)

    def after(self, call: Call) -> None:
        flow_runs.follow(self, call.now, call.changes)

    def instead(self, call: Call, fault: Fault) -> Response:
        if fault.status == "expired_token":
            message = "The OAuth token used to make this call expired 1 second(s) ago."
            return answer(errors.body(call, message, "EXPIRED_AUTHENTICATION"), 401)
        return super().instead(call, fault)

    def daily_limit(self, call: Call) -> Response:
        refused = errors.rate_limited(call, "You have reached your daily limit.", "DAILY")
        refused.headers["X-HubSpot-RateLimit-Daily-Remaining"] = "0"
        return refused

    def headers(self, call: Call) -> dict[str, str]:
        trace = {"X-HubSpot-Correlation-Id": errors.correlation_id(call.request_id)}
        if _SEARCH.search(call.path):
            return trace
        return trace | {
            "X-HubSpot-RateLimit-Daily": str(self.daily.limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.daily.remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(self.window.interval),
            "X-HubSpot-RateLimit-Max": str(self.window.limit),
            "X-HubSpot-RateLimit-Remaining": str(self.window.remaining),
            "X-HubSpot-RateLimit-Secondly": "19",
            "X-HubSpot-RateLimit-Secondly-Remaining": "19",
        }

    def versioned(self, method: str, area: str, rest: str, handler: Handler) -> list[Route]:
        """A resource under its old (`/crm/v3/objects/...`) and dated path (`/crm/objects/2026-03/...`)."""
        root, _, name = area.strip("/").partition("/")
        old = f"/{root}/{{version}}/{name}{rest}" if name else f"/{root}/{{version}}{rest}"
        dated = f"/{root}/{name}/{{version}}{rest}" if name else old
        return [route for path in dict.fromkeys((old, dated)) for route in self.route(method, path, handler)]


def application(store: Store, clock: Clock, *, limited: bool = True) -> Starlette:
    """The HubSpot server over a store that holds a portal."""
    hubspot = HubSpot(store, clock, limited=limited)
    routes = hubspot.control_routes()
    # A request is compared with one route after the other, so what is asked most comes first, and what
    # another pattern would take before that one: v3's associations, the old ties.
    for part in (
        search,
        batch,
        objects,
        associations_v3,
        associations,
        association_writes,
        event_reads,
        event_writes,
        list_folders,
        list_changes,
        marketing,
        marketing_emails,
        marketing_email_writes,
        transactional,
        file_folders,
        files,
        timeline,
        timeline_templates,
        messages,
        custom_events,
        subscription_writes,
        form_definitions,
        form_writes,
        setup,
        settings_users,
        setup_writes,
        currencies,
        schemas,
        labels,
        account,
        owners,
        pipelines,
        pipeline_audits,
        pipeline_writes,
        property_groups,
        properties,
        validations,
        account_limits,
        flows,
        workflow_actions,
        sequences,
        list_writes,
        legacy_ties,
        legacy,
        legacy_contacts,
        legacy_writes,
        legacy_engagements,
        legacy_engagement_writes,
        legacy_lists,
        webhooks,
        journal,
        journal_subscriptions,
        exports,
        campaigns,
        campaign_writes,
        merge,
        oauth,
    ):
        routes += part.routes(hubspot)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        telling = asyncio.ensure_future(webhooks.deliver(hubspot))
        yield
        telling.cancel()

    app = Starlette(routes=routes, lifespan=lifespan)
    app.router.default = hubspot.fallback()
    app.router.redirect_slashes = False
    return app
