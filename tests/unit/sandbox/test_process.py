"""The sandbox as processes: state over restarts and kills, other worlds, ports, nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from sandbox.store import Store

from .conftest import Running, serving, signed_in

CONTACTS = "/crm/objects/2026-03/contacts"
Start = Callable[..., Any]
COMMAND = [sys.executable, "-m", "sandbox", "serve", "--size", "XS", "--home"]


@dataclass
class Started(Running):
    """A sandbox by its own command."""

    process: subprocess.Popen[str]


@pytest.fixture(scope="session")
def start() -> Start:
    @contextmanager
    def started(home: Path, *extra: str) -> Iterator[Started]:
        process = subprocess.Popen(
            [*COMMAND, str(home), *extra], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        try:
            with signed_in(ready) as running:
                yield Started(ready, running.hubspot, running.salesforce, process)
        finally:
            process.stdin.close()
            process.wait(15)
            process.stdout.close()

    return started


def _serve(home: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, str(home), *extra],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def _wait_until_gone(*pids: int) -> None:
    _wait_until(lambda: not any(_alive(pid) for pid in pids), "a server was left behind")


def test_state_clock_and_credentials_outlive_a_restart(fresh: Path, start: Start) -> None:
    with start(fresh) as first:
        made = first.hubspot.post(CONTACTS, json={"properties": {"email": "kept@restart.example"}}).json()[
            "id"
        ]
        first.hubspot.post("/_sandbox/clock", json={"now": "2027-01-01T00:00:00Z"})
        session = first.salesforce.headers["Authorization"]
    with serving(fresh) as second:
        assert (
            second.hubspot.get(f"{CONTACTS}/{made}").json()["properties"]["email"] == "kept@restart.example"
        )
        assert second.hubspot.get("/_sandbox/clock").json()["now"].startswith("2027-01-01T00:")
        assert second.ready["hubspot"]["token"] == first.ready["hubspot"]["token"]
        assert second.writes("hubspot", record_id=made)
        old = httpx.get(
            f"{second.ready['salesforce']['url']}/services/data/v67.0/limits",
            headers={"Authorization": session},
        )
        assert old.status_code == 200
        again = second.hubspot.post(CONTACTS, json={"properties": {"email": "next@restart.example"}})
        assert again.json()["id"] == str(int(made) + 1)


def test_of_two_servers_of_a_home_one_is_found_as_long_as_either_serves(fresh: Path) -> None:
    def found() -> str | None:
        ready = fresh / "ready.json"
        return orjson.loads(ready.read_bytes())["front"]["url"] if ready.exists() else None

    with ExitStack() as first, ExitStack() as second:
        longer = first.enter_context(serving(fresh)).ready["front"]["url"]
        with serving(fresh):
            assert found() == longer
        assert found() == longer
        other = second.enter_context(serving(fresh)).ready["front"]["url"]
        first.close()
        _wait_until(lambda: found() == other, "who is left is not found")
    assert found() is None


@pytest.mark.kill
def test_a_killed_server_keeps_whole_batches_or_none(fresh: Path, start: Start) -> None:
    with start(fresh, "--no-limits") as running:
        ids = [r["id"] for r in running.hubspot.get(CONTACTS, params={"limit": 100}).json()["results"]]
        answered: list[int] = []

        def write() -> None:
            for turn in range(10_000):
                inputs = [{"id": i, "properties": {"lead_score": str(turn)}} for i in ids]
                try:
                    running.hubspot.post(
                        f"{CONTACTS}/batch/update", json={"inputs": inputs}
                    ).raise_for_status()
                except httpx.HTTPError:
                    return
                answered.append(turn)

        writer = threading.Thread(target=write)
        writer.start()
        deadline = time.monotonic() + 10
        while len(answered) < 5 and time.monotonic() < deadline:
            time.sleep(0.001)
        os.kill(running.ready["hubspot"]["pid"], signal.SIGKILL)
        writer.join()
    with serving(fresh, "--no-limits") as running:
        page = running.hubspot.get(CONTACTS, params={"limit": 100, "properties": "lead_score"}).json()[
            "results"
        ]
        (score,) = {r["properties"]["lead_score"] for r in page}
        assert int(score) in (answered[-1], answered[-1] + 1)
        rows = running.writes("hubspot", field="lead_score")
        assert len(rows) == len(ids) * (int(score) + 1)


@pytest.mark.kill
def test_a_killed_parent_leaves_no_server_behind(fresh: Path, start: Start) -> None:
    with start(fresh) as running:
        os.kill(running.ready["pid"], signal.SIGKILL)
        running.process.wait(10)
        _wait_until_gone(running.ready["hubspot"]["pid"], running.ready["salesforce"]["pid"])


@pytest.mark.kill
def test_a_terminated_parent_takes_its_servers_along(fresh: Path, start: Start) -> None:
    with start(fresh) as running:
        os.kill(running.ready["pid"], signal.SIGTERM)
        assert running.process.wait(10) == 0
        _wait_until_gone(running.ready["hubspot"]["pid"], running.ready["salesforce"]["pid"])


def test_a_bulk_job_cut_short_by_a_kill_runs_when_the_server_is_back(fresh: Path) -> None:
    with serving(fresh) as running:
        job = running.salesforce.post(
            "/services/data/v67.0/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Task"}
        ).json()["id"]
    store = Store(fresh / "salesforce.sqlite")
    store.db.execute("update jobs set state = 'InProgress', records = 0")
    store.close()
    shutil.rmtree(fresh / "bulk")
    with serving(fresh) as running:
        url = f"/services/data/v67.0/jobs/query/{job}"
        _wait_until(
            lambda: running.salesforce.get(url).json()["state"] == "JobComplete", "the job does not end"
        )
        assert int(running.salesforce.get(f"{url}/results").headers["Sforce-NumberOfRecords"]) > 0


def test_another_world_in_the_home_is_refused_in_one_sentence(fresh: Path) -> None:
    answer = _serve(fresh, "--seed", "8")
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert "holds another world" in answer.stderr
    assert answer.stderr.strip().count("\n") == 0


def test_a_folder_with_other_things_in_it_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep me")
    answer = _serve(tmp_path)
    assert answer.returncode == 2
    assert "not empty" in answer.stderr
    assert (tmp_path / "precious.txt").read_text() == "keep me"


def test_a_world_that_is_not_there_is_refused(tmp_path: Path) -> None:
    answer = _serve(tmp_path / "home", "--world", str(tmp_path / "nowhere"))
    assert answer.returncode == 2
    assert "no folder" in answer.stderr
    assert not (tmp_path / "home").exists()


def test_a_port_in_use_is_one_sentence(fresh: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = _serve(fresh, "--salesforce-port", str(taken.getsockname()[1]))
    assert answer.returncode == 1
    assert "in use" in answer.stderr
    assert answer.stderr.strip().count("\n") == 0


def test_a_home_whose_making_was_cut_short_is_made_again(tmp_path: Path) -> None:
    home = tmp_path / "again"
    partial = home.with_name("again.making")
    partial.mkdir()
    (partial / "hubspot.sqlite").write_bytes(b"half a file")
    with serving(home) as running:
        assert running.hubspot.get(CONTACTS).status_code == 200
    assert not partial.exists()
    assert orjson.loads((home / "world.json").read_bytes())["identity"]["size"] == "XS"
