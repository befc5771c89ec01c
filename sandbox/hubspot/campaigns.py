"""Marketing campaigns with their budget and spend totals, listed and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

PAGE, DEFAULT_PAGE = 100, 50
_SORTS = {"hs_name": "json_extract(props, '$.hs_name')", "createdAt": "created", "updatedAt": "updated"}


def routes(hubspot: HubSpot) -> list[Route]:
    return [
        *hubspot.versioned("GET", "/marketing/campaigns", "", lambda call: _list(hubspot, call)),
        *hubspot.versioned("GET", "/marketing/campaigns", "/{id}", lambda call: _read(hubspot, call)),
        *hubspot.versioned(
            "GET", "/marketing/campaigns", "/{id}/budget/totals", lambda call: _totals(hubspot, call)
        ),
    ]


def _shown(call: Call, row: tuple[Any, ...]) -> dict[str, Any]:
    props = orjson.loads(row[3])
    names = call.query_list("properties")
    return {
        "id": row[0], "properties": {name: props[name] for name in names if name in props},
        "createdAt": times.iso(row[1]), "updatedAt": times.iso(row[2]),
    }  # fmt: skip


def _list(hubspot: HubSpot, call: Call) -> Response:
    limit = requests.number_of(call, "limit", DEFAULT_PAGE, PAGE)
    after = requests.position_of(call)
    sort = call.query.get("sort", "hs_name")
    if sort.lstrip("-") not in _SORTS:
        raise errors.validation(call, "sort must be one of hs_name, createdAt, updatedAt")
    order = _SORTS[sort.lstrip("-")] + (" desc" if sort.startswith("-") else "")
    wanted = f"%{call.query.get('name', '')}%"
    where = "coalesce(json_extract(props, '$.hs_name'), '') like ?"
    total = hubspot.store.value(f"select count(*) from campaigns where {where}", (wanted,))
    rows = hubspot.store.rows(
        f"select id, created, updated, props from campaigns where {where} "
        f"order by {order}, id limit ? offset ?",
        (wanted, limit, after),
    )
    page: dict[str, Any] = {"total": total, "results": [_shown(call, row) for row in rows]}
    following = after + limit
    if following < total:
        link = f"{call.base_url}{call.path}?limit={limit}&after={following}"
        page["paging"] = {"next": {"after": str(following), "link": link}}
    return answer(page)


def _found(hubspot: HubSpot, call: Call) -> tuple[Any, ...]:
    row = hubspot.store.row(
        "select id, created, updated, props from campaigns where id = ?", (call.params["id"],)
    )
    if row is None:
        raise errors.not_found(call)
    return row


def _read(hubspot: HubSpot, call: Call) -> Response:
    return answer(_shown(call, _found(hubspot, call)))


def _totals(hubspot: HubSpot, call: Call) -> Response:
    props = orjson.loads(_found(hubspot, call)[3])
    budget = float(props.get("hs_budget_items_sum_amount") or 0)
    spend = float(props.get("hs_spend_items_sum_amount") or 0)
    return answer(
        {
            "currencyCode": props.get("hs_currency_code"), "budgetTotal": budget, "spendTotal": spend,
            "remainingBudget": budget - spend, "budgetItems": [], "spendItems": [],
        }
    )  # fmt: skip
