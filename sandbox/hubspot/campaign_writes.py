"""Campaigns made, changed and deleted, their assets, and the items of budget and spend."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, numbers, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

BATCH = 50
_NUMBER = "cast(json_extract(props, '$.hs_object_id') as integer)"
STATUSES = ("planned", "in_progress", "active", "paused", "completed")
_WRITABLE = (
    "hs_name", "hs_start_date", "hs_end_date", "hs_notes", "hs_audience", "hs_currency_code",
    "hs_campaign_status", "hs_owner", "hs_color_hex", "hs_utm", "hs_goal",
)  # fmt: skip
_KINDS = (
    "AD_CAMPAIGN", "BLOG_POST", "SOCIAL_BROADCAST", "WEB_INTERACTIVE", "CTA", "EXTERNAL_WEB_URL", "FORM",
    "LANDING_PAGE", "MARKETING_EMAIL", "MARKETING_EVENT", "OBJECT_LIST", "SITE_PAGE",
    "AUTOMATION_PLATFORM_FLOW",
    "FILE_MANAGER_FILE", "SMS", "PODCAST_EPISODE", "SEQUENCE", "CALL", "CASE_STUDY", "KNOWLEDGE_ARTICLE",
)  # fmt: skip
Campaign = tuple[str, int, int, dict[str, Any]]


def routes(hubspot: HubSpot) -> list[Route]:
    area, give = "/marketing/campaigns", hubspot.versioned
    found = [
        *give("POST", area, "", lambda call: answer(_create(hubspot, call, requests.body_of(call)), 201)),
        *give("PATCH", area, "/{id}", lambda call: _patch(hubspot, call)),
        *give("DELETE", area, "/{id}", lambda call: _delete(hubspot, call)),
        *give("POST", area, "/batch/create", lambda call: _batch(hubspot, call, _create, 201)),
        *give("POST", area, "/batch/update", lambda call: _batch(hubspot, call, _update, 200)),
        *give("POST", area, "/batch/archive", lambda call: _archive_many(hubspot, call)),
        *give("PUT", area, "/{id}/assets/{kind}/{asset}", lambda call: _asset(hubspot, call, there=True)),
        *give("DELETE", area, "/{id}/assets/{kind}/{asset}", lambda call: _asset(hubspot, call, there=False)),
    ]
    return [*found, *_item_routes(hubspot, "budget"), *_item_routes(hubspot, "spend")]


def _item_routes(hubspot: HubSpot, kind: str) -> list[Route]:
    area, give, one = "/marketing/campaigns", hubspot.versioned, f"/{{id}}/{kind}/{{item}}"
    return [
        *give("POST", area, f"/{{id}}/{kind}", lambda call: _add(hubspot, call, kind)),
        *give("GET", area, one, lambda call: answer(_item(hubspot, call, kind))),
        *give("PUT", area, one, lambda call: _replace(hubspot, call, kind)),
        *give("DELETE", area, one, lambda call: _remove(hubspot, call, kind)),
    ]


def _load(hubspot: HubSpot, call: Call, own: str) -> Campaign:
    row = hubspot.store.row("select id, created, updated, props from campaigns where id = ?", (own[:64],))
    if row is None:
        raise errors.not_found(call)
    return row[0], row[1], row[2], orjson.loads(row[3])


def _checked(call: Call, body: dict[str, Any]) -> dict[str, str]:
    given = {n: "" if v is None else str(v) for n, v in requests.properties_of(call, body).items()}
    for name, value in given.items():
        if name not in _WRITABLE:
            raise errors.validation(call, f'Property "{name[:60]}" cannot be set on a campaign')
        if name == "hs_campaign_status" and value and value not in STATUSES:
            raise errors.validation(call, f"hs_campaign_status must be one of {', '.join(STATUSES)}")
        if name in ("hs_start_date", "hs_end_date") and value:
            try:
                given[name] = times.day(times.parse(value))
            except ValueError:
                raise errors.validation(call, f"{name} must be a date") from None
    if (
        given.get("hs_start_date")
        and given.get("hs_end_date")
        and given["hs_end_date"] < given["hs_start_date"]
    ):
        raise errors.validation(call, "hs_end_date must not be before hs_start_date")
    return given


def _shown(campaign: Campaign) -> dict[str, Any]:
    own, created, updated, props = campaign
    return {
        "id": own, "properties": props, "createdAt": times.iso(created), "updatedAt": times.iso(updated),
    }  # fmt: skip


def _save(hubspot: HubSpot, call: Call, campaign: Campaign) -> dict[str, Any]:
    own, created, _, props = campaign
    hubspot.store.db.execute(
        "insert or replace into campaigns values (?, ?, ?, ?)", (own, created, call.now, orjson.dumps(props))
    )
    call.records += 1
    return _shown((own, created, call.now, props))


def _create(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> dict[str, Any]:
    props = {name: value for name, value in _checked(call, body).items() if value}
    if not props.get("hs_name"):
        raise errors.validation(call, "Some required fields were not set: [hs_name]")
    if hubspot.store.value(
        "select 1 from campaigns where json_extract(props, '$.hs_name') = ?", (props["hs_name"],)
    ):
        raise errors.error(call, 409, "A campaign with this name exists already", "OBJECT_ALREADY_EXISTS")
    number = numbers.following(hubspot.store, "campaigns", first=600_000, column=_NUMBER)
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call.request_id}:{len(call.changes)}"))
    props |= {"hs_object_id": str(number)}
    props.setdefault("hs_currency_code", hubspot.store.get_meta("currency"))
    for name, value in props.items():
        call.change("campaigns", own, "create", name, None, value)
    return _save(hubspot, call, (own, call.now, call.now, props))


def _update(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> dict[str, Any]:
    own, created, updated, props = _load(hubspot, call, str(body.get("id") or ""))
    for name, value in _checked(call, body).items():
        call.change("campaigns", own, "update", name, props.get(name), value or None)
        if value:
            props[name] = value
        else:
            props.pop(name, None)
    if not props.get("hs_name"):
        raise errors.validation(call, "hs_name may not be empty")
    return _save(hubspot, call, (own, created, updated, props))


def _patch(hubspot: HubSpot, call: Call) -> Response:
    return answer(_update(hubspot, call, requests.body_of(call) | {"id": call.params["id"]}))


def _batch(hubspot: HubSpot, call: Call, write: Any, status: int) -> Response:
    results = [write(hubspot, call, each) for each in requests.inputs_of(call, requests.body_of(call), BATCH)]
    return pages.done(call, results, status=status)


def _forget(hubspot: HubSpot, call: Call, own: str) -> None:
    number = hubspot.store.value(f"select {_NUMBER} from campaigns where id = ?", (own[:64],))
    if number is None:
        return
    numbers.removed(hubspot.store, "campaigns", int(number))
    hubspot.store.db.execute("delete from campaigns where id = ?", (own,))
    for table in ("campaign_assets", "campaign_items", "campaign_reports", "campaign_contacts"):
        hubspot.store.db.execute(f"delete from {table} where campaign_id = ?", (own,))
    call.change("campaigns", own, "delete", "archived", "false", "true")
    call.records += 1


def _delete(hubspot: HubSpot, call: Call) -> Response:
    _forget(hubspot, call, call.params["id"])
    return Response(status_code=204)


def _archive_many(hubspot: HubSpot, call: Call) -> Response:
    for each in requests.inputs_of(call, requests.body_of(call), BATCH):
        _forget(hubspot, call, str(each.get("id") or ""))
    return Response(status_code=204)


def _asset(hubspot: HubSpot, call: Call, *, there: bool) -> Response:
    own, kind, asset = (
        _load(hubspot, call, call.params["id"])[0],
        call.params["kind"],
        call.params["asset"][:64],
    )
    if kind not in _KINDS:
        raise errors.validation(call, f"assetType must be one of {', '.join(_KINDS)}")
    key = (own, kind, asset)
    if there:
        shown = orjson.dumps({"id": asset, "name": f"{kind.replace('_', ' ').capitalize()} {asset}"})
        hubspot.store.db.execute("insert or ignore into campaign_assets values (?, ?, ?, ?)", (*key, shown))
    else:
        hubspot.store.db.execute(
            "delete from campaign_assets where campaign_id = ? and type = ? and id = ?", key
        )
    call.change(
        "campaigns", own, "update", f"asset {kind}", None if there else asset, asset if there else None
    )
    return Response(status_code=204)


def _amounts(call: Call) -> dict[str, Any]:
    body = requests.body_of(call)
    amount, order = body.get("amount"), body.get("order", 0)
    if isinstance(amount, bool) or not isinstance(amount, int | float) or amount < 0 or amount > 1e15:
        raise errors.validation(call, "amount must be a number that is not negative")
    if not body.get("name") or isinstance(order, bool) or not isinstance(order, int):
        raise errors.validation(call, "Some required fields were not set: [name, order]")
    return {
        "name": str(body["name"]), "amount": float(amount), "order": order,
        "description": str(body.get("description") or ""),
    }  # fmt: skip


def _sum(hubspot: HubSpot, call: Call, campaign: Campaign, kind: str) -> None:
    """The campaign's total of a kind follows from its items."""
    own, created, updated, props = campaign
    total = hubspot.store.value(
        "select coalesce(sum(json_extract(shown, '$.amount')), 0.0) from campaign_items "
        "where campaign_id = ? and kind = ?", (own, kind),
    )  # fmt: skip
    name = f"hs_{kind}_items_sum_amount"
    call.change("campaigns", own, "update", name, props.get(name), str(float(total)))
    _save(hubspot, call, (own, created, updated, props | {name: str(float(total))}))


