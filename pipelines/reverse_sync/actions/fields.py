"""Fields that a decision sets once: a lifecycle stage at a handoff, a forecast category, what an automation
says.

Belongs here: setting them and reading them back. Payload: `fields` (name to value, null empties),
`clear_first` (names that HubSpot only takes backwards when they were emptied before, in a request of its
own), `read_back` (true: it is only done when the record shows it), `before` (what undo writes again, as far
as the field still holds what we set).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pipelines.clients.plain import plain
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Done, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import InHubSpot, InSalesforce
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

Values = Mapping[str, Mapping[str, Any]]
"""Record id -> field -> value."""
NOT_TAKEN = "NOT_TAKEN"
"""Code of a field that holds something else than was written, though the answer said it was stored."""


class _Fields:
    """What both CRMs share; `_write` and `_read` are theirs."""

    kind: ClassVar[str] = "fields"
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=10)

    @staticmethod
    def unfit(action: Action) -> str:
        if not action.payload.get("fields"):
            return "it names no fields"
        return "" if action.record_key or action.needs else "it names no record"

    def send(self, actions: Sequence[Action]) -> Outcomes:
        first = list({(_parent(a).object, _parent(a).id): a for a in reversed(actions)}.values())[::-1]
        if len(first) < len(actions):  # a record that is named twice is written twice, one after the other
            keys = {a.action_key for a in first}
            later = [a for a in actions if a.action_key not in keys]
            ended = dict(zip([a.action_key for a in [*first, *later]], [*self.send(first), *self.send(later)],
                             strict=True))  # fmt: skip
            return Outcomes([ended[a.action_key] for a in actions])
        rows: dict[str, RowResult] = {}
        request_id = ""
        for object_name, some in _by_object(actions).items():
            cleared = {
                _parent(a).id: dict.fromkeys(a.payload["clear_first"])
                for a in some
                if a.payload.get("clear_first")
            }
            refused: dict[str, RowResult] = {}
            if cleared:
                refused = self._cleared(object_name, cleared)
            wanted = {_parent(a).id: a.payload["fields"] for a in some if _parent(a).id not in refused}
            done = self._write(object_name, wanted)
            request_id = done.request_id
            outcome = dict(zip(wanted, done, strict=True)) | refused
            stored = {
                _parent(a).id: a.payload["fields"]
                for a in some if _is_read_back(a) and outcome[_parent(a).id].ok
            }  # fmt: skip
            held = self._read(object_name, stored) if stored else {}
            for action in some:
                row = outcome[_parent(action).id]
                if _parent(action).id in stored and not _holds(
                    held.get(_parent(action).id), action.payload["fields"]
                ):
                    row = RowResult(
                        False,
                        row.id,
                        code=NOT_TAKEN,
                        message="it was written and the record holds another value",
                    )
                rows[action.action_key] = row
        return Outcomes([rows[a.action_key] for a in actions], request_id=request_id)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        held: dict[tuple[str, str], Mapping[str, Any]] = {}
        for object_name, some in _by_object(actions).items():
            there = self._read(object_name, {_parent(a).id: a.payload["fields"] for a in some})
            held |= {(object_name, i): values for i, values in there.items()}
        return [
            Found(_parent(a).id)
            if _holds(held.get((_parent(a).object, _parent(a).id)), a.payload["fields"])
            else NOT_THERE
            for a in actions
        ]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """What was there before, where nobody has changed it since."""
        rows = []
        for action, record_id in actions:
            parent = _parent(action)
            held = self._read(parent.object, {record_id: action.payload["fields"]}).get(record_id)
            if not _holds(held, action.payload["fields"]):
                rows.append(
                    RowResult(
                        False, record_id, code=CHANGED_BY_OTHERS, message="somebody has changed it since"
                    )
                )
                continue
            before = {
                name: (action.payload.get("before") or {}).get(name) for name in action.payload["fields"]
            }
            clear = action.payload.get("clear_first")
            if clear:
                self._write(parent.object, {record_id: dict.fromkeys(clear)})
            rows += self._write(parent.object, {record_id: before})
        return Outcomes(rows)

    def _cleared(self, object_name: str, cleared: Values) -> dict[str, RowResult]:
        """Empty fields and read back that they are; returns those that would not be emptied."""
        emptied = dict(zip(cleared, self._write(object_name, cleared), strict=True))
        held = self._read(object_name, cleared)
        return {
            i: row
            if not row.ok
            else RowResult(False, i, code=NOT_TAKEN, message="the field could not be emptied")
            for i, row in emptied.items()
            if not row.ok or not _holds(held.get(i), cleared[i])
        }

    def _write(self, object_name: str, values: Values) -> Outcomes:
        raise NotImplementedError

    def _read(self, object_name: str, values: Values) -> Values:
        raise NotImplementedError


class HubSpotFields(_Fields, InHubSpot):
    """Properties of a record."""

    def _write(self, object_name: str, values: Values) -> Outcomes:
        inputs: list[dict[str, Any]] = [
            {
                "id": i,
                "properties": {name: "" if value is None else str(value) for name, value in fields.items()},
            }
            for i, fields in values.items()
        ]
        return self._client.batch_update(object_name, inputs)

    def _read(self, object_name: str, values: Values) -> Values:
        names = sorted({name for fields in values.values() for name in fields})
        rows = self._client.batch_read(object_name, list(values), names)
        return {str(row["id"]): row.get("properties") or {} for row in rows}


class SalesforceFields(_Fields, InSalesforce):
    """Fields of a record."""

    def _write(self, object_name: str, values: Values) -> Outcomes:
        records = [{"Id": i, **fields} for i, fields in values.items()]
        return self._client.update_collection(object_name, records)

    def _read(self, object_name: str, values: Values) -> Values:
        names = sorted({name for fields in values.values() for name in fields})
        rows = self._client.read_collection(object_name, list(values), ["Id", *names])
        return {i: row for i, row in zip(values, rows, strict=True) if row}


def _is_read_back(action: Action) -> bool:
    return bool(action.payload.get("read_back") or action.payload.get("clear_first"))


def _by_object(actions: Sequence[Action]) -> dict[str, list[Action]]:
    found: dict[str, list[Action]] = {}
    for action in actions:
        found.setdefault(_parent(action).object, []).append(action)
    return found


def _parent(action: Action) -> Done:
    parent = action.parent
    assert parent is not None
    return parent


def _holds(held: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    return held is not None and all(plain(held.get(name)) == plain(value) for name, value in wanted.items())
