"""Reading rows of a data extension: pages behind a token, `$filter`, names in small letters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, errors, extensions
from sandbox.marketing_cloud.extensions import Extension, Field

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

MOST = 2_500
_TOKEN_LIFE = times.DAY
_PART = re.compile(r"\s*(\w[\w ]*?)\s+(eq|ne|gt|gte|lt|lte|like)\s+'((?:[^']|'')*)'\s*(?:(and|or)\b|$)", re.I)
_SQL = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like"}


def routes(mc: MarketingCloud) -> list[Route]:
    base = "/data/v1/customobjectdata"
    return [
        *mc.route("GET", base + "/key/{key}/rowset", lambda call: _first(mc, call)),
        *mc.route("GET", base + "/token/{token}/rowset", lambda call: _further(mc, call)),
    ]


def _first(mc: MarketingCloud, call: Call) -> Response:
    found = extensions.find(mc.store, call.params["key"])
    if found is None:
        raise errors.not_found()
    query = {name.lower(): value for name, value in call.query.items()}
    size = _number(query.get("$pagesize", str(MOST)), "$pageSize")
    size = max(1, min(size, MOST))
    token = account.guid("rows", call.request_id, call.now)
    chosen = query.get("$filter", "")
    _where(found, chosen)
    mc.store.db.execute("insert into row_tokens values (?, ?, ?, ?)", (token, found.key, chosen, size))
    return _page(mc, call, found, token, chosen, size, _number(query.get("$page", "1"), "$page"))


def _further(mc: MarketingCloud, call: Call) -> Response:
    row = mc.store.row(
        "select extension, filter, page_size from row_tokens where token = ?", (call.params["token"],)
    )
    found = extensions.find(mc.store, row[0]) if row else None
    if row is None or found is None:
        raise errors.not_found()
    page = _number(call.query.get("$page", "1"), "$page")
    return _page(mc, call, found, call.params["token"], row[1], row[2], page)


def _number(text: str, name: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 10 or int(text) < 1:
        raise errors.invalid(f"{name} must be a positive whole number")
    return int(text)


def _page(
    mc: MarketingCloud, call: Call, found: Extension, token: str, chosen: str, size: int, page: int
) -> Response:  # fmt: skip
    where, values = _where(found, chosen)
    total = int(
        mc.store.value(f"select count(*) from extension_rows where extension = ?{where}", (found.id, *values))
    )
    kept = mc.store.rows(
        f"select body from extension_rows where extension = ?{where} order by seq limit ? offset ?",
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
        shown["items"] = [item(found, orjson.loads(body)) for (body,) in kept]
    return answer(shown)


def item(found: Extension, row: dict[str, str | None]) -> dict[str, dict[str, str]]:
    """A row as it is answered: keys apart from values, an empty text where there is nothing."""
    shown: dict[str, dict[str, str]] = {"keys": {}, "values": {}}
    for name, field in found.fields.items():
        shown["keys" if field.is_key else "values"][name] = _shown(field, row.get(field.name))
    if not shown["keys"]:
        del shown["keys"]
    return shown


def _shown(field: Field, value: str | None) -> str:
    if value is None:
        return ""
    if field.type != "Date":
        return value
    moment = times.from_ms(times.parse(value))
    hour, half = moment.hour % 12 or 12, "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {half}"


def _where(found: Extension, chosen: str) -> tuple[str, list[str]]:
    """`$filter` as SQL: comparisons with a text, joined by and, or. The kept names are used."""
    clause, values, at = "", [], 0
    while at < len(chosen):
        part = _PART.match(chosen, at)
        field = found.fields.get(part[1].lower()) if part else None
        if part is None or field is None:
            raise errors.invalid(f"The filter cannot be read: {chosen[:200]}")
        name = field.name.replace('"', '""').replace("'", "''")
        clause += f"""json_extract(body, '$."{name}"') {_SQL[part[2].lower()]} ? collate nocase """
        clause += f"{part[4] or ''} "
        values.append(part[3].replace("''", "'"))
        at = part.end()
    return (f" and ({clause.strip()})" if clause else ""), values
