"""Routing: leads that nobody owns in any CRM get an owner, once, by the rules of `routing.yml`.

Belongs here: who is eligible, who is available, and the table `decisions.assignments` that the models read.
Whose turn it is is `assignment.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from pipelines.decisions.assignment import Assignment, Lead, Round, Turn, assign
from pipelines.errors import ConfigError
from pipelines.rules.conditions import named_columns
from pipelines.rules.routing import Routing, load_routing
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.state import State, decisions
from pipelines.state.decisions import KeptDecision

KIND = "routing"
_COLUMNS = pa.schema(
    [
        *((name, pa.string()) for name in ("decision_id", "person_id", "team", "owner_email")),
        *((name, pa.string()) for name in ("rule", "reason", "state")),
        ("decided_at", pa.timestamp("us", tz="UTC")),
        ("run_id", pa.string()),
        ("sequence", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Decided:
    """What a run decided: `assigned` and `held` are new, `standing` were decided before."""

    assigned: tuple[Assignment, ...]
    held: tuple[Assignment, ...]
    standing: int

    @property
    def counts(self) -> dict[str, int]:
        return {"assigned": len(self.assigned), "held": len(self.held), "standing": self.standing}

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each reason for which leads were held."""
        reasons = [assignment.reason for assignment in self.held]
        return tuple(f"{reasons.count(r):,} leads are held: {r}" for r in dict.fromkeys(reasons))


def decide(
    connection: duckdb.DuckDBPyConnection, state: State, settings: Settings, run: Run, as_of: datetime
) -> Decided:
    """Decide on new leads and write `decisions.assignments`: what stands, what is new, what is held.

    Nothing is kept in the state yet: that is `publish_decisions`, once the gates have passed.
    """
    routing = load_routing(settings.config_dir)
    with state.reading() as reading:
        kept = decisions.load(reading, KIND)
    standing = _standing(connection, kept)
    decided = {decision.person_id for decision in standing}
    leads = [lead for lead in _eligible(connection, routing) if lead.person_id not in decided]
    last_of_team = {decision.team: decision.owner_email for decision in kept}
    made = assign(leads, _rounds(routing), _available(connection, routing), last_of_team)
    assigned = tuple(a for a in made if a.owner_email is not None)
    held = tuple(a for a in made if a.owner_email is None)
    first = max((decision.sequence for decision in kept), default=0) + 1
    new = [_decision(a, run, as_of, first + n) for n, a in enumerate(assigned)]
    _write(connection, [*standing, *new], held, run, as_of)
    return Decided(assigned, held, len(standing))


def publish_decisions(state: Connection, connection: duckdb.DuckDBPyConnection) -> int:
    """Keep the assignments that the work file holds. Call it once the gates have passed. Returns how many."""
    rows = connection.execute(
        "select decision_id, sequence, person_id, ?, team, owner_email, rule, reason, decided_at, run_id "
        "from decisions.assignments where state = 'assigned' order by sequence",
        [KIND],
    ).fetchall()
    decisions.save(state, [KeptDecision(*row) for row in rows])
    return len(rows)


def _eligible(connection: duckdb.DuckDBPyConnection, routing: Routing) -> list[Lead]:
    """People without an owner in either CRM, each with its first matching rule, in one pass over the mart."""
    _check_columns(connection, routing)
    cases = " ".join(f"when ({rule.when}) then {index}" for index, rule in enumerate(routing.rules))
    try:
        rows = connection.execute(
            f"select person_id, created_at, case {cases} end from marts.unified_leads "
            "where owner_id is null order by person_id"
        ).fetchall()
    except (duckdb.BinderException, duckdb.ConversionException) as error:
        raise ConfigError(
            f"a condition of a rule cannot be asked of the people: {str(error).splitlines()[0]}",
            where="routing.yml", remedy="compare each column with a value of its own type",
        ) from None  # fmt: skip
    return [Lead(*row) for row in rows]


def _check_columns(connection: duckdb.DuckDBPyConnection, routing: Routing) -> None:
    there = {str(row[0]) for row in connection.execute("describe marts.unified_leads").fetchall()}
    for rule in routing.rules:
        for column in named_columns(rule.when):
            if column not in there:
                raise ConfigError(
                    f"rule {rule.name} names {column}, which marts.unified_leads does not have",
                    where="routing.yml", remedy="name one of its columns",
                )  # fmt: skip


def _available(connection: duckdb.DuckDBPyConnection, routing: Routing) -> frozenset[str]:
    """Members who are active in teams.yml and an active owner or user in at least one CRM."""
    rows = connection.execute(
        "select lower(trim(email)) from staging.stg_hubspot__owners where is_active "
        "union select lower(trim(email)) from staging.stg_salesforce__users where is_active"
    ).fetchall()
    in_a_crm = {row[0] for row in rows}
    return frozenset(m.email for m in routing.teams.members if m.active and m.email in in_a_crm)


def _rounds(routing: Routing) -> list[Round]:
    members: dict[str, list[Turn]] = {}
    for member in routing.teams.members:
        members.setdefault(member.team, []).append(Turn(member.email, member.position))
    return [Round(rule.name, rule.team, tuple(members.get(rule.team, ()))) for rule in routing.rules]


def _standing(connection: duckdb.DuckDBPyConnection, kept: Sequence[KeptDecision]) -> list[KeptDecision]:
    """Earlier decisions by the person's id of today; where people merged, the first decision stands."""
    aliases: Mapping[str, str] = dict(
        connection.execute("select alias, person_id from intermediate.int_person_aliases").fetchall()
    )
    by_person: dict[str, KeptDecision] = {}
    for decision in kept:
        person_id = _followed(decision.person_id, aliases)
        by_person.setdefault(person_id, decision._replace(person_id=person_id))
    return list(by_person.values())


def _followed(person_id: str, aliases: Mapping[str, str]) -> str:
    """The person that an id stands for now, however often people have been merged since."""
    seen = set()
    while person_id in aliases and person_id not in seen:
        seen.add(person_id)
        person_id = aliases[person_id]
    return person_id


def _decision(assignment: Assignment, run: Run, as_of: datetime, sequence: int) -> KeptDecision:
    assert assignment.owner_email is not None
    return KeptDecision(
        decision_id(assignment.person_id), sequence, assignment.person_id, KIND, assignment.team,
        assignment.owner_email, assignment.rule, assignment.reason, as_of, run.id,
    )  # fmt: skip


def decision_id(person_id: str) -> str:
    """One decision of a kind per person, so its id follows from both: a second one cannot be kept."""
    return hashlib.sha256(f"{KIND}:{person_id}".encode()).hexdigest()[:16]


def _write(
    connection: duckdb.DuckDBPyConnection, standing: Sequence[KeptDecision], held: Sequence[Assignment],
    run: Run, as_of: datetime,
) -> None:  # fmt: skip
    rows = [
        (d.decision_id, d.person_id, d.team, d.owner_email, d.rule, d.reason, "assigned", d.decided_at,
         d.run_id, d.sequence)
        for d in standing
    ] + [
        (decision_id(a.person_id), a.person_id, a.team, None, a.rule, a.reason, "held", as_of, run.id, None)
        for a in held
    ]  # fmt: skip
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in _COLUMNS]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _COLUMNS, strict=True)]
    connection.register("decided", pa.table(arrays, schema=_COLUMNS))
    connection.execute("create schema if not exists decisions")
    connection.execute("create or replace table decisions.assignments as select * from decided")
    connection.unregister("decided")
