"""Contacts on REST: created, changed, searched, found by address. Deleting them is in `contact_deletes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, errors, rows
from sandbox.marketing_cloud.event_definitions import page_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_BASE = "/contacts/v1/contacts"


def routes(mc: MarketingCloud) -> list[Route]:
    return [
        *mc.route("POST", _BASE, lambda call: _save(mc, call, new=True)),
        *mc.route("PATCH", _BASE, lambda call: _save(mc, call, new=False)),
        *mc.route("POST", _BASE + "/actions/search", lambda call: _search(mc, call)),
        *mc.route("POST", "/contacts/v1/addresses/email/search", lambda call: _by_address(mc, call)),
    ]


def _save(mc: MarketingCloud, call: Call, *, new: bool) -> Response:
    given = rows.body_of(call)
    key = given.get("contactKey") if isinstance(given, dict) else None
    if not isinstance(key, str) or not key:
        raise errors.invalid("contactKey is required")
    row = mc.store.row("select id, attributes from contacts where key = ?", (key,))
    if new and row is not None:
        raise errors.invalid(f"The contact key {key} is already in use")
    if not new and row is None:
        raise errors.not_found("Contact not found")
    before = orjson.loads(row[1]) if row else {}
    after = before | _attributes(given.get("attributeSets"))
    mc.store.db.execute(
        "insert into contacts (key, active, created, attributes) values (?, 1, ?, ?) "
        "on conflict (key) do update set attributes = excluded.attributes",
        (key, call.now, orjson.dumps(after)),
    )
    for name, value in after.items():
        call.change("Contact", key, "create" if new else "update", name, before.get(name), str(value))
    contact = int(mc.store.value("select id from contacts where key = ?", (key,)))
    return answer(
        {
            "operationStatus": "OK", "rowsAffected": 1, "contactKey": key, "contactID": contact,
            "contactTypeID": 0, "isNewContactKey": new, "requestServiceMessageID": call.request_id,
            "responseDateTime": f"{account.shown(call.now)}-06:00", "hasErrors": False, "resultMessages": [],
            "serviceMessageID": call.request_id,
        }
    )  # fmt: skip


def _attributes(sets: Any) -> dict[str, Any]:
    """`Set.Attribute` to value, of everything the attribute sets name."""
    found: dict[str, Any] = {}
    for each in sets if isinstance(sets, list) else ():
        items = each.get("items") if isinstance(each, dict) else None
        for item in items if isinstance(items, list) else ():
            values = item.get("values") if isinstance(item, dict) else None
            for value in values if isinstance(values, list) else ():
                if isinstance(value, dict) and value.get("name"):
                    found[f"{each.get('name')}.{value['name']}"] = value.get("value")
    return found


def _search(mc: MarketingCloud, call: Call) -> Response:
    """All contacts, or those of some keys; `page` and `pageSize` as everywhere."""
    given = rows.body_of(call)
    if not isinstance(given, dict):
        raise errors.invalid("A search is an object")
    page, size = page_of(call, 50)
    keys = given.get("contactKeys") if isinstance(given.get("contactKeys"), list) else []
    chosen = "where key in (select value from json_each(?))" if keys else ""
    values = [orjson.dumps([str(key) for key in keys]).decode()] if keys else []
    total = int(mc.store.value(f"select count(*) from contacts {chosen}", values))
    found = mc.store.rows(
        f"select id, key, active, created from contacts {chosen} order by id limit ? offset ?",
        [*values, size, (page - 1) * size],
    )
    call.records = len(found)
    items = [
        {
            "contactID": contact, "contactKey": key, "contactStatus": "Active" if active else "Inactive",
            "createdDate": account.shown(created),
        }
        for contact, key, active, created in found
    ]  # fmt: skip
    return answer({"count": total, "page": page, "pageSize": size, "links": {}, "items": items})


def _by_address(mc: MarketingCloud, call: Call) -> Response:
    """Whose addresses these are: the keys of the contacts of each."""
    given = rows.body_of(call)
    wanted = given.get("channelAddressList") if isinstance(given, dict) else None
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, str) for each in wanted):
        raise errors.invalid("channelAddressList names addresses")
    found = [{"channelAddress": each, "contactKeyDetails": _keys_of(mc, each)} for each in wanted]
    call.records = len(found)
    return answer(
        {
            "channelAddressResponseEntities": found, "requestServiceMessageID": call.request_id,
            "responseDateTime": f"{account.shown(call.now)}-06:00", "resultMessages": [],
            "serviceMessageID": call.request_id,
        }
    )  # fmt: skip


def _keys_of(mc: MarketingCloud, address: str) -> list[dict[str, str]]:
    found = mc.store.rows(
        "select key, created from subscribers where email = ? collate nocase order by created", (address,)
    )
    return [{"contactKey": key, "createDate": account.shown(created)} for key, created in found]
