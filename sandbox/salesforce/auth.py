"""Sign-in of programs: client credentials, JWT bearer (RS256), refresh token; who the token stands for.

People's sign-ins are in `oauth_flows`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.salesforce import errors, rsa

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SESSION = 12 * times.HOUR
SCOPE = "api refresh_token id"
_LOGIN_HOST = re.compile(r"//(login|test)\.salesforce\.com")


def instance_url(call: Call) -> str:
    """Where a client goes on after signing in: from the login hosts to the org's own, else where it is."""
    return _LOGIN_HOST.sub("//northwind-sandbox.my.salesforce.com", call.base_url)


def routes(sf: Salesforce) -> list[Route]:
    return [
        *sf.route("POST", "/services/oauth2/token", lambda call: _token(sf, call)),
        *sf.route("GET", "/id/{org}/{user}", lambda call: _identity(sf, call)),
        *sf.route("POST", "/services/oauth2/revoke", lambda call: _revoke(sf, call)),
        *sf.route("GET", "/services/oauth2/userinfo", lambda call: _userinfo(sf, call)),
        *sf.route("POST", "/services/oauth2/userinfo", lambda call: _userinfo(sf, call)),
    ]


def refuse(code: str, description: str) -> Refused:
    return Refused(answer({"error": code, "error_description": description}, 400, charset="UTF-8"))


def _token(sf: Salesforce, call: Call) -> Response:
    form = {
        k: v[0] for k, v in parse_qs(call.body.decode("utf-8", "replace"), keep_blank_values=True).items()
    }
    from sandbox.salesforce import oauth_flows

    grant = form.get("grant_type")
    if grant == "client_credentials":
        check_client(sf, call, form)
        return issue(sf, call)
    if grant == "refresh_token":
        check_client(sf, call, form)
        return _refreshed(sf, call, form.get("refresh_token", ""))
    if grant == JWT_GRANT:
        _check_assertion(sf, call, form.get("assertion", ""))
        return issue(sf, call)
    if grant == "password":
        check_client(sf, call, form)
        return oauth_flows.by_password(sf, call, form)
    if grant == "authorization_code":
        return oauth_flows.by_code(sf, call, form)
    raise refuse("unsupported_grant_type", "grant type not supported")


def _refreshed(sf: Salesforce, call: Call, given: str) -> Response:
    """A session for a refresh token. With rotation the token is spent; one used again ends the grant."""
    if not same(given, sf.store.get_meta("refresh_token")):
        if sf.store.value("select 1 from meta where key = ?", (f"spent {given}",)):
            sf.store.set_meta("refresh_token", f"revoked at {call.now}")
        problem = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
        return answer(problem, 400, charset="UTF-8")
    if not sf.store.value("select value from meta where key = 'rotate_refresh'"):
        return issue(sf, call)
    following = "5Aep861" + hashlib.sha512(f"{given}|{call.request_id}".encode()).hexdigest()[:80]
    sf.store.set_meta(f"spent {given}", str(call.now))
    sf.store.set_meta("refresh_token", following)
    return issue(sf, call, refresh_token=following)


def same(given: str, ours: str) -> bool:
    """Whatever letters a client sends: the comparison takes text of ASCII alone."""
    return hmac.compare_digest(given.encode(errors="replace"), ours.encode())


def check_client(sf: Salesforce, call: Call, form: dict[str, str]) -> None:
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    kind, _, encoded = call.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (ValueError, binascii.Error):
            raise refuse("invalid_client", "invalid client credentials") from None
        client, secret = unquote(client), unquote(secret)
    if not same(client, sf.store.get_meta("client_id")):
        raise refuse("invalid_client_id", "client identifier invalid")
    if not same(secret, sf.store.get_meta("client_secret")):
        raise refuse("invalid_client", "invalid client credentials")


def _check_assertion(sf: Salesforce, call: Call, assertion: str) -> None:
    try:
        head, body, signature = assertion.split(".")
        header, claims = (orjson.loads(_decoded(part)) for part in (head, body))
        signed = rsa.verify(rsa.load(sf.key_file), f"{head}.{body}".encode(), _decoded(signature))
    except (ValueError, TypeError, KeyError):
        raise refuse("invalid_grant", "invalid assertion") from None
    if header.get("alg") != "RS256" or not signed:
        raise refuse("invalid_grant", "invalid assertion")
    if claims.get("iss") != sf.store.get_meta("client_id"):
        raise refuse("invalid_client_id", "client identifier invalid")
    if claims.get("sub") != sf.store.get_meta("username"):
        raise refuse("invalid_grant", "user hasn't approved this consumer")
    # The client's clock is the machine's or the sandbox's: an assertion is late only if both have passed it.
    try:
        expires = float(claims.get("exp")) * 1000  # some clients send it as text
    except (TypeError, ValueError):
        expires = 0.0
    if expires < min(call.now, sf.real_now()):
        raise refuse("invalid_grant", "expired authorization code")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def new_session(sf: Salesforce, call: Call) -> str:
    """A token that is good for a while."""
    digest = hashlib.sha256(f"{call.request_id}|{call.now}".encode()).hexdigest()
    token = f"{sf.org.id[:15]}!AQ{digest}"
    sf.store.db.execute(
        "insert or replace into tokens values (?, ?, ?)", (token, sf.org.user_id, sf.real_now())
    )
    call.effect = "sign-in"
    return token


