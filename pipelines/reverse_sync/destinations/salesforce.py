"""Writing to Salesforce: sObject collections of 200. Answers do not echo values, so each batch is read back.

Belongs here: Salesforce's words for the engine's. The calls themselves are `pipelines.clients.salesforce`,
which also keeps the org's assignment rules from undoing an owner we set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.clients.errors import Forbidden
from pipelines.clients.results import Outcomes
from pipelines.clients.salesforce.client import COLLECTION_LIMIT, SalesforceClient
from pipelines.reverse_sync.destinations.base import Account, FieldAccess, RecordWrite
from pipelines.reverse_sync.values import for_json


class SalesforceDestination:
    """One org as a destination."""

    vendor = "salesforce"
    label = "Salesforce"
    batch_size = COLLECTION_LIMIT

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client

    @property
    def client(self) -> SalesforceClient:
        """For actions, which are more than the fields of a record."""
        return self._client

    @property
    def calls(self) -> int:
        return self._client.calls

    @property
    def now(self) -> datetime:
        if self._client.server_time is None:
            self.account()
        assert self._client.server_time is not None
        return self._client.server_time

    def account(self) -> Account:
        """One call: the client's own `identity` also asks for what only an extract needs."""
        page = next(self._client.query_pages("SELECT Id, Name FROM Organization"))
        if not page.records:
            raise Forbidden(
                "Salesforce does not show the integration user its organisation", where="Organization",
                remedy="give it the permission View Setup and Configuration",
            )  # fmt: skip
        return Account(str(page.records[0]["Id"]), str(page.records[0].get("Name") or ""))

    def fields(self, object_name: str) -> Mapping[str, FieldAccess]:
        described = self._client.describe(object_name)
        return {
            str(each["name"]): FieldAccess(
                str(each["name"]), bool(each.get("updateable")), _choices(each), _length(each)
            )
            for each in described.get("fields") or []
        }

    def update(self, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        records = [
            {"Id": write.record_id, **{cell.field: for_json(cell.type, cell.value) for cell in write.cells}}
            for write in writes
        ]
        return self._client.update_collection(object_name, records)

    def read(
        self, object_name: str, record_ids: Sequence[str], fields: Iterable[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        records = self._client.read_collection(object_name, list(record_ids), ["Id", *fields])
        return {
            record_id: record
            for record_id, record in zip(record_ids, records, strict=True)
            if record is not None
        }


def _choices(described: Mapping[str, Any]) -> frozenset[str] | None:
    """What a restricted picklist takes; one that is not restricted takes anything."""
    if described.get("type") != "picklist" or not described.get("restrictedPicklist"):
        return None
    values = described.get("picklistValues") or []
    return frozenset(str(each["value"]) for each in values if each.get("active", True))


def _length(described: Mapping[str, Any]) -> int | None:
    return int(described.get("length") or 0) or None if described.get("soapType") == "xsd:string" else None
