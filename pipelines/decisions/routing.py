"""Routing: whoever something happened to that a rule is about gets an owner or a queue, once, with the
reason.

Belongs here: the step. Eligibility is `leads`, assignment is `assignment`, what is live is `switching`; the
tables that come of it are `routing_tables`. Nothing is kept in the state before the gates have passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import orjson

from pipelines.decisions import credits, office, routing_tables
from pipelines.decisions.assignment import Assignment, Lead
from pipelines.decisions.given import last_given
from pipelines.decisions.ids import decision_id
from pipelines.decisions.leads import Eligibility
from pipelines.decisions.loads import available, loads
from pipelines.decisions.switching import Switched, switched
from pipelines.rules.routing import Routing, RoutingRule, load_routing
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.state import State, decision_runs, decisions
from pipelines.state.decision_runs import SeenRule
from pipelines.state.decisions import KeptDecision

KIND = "routing"
_FEW = 1_000
_FILES = ("teams.yml", "calendars.yml", "fields.yml")


@dataclass(frozen=True)
class Decided:
    """What a run decided: `assigned`, `queued`, `kept` and `held` are new, `standing` were decided before."""

    made: tuple[Assignment, ...]
    standing: int
    too_old: Mapping[str, int] = field(default_factory=dict)
    """Rule -> how many it would have decided about, had they not happened before it was active."""
    in_shadow: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[str, ...] = ()

    def of(self, state: str) -> tuple[Assignment, ...]:
        return tuple(a for a in self.made if a.state == state)

    @property
    def counts(self) -> dict[str, int]:
        found = {
            "assigned": len(self.of("assigned")),
            "held": len(self.of("held")),
            "standing": self.standing,
        }
        extra = {
            "queued": len(self.of("queued")),
            "kept": len(self.of("kept")),
            "shadow": sum(self.in_shadow.values()),
        }
        return found | {name: count for name, count in extra.items() if count}

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each reason for which leads were held, and for what rules would have done."""
        reasons = [assignment.reason for assignment in self.of("held")]
        held = [f"{reasons.count(r):,} leads are held: {r}" for r in dict.fromkeys(reasons)]
        old = [
            (
                f"rule {rule} leaves {n:,} alone that happened before it was active; crm "
                "rules confirm --from takes them"
            )
            for rule, n in self.too_old.items()
        ]
        shadow = [
            (
                f"rule {rule} is new or changed and decides in shadow: {n:,} leads, nothing "
                "sent; crm rules confirm"
            )
            for rule, n in self.in_shadow.items()
        ]
        return (*held, *old, *shadow, *self.findings)


@dataclass(frozen=True)
class Asked:
    """What other parts want routed: their rules, and (person, key of the event, event, trigger)."""

    rules: tuple[RoutingRule, ...] = ()
    events: tuple[tuple[str, str, str, str], ...] = ()
    exclude: Mapping[str, str] = field(default_factory=dict)
    """Key of the event -> who must not get it."""


class Entering(NamedTuple):
    """Somebody whom an event brings into a journey. `key` is the event's: it happens once."""

    person_id: str
    journey: str
    key: str
    kind: str


@dataclass(frozen=True)
class Within:
    """A run about a few people, over marts in which they alone are."""

    people: frozenset[str]
    everyone: str
    """The schema that has the open leads of all, for loads."""
    with_evidence: frozenset[str] = frozenset()
    """Of these the calls, mails and meetings were read again too, so that a clock of theirs may run out."""
    entering: tuple[Entering, ...] = ()


@dataclass(frozen=True)
class Routed:
    """What came of routing: for people, and for what is done about it."""

    decided: Decided
    new: tuple[KeptDecision, ...]
    standing: tuple[KeptDecision, ...]


def decide(
    connection: duckdb.DuckDBPyConnection, state: State, settings: Settings, run: Run, as_of: datetime
) -> Decided:
    """Routing alone: decide on what happened and write its tables."""
    routing = load_routing(settings.config_dir)
    known = standing(connection, state)
    return route(connection, state, settings, run, as_of, routing, known, Asked()).decided


def standing(connection: duckdb.DuckDBPyConnection, state: State) -> list[KeptDecision]:
    """Earlier decisions, by who people are now."""
    with state.reading() as reading:
        return followed(connection, decisions.load(reading, KIND))


