"""From a form that somebody sends to the message in Slack, with `crm listen` as a process of its own.

`python -m benchmarks listening [--home DIR] [--forms N]`: DIR is a home that `crm build` has built, without
it one is built. The two configurations people bring along are confirmed, forms are sent at any moment of the
wait between two looks, and the clock runs until Slack has the message. Then owner, task and message are
counted: each is there once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from benchmarks.homes import built
from benchmarks.processes import BIN, cpu_seconds
from cli.sandbox_process import connected, running
from pipelines.settings import as_environment, load_settings
from tests.fixtures.brought_along import a_team_s_config

_LONGEST = 300.0
_READY = "listening:"


def main(arguments: Sequence[str] = ()) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks listening")
    options.add_argument("--home", type=Path)
    options.add_argument("--forms", type=int, default=8)
    options.add_argument("--size", default="S")
    asked = options.parse_args(arguments)
    with built(asked.size, asked.home) as home:
        waits, seconds = _measured(home, asked.size, asked.forms)
    print(
        f"| {asked.size} | {len(waits)} | {statistics.median(waits):.1f} | {max(waits):.1f} | {seconds:.0f} |"
    )


def _measured(home: Path, size: str, forms: int) -> tuple[list[float], float]:
    """Seconds from each form to its message, and the CPU seconds that `crm listen` took for all of them."""
    sandbox = home / "sandbox"
    with (
        tempfile.TemporaryDirectory(prefix="crm-bench-") as folder,
        running(sandbox, "default", size=size, extra=("--no-limits",)) as ready,
    ):
        config = a_team_s_config(Path(folder))
        given = load_settings({"CRM_HOME": str(home), "CRM_CONFIG": str(config)}, vendors=False)
        environment = as_environment(connected(given, ready), {"COLUMNS": "200"})
        for command in (("listen", "--once"), ("rules", "confirm")):
            _crm(environment, *command)
        with listening(environment) as process:
            waits = [_form(ready, sandbox, number) for number in range(forms)]
            return waits, cpu_seconds(process.pid)


def _form(ready: dict[str, Any], sandbox: Path, number: int) -> float:
    """Send one at some moment, and wait for the message. Raises unless everything is there, once."""
    time.sleep(random.Random(number).uniform(0, 30))
    name, begun = f"Bench{number}x{int(time.time())}", time.monotonic()
    send_form(ready, sandbox, f"{name.lower()}@bench.example", name)
    while not messages(ready, name):
        if time.monotonic() - begun > _LONGEST:
            raise SystemExit(f"no message within {_LONGEST:.0f} s")
        time.sleep(0.2)
    waited = time.monotonic() - begun
    time.sleep(3)
    contact, owner, tasks = stored(sandbox, f"{name.lower()}@bench.example")
    assert owner, f"contact {contact} has no owner"
    assert tasks == 1, f"contact {contact} has {tasks} tasks"
    found = messages(ready, name)
    assert len(found) == 1, found
    print(f"form {number}: {waited:.1f} s", flush=True)
    return waited


def send_form(ready: dict[str, Any], sandbox: Path, email: str, name: str) -> None:
    with contextlib.closing(sqlite3.connect(sandbox / "hubspot.sqlite")) as store:
        form = store.execute("select id from forms where archived = 0 order by id limit 1").fetchone()[0]
    said = {"email": email, "firstname": name, "lastname": "Tester", "jobtitle": "tier 90"}
    portal = ready["hubspot"]["portal_id"]
    httpx.post(
        f"{ready['hubspot']['url']}/submissions/v3/integration/submit/{portal}/{form}",
        json={"fields": [{"name": key, "value": value} for key, value in said.items()]},
    ).raise_for_status()


def messages(ready: dict[str, Any], name: str) -> list[str]:
    """What Slack was told of somebody."""
    answer = httpx.get(f"{ready['webhooks']['url']}/_sandbox/slack").raise_for_status().json()
    return [each["text"] for each in answer["slack"] if name in each["text"] and "qualified" in each["text"]]


def stored(sandbox: Path, email: str) -> tuple[str, str, int]:
    """A contact's id and owner, and how many tasks hang on it."""
    with contextlib.closing(sqlite3.connect(sandbox / "hubspot.sqlite")) as store:
        found = "select id, props from contacts where json_extract(props, '$.email') = ?"
        key, props = store.execute(found, (email,)).fetchone()
        tasks = "select count(distinct from_id) from associations where from_type = 'tasks' " \
            "and to_type = 'contacts' and to_id = ?"  # fmt: skip
        return (
            str(key),
            json.loads(props).get("hubspot_owner_id") or "",
            store.execute(tasks, (key,)).fetchone()[0],
        )


@contextlib.contextmanager
def listening(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`crm listen` while it runs, once it has said that it is ready."""
    command = [f"{BIN}/crm", "listen", *arguments]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"    {line.rstrip()}", flush=True)
            if line.startswith(_READY):
                break
        else:
            raise RuntimeError("crm listen ended before it was ready")
        threading.Thread(target=_drain, args=(process,), daemon=True).start()
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(f"    {line.rstrip()}", flush=True)


def _crm(environment: dict[str, str], *arguments: str) -> None:
    command = [f"{BIN}/crm", *arguments]
    subprocess.run(command, env=environment, check=True)
