"""Events of deals for which an automation has fired already, though they are told otherwise now: the deal was
merged, or it has a partner in the other CRM, whose history is the one that is told since.

Belongs here: recognizing them. What an event is, and its key (`kind:stage:moment`), is `automation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import duckdb

from pipelines.state.handoffs import Firing

_OF_STAGES = ("entered", "left", "stayed", "won", "lost")
_STAYS = """
select opportunity_id, canonical_stage, entered_at, left_at from marts.stage_history
where list_contains($deals::varchar[], opportunity_id)
"""


class Stay(NamedTuple):
    stage: str
    entered_at: datetime
    left_at: datetime | None


class Told:
    """What automations have fired for. `aliases`: deals that are another one today."""

    def __init__(self, firings: Iterable[Firing] = (), aliases: Mapping[str, str] | None = None) -> None:
        self.ids: set[str] = set()
        self._keys: dict[tuple[str, str], list[str]] = {}
        for each in firings:
            self.ids.add(each.firing_id)
            deal = (aliases or {}).get(each.opportunity_id, each.opportunity_id)
            self._keys.setdefault((each.automation, deal), []).append(each.event_key)

    def of(self, automation: str, deal: str) -> Sequence[str]:
        return self._keys.get((automation, deal), ())


def aliases(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Deals that are another one today."""
    rows = connection.execute("select alias, id from marts.identity_aliases where entity = 'opportunity'")
    return dict(rows.fetchall())


def stays_of(connection: duckdb.DuckDBPyConnection, deals: Iterable[str]) -> dict[str, list[Stay]]:
    """Every stay of these deals, as it is told now."""
    found: dict[str, list[Stay]] = {}
    wanted = sorted(set(deals))
    for deal, *stay in connection.execute(_STAYS, {"deals": wanted}).fetchall() if wanted else ():
        found.setdefault(deal, []).append(Stay(*stay))
    return found


def is_retold(key: str, stage: str, fired: Iterable[str], stays: Sequence[Stay]) -> bool:
    """Whether an event, by its key, is one of those that fired: the same, or the same stay in this stage,
    which another history dates otherwise. What fired at a moment that this history has too is another event.
    """
    known = {moment for stay in stays for moment in (stay.entered_at, stay.left_at)}
    kind, _, at = _parts(key)
    for other in fired:
        other_kind, other_stage, then = _parts(other)
        if (other_kind, then) == (kind, at):  # whatever config calls the stage now
            return True
        if kind not in _OF_STAGES or other_kind != kind or (other_stage or stage) != stage or then in known:
            continue
        first, last = sorted((then, at))
        if not any(first < stay.entered_at < last and stay.stage != stage for stay in stays):
            return True
    return False


def _parts(key: str) -> tuple[str, str, datetime]:
    """Kind, stage (empty where the key has none) and moment."""
    kind, _, rest = key.partition(":")
    if kind in ("entered", "left", "stayed"):
        stage, _, rest = rest.partition(":")
        return kind, stage, datetime.fromisoformat(rest)
    return kind, "", datetime.fromisoformat(rest)
