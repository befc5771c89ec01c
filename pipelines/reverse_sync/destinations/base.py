"""What the engine asks of a CRM it writes to, whatever the vendor.

Belongs here: the protocol and its values. What a vendor's API is like is in the module named after it; errors
are those of `pipelines.clients.errors`, row outcomes those of `pipelines.clients.results`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pipelines.clients.counting import CallCount
from pipelines.clients.results import Outcomes
from pipelines.rules.syncs import FieldType
from pipelines.state.bulk_jobs import BulkJobs


@dataclass(frozen=True)
class Cell:
    """A field and the canonical text it is to hold; None empties it."""

    field: str
    type: FieldType
    value: str | None


@dataclass(frozen=True)
class RecordWrite:
    """The fields of one record that are to be written. Nothing else of the record is sent."""

    record_id: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Account:
    """The portal or org at the other end."""

    org_id: str
    name: str


@dataclass(frozen=True)
class FieldAccess:
    """A field as the vendor's own metadata has it. `choices` and `length` are None where anything goes."""

    name: str
    writable: bool
    choices: frozenset[str] | None = None
    length: int | None = None


class Destination(Protocol):
    """An open connection to one CRM that changes are written to."""

    @property
    def vendor(self) -> str: ...

    @property
    def label(self) -> str:
        """The vendor's name as people write it."""
        ...

    @property
    def batch_size(self) -> int:
        """Records in one call."""
        ...

    def call_size(self, records: int) -> int:
        """Records in one `update`, when there are so many: a call, or a job that goes on by itself."""
        ...

    def round_size(self, records: int) -> int:
        """Records that are written down, sent and read back together, when there are so many."""
        ...

    def side_by_side(self, object_name: str, records: int, *, grouped: bool) -> int:
        """Calls of `update` that may be under way together, when so many records of this object are to be
        written. `grouped`: what two of them may not lock at a time is known of each record."""
        ...

    @property
    def calls(self) -> int:
        """Calls made so far, sign-ins left out."""
        ...

    @property
    def count(self) -> CallCount:
        """The same told apart: by thread, and what only trouble made necessary."""
        ...

    @property
    def day(self) -> tuple[int, int] | None:
        """Calls that the vendor grants in a day and how many are left, as it said last; None: it does not."""
        ...

    @property
    def now(self) -> datetime:
        """The vendor's clock, as its latest answer told it."""
        ...

    def account(self) -> Account: ...

    def fields(self, object_name: str) -> Mapping[str, FieldAccess]:
        """The object's fields by name. Raises NotFound when the vendor lacks the object."""
        ...

    def changed_since(self, object_name: str, since: datetime, records: int) -> Collection[str] | None:
        """Ids of the records that changed after a moment by the vendor's clock, in one call where they are
        few. None: they are so many that reading `records` of them takes fewer calls than listing all."""
        ...

    def update(self, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        """Write at most `call_size` records. An outcome per record, in order; `values` where echoed."""
        ...

    def keep_jobs(self, jobs: BulkJobs) -> None:
        """Where to keep jobs that go on after the call that began them; without it none are begun."""
        ...

    def settle_jobs(self) -> None:
        """See every such job to its end: until then it may still store what is read back."""
        ...

    def read(
        self, object_name: str, record_ids: Sequence[str], fields: Iterable[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        """What the records hold now, by id; a record that is gone is left out."""
        ...


class Opener(Protocol):
    """Opens the destination of a vendor."""

    def __call__(self, vendor: str) -> AbstractContextManager[Destination]: ...