def issue(sf: Salesforce, call: Call, **more: str) -> Response:
    return answer(signed_in(sf, call) | more, charset="UTF-8")


def signed_in(sf: Salesforce, call: Call) -> dict[str, str]:
    """A new session as it is told to whoever signed in."""
    token = new_session(sf, call)
    issued = str(call.now)
    identity = f"{call.base_url}/id/{sf.org.id}/{sf.org.user_id}"
    signature = hmac.new(
        sf.store.get_meta("client_secret").encode(), (identity + issued).encode(), hashlib.sha256
    )
    return {
        "access_token": token,
        "signature": base64.b64encode(signature.digest()).decode(),
        "scope": SCOPE,
        "instance_url": instance_url(call),
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued,
        "api_instance_url": instance_url(call),
    }


def check_session(sf: Salesforce, call: Call) -> bool:
    """Whether the request carries a token that is still good."""
    kind, _, token = call.headers.get("authorization", "").partition(" ")
    if kind.lower() in ("bearer", "oauth"):
        return is_live(sf, token)
    return is_live(sf, call.headers.get("x-sfdc-session", ""))


def is_live(sf: Salesforce, token: str) -> bool:
    """Whether a session is known and not over."""
    issued = sf.store.value("select issued from tokens where token = ?", (token,))
    return issued is not None and sf.real_now() - int(issued) < SESSION


def _revoke(sf: Salesforce, call: Call) -> Response:
    """Ends a session; what is no token of ours is refused."""
    form = parse_qs(call.body.decode("utf-8", "replace"))
    token = (form.get("token") or [call.query.get("token", "")])[0]
    if not sf.store.db.execute("delete from tokens where token = ?", (token,)).rowcount:
        raise refuse("unsupported_token_type", "this token is not known")
    return Response(status_code=200)


def _identity(sf: Salesforce, call: Call) -> Response:
    """Who a token stands for, by the address the sign-in named."""
    if call.params["org"][:15] != sf.org.id[:15]:
        raise errors.not_found("Bad_Id")
    user = sf.rows.get(sf.org.objects["User"], call.params["user"])
    if user is None:
        raise errors.not_found("Bad_Id")
    rest = f"{call.base_url}/services/data/v{{version}}/"
    return answer(
        {
            "id": f"{call.base_url}/id/{sf.org.id}/{user['Id']}", "asserted_user": True,
            "user_id": user["Id"],
            "organization_id": sf.org.id, "username": user.get("Username"), "nick_name": user.get("Alias"),
            "display_name": user.get("Name"), "email": user.get("Email"), "email_verified": True,
            "first_name": user.get("FirstName"), "last_name": user.get("LastName"),
            "timezone": user.get("TimeZoneSidKey"), "active": user.get("IsActive") == "true",
            "user_type": "STANDARD", "language": "en_US", "locale": "en_US", "utcOffset": 0,
            "is_app_installed": True, "last_modified_date": user.get("LastModifiedDate"),
            "urls": {
                "rest": rest, "query": rest + "query/", "sobjects": rest + "sobjects/",
                "search": rest + "search/",
                "partner": f"{call.base_url}/services/Soap/u/{{version}}/{sf.org.id[:15]}",
                "metadata": f"{call.base_url}/services/Soap/m/{{version}}/{sf.org.id[:15]}",
            },
        },
        charset="UTF-8",
    )  # fmt: skip


def _userinfo(sf: Salesforce, call: Call) -> Response:
    user: dict[str, Any] = sf.rows.get(sf.org.objects["User"], sf.org.user_id) or {}
    return answer(
        {
            "sub": f"{call.base_url}/id/{sf.org.id}/{sf.org.user_id}",
            "user_id": sf.org.user_id,
            "organization_id": sf.org.id,
            "preferred_username": user.get("Username"),
            "name": user.get("Name"),
            "email": user.get("Email"),
            "email_verified": True,
            "zoneinfo": user.get("TimeZoneSidKey"),
            "active": True,
            "user_type": "STANDARD",
            "urls": {"rest": f"{call.base_url}/services/data/v{{version}}/"},
        },
        charset="UTF-8",
    )
