"""Which clocks run over a refresh: by routing's escalation, by a handoff's sla; and what they come to now.

Belongs here: the evidence and the configuration that clocks are read by. What a clock is, is `escalation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import duckdb

from pipelines.decisions import due, escalation, evidence, routing, switching
from pipelines.decisions.escalation import Clock, Waiting
from pipelines.decisions.given import last_given
from pipelines.rules.handoff import Handoffs
from pipelines.rules.routing import Routing
from pipelines.state import State, decision_runs
from pipelines.state.decision_runs import SeenRule
from pipelines.state.decisions import KeptDecision
from pipelines.state.handoffs import Handoff

_BACK = ("rejected", "recycled")


def counts_of(routing: Routing) -> evidence.Counts:
    """What counts as contact, by routing.yml."""
    rule = routing.file.escalation
    return (
        evidence.STRICT if rule is None else evidence.Counts(rule.counts_attempts, rule.counts_sequence_mail)
    )


def with_offers(standing: Sequence[KeptDecision], offers: Iterable[Handoff]) -> list[KeptDecision]:
    """Decisions, and each handoff to who had the person already, which nobody decided, as if it were one.

    Not what was offered before such handoffs had a clock, which kept no statuses: all of those that are open
    would run out at once, however old they are.
    """
    decided = {each.event_key for each in standing}
    found = list(standing)
    for offer in offers:
        event = f"handoff:{offer.handoff_id}"
        if offer.owner_email and offer.statuses and event not in decided:
            found.append(KeptDecision(
                offer.handoff_id, 0, offer.person_id, routing.KIND, "", offer.owner_email,
                f"handoff {offer.handoff}", offer.reason, offer.offered_at, offer.run_id, event,
                escalation.HANDOFF,
            ))  # fmt: skip
    return sorted(found, key=lambda each: each.decided_at)


class Watch:
    """The clocks of one run. `moments`: when those of earlier decisions are due next."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, state: State, routing: Routing, handoffs: Handoffs,
        ours: Iterable[tuple[str, str]], as_of: datetime, *, with_evidence: frozenset[str] | None = None,
    ) -> None:  # fmt: skip
        """`with_evidence`: of whom what stops clocks was read for this run, of everybody unless said; nobody
        else's runs out in it."""
        self.with_evidence = with_evidence
        self.connection, self.state, self.routing, self.handoffs = connection, state, routing, handoffs
        self.ours, self.as_of = ours, as_of
        self.seen: list[SeenRule] = []
        self.notes: list[str] = []
        self.moments: list[datetime] = []
        self.clocks: dict[str, Clock] = {}
        self.since: dict[str, datetime] = {}
        self._of_routing()
        self._of_handoffs()

    def waiting(
        self, standing: Sequence[KeptDecision], offers: Iterable[Handoff] = (), ended: Iterable[Handoff] = ()
    ) -> list[Waiting]:
        """Leads whose clock has run out, or whose owner is to be warned. `offers`: handoffs under way;
        `ended`: others, of which sales has to answer none that it gave back."""
        read, given_back = (
            self.with_evidence,
            {f"handoff:{each.handoff_id}" for each in ended if each.state in _BACK},
        )
        offers = [each for each in offers if each.state not in _BACK]
        standing = [
            each for each in with_offers(standing, offers)
            if each.event_key not in given_back and (read is None or each.person_id in read)
        ]  # fmt: skip
        if not self.clocks or not standing:
            return []
        latest = self._owned_by_decision(standing)
        starts = {decision.person_id: decision.decided_at for decision in latest}
        contacts = self.contacts(latest)
        rule, teams = self.routing.file.escalation, self.routing.teams
        accepted: frozenset[str] = frozenset()
        if rule is not None and rule.acceptance is not None:
            accepted = evidence.accepted(self.connection, starts, rule.accepted_statuses)
        self.moments += [at for at, _ in self.due(latest, contacts)]
        return escalation.overdue(latest, self.clocks, contacts, teams, self.as_of, self.since, accepted)

    def moments_of(self, given: Sequence[KeptDecision]) -> Iterable[datetime]:
        """When the clocks of decisions of this run are due."""
        return (at for at, _ in self.due(given, {}))

    def due(
        self, given: Sequence[KeptDecision], contacts: Mapping[str, datetime]
    ) -> Iterator[tuple[datetime, KeptDecision]]:
        """When which of these decisions are due."""
        return due.of_clocks(given, self.clocks, contacts, self.routing.teams, self.since)

    def contacts(self, given: Sequence[KeptDecision]) -> dict[str, datetime]:
        """Person -> when sales was first in touch since they were given away."""
        starts = {decision.person_id: decision.decided_at for decision in given}
        return evidence.first_contacts(
            self.connection, starts, self.ours, self.as_of, counts_of(self.routing)
        )

    def _of_routing(self) -> None:
        rule = self.routing.file.escalation
        if rule is None:
            return
        with self.state.reading() as reading:
            known = decision_runs.rules(reading, "escalation")
        switch = switching.switched(
            "escalation", [("routing", rule, None)], known, self.as_of,
            live_at_once=self.routing.file.new_rules == "live",
        )  # fmt: skip
        self.seen += switch.seen
        if "routing" in switch.shadow:
            self.notes.append("escalation is new or changed and waits for crm rules confirm")
        for live in switch.live:
            self.clocks["routing"], self.since["routing"] = Clock.of(live), switch.active_from["routing"]

    def _of_handoffs(self) -> None:
        for handoff in self.handoffs.rules:
            if handoff.sla.escalation != "none":
                rule, action = f"handoff {handoff.name}", f"reassign-to-{handoff.sla.escalation}"
                self.clocks[rule] = Clock(handoff.sla.first_contact, action)
                self.since[rule] = datetime.min.replace(tzinfo=self.as_of.tzinfo)

    def _owned_by_decision(self, standing: Sequence[KeptDecision]) -> list[KeptDecision]:
        """The latest decision about each person, if they are still with whom it gave them to."""
        owners = dict(
            self.connection.execute("select person_id, owner_id from marts.unified_leads").fetchall()
        )
        return [
            d for d, taken_from in last_given(filter(escalation.has_clock, standing)).values()
            if d.person_id in owners and owners[d.person_id] in (None, d.owner_email, *taken_from)
        ]  # fmt: skip
