"""What a run's handoffs and automations were decided from, kept beside routing's, and decided again.

Belongs here: those rows and their way back into the functions that decide. Only what came of something is
kept: who crossed a threshold or turned back below it, and each event that fired; the rows of everybody who
stayed where they were would be a copy of the marts for each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from pipelines.decisions import handoffs
from pipelines.decisions.automation import Fired, firing_id
from pipelines.decisions.handoffs import Crossing, Scored
from pipelines.rules.condition_values import moment, question
from pipelines.rules.handoff import HandoffRule
from pipelines.rules.stage_automation import DEAL_COLUMNS, Automation
from pipelines.state.decision_runs import DecidedRun, Input
from pipelines.state.handoffs import Score

HANDOFF, AUTOMATION = "handoff", "automation"
Kept = tuple[DecidedRun, list[Input]]


def of_handoffs(
    run_id: str, at: datetime, live: Sequence[tuple[HandoffRule, datetime]], people: Iterable[Scored],
    positions: Mapping[str, int], before: Mapping[tuple[str, str], Score], crossed: Sequence[Crossing],
    after: Sequence[Score],
) -> Kept:  # fmt: skip
    """Who crossed, and who was known to stand on one side and stands on the other."""
    known = {person.person_id: person for person in people}
    made = {(c.rule.name, c.person_id): c for c in crossed}
    stand = {(s.handoff, s.person_id): s for s in after}
    rows = []
    for rule, person_id in sorted({*made, *(key for key in stand if key in before)}):
        crossing, score = made.get((rule, person_id)), stand.get((rule, person_id))
        was = before.get((rule, person_id))
        content = [*known[person_id], [was.is_armed, was.crossings] if was else None]
        rows.append(Input(run_id, HANDOFF, person_id, rule, _json(content), _json(_outcome(crossing, score))))
    told = _json({"rules": _rules(live), "positions": dict(positions)})
    return DecidedRun(run_id, HANDOFF, at, told, "{}", 0), rows


def of_automations(
    run_id: str, at: datetime, live: Sequence[tuple[Automation, datetime]], fired: Sequence[Fired]
) -> Kept:  # fmt: skip
    """Each event that fired, with the deal as it was."""
    rows = [
        Input(run_id, AUTOMATION, f.opportunity_id, f"{f.automation.name} {f.event_key}",
              _json([f.automation.name, dict(f.deal)]), _json(f.firing_id))
        for f in fired
    ]  # fmt: skip
    return DecidedRun(run_id, AUTOMATION, at, _json({"rules": _rules(live)}), "{}", 0), rows


def again(run: DecidedRun, rows: Sequence[Input]) -> dict[tuple[str, str], Any]:
    """(person or deal, event) -> what comes of it now, by the rules and the clock of the run."""
    rules = orjson.loads(run.rules)
    if run.kind == HANDOFF:
        return {(r.person_id, r.event_key): _crossed_again(rules, r) for r in rows}
    return {(r.person_id, r.event_key): _fired_again(rules, r, run.decided_at) for r in rows}


def _crossed_again(rules: Mapping[str, Any], row: Input) -> Any:
    kept = rules["rules"][row.event_key]
    # What was kept before handoffs had conditions has no place for them.
    person_id, score, created, position, stage, *outside, was = orjson.loads(row.content)
    rule = HandoffRule.model_validate(kept["rule"])
    person = Scored(person_id, score, _moment(created), position, stage, *outside)
    before = {(rule.name, person_id): Score(rule.name, person_id, *was)} if was else {}
    crossed, after = handoffs.crossings(
        rule, [person], rules["positions"], before, datetime.fromisoformat(kept["since"])
    )
    return _outcome(next(iter(crossed), None), next(iter(after), None))


def _fired_again(rules: Mapping[str, Any], row: Input, at: datetime) -> str | None:
    name, deal = orjson.loads(row.content)
    kept = rules["rules"][name]
    rule, happened = Automation.model_validate(kept["rule"]), _moment(deal["happened_at"])
    typed = {column: _typed(deal.get(column), kind) for column, kind in DEAL_COLUMNS.items()}
    typed |= {each: deal.get(each) for each in ("old_value", "new_value")}
    fires = (
        happened is not None
        and datetime.fromisoformat(kept["since"]) <= happened <= at
        and question(rule.when)(typed) is True
    )
    return firing_id(rule.name, row.person_id, deal["event_key"]) if fires else None


def _outcome(crossing: Crossing | None, score: Score | None) -> list[Any]:
    return [
        [crossing.handoff_id, crossing.reason] if crossing else None,
        [score.is_armed, score.crossings] if score else None,
    ]


def _typed(value: Any, kind: str) -> Any:
    if value is None:
        return None
    return float(value) if kind == "number" else _moment(value) if kind == "timestamp" else value


def _moment(text: str | None) -> datetime | None:
    """A moment, or a day at its beginning, as the warehouse has it."""
    return None if text is None else moment(text)


def _rules(live: Sequence[tuple[HandoffRule, datetime]] | Sequence[tuple[Automation, datetime]]) -> Any:
    return {rule.name: {"rule": rule.model_dump(mode="json"), "since": since} for rule, since in live}


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()
