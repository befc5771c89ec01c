"""Contacts deleted on REST: at once nobody may write to them, and they are gone when that ends.

Both by the world's clock. What of a contact is gone then: the subscriber and the lists it is on, entries,
rows of sendable data extensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, documents, errors, extensions, rows, soap_subscribers

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

SUPPRESSED_DAYS = 2
MOST = 1_000_000
_BASE = "/contacts/v1/contacts/actions/delete"
_KIND, _SETTING, _DAYS = "contact deletion", "contact setting", "SuppressionRestoreUntilDays"
_COLUMNS = {"keys": "key", "ids": "id"}


def routes(mc: MarketingCloud) -> list[Route]:
    return [
        *mc.route("POST", _BASE, lambda call: _delete(mc, call)),
        *mc.route("GET", _BASE + "/status", lambda call: _status(mc, call)),
        *mc.route("POST", _BASE + "/configSettings", lambda call: _configure(mc, call)),
    ]


def _told(call: Call, **more: Any) -> Response:
    return answer(
        {
            **more, "requestServiceMessageID": call.request_id,
            "responseDateTime": f"{account.shown(call.now)}-06:00", "hasErrors": False, "resultMessages": [],
            "serviceMessageID": call.request_id,
        }
    )  # fmt: skip


def _suppressed(mc: MarketingCloud) -> int:
    """How long a deleted contact is only suppressed, in milliseconds."""
    found = documents.find(mc.store, _SETTING, _DAYS)
    return max(0, int(found.body["value"]) if found else SUPPRESSED_DAYS) * times.DAY


def _configure(mc: MarketingCloud, call: Call) -> Response:
    given = rows.body_of(call)
    items = given.get("items") if isinstance(given, dict) else None
    for each in items if isinstance(items, list) else ():
        value = str(each.get("value")) if isinstance(each, dict) else ""
        if not isinstance(each, dict) or each.get("settingKey") != _DAYS or value not in _ALLOWED:
            raise errors.invalid(f"{_DAYS} is -1 to {len(_ALLOWED) - 2}")
        documents.put(mc.store, _SETTING, _DAYS, {"value": int(value)}, call.now)
        call.change("ContactSetting", _DAYS, "update", "value", None, value)
    return _told(call, operationStatus="OK")


_ALLOWED = tuple(str(days) for days in range(-1, 15))


def _delete(mc: MarketingCloud, call: Call) -> Response:
    given = rows.body_of(call)
    low = {str(k).lower(): v for k, v in given.items()} if isinstance(given, dict) else {}
    values, column = low.get("values"), _COLUMNS.get(call.query.get("type", "keys").lower())
    if not isinstance(values, list) or not 0 < len(values) <= MOST or column is None:
        raise errors.invalid("type is keys or ids, and values names them")
    if str(low.get("deleteoperationtype", "ContactAndAttributes")) != "ContactAndAttributes":
        raise errors.invalid("DeleteOperationType is ContactAndAttributes")
    keys = [key for value in values for key in _found(mc, column, value)]
    for key in keys:
        mc.store.db.execute("update contacts set active = 0 where key = ?", (key,))
        call.change("Contact", key, "delete", "active", "1", "0")
    operation = int(mc.store.value("select count(*) from documents where kind = ?", (_KIND,))) + 1
    due = call.now + _suppressed(mc)
    body = {"keys": keys, "asked": len(values), "due": due, "done": False}
    documents.put(mc.store, _KIND, str(operation), body, call.now)
    mc.next_deletion = min(mc.next_deletion, due)
    return _told(call, operationInitiated=True, operationID=operation)


def _found(mc: MarketingCloud, column: str, value: Any) -> list[str]:
    wanted = account.whole(value) if column == "id" else str(value)
    return [key for (key,) in mc.store.rows(f"select key from contacts where {column} = ?", (wanted,))]


def _status(mc: MarketingCloud, call: Call) -> Response:
    query = {name.lower(): value for name, value in call.query.items()}
    found = documents.find(mc.store, _KIND, query.get("operationid", ""))
    if found is None:
        raise errors.not_found("There is no such operation")
    status = {
        "operationID": int(found.key), "backgroundOperationID": int(found.key),
        "status": "Completed" if found.body["done"] else "Processing",
        "contactsRequested": found.body["asked"], "contactsDeleted": len(found.body["keys"]),
        "createdDate": account.shown(found.created), "scheduledDate": account.shown(found.body["due"]),
    }  # fmt: skip
    return _told(call, **status)


def carry_out(mc: MarketingCloud, call: Call) -> None:
    """Let go of the contacts whose suppression is over by now."""
    if call.now < mc.next_deletion:
        return
    waiting = [each for each in documents.every(mc.store, _KIND) if not each.body["done"]]
    mc.next_deletion = min((d.body["due"] for d in waiting if d.body["due"] > call.now), default=times.LAST)
    sendable = mc.store.rows(
        "select key, send_field from data_extensions where sendable = 1 and synchronized = 0"
    )
    for each in waiting:
        if each.body["due"] <= call.now:
            for key in each.body["keys"]:
                _forget(mc, key, sendable)
            documents.put(mc.store, _KIND, each.key, {"done": True}, each.created)


def _forget(mc: MarketingCloud, key: str, sendable: list[tuple[Any, ...]]) -> None:
    soap_subscribers.forget(mc, key)
    for table, column in (("entries", "contact"), ("contacts", "key")):
        mc.store.db.execute(f"delete from {table} where {column} = ?", (key,))
    for extension, name in sendable:
        found = extensions.find(mc.store, extension)
        field = found.fields.get((name or "").lower()) if found else None
        if found is not None and field is not None:
            mc.store.db.execute(
                f"delete from extension_rows where extension = ? and {extensions.kept_sql(field)} = ?",
                (found.id, key),
            )
