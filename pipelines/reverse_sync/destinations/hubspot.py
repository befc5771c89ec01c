"""Writing to HubSpot: batch updates of 100, whose answers echo what was stored.

Belongs here: HubSpot's words for the engine's. The calls themselves are `pipelines.clients.hubspot`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.clients.hubspot.client import BATCH_LIMIT, HubSpotClient
from pipelines.clients.results import Outcomes
from pipelines.reverse_sync.destinations.base import Account, FieldAccess, RecordWrite
from pipelines.reverse_sync.values import for_text


class HubSpotDestination:
    """One portal as a destination."""

    vendor = "hubspot"
    label = "HubSpot"
    batch_size = BATCH_LIMIT

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client

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
        details = self._client.account()
        return Account(str(details["portalId"]), str(details.get("uiDomain") or ""))

    def fields(self, object_name: str) -> Mapping[str, FieldAccess]:
        found = {}
        for each in self._client.properties(object_name):
            read_only = bool((each.get("modificationMetadata") or {}).get("readOnlyValue"))
            writable = not (read_only or each.get("calculated") or each.get("archived"))
            found[str(each["name"])] = FieldAccess(str(each["name"]), writable, _choices(each))
        return found

    def update(self, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        inputs = [
            {"id": write.record_id, "properties": {cell.field: for_text(cell.value) for cell in write.cells}}
            for write in writes
        ]
        return self._client.batch_update(object_name, inputs)

    def read(
        self, object_name: str, record_ids: Sequence[str], fields: Iterable[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        records = self._client.batch_read(object_name, list(record_ids), list(fields))
        return {str(record["id"]): record.get("properties") or {} for record in records}


def _choices(definition: Mapping[str, Any]) -> frozenset[str] | None:
    """What an enumeration takes. One that points to other records (an owner) lists no options of its own."""
    if definition.get("type") != "enumeration" or definition.get("externalOptions"):
        return None
    return frozenset(str(option["value"]) for option in definition.get("options") or []) or None
