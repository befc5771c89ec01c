"""Objects of SOAP that are kept as they are given: e-mails, content areas, folders, definitions of sends.

Nothing comes of them here: journeys send, and what an e-mail says is nobody's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from sandbox.call import Call
from sandbox.marketing_cloud import account, documents
from sandbox.marketing_cloud.soap_shapes import NIL, Column, SoapObject, named
from sandbox.marketing_cloud.soap_text import Refused, child, result, text_of
from sandbox.xmltree import clean

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_PARENT = "ParentFolder"
PARTS = {
    "Email": "Name Subject Status EmailType HTMLBody TextBody CharacterSet CategoryID",
    "ContentArea": "Name Content Layout CategoryID",
    "DataFolder": "Name Description ContentType IsActive IsEditable AllowChildren",
    "TriggeredSendDefinition": "Name Description TriggeredSendStatus EmailSubject",
}
_STANDARD = {"TriggeredSendDefinition": {"TriggeredSendStatus": "New"}}
_OWN = {
    "DataFolder": "select null as created, null as modified, category as id, null as object_id, "
    "kind || '_' || category as key, json_object('Name', name, 'ContentType', kind, 'IsActive', 'true') "
    "as body from (select category, 'Data Extensions' as name, 'dataextension' as kind from data_extensions "
    "union select category, 'Lists', 'list' from lists)",
    "TriggeredSendDefinition": "select sent as created, sent as modified, id, triggered as object_id, "
    "triggered as key, json_object('Name', name, 'TriggeredSendStatus', 'Active', 'EmailSubject', subject) "
    "as body from sends where triggered is not null",
}  # fmt: skip
"""What the account has of a kind by itself."""
_FLAGS = ("IsActive", "IsEditable", "AllowChildren")
_NUMBERS = ("CategoryID",)
UNKNOWN, INVALID, FIRST = 2, 2, 7_001


def _kind(name: str) -> str:
    return f"soap {name}"


def _source(name: str) -> str:
    kept = (
        "select created, modified, json_extract(body, '$.ID') as id, json_extract(body, '$.ObjectID') as "
        f"object_id, json_extract(body, '$.CustomerKey') as key, body from documents "
        f"where kind = '{_kind(name)}'"
    )
    own = f"{_OWN[name]} union all " if name in _OWN else ""
    return f"({own}{kept}) where true"


def _column(name: str) -> Column:
    said = f"json_extract(body, '$.{name}')"
    if name in _FLAGS:
        return Column(name, f"coalesce(lower({said}) in ('true', '1'), 0)", "bool")
    return Column(name, said, "int" if name in _NUMBERS else "text")


def objects() -> list[SoapObject]:
    found = []
    for name, parts in PARTS.items():
        columns = [
            Column("CreatedDate", "created", "date"), Column("ModifiedDate", "modified", "date"),
            Column("ID", "id", "int"), Column("ObjectID", "object_id"), Column("CustomerKey", "key"),
        ]  # fmt: skip
        if name == "DataFolder":
            columns.append(named(f"{_PARENT}.ID", f"coalesce(json_extract(body, '$.{_PARENT}'), 0)"))
        columns += [_column(part) for part in parts.split()]
        found.append(SoapObject(name, _source(name), tuple(columns), ("id", "key")))
    return found


def _given(name: str, element: Element) -> dict[str, Any]:
    told = {part: clean(text_of(element, part)) for part in PARTS[name].split()}
    found: dict[str, Any] = {part: value for part, value in told.items() if value}
    numbers = {part: account.whole(found[part]) for part in _NUMBERS if part in found}
    if None in numbers.values():
        raise Refused(INVALID, "CategoryID is a number")
    parent = account.whole(text_of(child(element, _PARENT), "ID"))
    return found | numbers | ({} if parent is None else {_PARENT: parent})


def create(mc: MarketingCloud, call: Call, element: Element, number: int, *, name: str) -> str:
    given = _given(name, element)
    if not given.get("Name"):
        raise Refused(INVALID, f"{name} has a Name")
    kind, known = _kind(name), documents.every(mc.store, _kind(name))
    new = documents.next_number(mc.store, kind, FIRST)
    own = account.guid(kind, new, call.now)
    key = text_of(element, "CustomerKey") or own
    if any(each.body["CustomerKey"].lower() == key.lower() for each in known):
        raise Refused(INVALID, f"{name} with the CustomerKey {key[:64]} exists already")
    body = {**_STANDARD.get(name, {}), **given, "ID": new, "ObjectID": own, "CustomerKey": key}
    documents.put(mc.store, kind, str(new), body, call.now)
    call.change(name, str(new), "create", "Name", None, given["Name"])
    made = f"<NewID>{new}</NewID><NewObjectID>{own}</NewObjectID>"
    return result(f"{name} created", number, made, _shown(name, body))


def _shown(name: str, body: dict[str, Any]) -> str:
    parts = "".join(
        f"<{part}>{escape(str(body[part]))}</{part}>" for part in PARTS[name].split() if part in body
    )
    return (
        f'<Object xsi:type="{name}">{NIL}<ID>{body["ID"]}</ID><ObjectID>{body["ObjectID"]}</ObjectID>'
        f"<CustomerKey>{escape(clean(body['CustomerKey']))}</CustomerKey>{parts}</Object>"
    )


def _one(mc: MarketingCloud, name: str, element: Element) -> documents.Document:
    for part in ("ID", "ObjectID", "CustomerKey"):
        told = text_of(element, part)
        if told:
            every = documents.every(mc.store, _kind(name))
            found = next((each for each in every if str(each.body[part]).lower() == told.lower()), None)
            if found is not None:
                return found
    raise Refused(UNKNOWN, f"{name} was not found")


def update(mc: MarketingCloud, call: Call, element: Element, number: int, *, name: str) -> str:
    known = _one(mc, name, element)
    after = documents.put(mc.store, _kind(name), known.key, _given(name, element), call.now)
    call.change(name, known.key, "update", "Name", known.body["Name"], after.body["Name"])
    return result(f"{name} updated", number, "", _shown(name, after.body))


def delete(mc: MarketingCloud, call: Call, element: Element, number: int, *, name: str) -> str:
    known = _one(mc, name, element)
    documents.drop(mc.store, _kind(name), known.key)
    call.change(name, known.key, "delete", "Name", known.body["Name"], None)
    return result(f"{name} deleted", number)