def _add(hubspot: HubSpot, call: Call, kind: str) -> Response:
    campaign, given = _load(hubspot, call, call.params["id"]), _amounts(call)
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call.request_id}:{kind}"))
    shown = {"id": own, **given, "createdAt": call.now, "updatedAt": call.now}
    hubspot.store.db.execute(
        "insert into campaign_items values (?, ?, ?, ?)", (campaign[0], kind, own, orjson.dumps(shown))
    )
    _sum(hubspot, call, campaign, kind)
    return answer(shown, 201)


def _item(hubspot: HubSpot, call: Call, kind: str) -> dict[str, Any]:
    found = hubspot.store.value(
        "select shown from campaign_items where campaign_id = ? and kind = ? and id = ?",
        (call.params["id"][:64], kind, call.params["item"][:64]),
    )
    if found is None:
        raise errors.not_found(call)
    item: dict[str, Any] = orjson.loads(found)
    return item


def _replace(hubspot: HubSpot, call: Call, kind: str) -> Response:
    campaign, item = _load(hubspot, call, call.params["id"]), _item(hubspot, call, kind)
    item |= _amounts(call) | {"updatedAt": call.now}
    hubspot.store.db.execute(
        "update campaign_items set shown = ? where campaign_id = ? and kind = ? and id = ?",
        (orjson.dumps(item), campaign[0], kind, item["id"]),
    )
    _sum(hubspot, call, campaign, kind)
    return answer(item)


def _remove(hubspot: HubSpot, call: Call, kind: str) -> Response:
    campaign, item = _load(hubspot, call, call.params["id"]), _item(hubspot, call, kind)
    hubspot.store.db.execute(
        "delete from campaign_items where campaign_id = ? and kind = ? and id = ?",
        (campaign[0], kind, item["id"]),
    )
    _sum(hubspot, call, campaign, kind)
    return Response(status_code=204)
