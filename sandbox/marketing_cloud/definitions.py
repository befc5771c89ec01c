"""Send definitions of transactional messages (e-mail, SMS, push): listed, read, made, changed, deleted.

Nothing is sent by them: journeys send.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, documents, errors, rows
from sandbox.marketing_cloud.documents import Document
from sandbox.marketing_cloud.event_definitions import page_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

CHANNELS = ("email", "sms", "push")
_HEAD = ("name", "definitionKey", "status", "createdDate", "modifiedDate")


def routes(mc: MarketingCloud) -> list[Route]:
    found = []
    for channel in CHANNELS:
        base = f"/messaging/v1/{channel}/definitions"
        for method, path, do in (
            ("GET", base, _list),
            ("POST", base, _create),
            ("GET", base + "/{key}", _read),
            ("PATCH", base + "/{key}", _change),
            ("DELETE", base + "/{key}", _delete),
        ):
            found += mc.route(method, path, _serving(mc, channel, do))
    return found


Handler = Callable[["MarketingCloud", str, Call], Response]


def _serving(mc: MarketingCloud, channel: str, do: Handler) -> Callable[[Call], Response]:
    return lambda call: do(mc, f"{channel} definition", call)


def _list(mc: MarketingCloud, kind: str, call: Call) -> Response:
    page, size = page_of(call, 50)
    every = documents.every(mc.store, kind)
    shown = [_shown(each) for each in every[(page - 1) * size : page * size]]
    heads = [{name: each[name] for name in _HEAD} for each in shown]
    return answer({"requestId": call.request_id, "definitions": heads, "count": len(every), "page": page,
                   "pageSize": size})  # fmt: skip


def _create(mc: MarketingCloud, kind: str, call: Call) -> Response:
    given = rows.body_of(call)
    if not isinstance(given, dict) or not given.get("definitionKey") or not given.get("name"):
        raise errors.invalid("A definition has a definitionKey and a name")
    key = str(given["definitionKey"])
    if documents.find(mc.store, kind, key) is not None:
        raise errors.invalid(f"A definition with the key {key} exists")
    made = documents.put(mc.store, kind, key, {"status": "Active", "description": "", **given}, call.now)
    call.change(kind, key, "create", "name", None, str(given["name"]))
    return answer({"requestId": call.request_id, **_shown(made)}, 201)


def _one(mc: MarketingCloud, kind: str, call: Call) -> Document:
    found = documents.find(mc.store, kind, call.params["key"])
    if found is None:
        raise errors.not_found()
    return found


def _read(mc: MarketingCloud, kind: str, call: Call) -> Response:
    return answer({"requestId": call.request_id, **_shown(_one(mc, kind, call))})


def _change(mc: MarketingCloud, kind: str, call: Call) -> Response:
    known, given = _one(mc, kind, call), rows.body_of(call)
    if not isinstance(given, dict):
        raise errors.invalid("A definition is an object")
    made = documents.put(mc.store, kind, known.key, given, call.now)
    call.change(kind, known.key, "update", "name", str(known.body["name"]), str(made.body["name"]))
    return answer({"requestId": call.request_id, **_shown(made)})


def _delete(mc: MarketingCloud, kind: str, call: Call) -> Response:
    known = _one(mc, kind, call)
    documents.drop(mc.store, kind, known.key)
    call.change(kind, known.key, "delete", "name", str(known.body["name"]), None)
    told: dict[str, Any] = {"requestId": call.request_id, "message": "Success"}
    told["deletedDefinitionKey"] = known.key
    return answer(told | ({"journey": {}} if kind.startswith("email") else {}))


def _shown(found: Document) -> dict[str, Any]:
    """A definition; its times are told in whole minutes."""
    return found.body | {
        "definitionKey": found.key,
        "definitionId": account.guid("definition", found.key.lower(), found.created),
        "createdDate": account.shown(found.created - found.created % times.MINUTE),
        "modifiedDate": account.shown(found.modified - found.modified % times.MINUTE),
    }
