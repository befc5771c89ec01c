"""Handoffs that are under way: of whom they are now, what is left of them to do, and what no longer is.

Belongs here: pure functions over kept rows. Where a handoff stands is `handoffs`, what its actions become
`composing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from pipelines.decisions.composing import waiting_in
from pipelines.rules.handoff import HandoffRule
from pipelines.state.handoffs import Handoff, PendingAction, Score

OPEN = ("offered", "accepted")
Today = Callable[[Sequence[str]], Sequence[str]]
"""Who ids stand for now, in their order."""


def of_today(kept: Sequence[Handoff], today: Today) -> list[Handoff]:
    """Handoffs by who the people are now."""
    now = today([each.person_id for each in kept])
    return [each._replace(person_id=person_id) for each, person_id in zip(kept, now, strict=True)]


def scores_of_today(
    known: Mapping[tuple[str, str], Score], today: Today
) -> tuple[dict[tuple[str, str], Score], list[Score]]:
    """Scores by who people are now, and what is to be kept for that. Whoever was handed over, or stood above,
    under any of their ids did so; an id that is none any more says nothing."""
    ids = sorted({person_id for _, person_id in known})
    now = dict(zip(ids, today(ids), strict=True))
    found = {key: score for key, score in known.items() if now[key[1]] == key[1]}
    moved = []
    for (name, old), score in known.items():
        person_id = now[old]
        if person_id == old or (score.is_armed and not score.crossings):
            continue
        was = found.get((name, person_id), Score(name, person_id, True, 0))
        crossings = max(was.crossings, score.crossings)
        merged = Score(name, person_id, was.is_armed and score.is_armed, crossings)
        found[name, person_id] = merged
        moved += [merged, Score(name, old, True, 0)]
    return found, moved


def without_owner(
    handoffs: Iterable[Handoff], rules: Mapping[str, HandoffRule]
) -> list[tuple[HandoffRule, str, str]]:
    """(rule, person, handoff) of those that nobody could take so far: they are asked about again."""
    return [
        (rules[each.handoff], each.person_id, each.handoff_id) for each in handoffs
        if each.state in OPEN and not each.owner_email and each.handoff in rules
    ]  # fmt: skip


def unfinished(
    handoffs: Iterable[Handoff], rules: Mapping[str, HandoffRule], as_of: datetime
) -> list[Handoff]:
    """Open ones of which something could not be made so far, as long as offers last."""
    return [
        each for each in handoffs
        if each.state in OPEN and (rule := rules.get(each.handoff)) is not None and waiting_in(each, rule)
        and as_of < each.offered_at + rule.expires_after
    ]  # fmt: skip


def given_up(handoffs: Iterable[Handoff], pending: Iterable[PendingAction]) -> set[str]:
    """Keys of what waits of handoffs that have ended: nobody who was given back is enrolled after that. The
    way back itself is still gone."""
    ended = {each.handoff_id for each in handoffs if each.state not in OPEN}
    keys = (row.action_key.partition(".") for row in pending)
    return {
        f"{handoff_id}.{action}" for handoff_id, _, action in keys
        if handoff_id in ended and not action.startswith("recycle")
    }  # fmt: skip
