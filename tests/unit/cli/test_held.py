"""Nobody changes the world under somebody who works in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli import world as worlds
from cli.held import LOCK, entered
from cli.world import World
from pipelines.errors import Exit, Locked

SEEDED = World.named(None)


def other(tmp_path: Path) -> World:
    folder = tmp_path / "npsp"
    folder.mkdir(exist_ok=True)
    return World.named(str(folder))


def test_a_world_in_use_is_not_switched_and_its_holder_is_named(tmp_path: Path) -> None:
    home = tmp_path / "var"
    with entered(home, SEEDED, "crm sandbox"):
        (home / "warehouse.duckdb").write_text("seeded")
        with pytest.raises(Locked, match=rf"crm sandbox \(pid {os.getpid()}\)") as refused:
            with entered(home, other(tmp_path), "crm build"):
                pass
    assert refused.value.exit_code == Exit.LOCKED
    assert worlds.current(home) == SEEDED
    assert (home / "warehouse.duckdb").read_text() == "seeded"


def test_those_who_work_in_the_same_world_share_it_and_all_are_named(tmp_path: Path) -> None:
    home = tmp_path / "var"
    with entered(home, SEEDED, "crm sandbox"), entered(home, SEEDED, "crm build"):
        with pytest.raises(Locked, match=r"crm sandbox .* and crm build"):
            with entered(home, other(tmp_path), "crm build"):
                pass


def test_when_the_last_has_left_worlds_may_be_switched(tmp_path: Path) -> None:
    home = tmp_path / "var"
    with entered(home, SEEDED, "crm sandbox") as switched:
        assert not switched
    assert (home / LOCK).read_text() == ""
    with entered(home, other(tmp_path), "crm build") as switched:
        assert switched


HOLDER = """
import sys, time
from pathlib import Path
from cli.held import entered
from cli.world import World
with entered(Path(sys.argv[1]), World.named(None), "crm sandbox"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.kill
def test_a_killed_holder_is_neither_waited_for_nor_named(tmp_path: Path) -> None:
    home = tmp_path / "var"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Locked, match=f"pid {holder.pid}"), entered(home, other(tmp_path), "crm build"):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with entered(home, other(tmp_path), "crm build") as switched:
        assert switched
        assert [json.loads(line)["holder"] for line in (home / LOCK).read_text().splitlines()] == [
            "crm build"
        ]
