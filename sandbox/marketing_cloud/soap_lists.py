"""List over SOAP: made, changed, deleted with who is on it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from sandbox.call import Call
from sandbox.marketing_cloud import account, documents
from sandbox.marketing_cloud.soap_shapes import NIL
from sandbox.marketing_cloud.soap_text import Refused, result, text_of
from sandbox.xmltree import clean

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

UNKNOWN, INVALID = 13003, 13002
_KEPT = ("Type", "ListClassification")


def create(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    name = text_of(element, "ListName")
    if not name:
        raise Refused(INVALID, "A list has a ListName")
    new = int(mc.store.value("select coalesce(max(id), 0) + 1 from lists"))
    own, category = account.guid("list", new, call.now), text_of(element, "Category")
    mc.store.db.execute(
        "insert into lists values (?, ?, ?, ?, ?, ?, ?)",
        (new, own, text_of(element, "CustomerKey") or own, name, account.whole(category) or 0, call.now,
         text_of(element, "Description")),
    )  # fmt: skip
    _keep(mc, call, new, element)
    call.change("List", str(new), "create", "ListName", None, name)
    made = f"<NewID>{new}</NewID><NewObjectID>{own}</NewObjectID>"
    return result("Created List.", number, made, _shown(mc, new))


def update(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    list_id, before, description = _one(mc, element)
    name = text_of(element, "ListName") or before
    mc.store.db.execute(
        "update lists set name = ?, description = ? where id = ?",
        (name, text_of(element, "Description") or description, list_id),
    )
    _keep(mc, call, list_id, element)
    call.change("List", str(list_id), "update", "ListName", before, name)
    return result("Updated List.", number, "", _shown(mc, list_id))


def _shown(mc: MarketingCloud, list_id: int) -> str:
    row = mc.store.row("select object_id, key, name, description from lists where id = ?", (list_id,))
    own, key, name, description = (escape(clean(str(each))) for each in row or ("",) * 4)
    return (
        f'<Object xsi:type="List">{NIL}<ID>{list_id}</ID><ObjectID>{own}</ObjectID>'
        f"<CustomerKey>{key}</CustomerKey><ListName>{name}</ListName>"
        f"<Description>{description}</Description></Object>"
    )


def delete(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    list_id, name, _ = _one(mc, element)
    mc.store.db.execute("delete from list_subscribers where list = ?", (list_id,))
    mc.store.db.execute("delete from lists where id = ?", (list_id,))
    documents.drop(mc.store, "list", str(list_id))
    call.change("List", str(list_id), "delete", "ListName", name, None)
    return result("List deleted.", number)


def _one(mc: MarketingCloud, element: Element) -> tuple[int, str, str]:
    """A list by its number, else by its key."""
    own = account.whole(text_of(element, "ID"))
    row = mc.store.row(
        "select id, name, description from lists where id = ? or (? is null and key = ?)",
        (own, own, text_of(element, "CustomerKey")),
    )
    if row is None:
        raise Refused(UNKNOWN, "The list does not exist")
    return int(row[0]), str(row[1]), str(row[2])


def _keep(mc: MarketingCloud, call: Call, list_id: int, element: Element) -> None:
    said = {name: text_of(element, name) for name in _KEPT if text_of(element, name)}
    if said:
        documents.put(mc.store, "list", str(list_id), said, call.now)
