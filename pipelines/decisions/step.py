"""The decide step: handoffs, escalations, routing, automations, and what is to be done about them, in that
order.

Belongs here: the order, and what one part hands to the next. Nothing is kept in the state before the gates
have passed: `taken` does that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import duckdb

from pipelines.decisions import (
    action_tables,
    automation,
    bookings,
    due,
    evidence,
    facts,
    handoffs,
    kept_runs,
    named_statuses,
    offers,
    pending,
    retold,
    routing,
    switching,
)
from pipelines.decisions.composing import Composer, waiting_in
from pipelines.decisions.doing import Doing, Row
from pipelines.decisions.escalation import Waiting, has_clock
from pipelines.decisions.handoffs import Crossing
from pipelines.decisions.switching import Shadow
from pipelines.decisions.watch import Watch, counts_of, with_offers
from pipelines.rules.handoff import HandoffRule, Handoffs, load_handoffs
from pipelines.rules.notifications import load_notifications
from pipelines.rules.routing import Routing, RoutingRule, load_routing
from pipelines.rules.stage_automation import Automation, Automations, load_automations
from pipelines.rules.stages import load_stages
from pipelines.rules.templates import load_templates
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.state import State, decision_runs, met
from pipelines.state import handoffs as kept_handoffs
from pipelines.state.decision_runs import SeenRule
from pipelines.state.decisions import KeptDecision
from pipelines.state.handoffs import Handoff, Score

Rule = TypeVar("Rule", HandoffRule, Automation)


@dataclass
class Decided:
    """What the step came to, for people."""

    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def decide(
    connection: duckdb.DuckDBPyConnection, state: State, settings: Settings, run: Run, as_of: datetime,
    within: routing.Within | None = None, met_before: int | None = None,
) -> Decided:  # fmt: skip
    """Decide about everything that is due, and write the tables of schema `decisions`. `within`: about these
    people alone, who are the only ones in the marts; deals are left to a run over all. `met_before`: who was
    met without a refresh after that number is left alone, for these marts are older."""
    return Step(connection, state, settings, run, as_of, within, met_before).all()


class Step:
    """One run of the step."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        state: State,
        settings: Settings,
        run: Run,
        as_of: datetime,
        within: routing.Within | None = None,
        met_before: int | None = None,
    ) -> None:
        self.connection, self.state, self.settings, self.run, self.as_of = (
            connection,
            state,
            settings,
            run,
            as_of,
        )
        self.within, self.met_before = within, met_before
        self.routing: Routing = load_routing(settings.config_dir)
        self.handoffs: Handoffs = load_handoffs(settings.config_dir)
        self.automations: Automations = load_automations(settings.config_dir)
        self.told = Decided()
        self.seen: list[SeenRule] = []
        self.firings: list[kept_handoffs.Firing] = []
        self.new_handoffs: list[Handoff] = []
        self.scores: list[Score] = []
        self.shadow: list[Shadow] = []
        self.kept: list[kept_runs.Kept] = []
        """What handoffs and automations were decided from, to be decided again."""
        self.moments: list[datetime] = []
        """When something is due, though nothing new should come."""

    def look_up(self) -> None:
        """What is kept of handoffs, firings and actions; whom this run leaves alone is not asked about."""
        today = partial(routing.people_today, self.connection)
        with self.state.reading() as reading:
            later = met.after(reading, self.met_before) if self.met_before is not None else {}
            self.left = evidence.people_of(self.connection, later)
            everything = offers.of_today(kept_handoffs.load(reading), today)
            self.open = [
                h for h in everything if h.state in offers.OPEN and self._is_asked_about(h.person_id)
            ]
            ours = {h.handoff_id for h in self.open}
            self.closed = [h for h in everything if h.handoff_id not in ours]
            self.kept_scores, merged = offers.scores_of_today(kept_handoffs.scores(reading), today)
            self.scores = merged if self.within is None else []
            self.fired = kept_handoffs.firings(reading)
            self.pending = kept_handoffs.actions(reading)
            self.done = kept_handoffs.done_of(reading, [h.handoff_id for h in self.open])
            self.ours = kept_handoffs.made_by_us(reading)
        self.waits = [action_tables.row_of(row.content) for row in self.pending]
        self.here = pending.guarded(self.connection, self.waits, self._is_asked_about)
        if self.left:
            self.told.notes.append(
                f"{len(self.left):,} people were decided about since this refresh began; the next has them"
            )

    def all(self) -> Decided:
        self.look_up()
        standing = routing.standing(self.connection, self.state)
        crossed = self._crossed()
        watch = self.watch = Watch(
            self.connection, self.state, self.routing, self.handoffs, self.ours, self.as_of,
            with_evidence=None if self.within is None else self.within.with_evidence,
        )  # fmt: skip
        waiting = watch.waiting(standing, self.open, [*self.open, *self.closed])
        waiting = [each for each in waiting if each.decision.person_id not in self.left]
        self.seen += watch.seen
        self.told.notes += watch.notes
        if self.within is None:
            self.told.notes += named_statuses.unknown(self.connection, self.routing, self.handoffs)
        asked = self._asked(crossed, waiting)
        routed = routing.route(
            self.connection, self.state, self.settings, self.run, self.as_of, self.routing, standing, asked,
            self.within, self.left, self.ours,
        )  # fmt: skip
        self.told.counts |= routed.decided.counts
        self.told.notes += routed.decided.notes
        deals = self._deals() if self.within is None else []
        rows = self._rows(routed, crossed, waiting, deals)
        tables = action_tables.Tables(self.connection, self.run, self.as_of)
        dropped = self._not_wanted()
        known = {row.action_key for row in self.pending}
        waits = self._waiting(dropped)
        tables.actions(known, waits, rows, dropped)
        self.moments += [row.due_at for row in [*waits, *rows] if row.due_at is not None]
        scores = {(each.handoff, each.person_id): each for each in self.scores}
        tables.handoffs([*self.open, *self.new_handoffs], list(scores.values()))
        tables.all_handoffs([*self.closed, *self.open, *self.new_handoffs])
        tables.firings(self.firings)
        tables.seen(self.seen)
        tables.shadow(self.shadow)
        tables.runs(self.kept)
        self._keep_due(routed)
        if rows:
            self.told.counts["actions"] = len(rows)
        return self.told

    def _is_asked_about(self, person_id: str) -> bool:
        is_within = self.within is None or person_id in self.within.people
        return is_within and person_id not in self.left

    def _keep_due(self, routed: routing.Routed) -> None:
        """When the next decision is due that no event brings."""
        rules = {rule.name: rule for rule in self.handoffs.rules}
        given = [each for each in with_offers(routed.new, self.new_handoffs) if has_clock(each)]
        self.moments += [*self.watch.moments, *self.watch.moments_of(given)]
        self.moments += due.of_held(routed.decided.made)
        self.moments += [at for at, _ in due.of_offers([*self.open, *self.new_handoffs], rules)]
        self.moments += due.of_stays(self.connection, self.automations.rules, self.as_of)
        due.keep(self.connection, self.moments, self.as_of)

    # -- handoffs --------------------------------------------------------------------------------------

    def _switched(
        self, kind: str, rules: Sequence[Rule], at_once: bool
    ) -> tuple[list[tuple[Rule, datetime]], list[tuple[Rule, datetime]]]:
        """Rules that are acted upon, a changed one as it was confirmed last; and those that decide in shadow.
        Each with the moment since when it is active."""
        with self.state.reading() as reading:
            known = decision_runs.rules(reading, kind)
        listed = [(rule.name, rule, rule.active_from) for rule in rules]
        switch = switching.switched(kind, listed, known, self.as_of, live_at_once=at_once)
        self.seen += switch.seen
        since = switch.active_from
        live = [(rule, since[rule.name]) for rule in switch.live]
        return live, [(rule, since[rule.name]) for rule in rules if rule.name in switch.shadow]

    def _waits(self, kind: str, name: str, count: int) -> None:
        self.told.notes.append(
            f"{kind} {name} is new or changed and decides in shadow: {count:,} now, nothing done; "
            "crm rules confirm"
        )

    def _crossed(self) -> list[Crossing]:
        """Who is handed over now, and who would be by rules in shadow."""
        live, shadow = self._switched("handoff", self.handoffs.rules, self.handoffs.new_rules == "live")
        found: list[Crossing] = []
        moved: list[Score] = []
        asked = [rule for rule, _ in [*live, *shadow]]
        people, positions = handoffs.scored(self.connection, asked) if asked else ([], {})
        people = [person for person in people if person.person_id not in self.left]
        for rule, since in live:
            too_old = handoffs.too_old(rule, people, positions, self.kept_scores, since)
            if too_old:
                self.told.notes.append(
                    f"handoff {rule.name} leaves {too_old:,} people alone who were above before it was active"
                )
            crossed, scores = handoffs.crossings(rule, people, positions, self.kept_scores, since)
            found += crossed
            moved += scores
        self.scores += moved
        if found:
            self.kept.append(
                kept_runs.of_handoffs(
                    self.run.id, self.as_of, live, people, positions, self.kept_scores, found, moved
                )
            )
        acting = {rule.name for rule, _ in live}
        for rule, since in shadow:
            would, scores = handoffs.crossings(rule, people, positions, self.kept_scores, since)
            self.shadow += [Shadow.of_handoff(crossing) for crossing in would]
            self._waits("handoff", rule.name, len(would))
            if rule.name not in acting:
                self.scores += handoffs.looked_at(scores, would, self.kept_scores)
        if found:
            self.told.counts["handoffs"] = len(found)
        self.handoffs = replace(self.handoffs, rules=tuple(rule for rule, _ in live))
        self._settle({person.person_id: person.position for person in people}, positions)
        return found

    def _settle(self, at: Mapping[str, int], positions: Mapping[str, int]) -> None:
        """Where open handoffs stand by what the CRMs show. `at`: how far people have come."""
        rules = {rule.name: rule for rule in self.handoffs.rules}
        statuses = evidence.statuses(self.connection, [h.person_id for h in self.open])
        contacts = self._contacts()
        waiting = {row.action_key.partition(".")[0] for row in self.pending}
        waiting |= {key.partition(".")[0] for key, state in self.done.items() if state != "confirmed"}
        nobodys = evidence.without_owner(self.connection, [h.person_id for h in self.open])
        for place, handoff in enumerate(self.open):
            if handoff.handoff in rules:
                rule = rules[handoff.handoff]
                is_done = handoff.handoff_id not in waiting
                is_done = is_done and (rule.keeps_owner or handoff.person_id not in nobodys)
                self.open[place] = handoffs.settled(
                    handoff, rule, statuses.get(handoff.person_id, ()), contacts.get(handoff.handoff_id),
                    is_done and not waiting_in(handoff, rule), self.as_of, self.run.id,
                    is_past=handoffs.is_past(rule, at.get(handoff.person_id, 0), positions),
                )  # fmt: skip

    def _contacts(self) -> dict[str, datetime]:
        """Handoff -> when sales was first in touch since it was offered; somebody may be in two."""
        found: dict[str, datetime] = {}
        left, counts = list(self.open), counts_of(self.routing)
        while left:
            of_person = {each.person_id: each for each in left}
            since = {person_id: each.offered_at for person_id, each in of_person.items()}
            at = evidence.first_contacts(self.connection, since, self.ours, self.as_of, counts)
            found |= {of_person[person_id].handoff_id: moment for person_id, moment in at.items()}
            left = [each for each in left if of_person[each.person_id] is not each]
        return found

    # -- what is routed --------------------------------------------------------------------------------

    def _asked(self, crossed: Sequence[Crossing], waiting: Sequence[Waiting]) -> routing.Asked:
        rules: dict[str, RoutingRule] = {}
        events, exclude = [], {}
        handed = [(each.rule, each.person_id, each.handoff_id) for each in crossed]
        handed += offers.without_owner(self.open, {rule.name: rule for rule in self.handoffs.rules})
        for rule, person_id, handoff_id in handed:
            if not rule.keeps_owner:
                name = f"handoff {rule.name}"
                rules[name] = _internal(name, rule.name, "handoff", method="territory")
                events.append((person_id, f"handoff:{handoff_id}", rule.name, "handoff"))
        for each in waiting:
            if each.kind == "escalation" and each.to is not None:
                name = f"escalation to {each.to}"
                rules[name] = _internal(name, each.to, "escalation", team=each.to, moves_worked=True)
                key = f"escalation:{each.root}:{each.level}"
                events.append((each.decision.person_id, key, each.to, "escalation"))
                exclude[key] = each.decision.owner_email
        return routing.Asked(tuple(rules.values()), tuple(events), exclude)

    # -- stage automation ------------------------------------------------------------------------------

    def _deals(self) -> list[automation.Fired]:
        live, shadow = self._switched(
            "automation", self.automations.rules, self.automations.new_rules == "live"
        )
        found: list[automation.Fired] = []
        told = retold.Told(self.fired, retold.aliases(self.connection)) if live or shadow else retold.Told()
        for rule, since in live:
            fired, too_old = automation.firing(self.connection, rule, told, since, self.as_of)
            found += fired
            if too_old:
                self.told.notes.append(
                    f"automation {rule.name} leaves {too_old:,} events alone that were before it was active"
                )
        if found:
            self.kept.append(kept_runs.of_automations(self.run.id, self.as_of, live, found))
        for rule, since in shadow:
            would, _ = automation.firing(self.connection, rule, told, since, self.as_of)
            self.shadow += [Shadow.of_automation(fired) for fired in would]
            self._waits("automation", rule.name, len(would))
        self.firings = [
            kept_handoffs.Firing(
                f.firing_id, f.automation.name, f.opportunity_id, f.event_key, self.as_of, self.run.id
            )
            for f in found
        ]
        return found

    # -- what is done ----------------------------------------------------------------------------------

    def _rows(
        self, routed: routing.Routed, crossed: Sequence[Crossing], waiting: Sequence[Waiting],
        deals: Sequence[automation.Fired],
    ) -> list[Row]:  # fmt: skip
        rules = {rule.name: rule for rule in self.handoffs.rules}
        unfinished = offers.unfinished(self.open, rules, self.as_of)
        rejected = [h for h in self.open if h.state == "rejected"]
        entering = self.within.entering if self.within is not None else ()
        of_deals = automation.people_of(self.connection, deals)
        people = {
            *(person for some in of_deals.values() for person in some),
            *(d.person_id for d in routed.new),
            *(c.person_id for c in crossed),
            *(h.person_id for h in unfinished),
            *(w.decision.person_id for w in waiting),
            *(h.person_id for h in rejected),
            *(e.person_id for e in entering),
            *self.here.values(),
        }
        doing = Doing(
            facts.gather(self.connection, people, self.as_of, self.routing.teams.no_senders),
            self.routing.teams,
            load_stages(self.settings.config_dir), load_templates(self.settings.config_dir),
            load_notifications(self.settings.config_dir), self.as_of,
        )  # fmt: skip
        composer = Composer(doing, self.routing, self.handoffs, self.open, self.as_of, self.run.id)
        owners = {d.event_key: d for d in [*routed.standing, *routed.new] if d.caused_by == "handoff"}
        rows = composer.of_routing(routed.new, waiting)
        rows += composer.of_waiting(waiting)
        before = evidence.statuses(self.connection, [each.person_id for each in crossed])
        rows += composer.of_crossings(crossed, owners, before)
        rows += composer.of_unfinished(unfinished, owners)
        rows += composer.recycled(rejected)
        rows += composer.of_bookings(bookings.untied(self.connection, _given_at(routed.standing)))
        rows += composer.of_events(entering)
        held = automation.held_by_records(self.connection, deals)
        by_deal = automation.DealRows(doing, self.as_of, of_deals, held)
        rows += [row for fired in deals for row in by_deal.of(fired)]
        self.new_handoffs, self.doing = composer.new_handoffs, doing
        self.told.notes += dict.fromkeys(doing.notes)
        rows = action_tables.together(rows, doing.notifications.together_from)
        return [replace(row, place=place) for place, row in enumerate(rows, start=1)]

    def _waiting(self, dropped: set[str]) -> list[Row]:
        """What waits and is still wanted, with what speaks against it today."""
        kept = [row for row in self.waits if row.action_key not in dropped]
        quiet = self.doing.notifications.quiet_hours
        return pending.at_their_hour(pending.today(kept, self.here, self.doing.facts), quiet, self.as_of)

    def _not_wanted(self) -> set[str]:
        """Reminders for what was filled meanwhile, and what was to be done of handoffs that have ended."""
        reminders = {row.action_key for row in self.pending if row.action_key.endswith(".reminder")}
        stale = automation.answered(self.connection, self.fired, reminders) if reminders else set()
        return stale | offers.given_up([*self.closed, *self.open], self.pending)


def _given_at(standing: Sequence[KeptDecision]) -> dict[str, datetime]:
    """When each person was given to who has them."""
    return {d.person_id: d.decided_at for d in standing if d.state == "assigned"}


def _internal(name: str, event: str, trigger: str, **more: object) -> RoutingRule:
    """A rule that other parts route by: it holds for its own event alone."""
    quoted = event.replace("'", "''")
    return RoutingRule.model_validate({"name": name, "when": f"event = '{quoted}'", "on": [trigger], **more})