def route(
    connection: duckdb.DuckDBPyConnection, state: State, settings: Settings, run: Run, as_of: datetime,
    routing: Routing, standing: Sequence[KeptDecision], asked: Asked, within: Within | None = None,
    left: frozenset[str] = frozenset(), ours: frozenset[tuple[str, str]] = frozenset(),
) -> Routed:  # fmt: skip
    """Decide on what happened and write the tables of routing: what stands, what is new, what is held.
    `left`: people whom somebody else has just decided about. `ours`: (vendor, id) of what this project made:
    a meeting that it copied into the other CRM was not booked there."""
    with state.reading() as reading:
        known = decision_runs.rules(reading, KIND)
        before = decision_runs.state(reading, KIND)
        first = decisions.next_sequence(reading, KIND)
    switch = _switch(routing, known, as_of)
    deciding = _Deciding(connection, routing, as_of, standing, left, ours)
    live = (*switch.live, *asked.rules)
    leads, too_old = deciding.leads(live, switch, asked)
    known_credits = orjson.loads(before).get("credited", ())
    judged = standing if within is None else [d for d in standing if d.person_id in within.people]
    credited = credits.standing(connection, judged, routing.file.credits, ours)
    if within is not None:  # of nobody else is known how their turn came out
        others = set(known_credits) - {d.decision_id for d in judged}
        credited |= {d.decision_id: d for d in standing if d.decision_id in others}
    inputs = {
        "active": sorted(available(connection)),
        "loads": loads(connection, routing, standing, within.everyone if within else ""),
        "credits": [list(each) for each in credits.changes(credited, known_credits, standing)],
    }  # fmt: skip
    owners = dict(deciding.owners)
    made, after = deciding.fold(live, leads, inputs, orjson.loads(before))
    shadow = _in_shadow(deciding, routing, switch, inputs, before)
    decided = [a for a in made if a.state != "held"]
    new = [_decision(a, run, first + n, owners) for n, a in enumerate(decided)]
    tables = routing_tables.Tables(connection, run, as_of)
    tables.assignments([*standing, *new], [a for a in made if a.state == "held"])
    tables.shadow(shadow)
    tables.fairness(after.pools.fairness())
    rules = {
        "files": _texts(settings.config_dir, routing),
        "live": [rule.model_dump(mode="json") for rule in live],
    }
    pairs = list(zip(leads, _in_order(leads, made), strict=True))
    tables.run(rules | inputs, before, after.kept() | {"credited": sorted(credited)}, first, pairs)
    tables.seen(switch.seen)
    unreachable = (str(finding) for finding in routing.findings() if finding.kind == "unreachable")
    told = Decided(
        tuple(made), len(standing), too_old, _counted(a.rule for a in shadow),
        (*office.not_written(connection, new), *unreachable),
    )  # fmt: skip
    return Routed(told, tuple(new), tuple(standing))


publish_decisions = routing_tables.publish


def followed(connection: duckdb.DuckDBPyConnection, kept: Sequence[KeptDecision]) -> list[KeptDecision]:
    """Earlier decisions by the person's id of today; where people merged, the first decision stands."""
    by_event: dict[tuple[str, str], KeptDecision] = {}
    now = people_today(connection, [decision.person_id for decision in kept])
    for decision, person_id in zip(kept, now, strict=True):
        key = decision.event_key
        if person_id != decision.person_id and key.startswith("list:"):  # that key names the person
            key = f"{key.removesuffix(decision.person_id)}{person_id}"
        known = decision._replace(person_id=person_id, event_key=key)
        by_event.setdefault((person_id, key), known)
    return list(by_event.values())


def people_today(connection: duckdb.DuckDBPyConnection, people: Sequence[str]) -> list[str]:
    """Who these ids stand for now, in their order."""
    aliases: dict[str, str] = {}
    asked, known = set(people), set[str]()
    while asked:  # a few are asked for by name; with many of them it takes less to have all
        few = "where alias in (select unnest($asked::varchar[]))" if len(asked) <= _FEW else ""
        found = connection.execute(
            f"select alias, person_id from intermediate.int_person_aliases {few}",
            {"asked": list(asked)} if few else {},
        ).fetchall()
        aliases |= dict(found)
        known |= asked
        asked = {person_id for _, person_id in found} - known if few else set()
    return [_followed(person_id, aliases) for person_id in people]


def waiting(connection: duckdb.DuckDBPyConnection) -> frozenset[tuple[str, str]]:
    """(person, event) of leads that a rule held in the refresh before, for nobody could take them: they are
    not old to the rule that takes its place."""
    there = connection.execute(
        "select database_name from duckdb_tables() where schema_name = 'decisions' "
        "and table_name = 'assignments' order by database_name = current_database() desc limit 1"
    ).fetchone()
    if there is None:
        return frozenset()
    held = "select person_id, event_key from {}.decisions.assignments where state = 'held' and rule <> ''"
    return frozenset(connection.execute(held.format(f'"{there[0]}"')).fetchall())


