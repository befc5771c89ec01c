"""What is to be done about the decisions of a run: messages, queues, and the actions of handoffs, as rows.

Belongs here: which occasion makes which rows, and in which order. How a row is made is `doing`; deals are
`automation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pipelines.decisions.bookings import Booking
from pipelines.decisions.doing import About, Doing, Row
from pipelines.decisions.escalation import Waiting
from pipelines.decisions.handoffs import Crossing
from pipelines.decisions.ids import short
from pipelines.decisions.journeys import TYPES as JOURNEY_TYPES
from pipelines.decisions.routing import Entering
from pipelines.errors import ConfigError
from pipelines.rules.durations import text
from pipelines.rules.handoff import HandoffRule, Handoffs
from pipelines.rules.routing import Routing
from pipelines.state.decisions import KeptDecision
from pipelines.state.handoffs import Handoff


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

    def of_routing(self, new: Sequence[KeptDecision]) -> list[Row]:
        """Queues are entered, and owners are told."""
        wanted, found = self.routing.file.notifications, []
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
            if tells[occasion]:
                waited = (
                    {"waited": _waited(d, self.routing, self.handoffs)} if occasion == "escalation" else {}
                )
                about = About(**{**about.__dict__, "more": waited})
                row = self._message(about, occasion, wanted.channel)
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

    def of_crossings(self, crossed: Sequence[Crossing], owners: Mapping[str, KeptDecision]) -> list[Row]:
        found = []
        for crossing in crossed:
            decision = owners.get(f"handoff:{crossing.handoff_id}")
            person = self.doing.facts.people.get(crossing.person_id)
            keeps = all(a.type != "assign-owner" or a.method == "keep-owner" for a in crossing.rule.actions)
            owner = decision.owner_email if decision else person.owner if person and keeps else None
            row = self._handoff_row(crossing, owner)
            self.new_handoffs.append(row)
            found += self._of_handoff(crossing.rule, row, decision)
        return found

    def of_ownerless(self, offered: Sequence[Handoff], owners: Mapping[str, KeptDecision]) -> list[Row]:
        """Somebody can take it now: what waited for an owner is done."""
        found = []
        rules = {rule.name: rule for rule in self.handoffs.rules}
        for handoff in offered:
            decision = owners.get(f"handoff:{handoff.handoff_id}")
            if decision is not None and handoff.handoff in rules:
                place = self.open.index(handoff)
                self.open[place] = handoff._replace(owner_email=decision.owner_email)
                found += self._of_handoff(rules[handoff.handoff], self.open[place], decision)
        return found

    def _of_handoff(self, rule: HandoffRule, handoff: Handoff, decision: KeptDecision | None) -> list[Row]:
        """The actions of a handoff in their order; what needs an owner waits until there is one."""
        person = self.doing.facts.people.get(handoff.person_id)
        if person is None:
            return []
        owner = self.doing.facts.owner(handoff.owner_email or None)
        about = About(handoff.handoff_id, "handoff", f"handoff {rule.name}", handoff.reason, person, owner,
                      decision.previous_owner if decision else None, decision.team if decision else "",
                      more={"next_step": rule.next_step, "handoff": rule.name})  # fmt: skip
        made: dict[str, list[Row]] = {}
        for action in rule.actions:
            needs_owner = action.type not in ("update-lifecycle", *JOURNEY_TYPES)
            if action.type == "assign-owner" or (owner is None and needs_owner):
                continue
            missing = [need for need in action.needs if need != "assign-owner" and not made.get(need)]
            if missing:
                self.doing.notes.append(f"{action.name} of a handoff is not done: it needs {missing[0]}")
                continue
            needs = tuple(row.action_key for need in action.needs for row in made.get(need, ()))
            made[action.name] = [row.needing(needs) for row in self.doing.of_person(action, about)]
        found = [row for rows in made.values() for row in rows]
        if owner is not None and any(action.type == "update-lifecycle" for action in rule.actions):
            found += self.doing.lead_record(about)
        return found

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
            self.open[place] = handoff._replace(state="recycled", changed_at=self.as_of, run_id=self.run_id)
        return found

    def _handoff_row(self, crossing: Crossing, owner: str | None) -> Handoff:
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
        )


def _waited(decision: KeptDecision, routing: Routing, known: Handoffs) -> str:
    rule = routing.file.escalation
    return text(rule.timeout if rule is not None else known.rules[0].sla.first_contact)
