"""Delete of DataExtensionObject over SOAP: a row by the primary key of its extension."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import orjson

from sandbox.call import Call
from sandbox.marketing_cloud import errors, extensions
from sandbox.marketing_cloud.extensions import RowError
from sandbox.marketing_cloud.soap_retrieve import child, text_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud


def delete(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    """Remove a row of an extension that is not Salesforce's, by all of its primary keys."""
    key = text_of(element, "CustomerKey")
    found = extensions.find(mc.store, key)
    if found is None:
        raise RowError(errors.EXTENSION_KEY, f"Invalid data extension key: {key}")
    if found.synchronized:
        raise RowError(errors.VALIDATION, f"{found.name} is a synchronized data extension and read only")
    given = {text_of(each, "Name").lower(): text_of(each, "Value") for each in child(element, "Keys") or ()}
    names = {field.name.lower() for field in found.keys}
    if not names or set(given) != names:
        raise RowError(errors.KEY_OPERATION, f"A row of {found.name} is named by its primary key")
    pk = found.pk({field.name: given[field.name.lower()] for field in found.keys})
    kept = mc.store.value("select body from extension_rows where extension = ? and pk = ?", (found.id, pk))
    if kept is None:
        raise RowError(errors.KEY_OPERATION, f"No row of {found.name} has this key")
    mc.store.db.execute("delete from extension_rows where extension = ? and pk = ?", (found.id, pk))
    call.records += 1
    for name, value in orjson.loads(kept).items():
        call.change(found.key, (pk or "").replace("\x1f", ","), "delete", name, value, None)
    return (
        "<Results><StatusCode>OK</StatusCode><StatusMessage>Deleted DataExtensionObject</StatusMessage>"
        f"<OrdinalID>{number}</OrdinalID>"
        '<Object xsi:type="DataExtensionObject"><PartnerKey xsi:nil="true" /><ObjectID xsi:nil="true" />'
        f"<CustomerKey>{escape(found.key)}</CustomerKey></Object></Results>"
    )
