"""Lists, forms and submissions, marketing events and participation: what marketing reaches people with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, list_filters, list_states, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

LISTS, LIST_CEILING, MEMBERS = 500, 10_000, 250


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(list_states.TABLE)
    events = "/marketing/marketing-events"
    return [
        *hubspot.versioned("POST", "/crm/lists", "/search", lambda call: _lists(hubspot, call)),
        *hubspot.versioned("GET", "/crm/lists", "/{id}", lambda call: _list(hubspot, call)),
        *hubspot.versioned("GET", "/crm/lists", "/{id}/memberships", lambda call: _members(hubspot, call)),
        *hubspot.route("GET", "/marketing/v3/forms", lambda call: _forms(hubspot, call)),
        *hubspot.route("GET", "/marketing/v3/forms/{id}", lambda call: _form(hubspot, call)),
        *hubspot.route(
            "GET", "/form-integrations/v1/submissions/forms/{id}", lambda call: _submissions(hubspot, call)
        ),
        *hubspot.versioned("GET", events, "", lambda call: _events(hubspot, call)),
        *hubspot.versioned("GET", events, "/{id}", lambda call: _event(hubspot, call)),
    ]


def one(hubspot: HubSpot, call: Call, table: str, name: str = "id") -> Any:
    """The thing of that id, or HubSpot's 404."""
    text = call.params[name]
    row = hubspot.store.row(f"select shown from {table} where id = ?", (text,)) if len(text) < 64 else None
    if row is None:
        raise errors.not_found(call)
    return orjson.loads(row[0])


def _lists(hubspot: HubSpot, call: Call) -> Response:
    """At most 500 a page and 10,000 in all; sizes come only when asked for by name."""
    body = requests.body_of(call)
    count, offset = body.get("count", 20), body.get("offset", 0)
    if type(count) is not int or type(offset) is not int or count <= 0 or offset < 0:
        raise errors.validation(call, "count must be positive and offset not negative")
    count = min(count, LISTS)  # more is not refused: connectors ask for 1,000
    if offset + count > LIST_CEILING:
        raise errors.validation(call, f"offset and count may not reach beyond {LIST_CEILING}")
    wanted = requests.strings(call, body, "additionalProperties")
    types = requests.strings(call, body, "processingTypes")
    found = [
        each
        for each in pages.shown(hubspot.store.rows("select shown from lists order by id"))
        if str(body.get("query") or "").lower() in each["name"].lower()
        and (not types or each["processingType"] in types)
    ]
    some = found[offset : offset + count]
    for each in some:
        list_filters.refresh(hubspot, call, each)
        extra = each["additionalProperties"]
        each["additionalProperties"] = {name: extra[name] for name in wanted if name in extra}
    more = offset + count < len(found)
    return answer({"offset": offset + len(some), "hasMore": more, "total": len(found), "lists": some})


def _list(hubspot: HubSpot, call: Call) -> Response:
    found = one(hubspot, call, "lists")
    list_filters.refresh(hubspot, call, found)
    size = int(found.pop("additionalProperties").get("hs_list_size", 0))
    return answer({"list": found | {"size": size}})


def _members(hubspot: HubSpot, call: Call) -> Response:
    shown = one(hubspot, call, "lists")
    limit, after = requests.number_of(call, "limit", 100, MEMBERS), requests.position_of(call)
    list_filters.refresh(hubspot, call, shown)
    list_id = int(call.params["id"])
    rows = hubspot.store.rows(
        "select record_id, at from list_members where list_id = ? and record_id > ? "
        "order by record_id limit ?",
        (list_id, after, limit + 1),
    )
    total = hubspot.store.value("select count(*) from list_members where list_id = ?", (list_id,))
    page: dict[str, Any] = {
        "total": total,
        "results": [{"recordId": str(r), "membershipTimestamp": times.iso(at)} for r, at in rows[:limit]],
    }
    if len(rows) > limit:
        page["paging"] = pages.following(call, str(rows[limit - 1][0]))
    return answer(page)


def _forms(hubspot: HubSpot, call: Call) -> Response:
    archived = call.says("archived")
    return pages.by_after(call, hubspot.store, "forms where archived = ?", (archived,), default=20)


def _form(hubspot: HubSpot, call: Call) -> Response:
    found = one(hubspot, call, "forms")
    if found["archived"] != call.says("archived"):
        raise errors.not_found(call)
    return answer(found)


def _submissions(hubspot: HubSpot, call: Call) -> Response:
    one(hubspot, call, "forms")
    return pages.by_after(
        call, hubspot.store, "submissions where form_id = ?", (call.params["id"],), order="at desc, id desc",
        default=20, most=50,
    )  # fmt: skip


def _events(hubspot: HubSpot, call: Call) -> Response:
    return pages.by_after(call, hubspot.store, "marketing_events", default=10)


def _event(hubspot: HubSpot, call: Call) -> Response:
    return answer(one(hubspot, call, "marketing_events"))
