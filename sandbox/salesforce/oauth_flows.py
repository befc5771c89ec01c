"""The sign-ins of people: by a code that a browser brings back (with PKCE), by a token in its address, by a
password. Nobody is asked here whether they agree: the integration user always does.

What a session is, and the sign-ins of programs, are in `auth`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.salesforce import auth, passwords
from sandbox.salesforce.login import security_token

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

CODE_LIFE = 15 * times.MINUTE
_KEPT = "oauth code "


def routes(sf: Salesforce) -> list[Route]:
    return [
        *sf.route("GET", "/services/oauth2/authorize", lambda call: _authorize(sf, call, dict(call.query))),
        *sf.route("POST", "/services/oauth2/authorize", lambda call: _authorize(sf, call, _form(call))),
        *sf.route("POST", "/services/oauth2/introspect", lambda call: _introspect(sf, call)),
        *sf.route("GET", "/services/oauth2/singleaccess", lambda call: _single_access(sf, call, call.query)),
        *sf.route(
            "POST", "/services/oauth2/singleaccess", lambda call: _single_access(sf, call, _form(call))
        ),
        *sf.route("GET", "/secur/frontdoor.jsp", _front_door),
    ]


def _form(call: Call) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(call.body.decode("utf-8", "replace")).items()}


def may_sign_in(sf: Salesforce, username: str, given: str) -> bool:
    """Whether a password, with the security token or without, is the integration user's."""
    known = username.lower() == sf.store.get_meta("username").lower()
    wanted, token = passwords.kept(sf, sf.org.user_id)[0], security_token(sf.store.get_meta("client_secret"))
    good = [auth.same(given, word) for word in (wanted, wanted + token)]
    return known and any(good)


def by_password(sf: Salesforce, call: Call, form: dict[str, str]) -> Response:
    """The old flow of programs that hold a password."""
    if not may_sign_in(sf, form.get("username", ""), form.get("password", "")):
        raise auth.refuse("invalid_grant", "authentication failure")
    return auth.issue(sf, call)


def _authorize(sf: Salesforce, call: Call, wish: dict[str, str]) -> Response:
    """Back to where the app listens, with a code or a token."""
    back = wish.get("redirect_uri", "")
    if not auth.same(wish.get("client_id", ""), sf.store.get_meta("client_id")):
        raise auth.refuse("invalid_client_id", "client identifier invalid")
    if "://" not in back:
        raise auth.refuse("redirect_uri_missing", "redirect_uri is missing")
    state = {"state": wish["state"]} if "state" in wish else {}
    kind = wish.get("response_type", "")
    if kind == "code":
        sf.store.db.execute(
            "delete from meta where key like ? and json_extract(value, '$.until') < ?",
            (_KEPT + "%", call.now),
        )
        code = "aPrx" + hashlib.sha256(f"{call.request_id}|{call.now}".encode()).hexdigest()[:60]
        kept = {"back": back, "challenge": wish.get("code_challenge", ""), "until": call.now + CODE_LIFE}
        sf.store.set_meta(_KEPT + code, orjson.dumps(kept).decode())
        return _to(back, "?", {"code": code, **state})
    if kind == "token":
        return _to(back, "#", auth.signed_in(sf, call) | state)
    return _to(back, "?", {"error": "unsupported_response_type", **state})


def _to(back: str, sign: str, told: dict[str, str]) -> Response:
    sign = "&" if sign == "?" and "?" in back else sign
    return Response(status_code=302, headers={"location": _address(back) + sign + urlencode(told)})


def _address(given: str) -> str:
    """As a header holds it: signs that no address has are escaped, those that have a meaning in one stay."""
    return quote(given, safe="/:?#[]@!$&'()*+,;=%~")


def by_code(sf: Salesforce, call: Call, form: dict[str, str]) -> Response:
    """A session and a refresh token for a code, once; who proved itself by PKCE needs no secret."""
    key = _KEPT + form.get("code", "")
    text = sf.store.value("select value from meta where key = ?", (key,))
    sf.store.db.execute("delete from meta where key = ?", (key,))
    try:
        _check_code(sf, call, form, orjson.loads(text) if text is not None else {"until": 0})
    except Refused as refusal:
        return refusal.response  # answered, not raised: a code that was tried is spent
    return auth.issue(sf, call, refresh_token=sf.store.get_meta("refresh_token"))


def _check_code(sf: Salesforce, call: Call, form: dict[str, str], kept: dict[str, Any]) -> None:
    """Raises Refused for whoever the code is not for."""
    basic = call.headers.get("authorization", "")[:6].lower() == "basic "
    if "client_secret" in form or basic:
        auth.check_client(sf, call, form)
    elif not auth.same(form.get("client_id", ""), sf.store.get_meta("client_id")):
        raise auth.refuse("invalid_client_id", "client identifier invalid")
    if kept["until"] < call.now:
        raise auth.refuse("invalid_grant", "expired authorization code")
    if form.get("redirect_uri") != kept["back"]:
        raise auth.refuse("redirect_uri_mismatch", "redirect_uri must match configuration")
    if kept["challenge"]:
        digest = hashlib.sha256(form.get("code_verifier", "").encode(errors="replace")).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if not auth.same(proof, kept["challenge"]):
            raise auth.refuse("invalid_grant", "invalid code verifier")
    elif "client_secret" not in form and not basic:
        raise auth.refuse("invalid_client", "invalid client credentials")


def _single_access(sf: Salesforce, call: Call, wish: Mapping[str, str]) -> Response:
    """An address that opens the org in a browser for who has a session."""
    there = {"otp": hashlib.sha256(call.request_id.encode()).hexdigest()[:40]}
    if wish.get("redirect_uri"):
        there["startURL"] = wish["redirect_uri"]
    door = f"{auth.instance_url(call)}/secur/frontdoor.jsp?{urlencode(there)}"
    return answer({"frontdoor_uri": door}, charset="UTF-8")


def _front_door(call: Call) -> Response:
    """Into the org: its page for people, or one of its own that the address names."""
    wanted = call.query.get("startURL") or call.query.get("retURL") or "/"
    inside = wanted.startswith("/") and not wanted.startswith("//")
    return Response(status_code=302, headers={"location": _address(wanted) if inside else "/"})


def _introspect(sf: Salesforce, call: Call) -> Response:
    """Whether a token is good, told to the app it belongs to."""
    form = _form(call)
    auth.check_client(sf, call, form)
    if not auth.is_live(sf, form.get("token", "")):
        return answer({"active": False}, charset="UTF-8")
    issued = int(sf.store.value("select issued from tokens where token = ?", (form["token"],)))
    return answer(
        {
            "active": True, "scope": auth.SCOPE, "client_id": sf.store.get_meta("client_id"),
            "username": sf.store.get_meta("username"),
            "sub": f"{call.base_url}/id/{sf.org.id}/{sf.org.user_id}",
            "token_type": "access_token", "exp": (issued + auth.SESSION) // 1000, "iat": issued // 1000,
            "nbf": issued // 1000,
        },
        charset="UTF-8",
    )  # fmt: skip
