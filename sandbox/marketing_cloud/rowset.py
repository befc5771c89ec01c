"""Reading rows of a data extension: pages behind a token, what is asked for, names in small letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, errors, extensions, row_filter
from sandbox.marketing_cloud.extensions import Extension, Field

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

MOST = 2_500
_TOKEN_LIFE = times.DAY


def routes(mc: MarketingCloud) -> list[Route]:
    base = "/data/v1/customobjectdata"
    return [
        *mc.route("GET", base + "/key/{key}/rowset", lambda call: _first(mc, call)),
        *mc.route("GET", base + "/token/{token}/rowset", lambda call: _further(mc, call)),
        *mc.route("GET", base + "/{id}/rowset", lambda call: _by_id(mc, call)),
    ]


def _first(mc: MarketingCloud, call: Call) -> Response:
    found = extensions.find(mc.store, call.params["key"])
    if found is None:
        raise errors.not_found()
    return _begun(mc, call, found)


def _by_id(mc: MarketingCloud, call: Call) -> Response:
    found = extensions.find(mc.store, call.params["id"], by="id")
    if found is None:
        raise errors.not_found()
    return _begun(mc, call, found)


def _begun(mc: MarketingCloud, call: Call, found: Extension) -> Response:
    """A first page. What it was asked for holds for the pages behind its token."""
    query = {name.lower(): value for name, value in call.query.items()}
    size = _number(query.get("$pagesize", str(MOST)), "$pageSize")
    size = max(1, min(size, MOST))
    token = account.guid("rows", call.request_id, call.now)
    asked = {name: query.get(f"${name}", "") for name in ("filter", "orderby", "fields")}
    mc.store.db.execute(
        "insert into row_tokens values (?, ?, ?, ?)", (token, found.key, orjson.dumps(asked).decode(), size)
    )
    return _page(mc, call, found, token, asked, size, _number(query.get("$page", "1"), "$page"))


def _further(mc: MarketingCloud, call: Call) -> Response:
    row = mc.store.row(
        "select extension, filter, page_size from row_tokens where token = ?", (call.params["token"],)
    )
    found = extensions.find(mc.store, row[0]) if row else None
    if row is None or found is None:
        raise errors.not_found()
    page = _number(call.query.get("$page", "1"), "$page")
    return _page(mc, call, found, call.params["token"], orjson.loads(row[1]), row[2], page)


def _number(text: str, name: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 10 or int(text) < 1:
        raise errors.invalid(f"{name} must be a positive whole number")
    return int(text)


def _page(
    mc: MarketingCloud, call: Call, found: Extension, token: str, asked: dict[str, str], size: int, page: int
) -> Response:  # fmt: skip
    where, values = row_filter.where(found, asked["filter"])
    order, shown_fields = row_filter.order(found, asked["orderby"]), _fields(found, asked["fields"])
    total = int(
        mc.store.value(f"select count(*) from extension_rows where extension = ?{where}", (found.id, *values))
    )
    kept = mc.store.rows(
        f"select body from extension_rows where extension = ?{where} order by {order} limit ? offset ?",
        (found.id, *values, size, (page - 1) * size),
    )
    call.records = len(kept)
    shown: dict[str, Any] = {
        "links": {"self": f"/v1/customobjectdata/token/{token}/rowset?$page={page}"},
        "requestToken": token, "tokenExpireDateUtc": times.iso(call.now + _TOKEN_LIFE)[:-1],
        "customObjectId": found.id, "customObjectKey": found.key, "pageSize": size, "page": page,
        "count": total, "top": 0,
    }  # fmt: skip
    if page * size < total:
        shown["links"]["next"] = f"/v1/customobjectdata/token/{token}/rowset?$page={page + 1}"
    if kept:
        shown["items"] = [item(shown_fields, orjson.loads(body)) for (body,) in kept]
    return answer(shown)


def _fields(found: Extension, wanted: str) -> list[Field]:
    """The fields that are asked for, all where none is."""
    names = [name.strip().lower() for name in wanted.split(",") if name.strip()]
    if any(name not in found.fields for name in names):
        raise errors.invalid(f"The fields cannot be read: {wanted[:200]}")
    return [found.fields[name] for name in dict.fromkeys(names)] or list(found.fields.values())


def item(fields: Iterable[Field], row: Mapping[str, str | None]) -> dict[str, dict[str, str]]:
    """A row as it is answered: keys apart from values, an empty text where there is nothing."""
    shown: dict[str, dict[str, str]] = {"keys": {}, "values": {}}
    for field in fields:
        kind = "keys" if field.is_key else "values"
        shown[kind][field.name.lower()] = extensions.shown(field, row.get(field.name))
    if not shown["keys"]:
        del shown["keys"]
    return shown
