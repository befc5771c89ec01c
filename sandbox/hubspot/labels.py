"""Association schema: labels of a pair of object types, and how many records may be associated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import errors, pages, requests
from sandbox.hubspot.associations import DEFINED, pair_of
from sandbox.hubspot.types import USER_DEFINED

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST_LABELS = 10
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,63}")


def routes(hubspot: HubSpot) -> list[Route]:
    found: list[Route] = []
    for root in ("/crm/{version}/associations", "/crm/associations/{version}"):
        labels = f"{root}/{{type}}/{{to}}/labels"
        limits = f"{root}/definitions/configurations"
        found += hubspot.route("GET", limits + "/all", lambda call: answer({"results": _limits(hubspot)}))
        found += hubspot.route("GET", f"{limits}/{{type}}/{{to}}", lambda call: _limits_of(hubspot, call))
        for verb in ("create", "update"):
            found += hubspot.route(
                "POST", f"{limits}/{{type}}/{{to}}/batch/{verb}", lambda call: _limit(hubspot, call)
            )
        found += hubspot.route(
            "POST", f"{limits}/{{type}}/{{to}}/batch/purge", lambda call: _unlimit(hubspot, call)
        )
        found += hubspot.route("GET", labels, lambda call: _list(hubspot, call))
        found += hubspot.route("POST", labels, lambda call: _create(hubspot, call))
        found += hubspot.route("PUT", labels, lambda call: _rename(hubspot, call))
        found += hubspot.route("DELETE", labels + "/{type_id}", lambda call: _delete(hubspot, call))
    return found


def _list(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    plain, primary = hubspot.portal.types.pairs[kind.plural, to.plural]
    category = hubspot.store.value("select category from association_types where type_id = ?", (plain,))
    types: list[dict[str, Any]] = [{"category": category or DEFINED, "typeId": plain, "label": None}]
    if primary is not None:
        types.append({"category": DEFINED, "typeId": primary, "label": "Primary"})
    for number, label in hubspot.store.rows(
        "select type_id, label from association_types where from_type = ? and to_type = ? "
        "and name is not null order by type_id",
        (kind.plural, to.plural),
    ):
        types.append({"category": USER_DEFINED, "typeId": number, "label": label})
    return answer({"results": types})


def _create(hubspot: HubSpot, call: Call) -> Response:
    """A label, and its type of the way back; with `inverseLabel` the two ends are called differently."""
    kind, to = pair_of(hubspot.portal, call)
    body = requests.body_of(call)
    name, label = str(body.get("name") or ""), str(body.get("label") or "")
    if not _NAME.fullmatch(name) or not label:
        raise errors.validation(call, "a label needs a label and a name of letters, digits and underscores")
    there = hubspot.store.rows(
        "select name, label from association_types where from_type = ? and to_type = ? and name is not null",
        (kind.plural, to.plural),
    )
    if any(name == known or label == shown for known, shown in there):
        raise errors.error(call, 409, f"Association label {label} already exists", "OBJECT_ALREADY_EXISTS")
    if len(there) >= MOST_LABELS:
        raise errors.validation(call, f"At most {MOST_LABELS} labels are allowed for a pair of objects")
    results = []
    ends = ((kind.plural, to.plural, label), (to.plural, kind.plural, str(body.get("inverseLabel") or label)))
    one_way = kind == to and not body.get("inverseLabel")
    for a, b, shown in ends[:1] if one_way else ends:
        number = hubspot.portal.types.next_association()
        hubspot.store.db.execute(
            "insert into association_types values (?, ?, ?, ?, ?, ?, null)",
            (a, b, number, USER_DEFINED, shown, name),
        )
        results.append({"category": USER_DEFINED, "typeId": number, "label": shown})
    call.records = 1
    call.change("labels", f"{kind.plural}.{to.plural}.{name}", "create", "label", None, label)
    return answer({"results": results})


def _type(hubspot: HubSpot, call: Call, number: Any) -> tuple[str, str]:
    """Name and label of a label that a client made."""
    kind, to = pair_of(hubspot.portal, call)
    found = hubspot.store.row(
        "select name, label from association_types where from_type = ? and to_type = ? and type_id = ? "
        "and name is not null",
        (kind.plural, to.plural, requests.whole_id(number)),
    )
    if found is None:
        raise errors.not_found(call)
    return str(found[0]), str(found[1])


def _numbers(hubspot: HubSpot, a: str, b: str, name: str) -> list[int]:
    """The numbers of a label: there, and back."""
    rows = hubspot.store.rows(
        "select type_id from association_types where name = ? and ((from_type = ? and to_type = ?) "
        "or (from_type = ? and to_type = ?)) order by from_type != ?, type_id",
        (name, a, b, b, a, a),
    )
    return [int(number) for (number,) in rows]


def _rename(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    body = requests.body_of(call)
    name, before = _type(hubspot, call, body.get("associationTypeId"))
    if not body.get("label"):
        raise errors.validation(call, "Some required fields were not set: [label]")
    numbers = _numbers(hubspot, kind.plural, to.plural, name)
    for number, label in zip(numbers, (body["label"], body.get("inverseLabel")), strict=False):
        if label:
            for table in ("association_types", "associations"):
                hubspot.store.db.execute(
                    f"update {table} set label = ? where type_id = ? and category = ?",
                    (str(label), number, USER_DEFINED),
                )
    call.records = 1
    call.change("labels", f"{kind.plural}.{to.plural}.{name}", "update", "label", before, str(body["label"]))
    return Response(status_code=204)


def _delete(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    name, label = _type(hubspot, call, call.params["type_id"])
    for number in _numbers(hubspot, kind.plural, to.plural, name):
        hubspot.store.db.execute(
            "delete from associations where type_id = ? and category = ?", (number, USER_DEFINED)
        )
        hubspot.store.db.execute(
            "delete from association_types where type_id = ? and category = ?", (number, USER_DEFINED)
        )
    call.records = 1
    call.change("labels", f"{kind.plural}.{to.plural}.{name}", "delete", "label", label, None)
    return Response(status_code=204)


def _limits(hubspot: HubSpot) -> list[dict[str, Any]]:
    types = hubspot.portal.types.all
    rows = hubspot.store.rows(
        "select from_type, to_type, type_id, category, label, most from association_types "
        "where most is not null order by type_id"
    )
    return [
        {
            "fromObjectTypeId": types[a].type_id, "toObjectTypeId": types[b].type_id, "typeId": number,
            "category": category, "label": label, "userEnforcedMaxToObjectIds": most,
        }
        for a, b, number, category, label, most in rows
    ]  # fmt: skip


def _limits_of(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    ends = (kind.type_id, to.type_id)
    found = [each for each in _limits(hubspot) if (each["fromObjectTypeId"], each["toObjectTypeId"]) == ends]
    return answer({"results": found})


def _limit(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    inputs = requests.inputs_of(call, requests.body_of(call), 100)
    plain, primary = hubspot.portal.types.pairs[kind.plural, to.plural]
    for item in inputs:
        number, most = (requests.whole_id(item.get(name)) for name in ("typeId", "maxToObjectIds"))
        if number is None or not most:
            raise errors.validation(call, "a limit needs category, typeId and maxToObjectIds of 1 or more")
        if number in (plain, primary):
            hubspot.store.db.execute(
                "insert or ignore into association_types values (?, ?, ?, ?, null, null, null)",
                (kind.plural, to.plural, number, DEFINED),
            )
        done = hubspot.store.db.execute(
            "update association_types set most = ? where from_type = ? and to_type = ? and type_id = ?",
            (most, kind.plural, to.plural, number),
        )
        if not done.rowcount:
            raise errors.not_found(call)
        call.records += 1
        call.change("association limits", f"{kind.plural}.{to.plural}.{number}", "update", "most", None,
                    str(most))  # fmt: skip
    hubspot.portal.reload()
    status = 201 if call.path.rstrip("/").endswith("create") else 200
    return pages.done(call, _limits(hubspot), status=status)


def _unlimit(hubspot: HubSpot, call: Call) -> Response:
    """The limits that were set of these types go; HubSpot's own stay."""
    kind, to = pair_of(hubspot.portal, call)
    inputs = requests.inputs_of(call, requests.body_of(call), 100)
    for item in inputs:
        number = requests.whole_id(item.get("typeId"))
        if number is None:
            raise errors.validation(call, "a limit needs category and typeId")
        done = hubspot.store.db.execute(
            "update association_types set most = null where from_type = ? and to_type = ? and type_id = ? "
            "and most is not null",
            (kind.plural, to.plural, number),
        )
        if not done.rowcount:
            raise errors.not_found(call)
        call.records += 1
        call.change("association limits", f"{kind.plural}.{to.plural}.{number}", "delete", "most", None, None)
    hubspot.portal.reload()
    return Response(status_code=204)
