"""Records over SOAP: query, create, update, upsert, delete, and what REST lacks: merge, convertLead.

Every call takes up to 200 records (merge and convertLead less), each of which succeeds or fails alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from sandbox import xmltree
from sandbox.call import Call, Refused
from sandbox.salesforce import files, lifecycle, query
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.records import id_for
from sandbox.xmltree import Node

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MOST, MOST_CONVERTED = 200, 100
Result = dict[str, Any]


class SoapFault(Exception):
    """Ends a SOAP call. `plain` is a fault code of SOAP itself, for what never reached the API."""

    def __init__(
        self, code: str, message: str, *, kind: str = "UnexpectedErrorFault", plain: str = ""
    ) -> None:
        super().__init__(code, message)
        self.code, self.message, self.kind, self.plain = code, message, kind, plain


class Record(dict[str, Any]):
    """A record in an answer: its fields stand in another namespace than the rest."""


def written(name: str, value: Any, *, enterprise: bool = False) -> str:
    """As `xmltree.written`, with records as sObjects, and each element where the WSDL wants it: in the
    order of their names. To the enterprise API a record is of its own type."""
    if isinstance(value, list):
        return "".join(written(name, each, enterprise=enterprise) for each in value)
    if isinstance(value, Record):
        kind, skipped = (value["type"], "type") if enterprise else ("sObject", "")
        inner = "".join(_field(k, v, enterprise=enterprise) for k, v in value.items() if k != skipped)
        return f'<{name} xsi:type="sf:{kind}">{inner}</{name}>'
    if isinstance(value, dict):
        inner = "".join(written(k, v, enterprise=enterprise) for k, v in sorted(value.items()))
        return f"<{name}>{inner}</{name}>"
    return xmltree.written(name, value)


def _field(name: str, value: Any, *, enterprise: bool) -> str:
    if isinstance(value, dict):
        return written(f"sf:{name}", value, enterprise=enterprise)
    return xmltree.written(name, value, "sf:")


def record(shown: dict[str, Any]) -> Record:
    """A record of a JSON answer as SOAP has it: its type first, then its Id, which is always there."""
    kind = shown.get("attributes", {}).get("type")
    fields = {k: _value(v) for k, v in shown.items() if k != "attributes"}
    return Record({"type": kind, "Id": fields.pop("Id", None), **fields})


def _value(value: Any) -> Any:
    if isinstance(value, dict) and "records" in value:
        return _result(value)
    return record(value) if isinstance(value, dict) and "attributes" in value else value


def _result(page: dict[str, Any]) -> Result:
    following = page.get("nextRecordsUrl")
    return {
        "done": page["done"], "queryLocator": following.rpartition("/")[2] if following else None,
        "records": [record(each) for each in page["records"]], "size": page["totalSize"],
    }  # fmt: skip


def _page(sf: Salesforce, page: dict[str, Any]) -> Result:
    """A page of a query, with its files themselves."""
    for each in page["records"]:
        files.inline(sf, each)
    return _result(page)


def asked(handler: Callable[[], Any]) -> Result:
    """What a REST handler answers; its refusal as a fault."""
    try:
        found: dict[str, Any] = orjson.loads(bytes(handler().body))
        return found
    except Refused as refused:
        (problem,) = orjson.loads(bytes(refused.response.body))
        raise SoapFault(problem["errorCode"], problem["message"], kind="InvalidQueryFault") from None


def _query(sf: Salesforce, call: Call, node: Node) -> Result:
    deleted = xmltree.local(node) == "queryAll"
    return _page(
        sf, asked(lambda: query.answered(sf, call, xmltree.text(node, "queryString"), deleted=deleted))
    )


def _more(sf: Salesforce, call: Call, node: Node) -> Result:
    return _page(sf, asked(lambda: query.more(sf, call, xmltree.text(node, "queryLocator"))))


def _each(
    sf: Salesforce, call: Call, items: Sequence[Any], one: Callable[[Any], Result], most: int = MOST,
    failed: Result | None = None,
) -> list[Result]:  # fmt: skip
    """Each item by itself: what fails is taken back alone and says why, with what a result has `failed`."""
    if len(items) > most:
        raise SoapFault("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records")
    results: list[Result] = []
    for item in items:
        before = len(call.changes)
        try:
            with sf.store.transaction():
                results.append({"errors": [], **one(item), "success": True})
        except RowError as problem:
            del call.changes[before:]
            shown = {"fields": list(problem.fields), "message": problem.message, "statusCode": problem.code}
            results.append(
                {"errors": shown, **({"id": None} if failed is None else failed), "success": False}
            )
    call.records = sum(1 for result in results if result["success"])
    return results


def _given(sf: Salesforce, node: Node) -> tuple[SObject, dict[str, Any]]:
    """A record a client sends: its type and its fields; `fieldsToNull` are empty."""
    name = xmltree.text(node, "type") or xmltree.attribute(node, "type").rpartition(":")[2]
    sobject = sf.org.object(name)
    if sobject is None:
        raise RowError("INVALID_TYPE", f"sObject type '{name[:80]}' is not supported.")
    fields: dict[str, Any] = {}
    for each in node:
        field = xmltree.local(each)
        if field == "fieldsToNull":
            fields[xmltree.text(each)] = None
        elif field != "type":
            fields[field] = None if xmltree.is_nil(each) else (each.text or "")
    return sobject, fields


def _own_id(fields: dict[str, Any]) -> Any:
    name = next((each for each in fields if each.lower() == "id"), "Id")
    return fields.pop(name, None)


def _create(sf: Salesforce, call: Call, node: Node) -> list[Result]:
    def one(item: Node) -> Result:
        sobject, fields = _given(sf, item)
        if _own_id(fields):
            raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",))
        return {"id": sf.rows.create(call, sobject, fields)}

    return _each(sf, call, list(xmltree.children(node, "sObjects")), one)


def _update(sf: Salesforce, call: Call, node: Node) -> list[Result]:
    def one(item: Node) -> Result:
        sobject, fields = _given(sf, item)
        given = _own_id(fields)
        if given is None:
            raise RowError("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
        _, record_id = id_for(sf.org, sobject, given)
        sf.rows.update(call, sobject, record_id, fields)
        return {"id": record_id}

    return _each(sf, call, list(xmltree.children(node, "sObjects")), one)


def _upsert(sf: Salesforce, call: Call, node: Node) -> list[Result]:
    key = xmltree.text(node, "externalIDFieldName")

    def one(item: Node) -> Result:
        sobject, fields = _given(sf, item)
        record_id, created = sf.rows.upsert(call, sobject, key, fields)
        return {"created": created, "id": record_id}

    failed = {"created": False, "id": None}
    return _each(sf, call, list(xmltree.children(node, "sObjects")), one, failed=failed)


def _by_id(deed: Callable[[Any, Call, SObject, str], None]) -> Callable[[Any, Call, Node], list[Result]]:
    """An operation that takes ids alone."""

    def operation(sf: Salesforce, call: Call, node: Node) -> list[Result]:
        def one(item: Node) -> Result:
            sobject, record_id = id_for(sf.org, None, xmltree.text(item))
            deed(sf, call, sobject, record_id)
            return {"id": record_id}

        return _each(sf, call, [each for each in node if xmltree.local(each).lower() == "ids"], one)

    return operation


def _delete(sf: Salesforce, call: Call, sobject: SObject, record_id: str) -> None:
    sf.rows.delete(call, sobject, record_id)


def _undelete(sf: Salesforce, call: Call, sobject: SObject, record_id: str) -> None:
    if not sf.rows.deleted(sobject, record_id):
        raise RowError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    lifecycle.undelete(sf, call, sobject, [record_id])
    call.change(sobject.name, record_id, "undelete", "IsDeleted", "true", "false")


def _empty(sf: Salesforce, call: Call, sobject: SObject, record_id: str) -> None:
    if not sf.rows.deleted(sobject, record_id):
        raise RowError("INVALID_ID_FIELD", "the record is not in the recycle bin")
    lifecycle.purge(sf, call, sobject, [record_id])
    call.change(sobject.name, record_id, "purge", "Id", record_id, None)


def _retrieve(sf: Salesforce, call: Call, node: Node) -> list[Record | None]:
    sobject = sf.org.object(xmltree.text(node, "sObjectType"))
    if sobject is None:
        raise RowError("INVALID_TYPE", "sObjectType is not supported")
    names = [each.strip() for each in xmltree.text(node, "fieldList").split(",") if each.strip()]
    found: list[Record | None] = []
    for each in xmltree.children(node, "ids"):
        _, record_id = id_for(sf.org, sobject, xmltree.text(each))
        page = _page(
            sf,
            asked(
                lambda record_id=record_id: query.answered(  # type: ignore[misc]
                    sf,
                    call,
                    f"select {', '.join(names) or 'Id'} from {sobject.name} where Id = '{record_id}'",
                    deleted=False,
                )
            ),
        )
        found.append(page["records"][0] if page["records"] else None)
    return found


def _merge(sf: Salesforce, call: Call, node: Node) -> list[Result]:
    def one(item: Node) -> Result:
        master = xmltree.child(item, "masterRecord")
        if master is None:
            raise RowError("MISSING_ARGUMENT", "masterRecord is required")
        sobject, fields = _given(sf, master)
        _, record_id = id_for(sf.org, sobject, _own_id(fields))
        losers = [
            id_for(sf.org, sobject, xmltree.text(x))[1] for x in xmltree.children(item, "recordToMergeIds")
        ]
        moved = lifecycle.merge(sf, call, sobject, record_id, losers)
        if fields:
            sf.rows.update(call, sobject, record_id, fields)
        return {"id": record_id, "mergedRecordIds": losers, "updatedRelatedIds": moved}

    return _each(sf, call, list(xmltree.children(node, "request")), one)


def _convert(sf: Salesforce, call: Call, node: Node) -> list[Result]:
    def one(item: Node) -> Result:
        _, lead_id = id_for(sf.org, sf.org.objects["Lead"], xmltree.text(item, "leadId"))
        wish = lifecycle.Conversion(
            status=xmltree.text(item, "convertedStatus"), account=xmltree.text(item, "accountId"),
            contact=xmltree.text(item, "contactId"), owner=xmltree.text(item, "ownerId"),
            opportunity_name=xmltree.text(item, "opportunityName"),
            without_opportunity=xmltree.text(item, "doNotCreateOpportunity") == "true",
        )  # fmt: skip
        made = lifecycle.convert(sf, call, lead_id, wish)
        return {
            "accountId": made["account"], "contactId": made["contact"], "leadId": lead_id,
            "opportunityId": made["opportunity"],
        }  # fmt: skip

    items = [each for each in node if xmltree.local(each).lower() == "leadconverts"]
    failed = dict.fromkeys(("accountId", "contactId", "leadId", "opportunityId"))
    return _each(sf, call, items, one, MOST_CONVERTED, failed)


OPERATIONS: dict[str, Callable[[Any, Call, Node], Any]] = {
    "query": _query, "queryAll": _query, "queryMore": _more, "retrieve": _retrieve, "create": _create,
    "update": _update, "upsert": _upsert, "delete": _by_id(_delete), "undelete": _by_id(_undelete),
    "emptyRecycleBin": _by_id(_empty), "merge": _merge, "convertLead": _convert,
}  # fmt: skip
