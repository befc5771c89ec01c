"""What ties records together by the old APIs: `crm-associations/v1`, companies' contacts, deals of somebody.

Belongs here: also the `associations` of a deal or an engagement that is made. In the store they are the same
as those of later versions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import association_kinds, errors, legacy, requests
from sandbox.hubspot.records import Record

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

AREA = "/crm-associations/v1/associations"
NAMES = {
    "associatedVids": "contacts", "contactIds": "contacts", "associatedCompanyIds": "companies",
    "companyIds": "companies", "associatedDealIds": "deals", "dealIds": "deals",
    "associatedTicketIds": "tickets", "ticketIds": "tickets",
}  # fmt: skip
MOST = 100
Json = dict[str, Any]
Tie = tuple[Record, Record, association_kinds.Kind]


def routes(hubspot: HubSpot) -> list[Route]:
    give = hubspot.route
    company, deal = "/companies/v2/companies/{id}/contacts", "/deals/v1/deal"
    found: list[Route] = []
    for verb, do in (("create", _make), ("delete", _break)):
        path = AREA if verb == "create" else f"{AREA}/delete"
        found += give("PUT", path, _one(hubspot, do))
        found += give("PUT", f"{AREA}/{verb}-batch", _many(hubspot, do))
    return [
        *found,
        *give("GET", f"{AREA}/{{id}}/HUBSPOT_DEFINED/{{number}}", lambda call: _ids(hubspot, call)),
        *give("GET", company, lambda call: _contacts(hubspot, call)),
        *give("GET", "/companies/v2/companies/{id}/vids", lambda call: _vids(hubspot, call)),
        *give("PUT", f"{company}/{{vid}}", lambda call: _employ(hubspot, call)),
        *give("DELETE", f"{company}/{{vid}}", lambda call: _dismiss(hubspot, call)),
        *give("GET", f"{deal}/associated/{{type}}/{{id}}/paged", lambda call: _deals(hubspot, call)),
        *give("PUT", f"{deal}/{{id}}/associations/{{type}}", lambda call: _of_deal(hubspot, call, _make)),
        *give("DELETE", f"{deal}/{{id}}/associations/{{type}}", lambda call: _of_deal(hubspot, call, _break)),
    ]


def tie(hubspot: HubSpot, call: Call, record: Record, ties: Json) -> None:
    """Associate a record with those that a body names by kind. Refuses ids of none."""
    for name, plural in NAMES.items():
        wanted = ties.get(name) or []
        if not isinstance(wanted, list):
            raise errors.validation(call, f"{name} must be a list of ids")
        for own in wanted:
            _make(hubspot, call, (record, *_end(hubspot, call, record, plural, own)))


def _end(hubspot: HubSpot, call: Call, record: Record, plural: str, own: Any) -> tuple[Record, Any]:
    kind, pair = hubspot.portal.type_of(plural), (record.type.plural, plural)
    if kind is None or pair not in hubspot.portal.types.pairs:
        raise errors.validation(call, f"{record.type.singular} cannot be associated with {plural[:40]}")
    other = hubspot.records.get(kind, str(own))
    if other is None or other.archived:
        raise errors.validation(call, f"{kind.singular} {str(own)[:40]} does not exist")
    number = hubspot.portal.types.pairs[pair][0]
    return other, association_kinds.kind_of(hubspot, call, *pair, number)


def _make(hubspot: HubSpot, call: Call, tied: Tie) -> None:
    record, other, kind = tied
    association_kinds.attach(hubspot, call, record, other, [kind])
    call.records += 1


def _break(hubspot: HubSpot, call: Call, tied: Tie) -> None:
    record, other, kind = tied
    kinds = None if kind.is_primary else [kind]
    association_kinds.detach(hubspot, call, record.type.plural, record.id, other.type.plural, other.id, kinds)


Do = Callable[["HubSpot", Call, Tie], None]


def _wish(hubspot: HubSpot, call: Call, item: Any) -> Tie:
    """`fromObjectId`, `toObjectId` and the number of a type that HubSpot defines."""
    if not isinstance(item, dict) or item.get("category") != "HUBSPOT_DEFINED":
        raise errors.validation(call, "fromObjectId, toObjectId, category and definitionId are wanted")
    number = item.get("definitionId")
    for (a, b), ids in hubspot.portal.types.pairs.items():
        if number in ids and isinstance(number, int) and not isinstance(number, bool):
            ends = [
                hubspot.records.get(hubspot.portal.types.all[plural], str(item.get(name)))
                for plural, name in ((a, "fromObjectId"), (b, "toObjectId"))
            ]
            first, second = ends
            if first is None or second is None or first.archived or second.archived:
                raise errors.not_found(call)
            return first, second, association_kinds.kind_of(hubspot, call, a, b, number)
    raise errors.validation(call, f"definitionId {str(number)[:20]} is not a type of association")


def _one(hubspot: HubSpot, do: Do) -> Any:
    def handle(call: Call) -> Response:
        do(hubspot, call, _wish(hubspot, call, requests.body_of(call)))
        return Response(status_code=204)

    return handle


def _many(hubspot: HubSpot, do: Do) -> Any:
    def handle(call: Call) -> Response:
        try:
            items = call.json()
        except ValueError:
            items = None
        if not isinstance(items, list) or len(items) > MOST:
            raise errors.validation(call, f"A list of at most {MOST} associations is wanted")
        for item in items:
            do(hubspot, call, _wish(hubspot, call, item))
        return Response(status_code=204)

    return handle


def _targets(hubspot: HubSpot, a: str, own: str, b: str, offset: int, limit: int) -> list[int]:
    """Ids beyond an offset, one more than a page has."""
    rows = hubspot.store.rows(
        "select distinct to_id from associations where from_type = ? and from_id = ? and to_type = ? "
        "and to_id > ? order by to_id limit ?",
        (a, requests.whole_id(own), b, offset, limit + 1),
    )
    return [to_id for (to_id,) in rows]


def _ids(hubspot: HubSpot, call: Call) -> Response:
    limit, offset = requests.number_of(call, "limit", 100, 100), requests.whole(call, "offset")
    number = requests.whole_id(call.params["number"])
    for (a, b), ids in hubspot.portal.types.pairs.items():
        if number is not None and number in ids:
            found = _targets(hubspot, a, call.params["id"], b, offset, limit)
            page = found[:limit]
            last = page[-1] if page else offset
            return answer({"results": page, "hasMore": len(found) > limit, "offset": last})
    raise errors.validation(call, f"definitionId {call.params['number'][:20]} is not a type of association")


def _vids(hubspot: HubSpot, call: Call) -> Response:
    limit, offset = requests.number_of(call, "count", 100, 100), requests.whole(call, "vidOffset")
    found = _targets(hubspot, "companies", call.params["id"], "contacts", offset, limit)
    page = found[:limit]
    last = page[-1] if page else offset
    return answer({"vids": page, "hasMore": len(found) > limit, "vidOffset": last})


def _contacts(hubspot: HubSpot, call: Call) -> Response:
    limit, offset = requests.number_of(call, "count", 20, 100), requests.whole(call, "vidOffset")
    found = _targets(hubspot, "companies", call.params["id"], "contacts", offset, limit)
    kind, page = hubspot.portal.type_of("contacts"), found[:limit]
    assert kind is not None
    people = [record for _, record in hubspot.records.many(kind, [str(own) for own in page]) if record]
    shown = [
        {
            "vid": record.id, "canonical-vid": record.id, "portal-id": hubspot.portal.id, "is-contact": True,
            "properties": [
                {"name": name, "value": record.props[name]}
                for name in ("firstname", "lastname", "email", "company")
                if name in record.props
            ],
        }
        for record in people
    ]  # fmt: skip
    last = page[-1] if page else offset
    return answer({"contacts": shown, "hasMore": len(found) > limit, "vidOffset": last})


def _employment(hubspot: HubSpot, call: Call) -> Tie:
    kind = hubspot.portal.type_of("companies")
    assert kind is not None
    company = hubspot.records.get(kind, call.params["id"])
    if company is None or company.archived:
        raise errors.not_found(call)
    return (company, *_end(hubspot, call, company, "contacts", call.params["vid"]))


def _employ(hubspot: HubSpot, call: Call) -> Response:
    tied = _employment(hubspot, call)
    _make(hubspot, call, tied)
    return answer(legacy.shown(hubspot, tied[0], ["name", "domain"]))


def _dismiss(hubspot: HubSpot, call: Call) -> Response:
    _break(hubspot, call, _employment(hubspot, call))
    return Response(status_code=204)


def _deals(hubspot: HubSpot, call: Call) -> Response:
    kind, deals = hubspot.portal.type_of(call.params["type"].lower()), hubspot.portal.type_of("deals")
    assert deals is not None
    if kind is None or kind.plural not in ("contacts", "companies"):
        raise errors.not_found(call)
    limit, offset = requests.number_of(call, "limit", 100, 100), requests.whole(call, "offset")
    found = _targets(hubspot, kind.plural, call.params["id"], "deals", offset, limit)
    page, names = found[:limit], call.query_list("properties")
    records = [record for _, record in hubspot.records.many(deals, [str(own) for own in page]) if record]
    return answer({
        "deals": [legacy.shown(hubspot, record, names) for record in records if not record.archived],
        "hasMore": len(found) > limit, "offset": page[-1] if page else offset,
    })  # fmt: skip


def _of_deal(hubspot: HubSpot, call: Call, do: Do) -> Response:
    """The contacts or companies of `id=` in the address, as often as it stands there."""
    deals, kind = hubspot.portal.type_of("deals"), hubspot.portal.type_of(call.params["type"].lower())
    assert deals is not None
    record = hubspot.records.get(deals, call.params["id"])
    if record is None or record.archived or kind is None or kind.plural not in ("contacts", "companies"):
        raise errors.not_found(call)
    for own in call.query_list("id"):
        do(hubspot, call, (record, *_end(hubspot, call, record, kind.plural, own)))
    return Response(status_code=204)
