"""90 days of the sandbox, decided run by run, then every run decided again from what was kept of it.

`python -m benchmarks replay [DAYS] [DAYS A RUN]`: days pass in the smallest world, the loop decides, plans
and applies after each stretch of them, by every method there is, with hours, absences, clocks, handoffs and
automations of deals. Then each run is decided again by `crm decide --replay`, and what it came to is compared
row by row with the decisions, handoffs and firings that stand. Belongs here: the team's configuration of it,
and the comparison.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.processes import BIN
from cli.sandbox_process import connected, running
from pipelines.decisions.replay import KIND, KINDS
from pipelines.settings import PROJECT_ROOT, Settings, as_environment, load_settings
from pipelines.state import State, decision_runs, decisions, handoffs
from pipelines.steps import Loop
from tests.fixtures.checks import NoChecks

ROUTING = """
new_rules: live
rules:
  - {name: booked, on: meeting-booked, when: previous_owner is not null, team: inbound, method: sticky-owner}
  - {name: back again, on: [re-engaged], team: inbound, method: round-robin, prefer: [sticky-owner]}
  - {name: warm, when: leadScore >= 40, team: enterprise-team, method: weighted, prefer: [account-owner]}
  - {name: middling, when: leadScore >= 20, team: mid-market-team, method: capacity-based}
  - {name: somewhere, when: country is not null, method: territory}
  - {name: cold, team: inbound, method: round-robin}
escalation: {timeout: 4h, action: reassign-to-manager, warn: [2h], acceptance: 8h}
notifications: {newLead: true, reassignment: true, escalation: true}
load: {default_cap: 40}
"""
HANDOFF = """
new_rules: live
handoffs:
  - trigger: {type: score-threshold, value: 45}
    actions:
      - {type: update-lifecycle, value: SQL}
      - {type: assign-owner, method: territory-based}
      - {type: create-task, taskType: follow-up-call, dueIn: 24h, priority: high}
"""
AUTOMATION = """
new_rules: live
automations:
  - {name: lost, on: lost, when: lost_reason is null, actions: [{type: ask-reason, remind_after: 7d}]}
  - {name: won, on: won, actions: [{type: create-task, taskType: thank-you, dueIn: 24h}]}
  - {name: moved on, on: entered, stage: negotiation, actions: [{type: create-task, taskType: proposal}]}
  - name: stuck
    on: stayed
    for: 10d
    when: is_closed = false
    actions: [{type: create-task, taskType: nudge}]
  - {name: new amount, on: amount-changed, actions: [{type: create-note, taskType: new-amount}]}
"""


def configured(folder: Path) -> Path:
    """The project's own files with rules of every kind, office hours and somebody on holiday."""
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    (target / "routing.yml").write_text(ROUTING)
    (target / "handoff.yml").write_text(HANDOFF)
    (target / "stage_automation.yml").write_text(AUTOMATION)
    teams = target / "teams.yml"
    teams.write_text(teams.read_text().replace("{zone: ", "{hours: office, zone: "))
    away = "absences:\n  - {person: jonah.pike@northwind.example, from: 2026-07-13, to: 2026-07-24}\n"
    calendars = target / "calendars.yml"
    calendars.write_text(calendars.read_text().replace("absences: []", away))
    return target


def live(home: Path, config: Path, days: int, step: int) -> int:
    """Let the days pass, deciding and writing after each `step` of them. Returns how many runs there were."""
    runs = 0
    with running(home / "sandbox", "default", size="XS") as ready:
        given = {"CRM_HOME": str(home), "CRM_CONFIG": str(config)}
        settings = connected(load_settings(given, dotenv=home / "none", vendors=False), ready)
        for passed in range(0, days + 1, step):
            if passed:
                tick = [sys.executable, "-m", "sandbox", "tick", "--home", str(home / "sandbox")]
                subprocess.run([*tick, "--days", str(step)], check=True, stdout=subprocess.DEVNULL)
            with Loop(settings, NoChecks()) as loop:
                loop.refresh()
                plan = loop.plan()
                if not plan.is_empty:
                    loop.apply(plan.path, force=True)
            runs += 1
    return runs


@dataclass(frozen=True)
class Compared:
    """Runs that decided, rows decided again by kind, rows that stand by kind, and what differs."""

    runs: int
    rows: Counter[str]
    stand: Counter[str]
    differences: list[str]


def compared(settings: Settings, environment: dict[str, str]) -> Compared:
    """Every run again, by the command; then what the runs came to beside what stands, both ways round."""
    with State.open(settings) as state, state.reading() as reading:
        known = [run for kind in KINDS for run in decision_runs.runs(reading, kind)]
        inputs = {(r.run_id, r.kind): decision_runs.inputs(reading, r.run_id, r.kind) for r in known}
        stand = {
            "routing": {
                (d.run_id, d.event_key, d.owner_email or None) for d in decisions.load(reading, KIND)
            },
            "handoff": {(h.handoff_id,) for h in handoffs.load(reading)},
            "automation": {(firing.firing_id,) for firing in handoffs.firings(reading)},
        }  # fmt: skip
    differences = [
        line for run_id in sorted({run.run_id for run in known})
        for line in _decided_again(run_id, environment)
    ]  # fmt: skip
    done = {kind: set[tuple[Any, ...]]() for kind in stand}
    rows: Counter[str] = Counter()
    for (run_id, kind), some in inputs.items():
        rows[kind] += len(some)
        for row in some:
            made = orjson.loads(row.decided)
            if kind == "routing" and made[6] != "held":
                done[kind].add((run_id, row.event_key, made[5]))
            elif kind == "handoff" and made[0] is not None:
                done[kind].add((made[0][0],))
            elif kind == "automation":
                done[kind].add((made,))
    for kind, standing in stand.items():
        differences += [f"{kind}: {each} was decided and does not stand" for each in done[kind] - standing]
        differences += [f"{kind}: {each} stands and was never decided" for each in standing - done[kind]]
    return Compared(
        len({run.run_id for run in known}), rows, Counter({k: len(v) for k, v in stand.items()}), differences
    )


def _decided_again(run_id: str, environment: dict[str, str]) -> list[str]:
    command = [f"{BIN}/crm", "decide", "--replay", run_id]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"{run_id}: {done.stdout}{done.stderr}"]


def main(arguments: Sequence[str] = ()) -> int:
    days = int(arguments[0]) if arguments else 90
    step = int(arguments[1]) if len(arguments) > 1 else 5
    begun, spent = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        home, config = Path(folder) / "var", configured(Path(folder))
        runs = live(home, config, days, step)
        given = {"CRM_HOME": str(home), "CRM_CONFIG": str(config)}
        settings = load_settings(given, dotenv=home / "none", vendors=False)
        found = compared(settings, as_environment(settings, {"COLUMNS": "200"}))
    print("| days | runs | of these decided | kind | rows decided again | stand | differ | s | CPU s |")
    print("| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for kind in KINDS:
        print(
            f"| {days} | {runs} | {found.runs} | {kind} | {found.rows[kind]:,} | {found.stand[kind]:,} | "
            f"{sum(kind in each for each in found.differences)} | {time.perf_counter() - begun:.0f} | "
            f"{time.process_time() - spent:.0f} |"
        )
    for each in found.differences[:20]:
        print(each)
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
