"""Finds out whether actions were done of which nobody knows, by looking for our key at the vendor.

Belongs here: looking, and settling what an interrupted apply left open. Nothing is done here: what turns out
not to be done is planned again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, RowMapping

from pipelines.reverse_sync.actions.base import Action, Channel, Doer, Done, Pause
from pipelines.reverse_sync.actions.records import joined
from pipelines.reverse_sync.actions.registry import Registry
from pipelines.reverse_sync.actions.undoing import Group, group_of
from pipelines.state import State, actions, identity
from pipelines.state.actions import Ended
from pipelines.state.journal import NOT_SENT, JournalState

UNDECIDED = "UNDECIDED"
"""Code of an `unknown` row that is settled: only a person can find out."""


def ended(
    action: Action, state: JournalState, code: str, message: str, channel: Channel, result_id: str = ""
) -> Ended:
    """How an action ended, now."""
    return Ended(action.action_key, state, code, message[:1000], "", result_id, channel.now)


def look(state: State, handler: Doer, channel: Channel, some: Sequence[Action]) -> list[Action]:
    """Settle those that are there, and those that nobody can look for. Returns those that are not there."""
    absent: list[Action] = []
    for start in range(0, len(some), handler.batch_size):
        batch = some[start : start + handler.batch_size]
        known = []
        for action, found in zip(batch, handler.look_up(batch), strict=True):
            if found.id:
                known.append(ended(action, "confirmed", "", "", channel, found.id))
            elif found.is_certain:
                absent.append(action)
            else:
                message = f"the answer was lost, and {channel.label} cannot be asked what became of it"
                known.append(ended(action, "unknown", UNDECIDED, message, channel))
        with state.writing() as connection:
            actions.settle(connection, known)
            tell_identity(connection, known, batch)
    return absent


def tell_identity(connection: Connection, rows: Sequence[Ended], of: Sequence[Action]) -> None:
    """A record that was created for another, or found in its place, is the same thing from now on."""
    by_key = {action.action_key: action for action in of}
    for row in rows:
        action = by_key.get(row.action_key)
        if action is None or row.state != "confirmed" or row.settled_at is None:
            continue
        learned = joined(action, row.result_id, row.object or action.object)
        if learned is not None:
            entity, source, partner = learned
            identity.decide(connection, identity.Decision(entity, source, partner, "same", row.settled_at))


def settle_open(state: State, channel: Channel, registry: Registry, pause: Pause) -> dict[str, int]:
    """Settle what an interrupted apply left open at one vendor. Returns how many ended how."""
    with state.reading() as connection:
        rows = actions.open_of(connection, channel.vendor)
        known = actions.standing(connection, sorted({k for row in rows for k in row["needs"].split()}))
    begun = {row["action_key"]: row["intended_at"] for row in rows}
    groups: dict[Group, list[Action]] = {}
    for row in rows:
        action = _action(row, known)
        groups.setdefault(group_of(action), []).append(action)
    for some in groups.values():
        _settle_group(state, channel, registry, pause, some, max(begun[a.action_key] for a in some))
    with state.reading() as connection:
        after = actions.standing(connection, [row["action_key"] for row in rows])
    states = [each.state for each in after.values()]
    return {"confirmed": states.count("confirmed"), "not_stored": states.count("intended"),
            "unknown": states.count("unknown")}  # fmt: skip


def _settle_group(
    state: State, channel: Channel, registry: Registry, pause: Pause, some: Sequence[Action], begun: datetime
) -> None:
    """Actions of one kind, the youngest of them begun at this moment."""
    handler = registry.doer(channel, some[0])
    if handler is None:
        _give_up(state, channel, some)
        return
    absent = look(state, handler, channel, some)
    young = (handler.lag - (channel.now - begun)).total_seconds()
    if absent and young > 0:
        pause(young)
        absent = look(state, handler, channel, absent)
    with state.writing() as connection:
        never = [ended(action, "intended", NOT_SENT, "it never arrived", channel) for action in absent]
        actions.settle(connection, never)


def _give_up(state: State, channel: Channel, some: Sequence[Action]) -> None:
    message = "nothing here knows how to look for it any more"
    with state.writing() as connection:
        actions.settle(connection, [ended(a, "unknown", UNDECIDED, message, channel) for a in some])


def _action(row: RowMapping, known: dict[str, actions.Standing]) -> Action:
    """An action as the journal has it."""
    needs = tuple(row["needs"].split())
    return Action(
        action_key=row["action_key"], sync=row["sync"], kind=row["operation"], vendor=row["vendor"],
        object=row["object"], record_key=row["record_key"], person_id=row["person_id"],
        payload=orjson.loads(row["after_value"] or "{}"), needs=needs, provider=row["provider"],
        rule=row["rule"], reason="", reversibility=row["reversibility"],
        results={k: Done(s.vendor, s.object, s.result_id) for k in needs if (s := known.get(k))},
    )  # fmt: skip
