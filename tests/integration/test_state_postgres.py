"""The state in PostgreSQL, shared by machines that know nothing of one another; skipped without it."""

from __future__ import annotations

import os
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
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [
    Path(shutil.which("initdb") or "none")
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not below pytest's own, which each pytest that begins on this machine closes to other users again."""
    with tempfile.TemporaryDirectory(prefix="pg-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """A server of our own, over a socket in its folder."""
    if not _PROGRAMS[-1].exists():
        pytest.skip("PostgreSQL is not installed")
    programs = _PROGRAMS[-1].parent
    as_user: list[str] = []
    if os.getuid() == 0:  # it refuses to run as root
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")

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
