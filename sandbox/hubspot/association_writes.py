"""Associations with labels made, and associations taken off, by the batch.

Belongs here: `batch/create` and `batch/archive` of the associations API. Reading them, and the default kind,
is `associations`; the labels themselves are `labels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, requests
from sandbox.hubspot.associations import MOST_CREATED, _both, _end, associate, insert, pair_of
from sandbox.hubspot.types import USER_DEFINED

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST_ARCHIVED = 2_000


def routes(hubspot: HubSpot) -> list[Route]:
    found: list[Route] = []
    for root in ("/crm/{version}/associations", "/crm/associations/{version}"):
        pair = f"{root}/{{type}}/{{to}}/batch"
        found += hubspot.route("POST", f"{pair}/create", lambda call: _create(hubspot, call))
        found += hubspot.route("POST", f"{pair}/archive", lambda call: _archive(hubspot, call))
    return found


def _label(hubspot: HubSpot, call: Call, a: str, b: str, wanted: Any) -> tuple[int, str, int, str] | None:
    """(type, label) of a label there and back; None for the type that has none."""
    number = wanted.get("associationTypeId") if isinstance(wanted, dict) else None
    if number in hubspot.portal.types.pairs[a, b]:
        return None
    there = hubspot.store.row(
        "select name, label from association_types where from_type = ? and to_type = ? and type_id = ? "
        "and name is not null",
        (a, b, number if isinstance(number, int) else -1),
    )
    if there is None:
        raise errors.validation(call, f"{number} is not an association type between {a} and {b}")
    back = hubspot.store.row(
        "select type_id, label from association_types where from_type = ? and to_type = ? and name = ?",
        (b, a, there[0]),
    )
    assert back is not None
    return int(str(number)), str(there[1]), int(back[0]), str(back[1])


def _create(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    a, b = kind.plural, to.plural
    results: list[dict[str, Any]] = []
    for item in requests.inputs_of(call, requests.body_of(call), MOST_CREATED):
        types = item.get("types")
        if not isinstance(types, list) or not types:
            raise errors.validation(call, "Some required fields were not set: [types]")
        labels = [_label(hubspot, call, a, b, each) for each in types]
        ends = [_end(call, item, end) for end in ("from", "to")]
        record, other = _both(hubspot, call, *ends)
        associate(hubspot, call, record, other)
        for label in labels:
            if label is not None:
                number, shown, back, shown_back = label
                there = (a, record.id, b, other.id, number, USER_DEFINED, shown)
                insert(hubspot.store, [there, (b, other.id, a, record.id, back, USER_DEFINED, shown_back)])
        named = [label[1] for label in labels if label is not None]
        results.append(
            {"fromObjectTypeId": kind.type_id, "fromObjectId": record.id, "toObjectTypeId": to.type_id,
             "toObjectId": other.id, "labels": named}
        )  # fmt: skip
        call.records += 1
    stamp = times.iso(call.now)
    shown_all = {"status": "COMPLETE", "results": results, "startedAt": stamp, "completedAt": stamp}
    return answer(shown_all, 201)


def _archive(hubspot: HubSpot, call: Call) -> Response:
    """Every association of these pairs goes, labels and all; what is not there is no failure."""
    kind, to = pair_of(hubspot.portal, call)
    for item in requests.inputs_of(call, requests.body_of(call), MOST_ARCHIVED):
        others = item.get("to")
        if not isinstance(others, list):
            raise errors.validation(call, "Some required fields were not set: [to]")
        start = _end(call, item, "from")
        for other in others:
            end = str(other.get("id", "")) if isinstance(other, dict) else ""
            if not all(each.isdecimal() and len(each) < 16 for each in (start, end)):
                raise errors.validation(call, "Invalid id in inputs")
            _take_off(hubspot, call, kind.plural, int(start), to.plural, int(end))
    return Response(status_code=204)


def _take_off(hubspot: HubSpot, call: Call, a: str, i: int, b: str, j: int) -> None:
    gone = 0
    for ends in ((a, i, b, j), (b, j, a, i)):
        gone += hubspot.store.db.execute(
            "delete from associations where from_type = ? and from_id = ? and to_type = ? and to_id = ?", ends
        ).rowcount
    if gone:
        call.records += 1
        call.change(a, str(i), "dissociate", f"associations.{b}", str(j), None)
