"""Sign-in of an OAuth app: consent, access tokens each good for half an hour of world time, their end.

Simplified: there is one app, and it has all scopes; consent is given by whoever opens the page.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.hubspot import errors
from sandbox.hubspot.requests import body_of

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

LASTS_SECONDS = 1_800
CODE_SECONDS = 30
APP_ID = 2_468_135
SCOPES = (
    "oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.companies.read",
    "crm.objects.companies.write", "crm.objects.owners.read", "crm.objects.deals.read",
    "crm.objects.deals.write", "crm.lists.read", "crm.lists.write", "crm.schemas.custom.read", "automation",
    "automation.sequences.read", "automation.sequences.enrollments.write", "crm.export", "crm.import",
    "tickets",
)  # fmt: skip
_OF_APPS = re.compile(
    r"/(webhooks/[^/]+|(crm|integrators)/([^/]+/timeline|timeline/[^/]+)|automation/([^/]+/actions|actions/[^/]+))"
    rf"/{APP_ID}(/|$)"
)
TABLES = "create table if not exists oauth_codes (code text primary key, redirect text, at integer)"


def credentials(token: str) -> dict[str, str]:
    """What the app signs in with at the portal of this service key."""
    return {
        "client_id": _made("id", token), "client_secret": _made("secret", token),
        "refresh_token": f"na1-{_made('refresh', token)}",
    }  # fmt: skip


def developer_key(token: str) -> str:
    """What the app's developer signs in with."""
    return _made("developer", token)


