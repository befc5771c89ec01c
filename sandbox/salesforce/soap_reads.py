"""What SOAP reads besides queries: search, getUpdated, getDeleted. REST answers; this words it anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox import xmltree
from sandbox.call import Call, answer
from sandbox.salesforce import soap_records, sobjects, sosl
from sandbox.xmltree import Node

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Result = dict[str, Any]


def _search(sf: Salesforce, call: Call, node: Node) -> Result:
    text = xmltree.text(node, "searchString")
    found = soap_records.asked(lambda: answer({"found": sosl.found(sf, call, text)}))
    records = [{"record": soap_records.record(each)} for each in found["found"]]
    return {"queryId": call.request_id, "searchRecords": records}


def _window(call: Call, node: Node) -> Call:
    """The call as REST has it: the object in its address, the window in its query."""
    window = {name: xmltree.text(node, f"{name}Date") for name in ("start", "end")}
    params = {**call.params, "object": xmltree.text(node, "sObjectType")}
    return replace(call, params=params, query_string=urlencode(window))


def _updated(sf: Salesforce, call: Call, node: Node) -> Result:
    found = soap_records.asked(lambda: sobjects.updated(sf, _window(call, node)))
    return {"ids": found["ids"], "latestDateCovered": _date(found["latestDateCovered"])}


def _deleted(sf: Salesforce, call: Call, node: Node) -> Result:
    found = soap_records.asked(lambda: sobjects.deleted(sf, _window(call, node)))
    gone = [{"deletedDate": _date(e["deletedDate"]), "id": e["id"]} for e in found["deletedRecords"]]
    dates = {name: _date(found[name]) for name in ("earliestDateAvailable", "latestDateCovered")}
    return {"deletedRecords": gone, **dates}


def _date(text: str) -> str:
    """As XML spells an instant of UTC."""
    return text.replace("+0000", "Z")


OPERATIONS = {"search": _search, "getUpdated": _updated, "getDeleted": _deleted}
