"""What happened to one person and is decided at one moment: the order in which it is, and who got them.

Belongs here: that order, and remembering the first decision. What follows from it is `assignment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.decisions.hours import FOREVER

if TYPE_CHECKING:
    from pipelines.decisions.assignment import Assignment, Lead

Order = tuple[float, float, str, float, float, str]
_ASKED = ("handoff", "escalation")
"""What other parts of the project ask for comes before what the rules of a file are about."""


class Together:
    """People to whom several things happened, which may be decided at one moment."""

    def __init__(self, leads: Sequence[Lead]) -> None:
        self.decided: dict[tuple[str, float], Assignment] = {}
        """(person, moment) -> who got them then, or whose hours they wait for."""
        self.people: dict[str, float] = {}
        """Person -> when the first of these things happened."""
        once: set[str] = set()
        for lead in leads:
            if lead.person_id in once:
                first = self.people.get(lead.person_id, FOREVER)
                self.people[lead.person_id] = min(first, lead.arrived_at)
            once.add(lead.person_id)
        for lead in leads if self.people else ():
            if lead.person_id in self.people:
                self.people[lead.person_id] = min(self.people[lead.person_id], lead.arrived_at)

    def order(self, lead: Lead) -> Order:
        """In the order in which they came; what happened to one person by the order of the rules."""
        arrived = self.people.get(lead.person_id)
        if arrived is None:
            return lead.at, lead.arrived_at, lead.person_id, 0.0, 0.0, lead.event_key
        rank = FOREVER if lead.rule is None else -1.0 if lead.trigger in _ASKED else float(lead.rule)
        return lead.at, arrived, lead.person_id, rank, lead.arrived_at, lead.event_key