def _made(name: str, token: str) -> str:
    digest = hashlib.sha256(f"{name} {token}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4000-8000-{digest[12:24]}"


def by_developer(hubspot: HubSpot, call: Call) -> bool:
    """What is the app's own, not the portal's, is had by the key of its developer."""
    said = call.query.get("hapikey") if _OF_APPS.match(call.path) else None
    return said == developer_key(hubspot.token)


def scopes(hubspot: HubSpot) -> list[str]:
    """Those of the app, less those that were taken from it."""
    taken = str(hubspot.store.value("select value from meta where key = 'scopes_taken'") or "").split()
    return [name for name in SCOPES if name not in taken]


def routes(hubspot: HubSpot) -> list[Route]:
    """Each under its old path and the dated ones; the oldest tells of a token by its address."""
    hubspot.store.script(TABLES)
    give = hubspot.route
    return [
        *give("GET", "/oauth/authorize", lambda call: _consent(hubspot, call)),
        *give("POST", "/oauth/{api}/token", lambda call: _token(hubspot, call)),
        *give("POST", "/oauth/{api}/token/introspect", lambda call: _introspect(hubspot, call)),
        *give("POST", "/oauth/{api}/token/revoke", lambda call: _revoke(hubspot, call)),
        *give(
            "POST", "/oauth/{api}/private-apps/get/access-token-info", lambda call: _private(hubspot, call)
        ),
        *give("GET", "/oauth/{api}/access-tokens/{given}", lambda call: _about(hubspot, call)),
        *give("GET", "/oauth/{api}/refresh-tokens/{given}", lambda call: _about(hubspot, call)),
        *give("DELETE", "/oauth/{api}/refresh-tokens/{given}", lambda call: _revoke(hubspot, call)),
    ]


def admit(hubspot: HubSpot, call: Call, given: str) -> None:
    """Raise Refused when this is no access token, or none any more."""
    expires = hubspot.sessions.get(given)
    if expires is None:
        raise errors.unauthorised(call)
    if expires <= call.now:
        message = (
            f"The OAuth token used to make this call expired {(call.now - expires) // 1_000} second(s) ago."
        )
        raise errors.error(call, 401, message, "EXPIRED_AUTHENTICATION")


def _form(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}


def _consent(hubspot: HubSpot, call: Call) -> Response:
    """Nobody is asked: the app gets its code at once, at the address it names."""
    wanted, back = credentials(hubspot.token), call.query.get("redirect_uri", "")
    if call.query.get("client_id") != wanted["client_id"] or not back.startswith(("http://", "https://")):
        raise _refuse("BAD_CLIENT_ID", "invalid_client", "missing or invalid client id or redirect uri")
    code = hashlib.sha256(f"code {hubspot.token} {call.request_id}".encode()).hexdigest()[:36]
    hubspot.store.db.execute("insert into oauth_codes values (?, ?, ?)", (code, back, call.now))
    state = {"state": call.query["state"]} if "state" in call.query else {}
    joint = "&" if "?" in back else "?"
    return Response(
        status_code=302, headers={"Location": f"{back}{joint}{urlencode({'code': code, **state})}"}
    )


def _token(hubspot: HubSpot, call: Call) -> Response:
    form = _form(call)
    wanted = credentials(hubspot.token)
    grant = form.get("grant_type")
    if grant not in ("refresh_token", "authorization_code", "client_credentials"):
        raise _refuse("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type")
    _check(form, wanted, "client_id", "client ID", "invalid_client")
    _check(form, wanted, "client_secret", "client secret", "invalid_client")
    if grant == "refresh_token":
        _check(form, wanted, "refresh_token", "refresh token", "invalid_grant")
        if hubspot.store.value("select 1 from meta where key = 'oauth_revoked'"):
            raise _refuse("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token")
    elif grant == "authorization_code":
        _spend_code(hubspot, call, form)
    given = hashlib.sha256(f"access {hubspot.token} {call.request_id}".encode()).hexdigest()
    hubspot.sessions[given] = call.now + LASTS_SECONDS * 1_000
    refresh = {} if grant == "client_credentials" else {"refresh_token": wanted["refresh_token"]}
    return answer({
        "token_type": "bearer", "access_token": given, **refresh, "expires_in": LASTS_SECONDS,
        "hub_id": hubspot.portal.id,
    })  # fmt: skip


def _check(form: dict[str, str], wanted: dict[str, str], name: str, what: str, error: str) -> None:
    if not hmac.compare_digest(form.get(name, "").encode(), wanted[name].encode()):
        raise _refuse(f"BAD_{name.upper()}", error, f"missing or invalid {what}")


def _spend_code(hubspot: HubSpot, call: Call, form: dict[str, str]) -> None:
    """A code is good once, for half a minute, and for the address it was sent to."""
    row = hubspot.store.row("select redirect, at from oauth_codes where code = ?", (form.get("code", ""),))
    hubspot.store.db.execute("delete from oauth_codes where code = ?", (form.get("code", ""),))
    if row is None or row[1] < call.now - CODE_SECONDS * 1_000:
        raise _refuse("BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code")
    if row[0] != form.get("redirect_uri"):
        raise _refuse(
            "BAD_REDIRECT_URI", "invalid_grant", "the redirect uri is not the one the code was sent to"
        )
    hubspot.store.db.execute("delete from meta where key = 'oauth_revoked'")


def _shown(hubspot: HubSpot, call: Call, given: str) -> dict[str, Any] | None:
    """What a token of either kind stands for; None for one that is not good."""
    wanted, expires = credentials(hubspot.token), hubspot.sessions.get(given)
    shown = {
        "token": given, "user": "admin@northwind.example", "hub_domain": "northwind.example",
        "scopes": scopes(hubspot), "hub_id": hubspot.portal.id, "app_id": APP_ID, "user_id": 9_001,
        "client_id": wanted["client_id"], "active": True,
    }  # fmt: skip
    if given == wanted["refresh_token"] and not hubspot.store.value(
        "select 1 from meta where key = 'oauth_revoked'"
    ):
        return shown | {"token_type": "refresh", "token_use": "refresh_token"}
    if expires is None or expires <= call.now:
        return None
    left = (expires - call.now) // 1_000
    return shown | {"token_type": "access", "token_use": "access_token", "expires_in": left}


def _introspect(hubspot: HubSpot, call: Call) -> Response:
    return answer(_shown(hubspot, call, _form(call).get("token", "")) or {"active": False})


def _private(hubspot: HubSpot, call: Call) -> Response:
    """What a private app's token stands for."""
    if body_of(call).get("tokenKey") != hubspot.token:
        raise errors.not_found(call)
    return answer({"userId": 9_001, "hubId": hubspot.portal.id, "appId": APP_ID, "scopes": scopes(hubspot)})


def _about(hubspot: HubSpot, call: Call) -> Response:
    found = _shown(hubspot, call, call.params["given"])
    if found is None:
        raise errors.not_found(call)
    return answer(found)


def _revoke(hubspot: HubSpot, call: Call) -> Response:
    """Ends a token. With the refresh token the app is out until somebody consents anew."""
    given = call.params.get("given") or _form(call).get("token", "")
    if given == credentials(hubspot.token)["refresh_token"]:
        hubspot.store.set_meta("oauth_revoked", str(call.now))
        hubspot.sessions.clear()
    elif hubspot.sessions.pop(given, None) is None:
        raise errors.not_found(call)
    return Response(status_code=204)


def _refuse(status: str, error: str, message: str) -> Refused:
    return Refused(
        answer({"status": status, "error": error, "error_description": message, "message": message}, 400)
    )
