"""Sign-in of an OAuth app: access tokens for its refresh token, each good for half an hour of world time.

Simplified: there is one app, and it has all scopes; nobody is asked for consent.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.hubspot import errors

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

LASTS_SECONDS = 1_800
PATH = "/oauth/{version}/token"


def credentials(token: str) -> dict[str, str]:
    """The app's client id, client secret and refresh token, of the portal whose service key this is."""

    def made(name: str) -> str:
        digest = hashlib.sha256(f"{name} {token}".encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4000-8000-{digest[12:24]}"

    return {
        "client_id": made("id"), "client_secret": made("secret"), "refresh_token": f"na1-{made('refresh')}",
    }  # fmt: skip


def routes(hubspot: HubSpot) -> list[Route]:
    return hubspot.route("POST", PATH, lambda call: _token(hubspot, call))


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


def _token(hubspot: HubSpot, call: Call) -> Response:
    form = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
    if form.get("grant_type") != "refresh_token":
        raise _refuse("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type")
    wanted = credentials(hubspot.token)
    for name, what in (("client_id", "client ID"), ("client_secret", "client secret"),
                       ("refresh_token", "refresh token")):  # fmt: skip
        if not hmac.compare_digest(form.get(name, ""), wanted[name]):
            error = "invalid_grant" if name == "refresh_token" else "invalid_client"
            raise _refuse(f"BAD_{name.upper()}", error, f"missing or invalid {what}")
    given = hashlib.sha256(f"access {hubspot.token} {call.request_id}".encode()).hexdigest()
    hubspot.sessions[given] = call.now + LASTS_SECONDS * 1_000
    return answer({
        "token_type": "bearer", "access_token": given, "refresh_token": wanted["refresh_token"],
        "expires_in": LASTS_SECONDS, "hub_id": hubspot.portal.id,
    })  # fmt: skip


def _refuse(status: str, error: str, message: str) -> Refused:
    return Refused(
        answer({"status": status, "error": error, "error_description": message, "message": message}, 400)
    )
