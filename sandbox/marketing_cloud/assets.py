"""Content: assets made, listed, found, changed, deleted. They are kept as they are given, not rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.marketing_cloud import account, documents, errors, rows
from sandbox.marketing_cloud.documents import Document
from sandbox.marketing_cloud.event_definitions import page_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_BASE, _KIND, _FIRST = "/asset/v1/content/assets", "asset", 21_001
_INVALID, _DEEPEST = 10_005, 20


def routes(mc: MarketingCloud) -> list[Route]:
    one = _BASE + "/{id}"
    return [
        *mc.route("GET", _BASE, lambda call: _list(mc, call)),
        *mc.route("POST", _BASE, lambda call: _create(mc, call)),
        *mc.route("POST", _BASE + "/query", lambda call: _query(mc, call)),
        *mc.route("GET", one, lambda call: answer(_shown(mc, _one(mc, call)))),
        *mc.route("PATCH", one, lambda call: _change(mc, call)),
        *mc.route("PUT", one, lambda call: _change(mc, call)),
        *mc.route("DELETE", one, lambda call: _delete(mc, call)),
    ]


def _refused(message: str) -> Refused:
    """What is wrong with an asset stands beside the error, in a list."""
    told = [{"message": message, "errorcode": _INVALID, "documentation": ""}]
    return errors.invalid("Validation failed.", _INVALID, validationErrors=told)


def _given(call: Call) -> dict[str, Any]:
    given = rows.body_of(call)
    if not isinstance(given, dict):
        raise errors.invalid("An asset is an object")
    return {name: value for name, value in given.items() if name not in ("id", "objectID")}


def _create(mc: MarketingCloud, call: Call) -> Response:
    given = _given(call)
    if not given.get("name") or not isinstance(given.get("assetType"), dict):
        raise _refused("An asset has a name and an assetType")
    every = documents.every(mc.store, _KIND)
    if any(str(each.body["name"]).lower() == str(given["name"]).lower() for each in every):
        raise _refused("Asset names within a category and asset type must be unique.")
    number = max((int(each.key) for each in every), default=_FIRST - 1) + 1
    own = account.guid("asset", number, call.now)
    body = {"customerKey": own, **given, "id": number, "objectID": own}
    made = documents.put(mc.store, _KIND, str(number), body, call.now)
    call.change("Asset", str(number), "create", "name", None, str(given["name"]))
    return answer(_shown(mc, made), 201)


def _one(mc: MarketingCloud, call: Call) -> Document:
    found = documents.find(mc.store, _KIND, call.params["id"])
    if found is None:
        raise errors.not_found()
    return found


def _change(mc: MarketingCloud, call: Call) -> Response:
    known = _one(mc, call)
    made = documents.put(mc.store, _KIND, known.key, _given(call), call.now)
    call.change("Asset", known.key, "update", "name", str(known.body["name"]), str(made.body["name"]))
    return answer(_shown(mc, made))


def _delete(mc: MarketingCloud, call: Call) -> Response:
    known = _one(mc, call)
    documents.drop(mc.store, _KIND, known.key)
    call.change("Asset", known.key, "delete", "name", str(known.body["name"]), None)
    return answer("OK")


def _shown(mc: MarketingCloud, found: Document) -> dict[str, Any]:
    user = {"id": 710_420_432, "email": "", "name": "integration user", "userId": "710420432"}
    standard = {
        "owner": user, "createdBy": user, "modifiedBy": user, "memberId": mc.member_id,
        "enterpriseId": int(mc.store.get_meta("enterprise_id")), "status": {"id": 1, "name": "Draft"},
        "category": {"id": 2, "name": "Content Builder", "parentId": 0}, "version": 1, "locked": False,
        "thumbnail": {"thumbnailUrl": f"/v1/assets/{found.key}/thumbnail"},
    }  # fmt: skip
    stamps = {"createdDate": f"{account.shown(found.created)}-06:00",
              "modifiedDate": f"{account.shown(found.modified)}-06:00"}  # fmt: skip
    return {**standard, **found.body, **stamps}


def _page(call: Call, page: int, size: int, every: list[dict[str, Any]]) -> Response:
    items = every[(page - 1) * size : page * size]
    call.records = len(items)
    return answer({"count": len(every), "page": page, "pageSize": size, "links": {}, "items": items})


def _list(mc: MarketingCloud, call: Call) -> Response:
    page, size = page_of(call, 50)
    return _page(call, page, size, [_shown(mc, each) for each in documents.every(mc.store, _KIND)])


def _query(mc: MarketingCloud, call: Call) -> Response:
    given = _given(call)
    asked = given.get("page") if isinstance(given.get("page"), dict) else {}
    numbers = [(asked or {}).get(name, standard) for name, standard in (("page", 1), ("pageSize", 50))]
    if not all(isinstance(each, int) and 0 < each < 1_000_000 for each in numbers):
        raise errors.invalid("page and pageSize are numbers")
    every = [_shown(mc, each) for each in documents.every(mc.store, _KIND)]
    wanted = given.get("query")
    chosen = [each for each in every if wanted is None or _meets(each, wanted, 0)]
    return _page(call, numbers[0], min(numbers[1], 500), chosen)


def _meets(asset: dict[str, Any], wanted: Any, depth: int) -> bool:
    """Whether an asset is one that a query names."""
    if not isinstance(wanted, dict) or depth > _DEEPEST:
        raise errors.invalid("The query cannot be read")
    if "leftOperand" in wanted:
        both = [_meets(asset, wanted.get(side), depth + 1) for side in ("leftOperand", "rightOperand")]
        return any(both) if str(wanted.get("logicalOperator", "")).lower() == "or" else all(both)
    value: Any = asset
    for part in str(wanted.get("property", "")).split("."):
        value = value.get(part) if isinstance(value, dict) else None
    told, found = wanted.get("value", wanted.get("values")), str(value).lower()
    operator = str(wanted.get("simpleOperator", "equal")).lower()
    listed = [str(each).lower() for each in (told if isinstance(told, list) else [told])]
    ways = {
        "equal": found in listed[:1], "equals": found in listed[:1], "in": found in listed,
        "notequal": found not in listed[:1], "notequals": found not in listed[:1],
        "like": listed[0].strip("%") in found, "contains": listed[0].strip("%") in found,
    }  # fmt: skip
    if operator not in ways:
        raise errors.invalid(f"The operator {operator[:40]} is not known")
    return ways[operator]
