"""What others have changed in a CRM since a plan read it: the plan knows nothing of it, so it is left alone.

Belongs here: asking which records moved since, and what those of a plan hold now. What our own runs wrote
since is told by the journal, without a call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.clients.errors import NotFound, Rejected
from pipelines.reverse_sync.destinations.base import Destination
from pipelines.reverse_sync.outcomes import Change
from pipelines.reverse_sync.values import canonical

CHANGED_MEANWHILE = "somebody has changed it in the CRM since the plan was made; the next refresh sees it"


class Moved:
    """The records of one object that moved since a moment; of those of a plan, what they hold."""

    def __init__(self, destination: Destination, object_name: str, since: datetime, planned: int) -> None:
        self._destination, self._object = destination, object_name
        self._ids: Collection[str] | None = ()
        """None: too many to be listed, so that those of the plan are read."""
        try:
            self._ids = destination.changed_since(object_name, since, planned)
        except (Rejected, NotFound):  # what cannot be asked for by date can be read
            self._ids = None

    def held(self, fields_of: Mapping[str, Sequence[str]]) -> Mapping[str, Mapping[str, Any]]:
        """Of these records (and their fields that a plan would write) those that moved, as they are now."""
        ids = [i for i in fields_of if self._ids is None or i in self._ids]
        if not ids:
            return {}
        names = list(dict.fromkeys(name for i in ids for name in fields_of[i]))
        with self._destination.count.repairing():
            return self._destination.read(self._object, ids, names)


class Each:
    """Every record of a plan, looked at right before it is written: what a search does not know yet, and what
    changes while others are written."""

    def __init__(self, destination: Destination, object_name: str) -> None:
        self._destination, self._object = destination, object_name

    def held(self, fields_of: Mapping[str, Sequence[str]]) -> Mapping[str, Mapping[str, Any]]:
        """Of these records (and their fields that a plan would write) what they are now."""
        names = list(dict.fromkeys(name for fields in fields_of.values() for name in fields))
        return self._destination.read(self._object, list(fields_of), names) if fields_of else {}


def was_changed(change: Change, held: Any) -> bool:
    """Whether a field holds something else than the plan found in it. Addresses have no case."""
    now, before = canonical(change.type, held), change.before
    if now is not None and before is not None and "@" in now:
        return now.casefold() != before.casefold()
    return now != before
