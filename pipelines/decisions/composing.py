"""What is to be done about the decisions of a run: messages, queues, and the actions of handoffs, as rows.

Belongs here: which occasion makes which rows, and in which order. How a row is made is `doing`; deals are
`automation`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import get_args

import orjson

from pipelines.decisions.bookings import Booking
from pipelines.decisions.doing import About, Doing, Row
from pipelines.decisions.escalation import Waiting
from pipelines.decisions.evidence import Status
from pipelines.decisions.handoffs import Crossing
from pipelines.decisions.ids import short
from pipelines.decisions.journeys import TYPES as JOURNEY_TYPES
from pipelines.decisions.routing import Entering
from pipelines.errors import ConfigError
from pipelines.rules.actions import ActionType
from pipelines.rules.handoff import HandoffRule, Handoffs
from pipelines.rules.routing import Routing
from pipelines.state.decisions import KeptDecision
from pipelines.state.handoffs import Handoff

NEEDS_OWNER = frozenset({*get_args(ActionType)} - {"update-lifecycle", "assign-owner", *JOURNEY_TYPES})
NOTHING_TO_DO = ("update-lifecycle", "leave-journey")
"""Done where nothing is to be done: no record has a stage, or they are not in the journey."""


class Composer:
    """Makes the rows of one run. `open`: the handoffs that are under way; they are changed in place."""

    def __init__(
        self, doing: Doing, routing: Routing, handoffs: Handoffs, open_handoffs: list[Handoff],
        as_of: datetime,
        run_id: str,
    ) -> None:  # fmt: skip
        self.doing, self.routing, self.handoffs = doing, routing, handoffs
        self.open, self.as_of, self.run_id = open_handoffs, as_of, run_id
        self.new_handoffs: list[Handoff] = []

    def of_routing(self, new: Sequence[KeptDecision], waiting: Sequence[Waiting] = ()) -> list[Row]:
        """Queues are entered, and owners are told. `waiting`: what made leads pass on."""
        wanted, found = self.routing.file.notifications, []
        waits = {f"escalation:{each.root}:{each.level}": each.waited for each in waiting}
        told = set()
        for d in new:
            person = self.doing.facts.people.get(d.person_id)
            if person is None or d.state == "kept":
                continue
            about = About(
                d.decision_id,
                "routing",
                d.rule,
                d.reason.capitalize() + ".",
                person,
                self.doing.facts.owner(d.owner_email),
                d.previous_owner or None,
                d.team,
            )
            if d.state == "queued":
                found += self.doing.enrol_in_queue(about, d.team, self.routing.teams.queues[d.team])
                continue
            is_moved = bool(d.previous_owner)
            occasion = (
                "escalation" if d.caused_by == "escalation" else "reassignment" if is_moved else "new-lead"
            )
            tells = {
                "escalation": wanted.escalation,
                "reassignment": wanted.reassignment,
                "new-lead": wanted.new_lead,
            }
            given = (d.person_id, d.owner_email, d.decided_at)  # once, though it be of several records
            if tells[occasion] and given not in told:
                told.add(given)
                waited = {"waited": waits.get(d.event_key, "too long")} if occasion == "escalation" else {}
                row = self._message(replace(about, more=waited), occasion, wanted.channel)
                found += [row] if row else []
        return found

    def of_waiting(self, waiting: Sequence[Waiting]) -> list[Row]:
        """Warnings to owners; managers who are only told."""
        found = []
        for each in waiting:
            d = each.decision
            person = self.doing.facts.people.get(d.person_id)
            if person is None or (each.kind == "escalation" and each.to is not None):
                continue
            owner = (
                d.owner_email
                if each.kind != "escalation"
                else self.routing.teams.manager_of(d.owner_email, d.team)
            )
            key = f"{each.root}.{each.kind}.{each.level}.{each.waited}"
            about = About(
                key,
                "routing",
                "escalation",
                "it has to be answered in time.",
                person,
                self.doing.facts.owner(owner),
                d.owner_email,
                d.team,
                more={"waited": each.waited},
            )
            row = self._message(about, each.kind, self.routing.file.notifications.channel)
            found += [row] if row else []
        return found

    def _message(self, about: About, occasion: str, channel: str) -> Row | None:
        template = self.doing.notifications.templates.get(occasion, occasion)
        if not self.doing.templates.has(template):
            raise ConfigError(
                f"nobody can be told of a {occasion}: config/templates has no {template}.j2",
                where="templates",
                remedy="add it, or name another in notifications.yml",
            )
        return self.doing.message(about, template, channel, occasion)

    def of_crossings(
        self, crossed: Sequence[Crossing], owners: Mapping[str, KeptDecision],
        statuses: Mapping[str, Sequence[Status]],
    ) -> list[Row]:  # fmt: skip
        """`statuses`: those that the people's records have before anything is done."""
        found = []
        for crossing in crossed:
            decision = owners.get(f"handoff:{crossing.handoff_id}")
            owner = self._owner(crossing.rule, crossing.person_id, decision)
            before = {each.record_key: each.value for each in statuses.get(crossing.person_id, ())}
            row = self._handoff_row(crossing, owner, before)
            rows, undone = self._of_handoff(crossing.rule, row, decision)
            self.new_handoffs.append(row._replace(undone="\n".join(undone)))
            found += rows
        return found

    def of_unfinished(self, unfinished: Sequence[Handoff], owners: Mapping[str, KeptDecision]) -> list[Row]:
        """What could not be made when these were offered, and can be now: somebody can take it, say. What was
        made then is not made again."""
        found = []
        rules = {rule.name: rule for rule in self.handoffs.rules}
        for handoff in unfinished:
            decision, rule = owners.get(f"handoff:{handoff.handoff_id}"), rules.get(handoff.handoff)
            owner = handoff.owner_email or (rule and self._owner(rule, handoff.person_id, decision))
            if rule is None or not owner:
                continue
            place, left = self.open.index(handoff), waiting_in(handoff, rule)
            taken = handoff._replace(owner_email=owner)
            rows, undone = self._of_handoff(rule, taken, decision, only=left)
            self.open[place] = taken._replace(undone="\n".join(undone))
            found += rows
        return found

    def _owner(self, rule: HandoffRule, person_id: str, decision: KeptDecision | None) -> str | None:
        """Who takes somebody who is handed over: by the decision, or who has them where none is asked for."""
        if decision is not None:
            return decision.owner_email
        person = self.doing.facts.people.get(person_id)
        return person.owner if person is not None and rule.keeps_owner else None

    def _of_handoff(
        self, rule: HandoffRule, handoff: Handoff, decision: KeptDecision | None,
        only: Collection[str] | None = None,
    ) -> tuple[list[Row], list[str]]:  # fmt: skip
        """The actions of a handoff in their order, and the names of those that cannot be made yet: what needs
        an owner waits until there is one. `only`: of these actions."""
        person = self.doing.facts.people.get(handoff.person_id)
        if person is None:
            return [], [action.name for action in rule.actions if action.type != "assign-owner"]
        owner = self.doing.facts.owner(handoff.owner_email or None)
        about = About(handoff.handoff_id, "handoff", f"handoff {rule.name}", handoff.reason, person, owner,
                      decision.previous_owner if decision else None, decision.team if decision else "",
                      more={"next_step": rule.next_step, "handoff": rule.name})  # fmt: skip
        made: dict[str, list[Row]] = {}
        undone = []
        for action in rule.actions:
            if action.type == "assign-owner":
                made.update({action.name: []} if owner is not None else {})
                continue
            missing = [need for need in action.needs if need not in made]
            rows: list[Row] = []
            if owner is None and action.type in NEEDS_OWNER:
                undone.append(action.name)
                continue
            if missing:
                self.doing.notes.append(f"{action.name} of a handoff is not done: it needs {missing[0]}")
            else:
                needs = tuple(row.action_key for need in action.needs for row in made[need])
                rows = [row.needing(needs) for row in self.doing.of_person(action, about)]
            if rows or (not missing and action.type in NOTHING_TO_DO):
                made[action.name] = rows
            else:
                undone.append(action.name)
        found = [row for name, rows in made.items() if only is None or name in only for row in rows]
        if owner is not None and any(action.type == "update-lifecycle" for action in rule.actions):
            found += self.doing.lead_record(about)
        return found, undone

    def of_events(self, entering: Sequence[Entering]) -> list[Row]:
        """Whom an event brings into a journey, once an event."""
        found = []
        for each in entering:
            person = self.doing.facts.people.get(each.person_id)
            if person is not None:
                about = About(
                    short(f"event:{each.journey}:{each.key}"), "routing", f"event {each.kind}",
                    f"{each.kind} brings them into {each.journey}.", person, None,
                )  # fmt: skip
                found += self.doing.journey("journey", "enter-journey", about, each.journey, {})
        return found

    def of_bookings(self, bookings: Sequence[Booking]) -> list[Row]:
        """A meeting is tied to the deal it is about."""
        return [
            Row(
                f"{short(f'booking:{b.meeting_id}')}.deal", "routing", "associate", "hubspot", "meetings",
                self.doing.facts.key("hubspot", "deals", b.deal_id), b.person_id,
                {"to": "deals", "from_id": b.meeting_id}, (), "decided", "booking",
                f"{b.title} was booked and the person has one open deal.",
            )
            for b in bookings
        ]  # fmt: skip

    def recycled(self, rejected: Sequence[Handoff]) -> list[Row]:
        """What sales gave back goes to the stage that config names, and the handoff is recycled."""
        rules, found = {rule.name: rule for rule in self.handoffs.rules}, []
        for handoff in rejected:
            rule, person = rules.get(handoff.handoff), self.doing.facts.people.get(handoff.person_id)
            if rule is None or person is None:
                continue
            about = About(handoff.handoff_id, "handoff", f"handoff {rule.name}", handoff.reason, person,
                          self.doing.facts.owner(handoff.owner_email or None))  # fmt: skip
            found += self.doing.back_to(about, rule.recycle_to)
            place = self.open.index(handoff)
            self.open[place] = handoff._replace(
                state="recycled", changed_at=self.as_of, run_id=self.run_id,
                stage=rule.recycle_to if handoff.stage else "",
            )  # fmt: skip
        return found

    def _handoff_row(self, crossing: Crossing, owner: str | None, statuses: Mapping[str, str]) -> Handoff:
        return Handoff(
            crossing.handoff_id,
            crossing.rule.name,
            crossing.person_id,
            "offered",
            owner or "",
            crossing.reason,
            self.as_of,
            self.as_of,
            None,
            self.run_id,
            crossing.lead_score,
            orjson.dumps(dict(statuses), option=orjson.OPT_SORT_KEYS).decode(),
            stage=crossing.rule.stage or "",
        )


def waiting_in(handoff: Handoff, rule: HandoffRule) -> tuple[str, ...]:
    """The actions of a handoff that could not be made so far."""
    if handoff.left or handoff.owner_email:
        return handoff.left
    return tuple(action.name for action in rule.actions if action.type in NEEDS_OWNER)
