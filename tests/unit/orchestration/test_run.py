"""The doors of the command line: jobs by name, the instance's home, a taken port, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from orchestration import run
from orchestration.supervise import descendants
from pipelines.errors import CrmError, Exit, UsageError
from pipelines.settings import PROJECT_ROOT, as_environment, load_settings

FAMILY = "sleep 300 & setsid sleep 300 & echo ready; wait"
SUPERVISE = [sys.executable, "-m", "orchestration.supervise", "sh", "-c", FAMILY]
PARENT = f"""\
import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whatever the tests before this one left
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
subprocess.Popen({SUPERVISE!r}, stdin=subprocess.PIPE)
time.sleep(300)
"""


def test_an_unknown_job_is_one_sentence(settings):
    with pytest.raises(UsageError, match="there is no job 'everything'; use one of refresh, activation"):
        run.run_job("everything", settings)


def test_a_port_in_use_is_one_sentence(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CrmError, match=r"port \d+ is in use \(127.0.0.1\); choose another") as raised:
            run.dev(settings, taken.getsockname()[1])
    assert raised.value.exit_code == Exit.FAILED


def test_the_instance_is_local_and_tells_nobody(settings):
    home = run.prepare_home(settings)
    said = yaml.safe_load((home / "dagster.yaml").read_text())
    assert home == settings.paths.dagster_home
    assert said["telemetry"] == {"enabled": False}
    assert said["nux"] == {"enabled": False}


def test_a_child_loads_the_settings_we_have(settings):
    env = {k: v for k, v in as_environment(settings).items() if k.startswith(("CRM_", "HUBSPOT_"))}
    assert load_settings(env, dotenv=Path("none")).hubspot.token.reveal() == "not-a-token"
    assert load_settings(env, dotenv=Path("none")).home == settings.home


def alive(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.append(pid)
    return found


def gone(pids: list[int], within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pids)


@pytest.mark.kill
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_whoever_started_the_ui(number):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    family = descendants(parent.pid)
    assert len(family) == 4  # the supervisor, the shell, and two sleeps of which one left the group
    os.kill(parent.pid, number)
    parent.wait(30)
    assert gone(family)


@pytest.mark.kill
def test_the_supervisor_ends_its_tree_on_sigterm():
    with subprocess.Popen(
        SUPERVISE, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "ready\n"
        family = descendants(supervisor.pid)
        supervisor.terminate()
        assert supervisor.wait(10) == 0
        assert gone(family)


def test_the_supervisor_passes_on_how_its_command_ended():
    command = [sys.executable, "-m", "orchestration.supervise", "sh", "-c", "exit 3"]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=subprocess.PIPE) as supervisor:
        assert supervisor.wait(10) == 3
