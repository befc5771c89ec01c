"""A past run decided again from what it was decided from, and compared row by row.

Belongs here: rebuilding the fold of a run. It reads the state and nothing else: no warehouse, no CRM.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipelines.decisions import credits, office
from pipelines.decisions.assignment import Assignment, Lead
from pipelines.errors import UsageError
from pipelines.rules.routing import RoutingRule, load_routing
from pipelines.state import State, decision_runs
from pipelines.state.decision_runs import DecidedRun

KIND = "routing"


@dataclass(frozen=True)
class Replayed:
    """How many decisions were made again, and a sentence for each that came out otherwise."""

    rows: int
    differences: tuple[str, ...]


def replay(state: State, run_id: str) -> Replayed:
    """Decide a run again. Raises UsageError when nothing of it was kept."""
    with state.reading() as connection:
        found = next((run for run in decision_runs.runs(connection, KIND) if run.run_id == run_id), None)
        inputs = decision_runs.inputs(connection, run_id, KIND)
    if found is None:
        raise UsageError(
            f"no run {run_id} decided anything", remedy="runs are in decisions.assignments.run_id"
        )
    again = made_again(found, [orjson.loads(row.content) for row in inputs])
    before = {(row.person_id, row.event_key): orjson.loads(row.decided) for row in inputs}
    differences = [
        f"{key[0]} {key[1]}: was {_said(before[key])}, is {_said(again.get(key))}"
        for key in sorted(before)
        if again.get(key) != before[key]
    ]
    return Replayed(len(before), tuple(differences))


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
