"""A past run decided again from what it was decided from, and compared row by row.

Belongs here: rebuilding the fold of a run; handoffs and automations are `kept_runs`. It reads the state and
nothing else: no warehouse, no CRM.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipelines.decisions import credits, kept_runs, office
from pipelines.decisions.assignment import Assignment, Lead
from pipelines.errors import UsageError
from pipelines.rules.routing import RoutingRule, load_routing
from pipelines.state import State, decision_runs
from pipelines.state.decision_runs import DecidedRun, Input

KIND = "routing"
KINDS = (KIND, kept_runs.HANDOFF, kept_runs.AUTOMATION)


@dataclass(frozen=True)
class Replayed:
    """How many decisions were made again, and a sentence for each that came out otherwise."""

    rows: int
    differences: tuple[str, ...]


def replay(state: State, run_id: str) -> Replayed:
    """Decide a run again: routing, handoffs, automations. Raises UsageError when nothing of it was kept."""
    with state.reading() as connection:
        known = [
            run for kind in KINDS for run in decision_runs.runs(connection, kind) if run.run_id == run_id
        ]
        inputs = {run.kind: decision_runs.inputs(connection, run_id, run.kind) for run in known}
    if not known:
        raise UsageError(
            f"no run {run_id} decided anything", remedy="runs are in decisions.assignments.run_id"
        )
    rows, differences = 0, list[str]()
    for run in known:
        mine = inputs[run.kind]
        rows += len(mine)
        if run.kind == KIND:
            differences += _routing(run, mine)
            continue
        made = kept_runs.again(run, mine)
        differences += [
            f"{run.kind} of {row.person_id} ({row.event_key}): was {row.decided}, "
            f"is {orjson.dumps(is_now).decode()}"
            for row in mine
            if (is_now := made[row.person_id, row.event_key]) != orjson.loads(row.decided)
        ]
    return Replayed(rows, tuple(differences))


def _routing(run: DecidedRun, inputs: Sequence[Input]) -> list[str]:
    again = made_again(run, [orjson.loads(row.content) for row in inputs])
    before = {(row.person_id, row.event_key): orjson.loads(row.decided) for row in inputs}
    return [
        f"{key[0]} {key[1]}: was {_said(before[key])}, is {_said(again.get(key))}"
        for key in sorted(before)
        if again.get(key) != before[key]
    ]


def made_again(run: DecidedRun, leads: list[list[Any]]) -> dict[tuple[str, str], list[Any]]:
    """(person, event) -> the decision, by the rules, people, state and clock of the run."""
    rules = orjson.loads(run.rules)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in rules["files"].items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        routing = load_routing(Path(folder))
    live = [RoutingRule.model_validate(rule) for rule in rules["live"]]
    fold = office.fold(
        routing, live, frozenset(rules["active"]), rules["loads"], orjson.loads(run.state_before)
    )
    credits.credit(fold.pools, rules.get("credits", ()))
    made = fold.run([Lead(*values) for values in leads], run.decided_at.timestamp())
    return {(a.person_id, a.event_key): orjson.loads(orjson.dumps(list(a))) for a in made}


def _said(decided: list[Any] | None) -> str:
    if decided is None:
        return "not decided"
    a = Assignment(*decided)
    return f"{a.state} {a.owner_email or ''} ({a.reason})"
