"""HubSpot's subscriptions as fields of a contact: `subscription newsletter` or `subscription 501`.

Belongs here: one subscription type's status, which HubSpot keeps by address. Out of all e-mail is the
contact's own field, in `hubspot`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines.clients.batches import batched
from pipelines.clients.hubspot import marketing
from pipelines.clients.hubspot.client import BATCH_LIMIT, UNSUBSCRIBED, HubSpotClient
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.reverse_sync.destinations.base import FieldAccess, RecordWrite

OBJECT = "subscription-statuses"
_PREFIX = "subscription "


class Subscriptions:
    """Of one portal."""

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client
        self._ids: dict[str, str] = {}

    def fields(self) -> Mapping[str, FieldAccess]:
        """Each type by its id and its name, as long as no other has that. It can be left and not joined."""
        types = marketing.subscription_types(self._client)
        names = [str(each.get("name")).casefold() for each in types]
        self._ids = {
            str(each["name"]).casefold(): str(each["id"])
            for each in types
            if names.count(str(each.get("name")).casefold()) == 1
        } | {str(each["id"]): str(each["id"]) for each in types}
        return {
            _PREFIX + name: FieldAccess(_PREFIX + name, True, frozenset({UNSUBSCRIBED})) for name in self._ids
        }

    def update(self, addresses: Mapping[str, str], writes: Sequence[RecordWrite]) -> Outcomes:
        """Opt the `addresses` of these contacts out. The answer shows each one's status."""
        asked = [
            (addresses[write.record_id], self._id(cell.field))
            for write in writes
            for cell in write.cells
            if addresses.get(write.record_id)
        ]
        named: set[tuple[str, str]] = set()
        request_id = ""
        for some in batched(list(dict.fromkeys(asked)), BATCH_LIMIT):
            found, request_id = self._client.unsubscribe(some)
            named |= found
        rows = [self._outcome(write, addresses.get(write.record_id, ""), named) for write in writes]
        return Outcomes(rows, request_id=request_id)

    def read(self, addresses: Mapping[str, str], fields: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        """The status of each contact's address."""
        wanted = {field: self._id(field) for field in fields}
        known: dict[str, dict[str, str]] = {}
        for statuses in marketing.statuses(self._client, sorted({a for a in addresses.values() if a})):
            for each in statuses:
                kinds = known.setdefault(str(each["subscriberIdString"]).lower(), {})
                kinds[str(each["subscriptionId"])] = str(each["status"])
        return {
            i: {field: known.get(address, {}).get(kind) for field, kind in wanted.items()}
            for i, address in addresses.items()
        }

    def _id(self, field: str) -> str:
        if not self._ids:
            self.fields()
        return self._ids[field.removeprefix(_PREFIX)]

    def _outcome(self, write: RecordWrite, address: str, named: set[tuple[str, str]]) -> RowResult:
        if not address:
            return no_address(write.record_id)
        if any((address, self._id(cell.field)) not in named for cell in write.cells):
            return RowResult(False, write.record_id, code=MISSING_FROM_ANSWER)
        return RowResult(True, write.record_id, values={cell.field: UNSUBSCRIBED for cell in write.cells})


def no_address(record_id: str) -> RowResult:
    return RowResult(False, record_id, code="NO_ADDRESS", message="this contact has no e-mail address")
