"""Users' passwords: whether one has expired, a new one set, and one made by the org.

A password is kept with its user, and the integration user signs in with it (`login`). Nobody else signs in.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times, xmltree
from sandbox.call import Call, answer
from sandbox.salesforce import errors, ids, sobjects
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.login import password
from sandbox.xmltree import Node

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

SHORTEST = 8


def routes(sf: Salesforce) -> list[Route]:
    found: list[Route] = []
    for path in (f"/services/data/{{version}}/sobjects/{name}/{{id}}/password" for name in ("User", "user")):
        found += sf.route("GET", path, lambda call: _status(sf, call))
        found += sf.route("POST", path, lambda call: _set(sf, call))
        found += sf.route("DELETE", path, lambda call: _reset(sf, call))
    return found


def _status(sf: Salesforce, call: Call) -> Response:
    return answer({"isExpired": kept(sf, _user(sf, call.params["id"]))[1]}, charset="UTF-8")


def kept(sf: Salesforce, user: str) -> tuple[str, bool]:
    """A user's password, and whether it has to be changed. Without one nobody signs in."""
    text = sf.store.value("select value from meta where key = ?", (f"password {user}",))
    if text is not None:
        known = orjson.loads(text)
        return str(known["password"]), bool(known["expired"])
    return (password(sf.store.get_meta("client_secret")) if user == sf.org.user_id else ""), False


def change(sf: Salesforce, user: str, given: str, now: int, *, expired: bool = False) -> None:
    """Keep a new password. Raises RowError for one that the org's policy does not allow."""
    if len(given) < SHORTEST:
        message = f"Your password must be at least {SHORTEST} characters long."
        raise RowError("INVALID_NEW_PASSWORD", message)
    if not (any(c.isalpha() for c in given) and any(c.isdecimal() for c in given)):
        raise RowError("INVALID_NEW_PASSWORD", "Your password must include letters and numbers")
    if given == kept(sf, user)[0]:
        raise RowError("INVALID_NEW_PASSWORD", "invalid repeated password")
    sf.store.set_meta(f"password {user}", orjson.dumps({"password": given, "expired": expired}).decode())
    sf.store.db.execute(
        'update "User" set "LastPasswordChangeDate" = ?, "SystemModstamp" = ? where "Id" = ?',
        (times.iso_seconds(now), times.iso_seconds(now), user),
    )


def made_up(sf: Salesforce, user: str, now: int) -> str:
    """A password that the org makes. It goes on being good, and who signs in by SOAP with it hears that it
    has expired."""
    word = hashlib.sha256(f"{user} {now} {kept(sf, user)[0]}".encode()).hexdigest()[:10]
    change(sf, user, f"Sb1{word}", now, expired=True)
    return f"Sb1{word}"


def _known(sf: Salesforce, given: str) -> str | None:
    """A user's full id; None for nobody's."""
    full = ids.normal(given)
    return None if full is None or sf.rows.deleted(sf.org.objects["User"], full) is None else full


def _user(sf: Salesforce, given: str) -> str:
    """The user that an address names."""
    full = _known(sf, given)
    if full is None:
        raise errors.not_found(
            "Provided external ID field does not exist or is not accessible: " + given[:40]
        )
    return full


def _set(sf: Salesforce, call: Call) -> Response:
    user, given = _user(sf, call.params["id"]), sobjects.body_of(call).get("NewPassword")
    if not isinstance(given, str):
        raise errors.bad_json("NewPassword must be given")
    try:
        change(sf, user, given, call.now)
    except RowError as problem:
        raise errors.row(problem) from None
    return Response(status_code=204)


def _reset(sf: Salesforce, call: Call) -> Response:
    return answer({"NewPassword": made_up(sf, _user(sf, call.params["id"]), call.now)}, charset="UTF-8")


def _named(sf: Salesforce, node: Node) -> str:
    """The user of a SOAP call. Raises RowError."""
    full = _known(sf, xmltree.text(node, "userId"))
    if full is None:
        raise RowError("INVALID_ID_FIELD", f"invalid parameter value: {xmltree.text(node, 'userId')[:40]}")
    return full


def _soap_set(sf: Salesforce, call: Call, node: Node) -> dict[str, Any]:
    change(sf, _named(sf, node), xmltree.text(node, "password"), call.now)
    return {}


def _soap_reset(sf: Salesforce, call: Call, node: Node) -> dict[str, Any]:
    return {"password": made_up(sf, _named(sf, node), call.now)}


OPERATIONS = {"setPassword": _soap_set, "resetPassword": _soap_reset}
