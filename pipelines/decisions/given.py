"""To whom each person was given last, and who had them until then.

Belongs here: reading that off decisions that stand. `int_last_assignments` says the same of a refresh.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pipelines.state.decisions import KeptDecision


class Given(NamedTuple):
    """The last decision, and whoever it took the person from: several, where more than one owner of theirs
    had left; they are decided about at one moment, a decision each."""

    decision: KeptDecision
    taken_from: tuple[str, ...] = ()


def last_given(decisions: Iterable[KeptDecision]) -> dict[str, Given]:
    """By person; they come in the order they were taken in."""
    found: dict[str, Given] = {}
    for each in sorted(decisions, key=lambda decision: decision.decided_at):
        known = found.get(each.person_id)
        is_one_moment = known is not None and known.decision.decided_at == each.decided_at
        before = known.taken_from if known is not None and is_one_moment else ()
        found[each.person_id] = Given(each, (*before, each.previous_owner) if each.previous_owner else before)
    return found
