"""From a form that somebody sends to the message in Slack, with `crm listen` as a process of its own.

`python -m benchmarks listening [--home DIR] [--forms N] [--webhooks]`: DIR is a home that `crm build` has
built, without it one is built. The two configurations people bring along are confirmed, forms are sent at any
moment of the wait between two looks, and the clock runs until Slack has the message. Then owner, task and
message are counted: each is there once. Every other form comes while a refresh is in the works.

With `--webhooks` HubSpot delivers events, on a way that loses the answer to each delivery twice: it
is delivered three times, and nobody waits for the next look.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from benchmarks.homes import built
from benchmarks.processes import BIN, cpu_seconds
from cli.listen import served
from cli.sandbox_process import connected, running
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.open import open_hubspot
from pipelines.settings import as_environment, load_settings
from tests.fixtures.brought_along import a_team_s_config

_LONGEST = 300.0
_READY = "listening:"


def main(arguments: Sequence[str] = ()) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks listening")
    options.add_argument("--home", type=Path)
    options.add_argument("--forms", type=int, default=8)
    options.add_argument("--size", default="S")
    options.add_argument("--webhooks", action="store_true")
    asked = options.parse_args(arguments)
    with built(asked.size, asked.home) as home:
        waits, seconds = _measured(home, asked)
    way = "webhooks, three times" if asked.webhooks else "polled"
    for name, some in (("", waits[::2]), ("amid a refresh", waits[1::2])):
        if some:
            print(
                f"| {asked.size} | {way} | {name} | {len(some)} | {statistics.median(some):.1f} | "
                f"{max(some):.1f} | {seconds:.0f} |"
            )


def _measured(home: Path, asked: argparse.Namespace) -> tuple[list[float], float]:
    """Seconds from each form to its message, and the CPU seconds that `crm listen` took for all of them."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crm-bench-"))
        world = running(home / "sandbox", "default", size=asked.size, extra=("--no-limits",))
        ready = stack.enter_context(world)
        config = a_team_s_config(Path(folder))
        given = load_settings({"CRM_HOME": str(home), "CRM_CONFIG": str(config)}, vendors=False)
        settings = connected(given, ready)
        environment = as_environment(settings, {"COLUMNS": "200"})
        for command in (("listen", "--once"), ("rules", "confirm")):
            _crm(environment, *command)
        more, lossy, url = list[str](), None, ""
        if asked.webhooks:
            lossy = Lossy(_free_port())
            url = stack.enter_context(served(lossy, 0))
            more = ["--port", str(lossy.port), "--public-url", url]
        process = stack.enter_context(listening(environment, *more))
        hubspot = stack.enter_context(open_hubspot(settings))
        if lossy is not None:
            _subscribe(hubspot, ready, url)
        bench = Bench(ready, home / "sandbox", hubspot, lossy)
        return [bench.form(number) for number in range(asked.forms)], cpu_seconds(process.pid)


class Lossy:
    """The way to `crm listen`: it gets every delivery, and of each the first two answers are lost."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.times: Counter[bytes] = Counter()
        self._client = httpx.AsyncClient()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        there = f"http://127.0.0.1:{self.port}{scope['path']}"
        answer = await self._client.post(there, content=body, headers=scope["headers"])
        answer.raise_for_status()
        said = b",".join(sorted(f"{e['objectId']} {e['occurredAt']}".encode() for e in orjson.loads(body)))
        self.times[said] += 1
        status = answer.status_code if self.times[said] > 2 else 500
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def _subscribe(hubspot: HubSpotClient, ready: dict[str, Any], url: str) -> None:
    app = f"/webhooks/v3/{ready['hubspot']['app_id']}"
    hubspot.change("PUT", f"{app}/settings", {"targetUrl": f"{url}/hubspot"})
    for kind, name in (("contact.creation", ""), ("deal.propertyChange", "amount")):
        said = {"eventType": kind, "active": True} | ({"propertyName": name} if name else {})
        hubspot.change("POST", f"{app}/subscriptions", said)


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@dataclass
class Bench:
    """The sandbox while `crm listen` runs beside it."""

    ready: dict[str, Any]
    sandbox: Path
    hubspot: HubSpotClient
    lossy: Lossy | None
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def form(self, number: int) -> float:
        """Send one at some moment, and wait for the message. Raises unless everything is there, once."""
        time.sleep(random.Random(number).uniform(0, 30))
        name = f"Bench{number}x{int(time.time())}"
        if number % 2:
            self._a_refresh_is_in_the_works()
        begun = time.monotonic()
        send_form(self.ready, self.sandbox, f"{name.lower()}@bench.example", name)
        while not messages(self.ready, name):
            if time.monotonic() - begun > _LONGEST:
                raise SystemExit(f"no message within {_LONGEST:.0f} s")
            time.sleep(0.2)
        waited = time.monotonic() - begun
        print(f"form {number}: {waited:.1f} s", flush=True)
        for seconds in (60, 180) if self.lossy is not None else ():
            clock = f"{self.ready['hubspot']['url']}/_sandbox/clock"
            httpx.post(clock, json={"advance_seconds": seconds}).raise_for_status()
            time.sleep(5)
        time.sleep(8)
        contact, owner, tasks = stored(self.sandbox, f"{name.lower()}@bench.example")
        assert owner, f"contact {contact} has no owner"
        assert tasks == 1, f"contact {contact} has {tasks} tasks"
        found = messages(self.ready, name)
        assert len(found) == 1, found
        if self.lossy is not None:
            of_contact = f",{contact} ".encode()
            assert max(n for said, n in self.lossy.times.items() if of_contact in b"," + said) == 3
        return waited

    def _a_refresh_is_in_the_works(self) -> None:
        """A change of a deal begins one where events are delivered, otherwise a meeting that is booked, which
        is asked for. Comes back at some moment of it."""
        lock = self.sandbox.parent / "warehouse.lock"
        if self.lossy is None:
            self.hubspot.list_page("meetings", ["hs_timestamp"])  # tells the time
            now = f"{self.hubspot.server_time:%Y-%m-%dT%H:%M:%SZ}"
            meeting = {"hs_timestamp": now, "hs_meeting_title": "Demo", "hs_meeting_outcome": "SCHEDULED"}
            assert all(self.hubspot.batch_create("meetings", [{"properties": meeting}]))
        else:
            (deal,) = self.hubspot.list_page("deals", ["amount"]).results[:1]
            amount = str(round(float(deal["properties"]["amount"] or 0) + 1))
            self.hubspot.batch_update("deals", [{"id": str(deal["id"]), "properties": {"amount": amount}}])
        begun = time.monotonic()
        while not lock.read_bytes():
            if time.monotonic() - begun > 2 * _LONGEST:
                raise SystemExit("no refresh was begun")
            time.sleep(0.1)
        time.sleep(self.chance.uniform(0, 20))
        print(f"    a refresh is{'' if lock.read_bytes() else ' no longer'} in the works", flush=True)


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
        process.wait(240)  # a refresh that is under way is finished first


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(f"    {line.rstrip()}", flush=True)


def _crm(environment: dict[str, str], *arguments: str) -> None:
    command = [f"{BIN}/crm", *arguments]
    subprocess.run(command, env=environment, check=True)
