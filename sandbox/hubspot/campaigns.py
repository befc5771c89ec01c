"""Marketing campaigns with their assets, budget and spend, metrics and revenue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

PAGE, DEFAULT_PAGE = 100, 50
ASSETS, BATCH = 10, 50
MODELS = (
    "LINEAR", "FIRST_INTERACTION", "LAST_INTERACTION", "FULL_PATH", "U_SHAPED", "W_SHAPED", "TIME_DECAY",
    "J_SHAPED", "INVERSE_J_SHAPED",
)  # fmt: skip
CONTACTS = ("contactFirstTouch", "contactLastTouch", "influencedContacts")
_SORTS = {"hs_name": "json_extract(props, '$.hs_name')", "createdAt": "created", "updatedAt": "updated"}


def routes(hubspot: HubSpot) -> list[Route]:
    area = "/marketing/campaigns"
    return [
        *hubspot.versioned("POST", area, "/batch/read", lambda call: _batch_read(hubspot, call)),
        *hubspot.versioned("GET", area, "/{id}/assets/{kind}", lambda call: _assets(hubspot, call)),
        *hubspot.versioned(
            "GET", area, "/{id}/reports/metrics", lambda call: _report(hubspot, call, "metrics")
        ),
        *hubspot.versioned("GET", area, "/{id}/reports/revenue", lambda call: _revenue(hubspot, call)),
        *hubspot.versioned(
            "GET", area, "/{id}/reports/contacts/{kind}", lambda call: _contacts(hubspot, call)
        ),
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
        "createdAt": times.iso(row[1]), "updatedAt": times.iso(row[2]), "businessUnits": [{"id": 0}],
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
        page["paging"] = pages.following(call, str(following))
    return answer(page)


def _found(hubspot: HubSpot, call: Call) -> tuple[Any, ...]:
    row = hubspot.store.row(
        "select id, created, updated, props from campaigns where id = ?", (call.params["id"],)
    )
    if row is None:
        raise errors.not_found(call)
    return row


def _read(hubspot: HubSpot, call: Call) -> Response:
    row = _found(hubspot, call)
    return answer(_shown(call, row) | {"assets": _assets_of(hubspot, row[0])})


def _totals(hubspot: HubSpot, call: Call) -> Response:
    row = _found(hubspot, call)
    props = orjson.loads(row[3])
    budget = float(props.get("hs_budget_items_sum_amount") or 0)
    spend = float(props.get("hs_spend_items_sum_amount") or 0)
    items = {
        kind: pages.shown(
            hubspot.store.rows(
                "select shown from campaign_items where campaign_id = ? and kind = ? order by id",
                (row[0], kind),
            )
        )
        for kind in ("budget", "spend")
    }
    return answer(
        {
            "currencyCode": props.get("hs_currency_code"), "budgetTotal": budget, "spendTotal": spend,
            "remainingBudget": budget - spend, "budgetItems": items["budget"], "spendItems": items["spend"],
        }
    )  # fmt: skip


def _assets_of(hubspot: HubSpot, campaign: str) -> dict[str, Any]:
    """At most a page of each type, as reading a campaign shows them."""
    grouped: dict[str, list[Any]] = {}
    for kind, blob in hubspot.store.rows(
        "select type, shown from campaign_assets where campaign_id = ? order by type, id", (campaign,)
    ):
        grouped.setdefault(kind, []).append(orjson.loads(blob))
    return {
        kind: {"results": found[:ASSETS]}
        | ({"paging": {"next": {"after": str(ASSETS)}}} if len(found) > ASSETS else {})
        for kind, found in grouped.items()
    }


def _assets(hubspot: HubSpot, call: Call) -> Response:
    row = _found(hubspot, call)
    return pages.by_after(
        call, hubspot.store, "campaign_assets where campaign_id = ? and type = ?",
        (row[0], call.params["kind"]), default=ASSETS,
    )  # fmt: skip


def _batch_read(hubspot: HubSpot, call: Call) -> Response:
    inputs = requests.inputs_of(call, requests.body_of(call), BATCH)
    results = []
    for campaign in dict.fromkeys(str(each.get("id", "")) for each in inputs):
        row = hubspot.store.row("select id, created, updated, props from campaigns where id = ?", (campaign,))
        if row is not None:
            found = _shown(call, row)
            results.append(found | {"assets": _assets_of(hubspot, campaign)})
    return pages.done(call, results)


def _report(hubspot: HubSpot, call: Call, report: str) -> Response:
    row = _found(hubspot, call)
    found = hubspot.store.value(
        "select shown from campaign_reports where campaign_id = ? and report = ?", (row[0], report)
    )
    return answer(orjson.loads(found) if found else {})


def _revenue(hubspot: HubSpot, call: Call) -> Response:
    model = call.query.get("attributionModel", "LINEAR")
    if model not in MODELS:
        raise errors.validation(call, f"attributionModel must be one of {', '.join(MODELS)}")
    return _report(hubspot, call, model)


def _contacts(hubspot: HubSpot, call: Call) -> Response:
    """Ids and nothing else, of contacts that are there, from `startDate` to `endDate`."""
    row, kind = _found(hubspot, call), call.params["kind"]
    if kind not in CONTACTS:
        raise errors.validation(call, f"contactType must be one of {', '.join(CONTACTS)}")
    limit, after = requests.number_of(call, "limit", PAGE, PAGE), requests.position_of(call)
    start, end = call.query.get("startDate", "2006-01-01"), call.query.get("endDate", "9999-12-31")
    found = hubspot.store.rows(
        "select contact_id from campaign_contacts where campaign_id = ? and type = ? "
        "and date(at / 1000, 'unixepoch') between ? and ? and contact_id in "
        "(select id from contacts where not archived) "
        "order by contact_id limit ? offset ?",
        (row[0], kind, start, end, limit + 1, after),
    )
    page: dict[str, Any] = {"results": [{"id": str(contact)} for (contact,) in found[:limit]]}
    if len(found) > limit:
        page["paging"] = pages.following(call, str(after + limit))
    return answer(page)
