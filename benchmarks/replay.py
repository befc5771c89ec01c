"""90 days of the sandbox, decided run by run, then every run decided again from what was kept of it.

`python -m benchmarks replay [DAYS] [DAYS A RUN]`: days pass in the smallest world, the loop decides, plans
and applies after each stretch of them, by every method there is, with hours, absences, clocks and handoffs.
Then each run is replayed and compared row by row with what the state holds as done. Belongs here: the team's
configuration of it, and the comparison.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from cli.sandbox_process import connected, running
from pipelines.decisions.replay import KIND, replay
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.state import State, decision_runs, decisions
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


def configured(folder: Path) -> Path:
    """The project's own files with rules of every kind, office hours and somebody on holiday."""
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    (target / "routing.yml").write_text(ROUTING)
    (target / "handoff.yml").write_text(HANDOFF)
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


def compared(settings: Settings) -> tuple[int, int, int, list[str]]:
    """Runs that decided, rows decided again, decisions that stand, and what differs."""
    differences: list[str] = []
    rows = 0
    with State.open(settings) as state:
        with state.reading() as reading:
            known = decision_runs.runs(reading, KIND)
            kept = {d.decision_id: d for d in decisions.load(reading, KIND)}
            inputs = {run.run_id: decision_runs.inputs(reading, run.run_id, KIND) for run in known}
        for run in known:
            again = replay(state, run.run_id)
            rows += again.rows
            differences += [f"{run.run_id}: {each}" for each in again.differences]
    done = {(d.run_id, d.event_key, d.owner_email or None) for d in kept.values()}
    for run_id, some in inputs.items():
        for row in some:
            made = orjson.loads(row.decided)
            if made[6] != "held" and (run_id, row.event_key, made[5]) not in done:
                differences.append(f"{run_id}: {row.event_key} is not what stands")
    return len(known), rows, len(kept), differences


def main(arguments: Sequence[str] = ()) -> int:
    days = int(arguments[0]) if arguments else 90
    step = int(arguments[1]) if len(arguments) > 1 else 5
    begun, spent = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        home, config = Path(folder) / "var", configured(Path(folder))
        runs = live(home, config, days, step)
        settings = load_settings({"CRM_HOME": str(home), "CRM_CONFIG": str(config)}, dotenv=home / "none",
                                 vendors=False)  # fmt: skip
        deciding, rows, stand, differences = compared(settings)
    print(
        "| days | runs | of these decided | rows decided again | decisions that stand | differ | s | CPU s |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {days} | {runs} | {deciding} | {rows:,} | {stand:,} | {len(differences)} | "
        f"{time.perf_counter() - begun:.0f} | {time.process_time() - spent:.0f} |"
    )
    for each in differences[:20]:
        print(each)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
