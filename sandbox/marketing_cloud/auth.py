"""Sign-in: client credentials for a token that lives 20 minutes; what a token stands for."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

LIFE = 20 * times.MINUTE
TOLD_SECONDS = 1_079
"""What `expires_in` says: two minutes less than the token lives."""
SCOPE = (
    "offline automations_execute automations_read automations_write journeys_execute journeys_read "
    "journeys_write email_read email_send email_write audiences_read audiences_write "
    "list_and_subscribers_read list_and_subscribers_write data_extensions_read data_extensions_write "
    "tracking_events_read campaign_read campaign_write"
)
_SOAP_TOKEN = re.compile(rb"<(?:[\w.-]+:)?fueloauth\b[^>]*>(.{0,2000}?)</(?:[\w.-]+:)?fueloauth\s*>", re.S)
_TAG = re.compile(rb"<[^>]*>")


def routes(mc: MarketingCloud) -> list[Route]:
    return [
        *mc.route("POST", "/v2/token", lambda call: _token(mc, call)),
        *mc.route("GET", "/platform/v1/tokenContext", lambda call: _context(mc, call)),
        *mc.route("GET", "/v2/userinfo", lambda call: _who(mc, call)),
    ]


def _refuse(code: str, description: str, status: int) -> Refused:
    uri = "https://developer.salesforce.com/docs"
    return Refused(answer({"error": code, "error_description": description, "error_uri": uri}, status))


def _token(mc: MarketingCloud, call: Call) -> Response:
    wish = _wish(call)
    if wish.get("grant_type") != "client_credentials":
        raise _refuse("unsupported_grant_type", "The grant type is not supported.", 400)
    known = all(
        hmac.compare_digest(str(wish.get(name, "")).encode(), mc.store.get_meta(name).encode())
        for name in ("client_id", "client_secret")
    )
    if not known or mc.is_package_expired():
        raise _refuse(
            "invalid_client",
            "Client authentication failed. Make sure that the client ID and client secret are valid and that "
            "the package is installed and enabled.",
            401,
        )
    if wish.get("account_id") not in (None, "", mc.store.get_meta("member_id"), mc.member_id):
        raise _refuse("invalid_request", "The account ID is not one the package is licensed for.", 400)
    scope = _scope(mc, wish.get("scope"))
    token = hashlib.sha512(f"{call.request_id}|{call.now}".encode()).hexdigest() * 4
    mc.store.db.execute("delete from tokens where ends < ?", (mc.real_now(),))
    mc.store.db.execute("delete from token_scopes where token not in (select token from tokens)")
    mc.store.db.execute("insert or replace into tokens values (?, ?)", (token, mc.real_now() + LIFE))
    if wish.get("scope"):
        mc.store.db.execute("insert or replace into token_scopes values (?, ?)", (token, scope))
    rest, soap = mc.instances(call)
    return answer(
        {
            "access_token": token, "token_type": "Bearer", "expires_in": TOLD_SECONDS,
            "scope": scope, "soap_instance_url": soap, "rest_instance_url": rest,
        }
    )  # fmt: skip


def _wish(call: Call) -> dict[str, Any]:
    """What a client asks for, as JSON or as a form."""
    if "form" in call.headers.get("content-type", ""):
        return dict(parse_qsl(call.body.decode("utf-8", "replace")))
    try:
        wish = call.json()
    except orjson.JSONDecodeError:
        wish = None
    return wish if isinstance(wish, dict) else {}


def _scope(mc: MarketingCloud, wanted: Any) -> str:
    """The scopes that are asked for, all of the package's where none is."""
    names = str(wanted or "").split()
    if not set(names) <= set(mc.scope().split()):
        raise _refuse("invalid_scope", "The requested scope is invalid, unknown, or malformed.", 400)
    return " ".join(names) or mc.scope()


def token_of(call: Call) -> str:
    """The token that a request carries: in a header on REST, in the envelope on SOAP."""
    kind, _, token = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        found = _SOAP_TOKEN.search(call.body)
        token = _TAG.sub(b"", found[1]).strip().decode("latin-1") if found else ""
    return token


def holds(mc: MarketingCloud, token: str) -> bool:
    """Whether a token lives."""
    ends = mc.store.value("select ends from tokens where token = ?", (token,))
    return ends is not None and int(ends) > mc.real_now()


def _context(mc: MarketingCloud, call: Call) -> Response:
    rest, _ = mc.instances(call)
    return answer(
        {
            "organization": {
                "id": mc.member_id, "enterprise_id": int(mc.store.get_meta("enterprise_id")),
                "data_context": "enterprise", "stack_key": "S7", "region": "NA1",
                "timezone": {"hours": -6, "minutes": 0},
            },
            "user": {"id": 710_420_432},
            "rest": {"rest_instance_url": rest},
            "permissions": [{"name": name} for name in mc.scope().split()],
        }
    )  # fmt: skip


def _who(mc: MarketingCloud, call: Call) -> Response:
    rest, soap = mc.instances(call)
    enterprise = int(mc.store.get_meta("enterprise_id"))
    return answer(
        {
            "exp": mc.real_now() // 1_000 + TOLD_SECONDS, "iss": rest.replace(".rest.", ".auth."),
            "user": {
                "sub": "710420432", "name": "integration user", "preferred_username": "integration",
                "email": "integration@northwind.example", "locale": "en-US", "timezone":
                {"longName": "(GMT-06:00) Central Time (No Daylight Saving)", "offset": -6.0, "dst": False},
            },
            "organization": {
                "member_id": mc.member_id, "enterprise_id": enterprise, "enterprise_name": "Sandbox",
                "account_type": "enterprise", "stack_key": "S7", "region": "NA1", "locale": "en-US",
            },
            "rest": {"rest_instance_url": rest, "soap_instance_url": soap},
            "application": {"id": mc.store.get_meta("client_id")},
            "permissions": mc.scope().split(),
        }
    )  # fmt: skip
