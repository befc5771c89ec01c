"""Marketing Cloud's server: tokens, limits by the minute, and the routes of its resources."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call
from sandbox.clock import Clock, real_ms
from sandbox.fault_specs import KINDS
from sandbox.limits import ENDLESS, RollingWindow
from sandbox.marketing_cloud import (
    account_control,
    assets,
    async_rows,
    auth,
    campaigns,
    contact_deletes,
    contact_schema,
    contacts,
    definitions,
    documents,
    entries,
    errors,
    event_definitions,
    history,
    journeys,
    page,
    rows,
    rowset,
    scopes,
    setup,
    soap,
)
from sandbox.store import Store
from sandbox.vendor import OneSlash, Vendor, tick

REST_PER_MINUTE, SOAP_PER_MINUTE = 2_500, 2_000
MINUTE = 60_000
_BUSY = "Unable to process the request. Too many requests."
_VENDOR_HOST = ".marketingcloudapis.com"


class MarketingCloud(Vendor):
    """One business unit and its installed package."""

    name = "marketing_cloud"
    any_case = True
    kinds = {name: each for name, each in KINDS.items() if name not in ("lock", "late_rows")} | {
        name: KINDS[name] | {"code": str(errors.VALIDATION)} for name in ("row_error", "half_batch")
    }
    """Rows lock nobody, and come late by `delay_async` of `/_sandbox/account`."""

    def __init__(self, store: Store, clock: Clock, *, limited: bool = True) -> None:
        super().__init__(store, clock)
        store.script(documents.TABLE)
        store.script(scopes.TABLE)
        self.member_id = int(store.get_meta("member_id"))
        self.rest = RollingWindow(REST_PER_MINUTE if limited else ENDLESS, MINUTE)
        self.soap = RollingWindow(SOAP_PER_MINUTE if limited else ENDLESS, MINUTE)
        self.async_ms = 0
        """How long an asynchronous request stays pending."""
        self.next_deletion = 0
        """When the next contact that is to be deleted is due."""

    def tables(self) -> list[tuple[str, str]]:
        return page.tables(self)

    def record_of(self, kind: str, record_id: str) -> dict[str, Any] | None:
        return page.record_of(self, kind, record_id)

    def before(self, call: Call) -> None:
        contact_deletes.carry_out(self, call)

    def real_now(self) -> int:
        """The machine's time: tokens age by it, so that setting the clock ends none."""
        return real_ms()

    def is_package_expired(self) -> bool:
        return bool(self.store.value("select 1 from meta where key = 'package_expired'"))

    def scope(self) -> str:
        """Scopes of the package, less those that were taken from it."""
        taken = str(self.store.value("select value from meta where key = 'scopes_taken'") or "").split()
        return " ".join(name for name in auth.SCOPE.split() if name not in taken)

    def instances(self, call: Call) -> tuple[str, str]:
        """Where REST and SOAP are: beside the host the token was asked for."""
        host = call.headers.get("host", "").split(":")[0]
        if host.endswith(f".auth{_VENDOR_HOST}"):
            subdomain = host.split(".")[0]
            return (
                f"https://{subdomain}.rest{_VENDOR_HOST}/",
                f"https://{subdomain}.soap{_VENDOR_HOST}/",
            )
        return f"{call.base_url}/", f"{call.base_url}/"

    def is_open(self, path: str) -> bool:
        return path.rstrip("/").lower() == "/v2/token"

    def admit(self, call: Call) -> None:
        if self.is_open(call.path) or soap.is_open(call):
            return
        is_soap = soap.is_asked(call)
        token = auth.token_of(call)
        if not auth.holds(self, token):
            raise (
                soap.fault(call, "Token Expired", "Security")
                if is_soap
                else errors.error(401, 0, "Not Authorized")
            )
        if not (self.soap if is_soap else self.rest).take(tick()):
            if is_soap:
                raise soap.fault(call, _BUSY, "Server")
            refused = errors.error(429, errors.THROTTLED, "Too Many Requests")
            refused.response.headers["Retry-After"] = "5"
            raise refused
        if not is_soap:
            scopes.check(self, call, token)

    def rotate(self) -> None:
        self.store.db.execute("delete from tokens")

    def refusal(self, call: Call, status: int, message: str) -> Response:
        if soap.is_asked(call) and status in (401, 403, 429, 500):
            words = {401: "Token Expired", 429: _BUSY}.get(status, message)
            return soap.fault(call, words, "Security" if status == 401 else "Server").response
        codes = {
            401: (0, "Not Authorized"), 404: (404, "Not Found"), 403: (403, "Insufficient privileges"),
            429: (errors.THROTTLED, "Too Many Requests"),
        }  # fmt: skip
        return errors.response(status, *codes.get(status, (0, message)))

    def daily_limit(self, call: Call) -> Response:
        """It has no day's calls: who goes on calling too fast is blocked."""
        if soap.is_asked(call):
            return self.refusal(call, 429, "")
        return errors.response(429, errors.BLOCKED, "Too Many Requests")

    def headers(self, call: Call) -> dict[str, str]:
        return {"X-Mashery-Responder": "sandbox"}


def application(store: Store, clock: Clock, *, limited: bool = True) -> Starlette:
    """The Marketing Cloud server over a store that holds an account."""
    return over(MarketingCloud(store, clock, limited=limited))


def over(mc: MarketingCloud) -> Starlette:
    """The routes of an account's server."""
    found: list[Route] = [*mc.control_routes(), *account_control.routes(mc)]
    for part in (
        auth,
        rowset,
        rows,
        async_rows,
        entries,
        history,
        journeys,
        event_definitions,
        contacts,
        contact_deletes,
        campaigns,
        assets,
        contact_schema,
        definitions,
        setup,
        soap,
    ):
        found += part.routes(mc)
    app = Starlette(routes=found, middleware=[Middleware(OneSlash)])
    app.router.default = mc.fallback()
    app.router.redirect_slashes = False
    return app
