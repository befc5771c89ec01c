"""What became of each change: the vendor's answers, and what the records hold, turned into journal states.

Belongs here: pure judgement. Nothing is sent, read or stored here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pipelines.clients.results import MISSING_FROM_ANSWER, RowResult
from pipelines.reverse_sync.values import canonical
from pipelines.rules.syncs import FieldType
from pipelines.state.journal import NOT_SENT, JournalState, Settlement

NOT_STORED = "NOT_STORED"
"""The vendor said yes and stores something else."""
RECORD_GONE = "RECORD_GONE"
"""The vendor has no such record any more."""
CHANGED_BY_OTHERS = "CHANGED_BY_OTHERS"
"""The field holds neither what it held before nor what we sent."""


class Change(NamedTuple):
    """One field of one record on its way through the journal."""

    change_id: str
    record_id: str
    record_key: str
    field: str
    type: FieldType
    before: str | None
    after: str | None


class Outcome(NamedTuple):
    """How a change ended. `again` asks for it to be sent once more: it is proven not to be stored.
    `request_id`: the call it was sent with."""

    change: Change
    state: JournalState
    code: str = ""
    message: str = ""
    again: bool = False
    request_id: str = ""

    def settlement(self, at: datetime) -> Settlement:
        """As the journal takes it; what is unknown stays open."""
        settled_at = None if self.state == "unknown" else at
        return Settlement(
            self.change.change_id, self.state, self.code, self.message[:1000], self.request_id, settled_at
        )


def of_answer(change: Change, row: RowResult, label: str) -> Outcome | None:
    """The outcome that the vendor's answer proves; None when the record has to be read back."""
    if not row.ok:
        if row.code == MISSING_FROM_ANSWER:
            return None
        if row.fields and change.field not in row.fields:
            # A row fails as a whole: the fields the error does not name were not stored either.
            culprits = ", ".join(row.fields)
            return Outcome(change, "rejected", row.code, f"not stored because of {culprits}: {row.message}")
        return Outcome(change, "rejected", row.code or "REJECTED", row.message)
    if change.field not in row.values:
        return None
    return _compared(change, row.values[change.field], label)


def of_read_back(change: Change, held: Mapping[str, Any] | None, label: str) -> Outcome:
    """The outcome that reading back proves, after an answer that said yes, or nothing, of this row."""
    if held is None:
        return Outcome(change, "rejected", RECORD_GONE, f"{label} has no such record any more")
    return _compared(change, held.get(change.field), label)


def of_lost_answer(change: Change, held: Mapping[str, Any] | None, label: str) -> Outcome:
    """The outcome that reading back proves when nobody knows whether the write arrived."""
    if held is None:
        return Outcome(change, "rejected", RECORD_GONE, f"{label} has no such record any more")
    now = canonical(change.type, held.get(change.field))
    if now == change.after:
        return Outcome(change, "confirmed")
    if now == change.before:
        return Outcome(change, "intended", NOT_SENT, f"the write never reached {label}", again=True)
    return Outcome(
        change, "rejected", CHANGED_BY_OTHERS, f"somebody else changed it meanwhile, it holds {_shown(now)}"
    )


def _compared(change: Change, stored: Any, label: str) -> Outcome:
    now = canonical(change.type, stored)
    if now == change.after:
        return Outcome(change, "confirmed")
    return Outcome(change, "rejected", NOT_STORED, f"{label} said yes and holds {_shown(now)}")


def _shown(value: str | None) -> str:
    return "nothing" if value is None else repr(value[:80])
