"""Lists of Marketing Cloud as fields of a subscriber: `list newsletter`, by name, key or id.

Belongs here: what somebody is on one list. All Subscribers, and rows of data extensions, are
`marketing_cloud`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines.clients.batches import batched
from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import SUBSCRIBERS_AT_ONCE, MarketingCloudClient
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.destinations.base import FieldAccess, RecordWrite

OBJECT = "ListSubscriber"
_PREFIX = "list "


class Lists:
    """Of one business unit."""

    def __init__(self, client: MarketingCloudClient, statuses: frozenset[str]) -> None:
        self._client, self._statuses = client, statuses
        self._ids: dict[str, str] = {}

    def fields(self) -> Mapping[str, FieldAccess]:
        """Each list by its id, and by its key and name as far as no other has that."""
        asked = ("ID", "ListName", "CustomerKey")
        there = [row for page in self._client.retrieve("List", asked) for row in page.rows]
        ids: dict[str, set[str]] = {}
        for row in there:
            for name in {str(row.get(each) or "").casefold() for each in ("ListName", "CustomerKey")}:
                ids.setdefault(name, set()).add(row["ID"])
        self._ids = {name: next(iter(some)) for name, some in ids.items() if name and len(some) == 1}
        self._ids |= {row["ID"]: row["ID"] for row in there}
        return {_PREFIX + name: FieldAccess(_PREFIX + name, True, self._statuses) for name in self._ids}

    def update(self, writes: Sequence[RecordWrite]) -> Outcomes:
        """The answer says it was taken, not what is stored: that is read back."""
        taken: dict[str, RowResult] = {}
        for list_id, rows in self._by_list(writes).items():
            for some in batched(rows, SUBSCRIBERS_AT_ONCE):
                for (key, _), row in zip(some, self._client.update_members(list_id, some), strict=True):
                    taken[key] = row if key not in taken or taken[key].ok else taken[key]
        return Outcomes([taken[write.record_id] for write in writes])

    def _by_list(self, writes: Sequence[RecordWrite]) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for write in writes:
            for cell in write.cells:
                found.setdefault(self.id_of(cell.field), []).append((write.record_id, str(cell.value)))
        return found

    def read(self, keys: Sequence[str], fields: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for field in fields:
            on = soap.Filter("ListID", "equals", (self.id_of(field),))
            for some in batched(keys, SUBSCRIBERS_AT_ONCE):
                where = soap.Both(soap.among("SubscriberKey", some), on)
                for page in self._client.retrieve(OBJECT, ("SubscriberKey", "Status"), where):
                    for row in page.rows:
                        found.setdefault(row["SubscriberKey"], {})[field] = row.get("Status")
        return found

    def id_of(self, field: str) -> str:
        if not self._ids:
            self.fields()
        return self._ids[field.removeprefix(_PREFIX)]
