"""Writing to Salesforce: sObject collections of 200 for up to 2,000 records, Bulk API 2.0 jobs for more.

Belongs here: Salesforce's words for the engine's. Answers do not echo values, so what was sent is read back,
2,000 records a call. The calls themselves are `pipelines.clients.salesforce`, which also keeps the org's
assignment rules from undoing an owner we set; jobs are `salesforce_bulk.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pipelines.clients.batches import batched
from pipelines.clients.errors import Forbidden
from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import COLLECTION_LIMIT, COLLECTION_READ_LIMIT, SalesforceClient
from pipelines.reverse_sync.destinations.base import Account, FieldAccess, RecordWrite
from pipelines.reverse_sync.destinations.common import OverClient
from pipelines.reverse_sync.destinations.salesforce_bulk import MOST_ROWS, Bulk, is_fit
from pipelines.reverse_sync.values import for_json
from pipelines.state.bulk_jobs import BulkJobs

_WITHOUT_PARENT = frozenset({"Lead", "Account"})
"""What locks no other record while it is written. Of others the sync says by `grouped_by` which that is."""


class SalesforceDestination(OverClient[SalesforceClient]):
    """One org as a destination."""

    vendor = "salesforce"
    label = "Salesforce"
    batch_size = COLLECTION_LIMIT
    at_once = 5
    """Calls that may overlap, as long as no two hang on one record: rows would wait for its lock."""
    bulk_above = 2_000
    """Up to so many records collections take fewer calls, and are done sooner, than a job."""

    def __init__(self, client: SalesforceClient) -> None:
        super().__init__(client)
        self._bulk: Bulk | None = None

    def keep_jobs(self, jobs: BulkJobs) -> None:
        self._bulk = Bulk(self._client.ingest, jobs, lambda: self.now)

    def settle_jobs(self) -> None:
        if self._bulk is not None:
            self._bulk.settle()

    @property
    def bulk(self) -> Bulk | None:
        """Jobs, once it is known where they are kept."""
        return self._bulk

    def call_size(self, records: int) -> int:
        return MOST_ROWS if self._bulk is not None and records > self.bulk_above else self.batch_size

    def round_size(self, records: int) -> int:
        return max(self.call_size(records), COLLECTION_READ_LIMIT)

    def side_by_side(self, object_name: str, records: int, *, grouped: bool) -> int:
        """A job is worked off side by side by Salesforce itself, so that jobs follow one another."""
        if self.call_size(records) > self.batch_size or not (grouped or object_name in _WITHOUT_PARENT):
            return 1
        return self.at_once

    @property
    def day(self) -> tuple[int, int] | None:
        return self._client.day

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

    def changed_since(self, object_name: str, since: datetime, records: int) -> Collection[str] | None:
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pages = self._client.query_pages(f"SELECT Id FROM {object_name} WHERE SystemModstamp > {moment}")
        page = next(pages)
        found = {str(each["Id"]) for each in page.records}
        if page.following and page.total > records:
            return None
        with self._client.count.repairing():
            for page in pages:
                found |= {str(each["Id"]) for each in page.records}
        return found

    def update(self, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        if self._bulk is not None and len(writes) > self.batch_size:
            return self._by_job(self._bulk, object_name, writes)
        records = [
            {"Id": write.record_id, **{cell.field: for_json(cell.type, cell.value) for cell in write.cells}}
            for write in writes
        ]
        return self._client.update_collection(object_name, records)

    def _by_job(self, bulk: Bulk, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        """What CSV cannot say goes by collections, and first: if that is refused, no job was begun."""
        odd = [write for write in writes if not is_fit(write)]
        if not odd:
            return bulk.update(object_name, writes)
        found: dict[str, RowResult] = {}
        with self._client.count.repairing():  # what no forecast knows
            for some in batched(odd, self.batch_size):
                found |= zip((write.record_id for write in some), self.update(object_name, some), strict=True)
        rest = [write for write in writes if write.record_id not in found]
        answers = self.update(object_name, rest)
        found |= zip((write.record_id for write in rest), answers, strict=True)
        return Outcomes([found[write.record_id] for write in writes], request_id=answers.request_id)

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
