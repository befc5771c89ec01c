"""Data extensions with their fields over SOAP: created, changed, deleted; query activities made and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from sandbox.call import Call
from sandbox.marketing_cloud import account, documents, extensions, queries
from sandbox.marketing_cloud.soap_shapes import NIL, flag
from sandbox.marketing_cloud.soap_text import Refused, child, result, text_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_KEPT = ("IsTestable", "DataRetentionPeriodLength", "DataRetentionPeriodUnitOfMeasure", "RowBasedRetention",
         "ResetRetentionPeriodOnImport", "DeleteAtEndOfRetentionPeriod", "RetainUntil")  # fmt: skip
"""What is kept of an extension as it was said: nothing here is thrown away after a while."""
_TYPES = ("Text", "Number", "Date", "Boolean", "EmailAddress", "Phone", "Decimal", "Locale")


def _one(mc: MarketingCloud, element: Element, code: int) -> extensions.Extension:
    found = extensions.find(mc.store, text_of(element, "CustomerKey"))
    if found is None:
        found = extensions.find(mc.store, text_of(element, "ObjectID"), by="id")
    if found is None:
        raise Refused(code, "No data extension matches the key")
    return found


def _fields(element: Element) -> list[dict[str, Any]]:
    found = []
    for each in child(element, "Fields") or ():
        name, kind = text_of(each, "Name"), text_of(each, "FieldType") or "Text"
        if not name or kind not in _TYPES:
            raise Refused(310007, f"Field {name or '(no name)'} of type {kind} cannot be made")
        found.append(
            {
                "name": name, "type": kind, "length": account.whole(text_of(each, "MaxLength")),
                "required": text_of(each, "IsRequired").lower() == "true",
                "key": text_of(each, "IsPrimaryKey").lower() == "true",
                "standard": text_of(each, "DefaultValue") or None,
            }
        )  # fmt: skip
    twice = extensions.named_twice(found)
    if twice:
        raise Refused(310007, f"Field {twice[:80]} stands there twice")
    return found


def _keep(mc: MarketingCloud, call: Call, found: extensions.Extension, element: Element) -> None:
    said: dict[str, Any] = {name: text_of(element, name) for name in _KEPT if text_of(element, name)}
    flags = {
        name: value.lower() == "true" for name, value in said.items() if value.lower() in ("true", "false")
    }
    template = text_of(child(element, "Template"), "CustomerKey")
    if said or template:
        more = {"Template": template} if template else {}
        documents.put(mc.store, "extension", found.id, said | flags | more, call.now)


def create(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    name, fields = text_of(element, "Name"), _fields(element)
    key = text_of(element, "CustomerKey") or account.guid("key", call.request_id, number)
    if not name or not fields:
        raise Refused(310007, "A data extension has a name and at least one field")
    if extensions.find(mc.store, key) is not None:
        raise Refused(310003, "Updating an existing Data Extension definition is not allowed when doing an "
                             "add-only operation.")  # fmt: skip
    sendable = text_of(element, "IsSendable").lower() == "true"
    send_field = text_of(child(element, "SendableDataExtensionField"), "Name") if sendable else None
    found = extensions.create(
        mc.store, key, name, fields, call.now, description=text_of(element, "Description"),
        send_field=send_field or None, category=account.whole(text_of(element, "CategoryID")) or 2,
    )  # fmt: skip
    _keep(mc, call, found, element)
    call.change("DataExtension", key, "create", "Name", None, name)
    made = f"<NewID>0</NewID><NewObjectID>{found.id}</NewObjectID>"
    return result("Data Extension created.", number, made, _object(mc, found, fields))


def update(
    mc: MarketingCloud, call: Call, element: Element, number: int
) -> str:  # fmt: skip
    found, fields = _one(mc, element, 310004), _fields(element)
    extensions.add_fields(
        mc.store, found.id, [f for f in fields if f["name"].lower() not in found.fields], len(found.fields)
    )
    for each in fields:
        known = found.fields.get(each["name"].lower())
        if known is not None and each["length"]:
            if each["length"] < (known.length or 0):
                raise Refused(310007, f"Field {known.name} cannot become shorter")
            mc.store.db.execute("update fields set length = ? where id = ?", (each["length"], known.id))
    _keep(mc, call, found, element)
    name = text_of(element, "Name") or found.name
    words = None if child(element, "Description") is None else text_of(element, "Description")
    mc.store.db.execute(
        "update data_extensions set name = ?, modified = ?, description = coalesce(?, description) "
        "where id = ?",
        (name, call.now, words, found.id),
    )
    call.change("DataExtension", found.key, "update", "Name", found.name, name)
    after = extensions.find(mc.store, found.key)
    assert after is not None
    return result("Data Extension updated.", number, "", _object(mc, after, fields))


def delete(
    mc: MarketingCloud, call: Call, element: Element, number: int
) -> str:  # fmt: skip
    found = _one(mc, element, 310002)
    for table, column in (
        ("extension_rows", "extension"),
        ("fields", "extension"),
        ("data_extensions", "id"),
    ):
        mc.store.db.execute(f"delete from {table} where {column} = ?", (found.id,))
    documents.drop(mc.store, "extension", found.id)
    call.change("DataExtension", found.key, "delete", "Name", found.name, None)
    shown = (
        f'<Object xsi:type="DataExtension">{NIL}<ObjectID>{found.id}</ObjectID>'
        f"<CustomerKey>{escape(found.key)}</CustomerKey></Object>"
    )
    return result("Data Extension deleted. / Data Extension Fields deleted", number, "", shown)


def _object(mc: MarketingCloud, found: extensions.Extension, fields: list[dict[str, Any]]) -> str:
    row = mc.store.row(
        "select description, sendable, category from data_extensions where id = ?", (found.id,)
    )
    assert row is not None
    shown = "".join(
        f'<Field>{NIL}<ObjectID xsi:nil="true" /><Name>{escape(f["name"])}</Name>'
        f"{_element('DefaultValue', f['standard'])}"
        f"{'' if f['length'] is None else _element('MaxLength', f['length'])}"
        f"<IsRequired>{flag(f['required'])}</IsRequired><IsPrimaryKey>{flag(f['key'])}</IsPrimaryKey>"
        f"<FieldType>{f['type']}</FieldType></Field>"
        for f in fields
    )
    return (
        f'<Object xsi:type="DataExtension">{NIL}<ObjectID>{found.id}</ObjectID>'
        f"<CustomerKey>{escape(found.key)}</CustomerKey><Name>{escape(found.name)}</Name>"
        f"{_element('Description', row[0])}<IsSendable>{flag(row[1])}</IsSendable>{_retention(mc, found)}"
        f"<Fields>{shown}</Fields><CategoryID>{row[2]}</CategoryID></Object>"
    )


def _retention(mc: MarketingCloud, found: extensions.Extension) -> str:
    """What is kept as it was said, with what is so where nothing was."""
    kept = documents.find(mc.store, "extension", found.id)
    said: dict[str, Any] = dict.fromkeys(_KEPT, False) | {"RetainUntil": ""}
    said |= {"DataRetentionPeriodLength": None, "DataRetentionPeriodUnitOfMeasure": None}
    said |= kept.body if kept else {}
    return "".join(
        _element(name, flag(said[name]) if isinstance(said[name], bool) else said[name])
        for name in _KEPT
        if said[name] is not None
    )


def _element(name: str, value: Any) -> str:
    return f"<{name} />" if value in (None, "") else f"<{name}>{escape(str(value))}</{name}>"


def create_query(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    key, name = text_of(element, "CustomerKey"), text_of(element, "Name")
    target = text_of(child(element, "DataExtensionTarget"), "CustomerKey")
    if not key or not name or extensions.find(mc.store, target) is None:
        raise Refused(2, "A query definition has a key, a name and a data extension it fills")
    query = queries.create(mc.store, key, name, text_of(element, "QueryText"), target)
    call.change("QueryDefinition", key, "create", "Name", None, name)
    made = f"<NewID>0</NewID><NewObjectID>{query}</NewObjectID>"
    return result("QueryDefinition created", number, made, "")


def perform(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    wanted = text_of(element, "ObjectID") or text_of(element, "CustomerKey")
    try:
        query, task = queries.run(mc.store, wanted, call)
    except queries.BadQuery as problem:
        raise Refused(2, str(problem)) from None
    shown = f'<Object xsi:type="QueryDefinition">{NIL}<ObjectID>{query}</ObjectID></Object>'
    return (
        "<Result><StatusCode>OK</StatusCode><StatusMessage>QueryDefinition perform called successfully"
        f"</StatusMessage>{shown}<Task><StatusCode>OK</StatusCode><StatusMessage>OK</StatusMessage>"
        f"<ID>{task}</ID><InteractionObjectID>{account.guid('task', task)}</InteractionObjectID></Task>"
        "</Result>"
    )
