"""Campaigns on REST: listed, read, made, changed, deleted; what hangs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.marketing_cloud import account, documents, errors, rows
from sandbox.marketing_cloud.event_definitions import page_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_BASE, _INVALID = "/hub/v1/campaigns", 10000
_ASSET = "campaign asset"
_COLUMNS = "id, name, description, code, color, favorite, created, modified"
_NEW_COLOR = "0000ff"


def routes(mc: MarketingCloud) -> list[Route]:
    assets = _BASE + "/{id}/assets"
    return [
        *mc.route("GET", _BASE, lambda call: _list(mc, call)),
        *mc.route("POST", _BASE, lambda call: _save(mc, call)),
        *mc.route("GET", _BASE + "/{id}", lambda call: answer(_shown(_one(mc, call)))),
        *mc.route("PATCH", _BASE + "/{id}", lambda call: _save(mc, call)),
        *mc.route("DELETE", _BASE + "/{id}", lambda call: _delete(mc, call)),
        *mc.route("GET", assets, lambda call: _assets(mc, call)),
        *mc.route("POST", assets, lambda call: _add_assets(mc, call)),
        *mc.route("GET", assets + "/{asset}", lambda call: answer(_asset(mc, call).body)),
        *mc.route("DELETE", assets + "/{asset}", lambda call: _drop_asset(mc, call)),
    ]


def _list(mc: MarketingCloud, call: Call) -> Response:
    page, size = page_of(call, 50)
    total = int(mc.store.value("select count(*) from campaigns"))
    found = mc.store.rows(
        f"select {_COLUMNS} from campaigns order by id limit ? offset ?", (size, (page - 1) * size)
    )
    return _page(call, "/v1/campaigns", page, size, total, [_shown(row) for row in found])


def _page(
    call: Call, path: str, page: int, size: int, total: int, items: list[dict[str, Any]]
) -> Response:  # fmt: skip
    call.records = len(items)
    links = {"self": {"href": f"{path}?$page={page}&$pagesize={size}"}}
    if page * size < total:
        links["next"] = {"href": f"{path}?$page={page + 1}&$pagesize={size}"}
    return answer({"count": total, "page": page, "pageSize": size, "links": links, "items": items})


def _refused() -> Refused:
    told = {"message": "Campaign ID is invalid", "errorcode": _INVALID, "documentation": ""}
    return Refused(answer(told, 400))


def _one(mc: MarketingCloud, call: Call, wanted: Any = None) -> tuple[Any, ...]:
    said = str(call.params.get("id", wanted))
    row = mc.store.row(f"select {_COLUMNS} from campaigns where id = ?", (account.whole(said),))
    if row is None:
        raise _refused()
    return row


def _save(mc: MarketingCloud, call: Call) -> Response:
    """A campaign, or the one that is named by the address or, as the old clients do, in the body."""
    given = rows.body_of(call)
    if not isinstance(given, dict):
        raise errors.invalid("A campaign is an object")
    is_new = "id" not in call.params and not given.get("id")
    known = None if is_new else _one(mc, call, given.get("id"))
    name = str(given.get("name") or (known[1] if known else ""))
    if not name or len(name) > 128:
        raise errors.invalid("A campaign has a name of at most 128 characters")
    told = [
        str(given.get(said, known[at] if known else standard) or "")
        for said, at, standard in (("description", 2, ""), ("campaignCode", 3, ""), ("color", 4, _NEW_COLOR))
    ]
    favorite = bool(given.get("favorite", known[5] if known else False))
    number = known[0] if known else int(mc.store.value("select coalesce(max(id), 0) + 1 from campaigns"))
    made = known[6] if known else call.now
    row = (number, name, *told, int(favorite), made, call.now)
    mc.store.db.execute("insert or replace into campaigns values (?, ?, ?, ?, ?, ?, ?, ?)", row)
    operation = "create" if is_new else "update"
    call.change("Campaign", str(number), operation, "name", known[1] if known else None, name)
    return answer(_shown(row))


def _delete(mc: MarketingCloud, call: Call) -> Response:
    row = _one(mc, call)
    mc.store.db.execute("delete from campaigns where id = ?", (row[0],))
    for each in _of(mc, row[0]):
        documents.drop(mc.store, _ASSET, each.key)
    call.change("Campaign", str(row[0]), "delete", "name", row[1], None)
    return answer(b"null")


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    campaign, name, description, code, color, favorite, created, modified = row
    return {
        "createdDate": account.shown(created), "modifiedDate": account.shown(modified), "id": str(campaign),
        "name": name, "description": description, "campaignCode": code, "color": color,
        "favorite": bool(favorite),
    }  # fmt: skip


def _of(mc: MarketingCloud, campaign: int) -> list[documents.Document]:
    return [d for d in documents.every(mc.store, _ASSET) if d.body["campaignId"] == str(campaign)]


def _assets(mc: MarketingCloud, call: Call) -> Response:
    campaign, (page, size) = _one(mc, call)[0], page_of(call, 50)
    every = [each.body for each in _of(mc, campaign)]
    items = every[(page - 1) * size : page * size]
    return _page(call, f"/v1/campaigns/{campaign}/assets", page, size, len(every), items)


def _add_assets(mc: MarketingCloud, call: Call) -> Response:
    campaign, given = _one(mc, call)[0], rows.body_of(call)
    ids = given.get("ids") if isinstance(given, dict) else None
    if not isinstance(ids, list) or not ids or not given.get("type"):
        raise errors.invalid("An asset has a type and ids")
    made = []
    for item in ids:
        own = str(documents.next_number(mc.store, _ASSET))
        body = {
            "id": own, "type": str(given["type"]), "itemID": str(item), "campaignId": str(campaign),
            "createdDate": account.shown(call.now),
        }  # fmt: skip
        documents.put(mc.store, _ASSET, own, body, call.now)
        call.change("CampaignAsset", own, "create", "itemID", None, str(item))
        made.append(body)
    return answer(made)


def _asset(mc: MarketingCloud, call: Call) -> documents.Document:
    campaign = _one(mc, call)[0]
    found = next((d for d in _of(mc, campaign) if d.key == call.params["asset"]), None)
    if found is None:
        raise errors.not_found()
    return found


def _drop_asset(mc: MarketingCloud, call: Call) -> Response:
    found = _asset(mc, call)
    documents.drop(mc.store, _ASSET, found.key)
    call.change("CampaignAsset", found.key, "delete", "itemID", found.body["itemID"], None)
    return answer(b"null")
