"""Writing to Marketing Cloud: rows of a data extension of our own, whose key is the object of a sync; and the
status of subscribers, object `Subscriber`.

Belongs here: what makes an extension a target, and Marketing Cloud's words for the engine's. Single lists are
`marketing_cloud_lists`. Up to 50 rows go
at once and are echoed; more go as one request whose rows are read back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.marketing_cloud import rows, soap
from pipelines.clients.marketing_cloud.client import SUBSCRIBERS_AT_ONCE, MarketingCloudClient
from pipelines.clients.marketing_cloud.times import central, told
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.destinations import marketing_cloud_lists
from pipelines.reverse_sync.destinations.base import Account, Cell, FieldAccess, RecordWrite
from pipelines.reverse_sync.destinations.common import InOneCall, OverClient
from pipelines.reverse_sync.destinations.marketing_cloud_lists import Lists
from pipelines.rules.data_extensions import SYNCHRONIZED

_SALESFORCE_ID = re.compile(r"(00Q|003)\w{12}(\w{3})?")
EMAIL_KEY = "EMAIL_AS_KEY"
SUBSCRIBER = "Subscriber"
"""The object of a sync that is no data extension: All Subscribers, of which only the status is written."""
_STATUSES = frozenset({"Active", "Unsubscribed"})


class MarketingCloudDestination(InOneCall, OverClient[MarketingCloudClient]):
    """One business unit as a destination."""

    vendor = "marketing_cloud"
    label = "Marketing Cloud"
    batch_size = rows.ASYNC_LIMIT

    def __init__(
        self, client: MarketingCloudClient, wait: Callable[[float], None] = time.sleep,
        known: Callable[[], bool | None] = lambda: None,
    ) -> None:  # fmt: skip
        """`known`: whether the warehouse knows anybody by an id; None where it has no contacts."""
        super().__init__(client)
        self._wait, self._known = wait, known
        self._keys: dict[str, str] = {}
        self._dates: dict[str, frozenset[str]] = {}
        self._by_ids: bool | None = None
        self._lists = Lists(client, _STATUSES)

    def account(self) -> Account:
        unit = self._client.identity()
        return Account(unit.member_id, f"Marketing Cloud {unit.member_id}")

    def fields(self, object_name: str) -> Mapping[str, FieldAccess]:
        """The extension's columns. Raises when it is none to write to, with the reason."""
        if object_name == SUBSCRIBER:
            return {"Status": FieldAccess("Status", True, _STATUSES)}
        if object_name == marketing_cloud_lists.OBJECT:
            return self._lists.fields()
        if SYNCHRONIZED.fullmatch(object_name):
            raise self._no_target(object_name, "is synchronised from Salesforce and read only")
        asked = ("Name", "FieldType", "MaxLength", "IsPrimaryKey", "IsRequired")
        where = soap.Filter("DataExtension.CustomerKey", "equals", (object_name,))
        found = [
            row for page in self._client.retrieve("DataExtensionField", asked, where) for row in page.rows
        ]
        if not found:
            raise errors.NotFound(
                f"Marketing Cloud has no data extension {object_name}", where=self._client.host,
                remedy="make it as docs/marketing-cloud.md says",
            )  # fmt: skip
        keys = [row["Name"] for row in found if row.get("IsPrimaryKey") == "true"]
        if len(keys) != 1:
            raise self._no_target(object_name, f"has {len(keys) or 'no'} primary keys and not one")
        self._keys[object_name] = keys[0]
        self._dates[object_name] = frozenset(
            row["Name"].lower() for row in found if row.get("FieldType") == "Date"
        )
        return {
            row["Name"]: FieldAccess(
                row["Name"], row["Name"] not in keys, length=int(row.get("MaxLength") or 0) or None
            )
            for row in found
        }

    def _no_target(self, object_name: str, why: str) -> errors.Rejected:
        return errors.Rejected(
            f"the data extension {object_name} {why}: nothing is written to it", where=self._client.host,
            remedy="name an extension of your own in syncs.yml, see docs/marketing-cloud.md",
        )  # fmt: skip

    def key(self, object_name: str) -> str:
        """The column that is the extension's primary key. Raises as `fields` does."""
        if object_name not in self._keys:
            self.fields(object_name)
        return self._keys[object_name]

    def uses_ids(self) -> bool:
        """Whether the account knows subscribers by Salesforce ids: an address as key would make another."""
        if self._by_ids is None:
            known = self._known()
            self._by_ids = bool(known) or self._mails_ids() or (known is None and self._has_ids())
        return self._by_ids

    def _mails_ids(self) -> bool:
        """Whether a subscriber's key is an id, by those whose key begins like one."""
        return any(
            _SALESFORCE_ID.fullmatch(row.get("SubscriberKey", ""))
            for begins in ("003%", "00Q%")
            for page in self._client.retrieve(
                SUBSCRIBER, ("SubscriberKey",), soap.Filter("SubscriberKey", "like", (begins,))
            )
            for row in page.rows
        )

    def _has_ids(self) -> bool:
        """Whether a contact that was never mailed is known by an id: all are read, up to the first one."""
        return any(
            _SALESFORCE_ID.fullmatch(str(row.get("contactKey", "")))
            for page in self._client.contacts()
            for row in page
        )

    def update(self, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        """Rows by their key; one that is not there is made. Subscribers are changed, never made."""
        if object_name == SUBSCRIBER:
            return self._update_subscribers(writes)
        if object_name == marketing_cloud_lists.OBJECT:
            return self._lists.update(writes)
        key = self.key(object_name)
        refused = any("@" in write.record_id for write in writes) and self.uses_ids()
        taken = [write for write in writes if not (refused and "@" in write.record_id)]
        sent = [
            {key: write.record_id, **{cell.field: _sent(cell) for cell in write.cells}} for write in taken
        ]
        if len(sent) <= rows.SYNC_LIMIT:
            answers = rows.upsert_some(self._client, object_name, (key,), sent) if sent else Outcomes()
        else:
            answers = rows.upsert_many(self._client, object_name, sent, self._wait)
        given = iter(answers)
        return Outcomes(
            [self._outcome(object_name, write, refused, given) for write in writes],
            request_id=answers.request_id,
        )

    def _outcome(self, object_name: str, write: RecordWrite, refused: bool, given: Any) -> RowResult:
        if refused and "@" in write.record_id:
            return RowResult(
                False, write.record_id, code=EMAIL_KEY,
                message="an e-mail address as key: this account knows its contacts by Salesforce ids",
            )  # fmt: skip
        row: RowResult = next(given)
        names = {cell.field.lower(): cell.field for cell in write.cells}
        values = {
            names[n.lower()]: self._held(object_name, n, v)
            for n, v in row.values.items()
            if n.lower() in names
        }
        return RowResult(row.ok, write.record_id, code=row.code, message=row.message, values=values)

    def _update_subscribers(self, writes: Sequence[RecordWrite]) -> Outcomes:
        """The answer says it was taken, not what is stored: that is read back."""
        rows: list[RowResult] = []
        for some in batched([(w.record_id, str(w.cells[0].value)) for w in writes], SUBSCRIBERS_AT_ONCE):
            rows += self._client.update_subscribers(some)
        return Outcomes(rows)

    def _read_subscribers(self, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for some in batched(keys, SUBSCRIBERS_AT_ONCE):
            where = soap.among("SubscriberKey", some)
            for page in self._client.retrieve(SUBSCRIBER, ("SubscriberKey", "Status"), where):
                found |= {row["SubscriberKey"]: {"Status": row.get("Status")} for row in page.rows}
        return found

    def read(
        self, object_name: str, record_ids: Sequence[str], fields: Iterable[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        """What the rows hold now, read by key or with the whole extension: what takes fewer calls."""
        if object_name == SUBSCRIBER:
            return self._read_subscribers(record_ids)
        if object_name == marketing_cloud_lists.OBJECT:
            return self._lists.read(record_ids, fields)
        key = self.key(object_name).lower()
        names = {name.lower(): name for name in fields}
        wanted = set(record_ids)
        there = rows.find_many(self._client, object_name, key, record_ids)
        return {
            str(row[key]): {
                name: self._held(object_name, lower, row.get(lower)) for lower, name in names.items()
            }
            for row in there
            if row.get(key) in wanted
        }

    def _held(self, object_name: str, column: str, value: Any) -> Any:
        """What a column holds: dates as ISO in UTC, nothing for an empty text."""
        return central(value) if column.lower() in self._dates[object_name] else value or None


def _sent(cell: Cell) -> Any:
    """A value as an extension takes it."""
    return told(cell.value) if cell.type == "timestamp" and cell.value else cell.value
