"""Associations as version 3 has them: an id and the name of a type.

Belongs here: the paths of v3 alone, which stand before those of v4 whose patterns would take them. What a
type means and does is `association_kinds`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import association_kinds, errors, pages, render, requests
from sandbox.hubspot.association_kinds import Kind
from sandbox.hubspot.associations import both, end_of, none_found, pair_of, pairs
from sandbox.hubspot.render import View

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST, PAGE = 1_000, 500


def routes(hubspot: HubSpot) -> list[Route]:
    pair, record = "/crm/v3/associations/{type}/{to}", "/crm/v3/objects/{type}/{id}/associations/{to}"
    one = record + "/{to_id}/{kind}"
    give = hubspot.route
    return [
        *give("GET", record, lambda call: _read(hubspot, call)),
        *give("PUT", one, lambda call: _put(hubspot, call)),
        *give("DELETE", one, lambda call: _delete(hubspot, call)),
        *give("POST", f"{pair}/batch/read", lambda call: _batch_read(hubspot, call)),
        *give("POST", f"{pair}/batch/create", lambda call: _batch_create(hubspot, call)),
        *give("POST", f"{pair}/batch/archive", lambda call: _batch_archive(hubspot, call)),
        *give("GET", f"{pair}/types", lambda call: _types(hubspot, call)),
    ]


def _read(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    record = hubspot.records.get(kind, call.params["id"])
    if record is None or record.archived:
        raise errors.not_found(call)
    most, after = requests.number_of(call, "limit", PAGE, PAGE), requests.position_of(call)
    found = render.linked(hubspot.portal, kind, to, [record.id], call.base_url, most=most, after=after)
    page = found.get(record.id, {"results": []})
    if "paging" in page:
        page["paging"] = pages.following(call, page["paging"]["next"]["after"])
    return answer(page)


def _named(hubspot: HubSpot, call: Call, a: str, b: str, wanted: str) -> Kind:
    """The type of this name, as `contact_to_company`, or of this number."""
    named = {name: number for number, name in hubspot.portal.types.association_names(a, b).items()}
    number = named.get(wanted, requests.whole_id(wanted))
    if number is None:
        raise errors.validation(call, f"{wanted[:80]} is not a valid association type between {a} and {b}")
    return association_kinds.kind_of(hubspot, call, a, b, number)


def _put(hubspot: HubSpot, call: Call) -> Response:
    record, other = both(hubspot, call, call.params["id"], call.params["to_id"])
    kind = _named(hubspot, call, record.type.plural, other.type.plural, call.params["kind"])
    association_kinds.attach(hubspot, call, record, other, [kind])
    call.records = 1
    view = View.of(hubspot.portal, record.type, record.type.defaults, (), (other.type.plural,))
    return answer(render.records(hubspot.portal, view, [record], call.base_url)[0])


def _delete(hubspot: HubSpot, call: Call) -> Response:
    record, other = both(hubspot, call, call.params["id"], call.params["to_id"])
    a, b = record.type.plural, other.type.plural
    kind = _named(hubspot, call, a, b, call.params["kind"])
    # The old API knew one type between a contact and its company: taking it off leaves nothing behind.
    kinds = None if kind.is_primary else [kind]
    association_kinds.detach(hubspot, call, a, record.id, b, other.id, kinds)
    return Response(status_code=204)


def _batch_read(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    inputs = requests.inputs_of(call, requests.body_of(call), MOST)
    ids = [_number(call, item.get("id")) for item in inputs]
    found = render.linked(hubspot.portal, kind, to, ids, call.base_url)
    results: list[dict[str, Any]] = [
        {"from": {"id": str(each)}, **_to(found[each])} for each in ids if each in found
    ]
    absent = [none_found(kind, to, str(each)) for each in ids if each not in found]
    return pages.done(call, results, absent, 200)


def _number(call: Call, said: Any) -> int:
    found = requests.whole_id(said)
    if found is None:
        raise errors.validation(call, "Invalid id in inputs")
    return found


def _to(linked: dict[str, Any]) -> dict[str, Any]:
    return {"to" if name == "results" else name: value for name, value in linked.items()}


def _batch_create(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    results = []
    problems: list[dict[str, Any]] = []
    inputs = requests.inputs_of(call, requests.body_of(call), MOST)
    for item, record, other in pairs(hubspot, call, inputs, problems):
        wanted = _named(hubspot, call, kind.plural, to.plural, str(item.get("type") or ""))
        association_kinds.attach(hubspot, call, record, other, [wanted])
        results.append({"from": {"id": str(record.id)}, "to": {"id": str(other.id)}, "type": item["type"]})
    return pages.done(call, results, problems, 201)


def _batch_archive(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    for item in requests.inputs_of(call, requests.body_of(call), MOST):
        wanted = _named(hubspot, call, kind.plural, to.plural, str(item.get("type") or ""))
        ids = [_number(call, end_of(call, item, end)) for end in ("from", "to")]
        kinds = None if wanted.is_primary else [wanted]
        association_kinds.detach(hubspot, call, kind.plural, ids[0], to.plural, ids[1], kinds)
    return Response(status_code=204)


def _types(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    names = hubspot.portal.types.association_names(kind.plural, to.plural)
    return answer({"results": [{"id": str(number), "name": name} for number, name in names.items()]})
