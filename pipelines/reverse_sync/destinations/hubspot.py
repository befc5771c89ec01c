"""Writing to HubSpot: batch updates of 100, several side by side; their answers echo what was stored.

Belongs here: HubSpot's words for the engine's. The calls themselves are `pipelines.clients.hubspot`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from pipelines.clients.hubspot import campaigns
from pipelines.clients.hubspot.client import BATCH_LIMIT, SEARCH_CEILING, HubSpotClient
from pipelines.clients.hubspot.types import type_name
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.reverse_sync.destinations import hubspot_subscriptions
from pipelines.reverse_sync.destinations.base import Account, FieldAccess, RecordWrite
from pipelines.reverse_sync.destinations.common import InOneCall, OverClient
from pipelines.reverse_sync.destinations.hubspot_subscriptions import Subscriptions, no_address
from pipelines.reverse_sync.values import for_text

OPT_OUT = "hs_email_optout"
"""Read-only on the contact; its subscription endpoint sets it, and never takes it back."""


class HubSpotDestination(InOneCall, OverClient[HubSpotClient]):
    """One portal as a destination."""

    vendor = "hubspot"
    label = "HubSpot"
    batch_size = BATCH_LIMIT
    at_once = 12
    """An answer takes half a second under load, and nineteen calls a second are allowed."""

    @property
    def day(self) -> tuple[int, int] | None:
        return self._client.budget.day

    def account(self) -> Account:
        details = self._client.account()
        return Account(str(details["portalId"]), str(details.get("uiDomain") or ""))

    @cached_property
    def _subscriptions(self) -> Subscriptions:
        return Subscriptions(self._client)

    def fields(self, object_name: str) -> Mapping[str, FieldAccess]:
        if object_name == hubspot_subscriptions.OBJECT:
            return self._subscriptions.fields()
        found = {}
        described = campaigns.PROPERTIES if object_name == campaigns.OBJECT else None
        for each in described or self._client.properties(type_name(object_name)):
            read_only = bool((each.get("modificationMetadata") or {}).get("readOnlyValue"))
            writable = not (read_only or each.get("calculated") or each.get("archived"))
            found[str(each["name"])] = FieldAccess(str(each["name"]), writable, _choices(each))
        if object_name == "contacts":
            found[OPT_OUT] = FieldAccess(OPT_OUT, True, frozenset({"true"}))
        return found

    def changed_since(self, object_name: str, since: datetime, records: int) -> Collection[str] | None:
        if object_name == campaigns.OBJECT:  # which cannot be searched
            return ()
        name = "lastmodifieddate" if object_name == "contacts" else "hs_lastmodifieddate"
        moment = str(int(since.timestamp() * 1000))
        asked = [{"propertyName": name, "operator": "GT", "value": moment}]
        page = self._client.search_page(type_name(object_name), [], asked)
        found = {str(each["id"]) for each in page.results}
        if page.after and (page.total is None or page.total > min(SEARCH_CEILING, 2 * records)):
            return None
        with self._client.count.repairing():
            while page.after:
                page = self._client.search_page(type_name(object_name), [], asked, page.after)
                found |= {str(each["id"]) for each in page.results}
        return found

    def update(self, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        if object_name == hubspot_subscriptions.OBJECT:
            return self._subscriptions.update(self._addresses([w.record_id for w in writes]), writes)
        if all(cell.field == OPT_OUT for write in writes for cell in write.cells):
            return self._opt_out(writes)
        inputs = [
            {"id": write.record_id, "properties": {cell.field: for_text(cell.value) for cell in write.cells}}
            for write in writes
        ]
        if object_name == campaigns.OBJECT:
            return campaigns.update(self._client, inputs)
        return self._client.batch_update(type_name(object_name), inputs)

    def _addresses(self, contacts: Sequence[str]) -> dict[str, str]:
        """The address of each contact that is there, in lower case, or nothing."""
        held = self.read("contacts", contacts, ["email"])
        return {i: str(shown.get("email") or "").strip().lower() for i, shown in held.items()}

    def _opt_out(self, writes: Sequence[RecordWrite]) -> Outcomes:
        """HubSpot shows the opt-out on the contact and keeps it by address, apart from the contact."""
        addresses = self._addresses([write.record_id for write in writes])
        wanted = list(dict.fromkeys(address for address in addresses.values() if address))
        if not wanted:
            return Outcomes([no_address(write.record_id) for write in writes])
        named, request_id = self._client.unsubscribe_all(wanted)
        rows = []
        for write in writes:
            address = addresses.get(write.record_id, "")
            if address in named:
                rows.append(RowResult(True, write.record_id, values={OPT_OUT: "true"}))
            elif address:
                rows.append(RowResult(False, write.record_id, code=MISSING_FROM_ANSWER))
            else:
                rows.append(no_address(write.record_id))
        return Outcomes(rows, request_id=request_id)

    def read(
        self, object_name: str, record_ids: Sequence[str], fields: Iterable[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        if object_name == hubspot_subscriptions.OBJECT:
            return self._subscriptions.read(self._addresses(record_ids), fields)
        if object_name == campaigns.OBJECT:
            records = campaigns.read(self._client, list(record_ids), list(fields))
        else:
            records = self._client.batch_read(type_name(object_name), list(record_ids), list(fields))
        return {str(record["id"]): record.get("properties") or {} for record in records}


def _choices(definition: Mapping[str, Any]) -> frozenset[str] | None:
    """What an enumeration takes. One that points to other records (an owner) lists no options of its own."""
    if definition.get("type") != "enumeration" or definition.get("externalOptions"):
        return None
    return frozenset(str(option["value"]) for option in definition.get("options") or []) or None
