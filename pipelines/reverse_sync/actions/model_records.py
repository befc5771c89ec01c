"""A record made or changed in a CRM as a whole, found again by its key, and taken back.

Belongs here: both vendors' words for it. Which records are wanted is `pipelines.reverse_sync.records`.
Payload: `properties`; `before`, the values that stood there, or null for a record that is to be made;
`key_field` and `key`, by which it is found; `lacking`, the relationships that are required and not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pipelines.clients.hubspot.types import type_name
from pipelines.clients.plain import plain
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import InHubSpot, InSalesforce
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

Json = dict[str, Any]
Sent = Callable[[str, Sequence[Action]], Outcomes]


def _unfit(action: Action) -> str:
    if not action.payload.get("properties"):
        return "it has no values"
    lacking = action.payload.get("lacking")
    return f"its {lacking} is not known there" if lacking else ""


def _is_new(action: Action) -> bool:
    return action.payload.get("before") is None


def _in_groups(actions: Sequence[Action], create: Sent, change: Sent) -> Outcomes:
    """Records of one object and operation at once; the results in the order of the actions."""
    groups: dict[tuple[str, bool], list[int]] = {}
    for position, action in enumerate(actions):
        groups.setdefault((action.object, _is_new(action)), []).append(position)
    found: dict[int, RowResult] = {}
    request = ""
    for (name, is_new), positions in groups.items():
        done = (create if is_new else change)(name, [actions[i] for i in positions])
        request = done.request_id or request
        found |= dict(zip(positions, done, strict=True))
    return Outcomes([found[i] for i in range(len(actions))], request_id=request)


def _taken_back(
    actions: Sequence[tuple[Action, str]], held: Mapping[str, Mapping[str, Any] | None],
    remove: Callable[[str, list[str]], Mapping[str, RowResult]],
    restore: Callable[[str, list[tuple[str, Json]]], Mapping[str, RowResult]],
) -> Outcomes:  # fmt: skip
    """What nobody has changed since: made records go, changed ones get their values back."""
    found: dict[str, RowResult] = {}
    for name in dict.fromkeys(a.object for a, _ in actions):
        mine = [(a, i) for a, i in actions if a.object == name]
        as_sent = [(a, i) for a, i in mine if held.get(i) and _stands(held[i] or {}, a.payload["properties"])]
        changed = [i for a, i in mine if held.get(i) and (a, i) not in as_sent]
        gone = [i for _, i in mine if not held.get(i)]
        message = "somebody has changed it since"
        found |= {i: RowResult(False, i, code=CHANGED_BY_OTHERS, message=message) for i in changed}
        found |= {i: RowResult(True, i) for i in gone}
        made = [i for a, i in as_sent if _is_new(a)]
        found |= remove(name, made) if made else {}
        back = [(i, _before(a)) for a, i in as_sent if not _is_new(a)]
        found |= restore(name, back) if back else {}
    missing = RowResult(False, code=MISSING_FROM_ANSWER, message="the answer does not mention this record")
    return Outcomes([found.get(i, missing) for _, i in actions])


def _before(action: Action) -> Json:
    """The values before, empty where there was none."""
    held = dict(action.payload.get("before") or {})
    return {name: held.get(name) for name in action.payload["properties"]}


def _stands(held: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    return all(_plain(held.get(name)) == _plain(value) for name, value in sent.items())


def _plain(value: Any) -> str:
    """A value for comparing: a moment is a moment whatever its fraction."""
    return plain(value).replace(".000+0000", "Z").replace("+0000", "Z").replace(".000Z", "Z")


class SalesforceRecord(InSalesforce):
    """A record of any object."""

    kind: ClassVar[str] = "record"
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=15)

    @staticmethod
    def unfit(action: Action) -> str:
        return _unfit(action)

    def send(self, actions: Sequence[Action]) -> Outcomes:
        return _in_groups(actions, self._create, self._change)

    def _create(self, name: str, actions: Sequence[Action]) -> Outcomes:
        return self._client.create_collection(name, [dict(a.payload["properties"]) for a in actions])

    def _change(self, name: str, actions: Sequence[Action]) -> Outcomes:
        rows = [{"Id": a.record_id, **a.payload["properties"]} for a in actions]
        return self._client.update_collection(name, rows)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """By key: a record with our values is one we have written."""
        return [self._found(action) for action in actions]

    def _found(self, action: Action) -> Found:
        names = ", ".join(["Id", *action.payload["properties"]])
        value = str(action.payload["key"]).replace("\\", "\\\\").replace("'", "\\'")
        soql = f"SELECT {names} FROM {action.object} WHERE {action.payload['key_field']} = '{value}'"
        rows = next(self._client.query_pages(soql)).records
        if rows and _stands(rows[0], action.payload["properties"]):
            return Found(str(rows[0]["Id"]))
        return NOT_THERE

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        held: dict[str, Mapping[str, Any] | None] = {}
        for name in dict.fromkeys(a.object for a, _ in actions):
            mine = [(a, i) for a, i in actions if a.object == name]
            fields = list(dict.fromkeys(n for a, _ in mine for n in a.payload["properties"]))
            ids = [i for _, i in mine]
            held |= dict(zip(ids, self._client.read_collection(name, ids, ["Id", *fields]), strict=True))
        return _taken_back(actions, held, self._remove, self._restore)

    def _remove(self, name: str, ids: list[str]) -> Mapping[str, RowResult]:
        return dict(zip(ids, self._client.delete_collection(ids), strict=True))

    def _restore(self, name: str, rows: list[tuple[str, Json]]) -> Mapping[str, RowResult]:
        done = self._client.update_collection(name, [{"Id": i, **values} for i, values in rows])
        return dict(zip([i for i, _ in rows], done, strict=True))


class HubSpotRecord(InHubSpot):
    """A record of any object."""

    kind: ClassVar[str] = "record"
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=60)

    @staticmethod
    def unfit(action: Action) -> str:
        return _unfit(action)

    def send(self, actions: Sequence[Action]) -> Outcomes:
        return _in_groups(actions, self._create, self._change)

    def _create(self, name: str, actions: Sequence[Action]) -> Outcomes:
        return self._client.batch_create(type_name(name), [{"properties": _texts(a)} for a in actions])

    def _change(self, name: str, actions: Sequence[Action]) -> Outcomes:
        return self._client.batch_update(
            type_name(name), [{"id": a.record_id, "properties": _texts(a)} for a in actions]
        )

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        found = []
        for action in actions:
            key = {"propertyName": action.payload["key_field"], "operator": "EQ",
                   "value": str(action.payload["key"])}  # fmt: skip
            rows = self._client.search_page(
                type_name(action.object), [*action.payload["properties"]], [key], limit=1
            ).results
            stands = rows and _stands(rows[0]["properties"], _texts(action))
            found.append(Found(str(rows[0]["id"])) if stands else NOT_THERE)
        return found

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        held: dict[str, Mapping[str, Any] | None] = {}
        for name in dict.fromkeys(a.object for a, _ in actions):
            mine = [(a, i) for a, i in actions if a.object == name]
            fields = list(dict.fromkeys(n for a, _ in mine for n in a.payload["properties"]))
            for row in self._client.batch_read(type_name(name), [i for _, i in mine], fields):
                held[str(row["id"])] = row["properties"]
        return _taken_back(actions, held, self._remove, self._restore)

    def _remove(self, name: str, ids: list[str]) -> Mapping[str, RowResult]:
        self._client.batch_archive(type_name(name), ids)
        return {i: RowResult(True, i) for i in ids}

    def _restore(self, name: str, rows: list[tuple[str, Json]]) -> Mapping[str, RowResult]:
        inputs = [{"id": i, "properties": {n: "" if v is None else _text(v) for n, v in values.items()}}
                  for i, values in rows]  # fmt: skip
        return dict(
            zip([i for i, _ in rows], self._client.batch_update(type_name(name), inputs), strict=True)
        )


def _texts(action: Action) -> dict[str, str]:
    return {name: _text(value) for name, value in action.payload["properties"].items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)
