"""Content: assets made, listed, found, changed, deleted. They are kept as they are given, not rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.marketing_cloud import account, asset_query, documents, errors, rows
from sandbox.marketing_cloud.documents import Document
from sandbox.marketing_cloud.event_definitions import page_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_BASE, _KIND, _FIRST, _ROOT = "/asset/v1/content/assets", "asset", 21_001, 2
_INVALID = 10_005


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
    _check(mc, given, "")
    number = documents.next_number(mc.store, _KIND, _FIRST)
    own = account.guid("asset", number, call.now)
    body = {"customerKey": own, **given, "id": number, "objectID": own}
    made = documents.put(mc.store, _KIND, str(number), body, call.now)
    call.change("Asset", str(number), "create", "name", None, str(given["name"]))
    return answer(_shown(mc, made), 201)


def _check(mc: MarketingCloud, asset: dict[str, Any], own: str) -> None:
    """Raise Refused for an asset that lacks something, or has the name of another beside it."""
    if not asset.get("name") or not isinstance(asset.get("assetType"), dict):
        raise _refused("An asset has a name and an assetType")
    others = [each.body for each in documents.every(mc.store, _KIND) if each.key != own]
    if any(_place(each) == _place(asset) for each in others):
        raise _refused("Asset names within a category and asset type must be unique.")


def _place(asset: dict[str, Any]) -> tuple[str, str, str]:
    category = asset.get("category")
    kind = asset["assetType"]
    return (
        str(asset["name"]).lower(),
        str(kind.get("id") or kind.get("name")),
        str(category.get("id") if isinstance(category, dict) else _ROOT),
    )


def _one(mc: MarketingCloud, call: Call) -> Document:
    found = documents.find(mc.store, _KIND, call.params["id"])
    if found is None:
        raise errors.not_found()
    return found


def _change(mc: MarketingCloud, call: Call) -> Response:
    known, given = _one(mc, call), _given(call)
    _check(mc, {**known.body, **given}, known.key)
    made = documents.put(mc.store, _KIND, known.key, given, call.now)
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
        "category": {"id": _ROOT, "name": "Content Builder", "parentId": 0}, "version": 1, "locked": False,
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
    query = {name.lower(): value for name, value in call.query.items()}
    wanted = asset_query.of_filter(query.get("$filter", ""))
    order = asset_query.order_of(query.get("$orderby", ""))
    return _page(call, page, size, asset_query.chosen(_every(mc), wanted, order))


def _every(mc: MarketingCloud) -> list[dict[str, Any]]:
    return [_shown(mc, each) for each in documents.every(mc.store, _KIND)]


def _query(mc: MarketingCloud, call: Call) -> Response:
    given = _given(call)
    asked = given.get("page") if isinstance(given.get("page"), dict) else {}
    numbers = [(asked or {}).get(name, standard) for name, standard in (("page", 1), ("pageSize", 50))]
    if not all(isinstance(each, int) and 0 < each < 1_000_000 for each in numbers):
        raise errors.invalid("page and pageSize are numbers")
    chosen = asset_query.chosen(_every(mc), given.get("query"), given.get("sort"))
    return _page(call, numbers[0], min(numbers[1], 500), chosen)
