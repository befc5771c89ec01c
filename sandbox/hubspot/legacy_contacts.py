"""Contacts by the v1 API and owners by v2, which old clients know: from the same store, in their shapes.

Belongs here: reading, creating and changing contacts. Lists by v1 are `legacy_lists`; histories of values are
left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.hubspot import errors, objects, owners, requests
from sandbox.hubspot.legacy import value_of
from sandbox.hubspot.records import COLUMNS, Conflict, Invalid, Record, load

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

AREA, PAGE = "/contacts/v1", 100
Json = dict[str, Any]


def routes(hubspot: HubSpot) -> list[Route]:
    one, give = AREA + "/contact", hubspot.route
    found = give("GET", AREA + "/lists/all/contacts/all", lambda call: _list(hubspot, call))
    for called, column in (("all", "created"), ("recently_updated", "modified")):
        found += give("GET", f"{AREA}/lists/{called}/contacts/recent", _by(hubspot, column))
    found += give("GET", one + "/vids/batch", lambda call: _batch(hubspot, call))
    found += give("POST", one, lambda call: _create(hubspot, call))
    found += give("POST", one + "/createOrUpdate/email/{email}", lambda call: _either(hubspot, call))
    for key in ("vid", "email"):
        path = f"{one}/{key}/{{{key}}}"
        found += give("GET", path + "/profile", lambda call: answer(shown(hubspot, _found(hubspot, call))))
        found += give("POST", path + "/profile", lambda call: _update(hubspot, call))
    found += give("DELETE", one + "/vid/{vid}", lambda call: _delete(hubspot, call))
    found += give("GET", AREA + "/search/query", lambda call: _search(hubspot, call))
    return [*found, *give("GET", "/owners/v2/owners", lambda call: _owners(hubspot, call))]


def _kind(hubspot: HubSpot) -> Any:
    return hubspot.portal.type_of("contacts")


def shown(hubspot: HubSpot, record: Record, names: list[str] | None = None) -> Json:
    kept = record.props if not names else {n: record.props[n] for n in names if n in record.props}
    identities = [{"type": "LEAD_GUID", "value": f"lead-{record.id}", "timestamp": record.created}]
    if record.props.get("email"):
        identities.insert(
            0,
            {
                "type": "EMAIL",
                "value": record.props["email"],
                "timestamp": record.created,
                "is-primary": True,
            },
        )
    return {
        "vid": record.id, "canonical-vid": record.id, "merged-vids": [], "portal-id": hubspot.portal.id,
        "is-contact": True, "addedAt": record.created,
        "properties": {name: value_of(hubspot, record, name, value) for name, value in kept.items()},
        "form-submissions": [], "merge-audits": [],
        "identity-profiles": [{"vid": record.id, "saved-at-timestamp": record.modified,
                               "deleted-changed-timestamp": 0, "identities": identities}],
    }  # fmt: skip


def _found(hubspot: HubSpot, call: Call) -> Record:
    by = "email" if "email" in call.params else "hs_object_id"
    record = hubspot.records.get(_kind(hubspot), call.params.get("email") or call.params["vid"], by)
    if record is None or record.archived:
        raise Refused(answer(errors.body(call, "contact does not exist", "OBJECT_NOT_FOUND"), 404))
    return record


def _values(call: Call) -> Json:
    items = requests.objects_in(call, requests.body_of(call), "properties")
    wanted = {str(each.get("property")): each.get("value") for each in items}
    return requests.properties_of(call, {"properties": wanted})


def _stored(hubspot: HubSpot, call: Call, record: Record | None, wanted: Json) -> Record:
    try:
        if record is None:
            return hubspot.records.create(call, _kind(hubspot), wanted)
        return hubspot.records.update(call, record, wanted)
    except Conflict as problem:
        vid = problem.message.rpartition(" ")[2]
        told = {"status": "error", "message": "Contact already exists", "error": "CONTACT_EXISTS",
                "identityProfile": {"vid": int(vid) if vid.isdecimal() else 0}}  # fmt: skip
        raise Refused(answer(told, 409)) from None
    except Invalid as problem:
        raise objects.invalid(hubspot, call, problem) from None


def _create(hubspot: HubSpot, call: Call) -> Response:
    record = _stored(hubspot, call, None, _values(call))
    call.records = 1
    return answer(shown(hubspot, record))


def _update(hubspot: HubSpot, call: Call) -> Response:
    _stored(hubspot, call, _found(hubspot, call), _values(call))
    call.records = 1
    return Response(status_code=204)


def _either(hubspot: HubSpot, call: Call) -> Response:
    record = hubspot.records.get(_kind(hubspot), call.params["email"], "email")
    is_new = record is None or record.archived
    wanted = _values(call) | ({"email": call.params["email"]} if is_new else {})
    stored = _stored(hubspot, call, None if is_new else record, wanted)
    call.records = 1
    return answer({"vid": stored.id, "isNew": is_new})


def _delete(hubspot: HubSpot, call: Call) -> Response:
    record = _found(hubspot, call)
    hubspot.records.archive(call, record)
    call.records = 1
    return answer({"vid": record.id, "deleted": True, "reason": "OK"})


def _list(hubspot: HubSpot, call: Call) -> Response:
    limit, after = requests.number_of(call, "count", 20, PAGE), requests.whole(call, "vidOffset")
    rows = hubspot.store.rows(
        f"select {COLUMNS} from contacts where id > ? and +archived = 0"
        f"{hubspot.seen.listed('contacts', archived=False)} order by id limit ?",
        (after, limit + 1),
    )
    names = call.query_list("property") or ["firstname", "lastname", "company", "lastmodifieddate"]
    some = [load(_kind(hubspot), row) for row in rows[:limit]]
    return answer({
        "contacts": [shown(hubspot, each, names) for each in some], "has-more": len(rows) > limit,
        "vid-offset": some[-1].id if some else after,
    })  # fmt: skip


def _by(hubspot: HubSpot, column: str) -> Any:
    return lambda call: _latest(hubspot, call, column)


def _latest(hubspot: HubSpot, call: Call, column: str) -> Response:
    """The newest first, or those changed last: a page goes on before the instant and id that were told."""
    limit = requests.number_of(call, "count", 20, PAGE)
    at, vid = requests.whole(call, "timeOffset"), requests.whole(call, "vidOffset")
    before = f" and ({column}, id) < (?, ?)" if at else ""
    before += hubspot.seen.listed("contacts", archived=False)
    rows = hubspot.store.rows(
        f"select {COLUMNS} from contacts where archived = 0{before} order by {column} desc, id desc limit ?",
        (*((at, vid) if at else ()), limit + 1),
    )
    some = [load(_kind(hubspot), row) for row in rows[:limit]]
    last = some[-1] if some else None
    return answer({
        "contacts": [shown(hubspot, each, call.query_list("property")) for each in some],
        "has-more": len(rows) > limit, "vid-offset": last.id if last else 0,
        "time-offset": getattr(last, column) if last else 0,
    })  # fmt: skip


def _batch(hubspot: HubSpot, call: Call) -> Response:
    """Contacts by their ids; ids of nobody are left out."""
    found = dict(hubspot.records.many(_kind(hubspot), call.query_list("vid")[:PAGE]))
    names = call.query_list("property")
    return answer({
        vid: shown(hubspot, each, names) for vid, each in found.items() if each and not each.archived
    })  # fmt: skip


def _search(hubspot: HubSpot, call: Call) -> Response:
    """By a part of an address or a name."""
    limit, offset = requests.number_of(call, "count", 20, PAGE), requests.whole(call, "offset")
    text = f"%{call.query.get('q', '').lower()}%"
    where = " or ".join(
        f"lower(json_extract(props, '$.{n}')) like ?" for n in ("email", "firstname", "lastname")
    )
    sql = f"from contacts where archived = 0 and ({where})"
    sql += hubspot.seen.listed("contacts", archived=False)
    rows = hubspot.store.rows(
        f"select {COLUMNS} {sql} order by id limit ? offset ?", (text, text, text, limit, offset)
    )
    total = int(hubspot.store.value(f"select count(*) {sql}", (text, text, text)))
    return answer({
        "query": call.query.get("q", ""), "offset": offset + len(rows), "total": total,
        "has-more": offset + len(rows) < total,
        "contacts": [shown(hubspot, load(_kind(hubspot), row)) for row in rows],
    })  # fmt: skip


def _owners(hubspot: HubSpot, call: Call) -> Response:
    email, everyone = call.query.get("email"), call.says("includeInactive")
    return answer([
        {
            "portalId": hubspot.portal.id, "ownerId": row[0], "type": "PERSON", "firstName": row[2],
            "lastName": row[3], "email": row[1], "createdAt": row[6], "updatedAt": row[7], "remoteList": [],
            "hasContactsAccess": True, "activeUserId": row[4], "isActive": not row[5],
        }
        for row in hubspot.store.rows(f"select {owners.COLUMNS} from owners order by id")
        if (everyone or not row[5]) and (not email or row[1].lower() == email.lower())
    ])  # fmt: skip