class _Deciding:
    """One refresh's leads and people, asked once for live rules and once for those in shadow."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, routing: Routing, as_of: datetime,
        standing: Sequence[KeptDecision], left: frozenset[str] = frozenset(),
        ours: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:  # fmt: skip
        self.ours = ours
        self.connection, self.routing, self.as_of = connection, routing, as_of
        self.left = left
        self.decided = {(decision.person_id, decision.event_key) for decision in standing}
        self.previous = last_given(d for d in standing if d.owner_email)
        self.owners: dict[tuple[str, str], str | None] = {}
        """(person, key of the event) -> who had the person, or the record of theirs that it is about."""
        self.waiting = waiting(connection)

    def leads(
        self, rules: Sequence[RoutingRule], switch: Switched[RoutingRule] | None, asked: Asked
    ) -> tuple[list[Lead], dict[str, int]]:
        """Those to decide about, and by rule how many happened before it was active. Without `switch`
        all are decided about, however long ago."""
        eligibility = Eligibility(
            self.connection, self.routing, rules, self.as_of, self.previous, asked.events
        )
        handed_over = {person for person, _, _, trigger in asked.events if trigger == "handoff"}
        found: list[Lead] = []
        too_old: dict[str, int] = {}
        for lead in eligibility.leads():
            if (lead.person_id, lead.event_key) in self.decided or lead.arrived_at > self.as_of.timestamp():
                continue
            if lead.person_id in self.left or _is_of(lead, self.ours):
                continue
            if lead.trigger == "new-lead" and (
                lead.person_id in handed_over or lead.person_id in self.previous
            ):
                continue  # who is handed over gets an owner by that, and nobody is new twice
            rule = rules[lead.rule] if lead.rule is not None else None
            since = switch.since(rule.name) if rule is not None and switch is not None else None
            is_old = since is not None and lead.arrived_at < since.timestamp()
            if rule is not None and is_old and (lead.person_id, lead.event_key) not in self.waiting:
                too_old[rule.name] = too_old.get(rule.name, 0) + 1
            elif rule is not None or lead.trigger == "new-lead":
                found.append(lead._replace(exclude=asked.exclude.get(lead.event_key)))
                self.owners[lead.person_id, lead.event_key] = lead.owner
        return found, too_old

    def fold(
        self,
        rules: Sequence[RoutingRule],
        leads: Sequence[Lead],
        inputs: Mapping[str, Any],
        before: Mapping[str, Any],
    ) -> tuple[list[Assignment], Any]:
        folding = office.fold(self.routing, rules, frozenset(inputs["active"]), inputs["loads"], before)
        credits.credit(folding.pools, inputs["credits"])
        return folding.run(leads, self.as_of.timestamp()), folding


def _is_of(lead: Lead, ours: frozenset[tuple[str, str]]) -> bool:
    """Whether a meeting is a copy that this project made. The event's key begins with the record's."""
    if not lead.trigger.startswith("meeting-"):
        return False
    parts = lead.event_key.split(":")
    return len(parts) > 3 and (parts[0], parts[3]) in ours


def _switch(routing: Routing, known: Sequence[SeenRule], as_of: datetime) -> Switched[RoutingRule]:
    rules = [(rule.name, rule, rule.active_from) for rule in routing.rules]
    return switched(KIND, rules, known, as_of, live_at_once=routing.file.new_rules == "live")


def _in_shadow(
    deciding: _Deciding,
    routing: Routing,
    switch: Switched[RoutingRule],
    inputs: Mapping[str, Any],
    before: str,
) -> list[Assignment]:
    """What the file as it is would decide by the rules that are not confirmed."""
    if not switch.shadow:
        return []
    leads, _ = deciding.leads(routing.rules, None, Asked())
    made, _ = deciding.fold(routing.rules, leads, inputs, orjson.loads(before))
    return [a for a in made if a.rule in switch.shadow]


def _decision(
    a: Assignment, run: Run, sequence: int, owners: Mapping[tuple[str, str], str | None]
) -> KeptDecision:
    return KeptDecision(
        decision_id(KIND, a.person_id, a.event_key),
        sequence,
        a.person_id,
        KIND,
        a.team,
        a.owner_email or "",
        a.rule,
        a.reason,
        datetime.fromtimestamp(a.decided_at, UTC),
        run.id,
        a.event_key,
        a.trigger,
        a.state,
        a.pool,
        owners.get((a.person_id, a.event_key)) or "",
    )


def _in_order(leads: Sequence[Lead], made: Sequence[Assignment]) -> list[Assignment]:
    by_event = {(a.person_id, a.event_key): a for a in made}
    return [by_event[lead.person_id, lead.event_key] for lead in leads]


def _texts(config_dir: Path, routing: Routing) -> dict[str, str]:
    """The files that routing is written in, as they are."""
    names = (routing.file_name, *_FILES)
    return {n: (config_dir / n).read_text(encoding="utf-8") for n in names if (config_dir / n).is_file()}


def _counted(names: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def _followed(person_id: str, aliases: Mapping[str, str]) -> str:
    """The person that an id stands for now, however often people have been merged since."""
    seen = set()
    while person_id in aliases and person_id not in seen:
        seen.add(person_id)
        person_id = aliases[person_id]
    return person_id
