"""What every test may lean on: data outside the project, and the loop run once on the smallest world."""

from __future__ import annotations

import gc
import os
import shutil
import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

from pipelines import transform
from pipelines.settings import Settings
from sandbox.worlds.create import Wish, open_home
from tests.fixtures.once import once

PROJECT = Path(__file__).resolve().parent.parent
# A machine that is busy makes a test slow, not wrong.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

OUTSIDE = PROJECT.parent / "shared"
BRIEF = ("architecture", "clients", "contract")
MEMORY, ROOM = Path("/dev/shm"), 8 * 1024**3


def pytest_configure() -> None:
    """Thousands of small databases are made, and each commit of one waits for the disk: where there is memory
    for them, they are made in it. A test that ends well leaves nothing there."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM and _available() > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def _available() -> int:
    """Bytes of memory that nobody uses, by Linux's own account."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return int(found["MemAvailable"].split()[0]) * 1024


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In which order workers take files: what others wait for begins at once, beside what waits for
    nothing; then what takes long; and small files last, so that no worker is left alone with a long one."""
    pairs = sorted({item.path for item in items if item.path.parent.name == "pairs"})

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(PROJECT / "tests").parts
        if folder[0] != "e2e":
            return 2 if folder[:2] == ("unit", "transform") else 1 if folder[0] in BRIEF else 5
        if item.path in pairs[1:]:
            return 4  # the first of them lives the scenario for all
        return 0 if folder[1] == "test_loop.py" else 3

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Python looks for garbage as seldom as in a command, and no more through what all tests have loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@pytest.fixture(autouse=True, scope="session")
def trust() -> Iterator[None]:
    """Whom httpx trusts is read once, not for each of the thousands of clients that ask this machine without
    encryption: it takes longer than what they ask."""

    @cache
    def read(of: tuple[str | None, ...], verify: Any, cert: Any, trust_env: bool) -> ssl.SSLContext:
        return httpx.create_ssl_context(verify, cert, trust_env)

    def made(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
        return read(tuple(map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))), verify, cert, trust_env)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", made)
        yield


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of dbt in a home, the project being parsed: all homes share what came of that."""

    def make(folder: Path) -> bytes:
        settings = Settings(home=folder / "var", config_dir=PROJECT / "config")
        transform.load_manifest(settings)
        settings.paths.dbt_target.mkdir(parents=True, exist_ok=True)
        return b""

    folder, _ = once(tmp_path_factory, worker_id, "parsed", make)
    return Settings(home=folder / "var", config_dir=PROJECT / "config").paths.dbt_target


@pytest.fixture(scope="session")
def smallest_world(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A home of the sandbox with its smallest default world, made once for all workers. Copy it before
    anything is changed in it or serves it."""

    def make(folder: Path) -> bytes:
        open_home(folder / "home", Wish("default", "XS"), lambda _: None)
        return b""

    folder, _ = once(tmp_path_factory, worker_id, "world", make)
    return folder / "home"


@pytest.fixture(scope="session")
def outside_data() -> Path:
    """The folder of data files beside the project; the test is skipped, and says so, where it is absent."""
    folder = OUTSIDE / "data"
    if not folder.is_dir():
        pytest.skip("there is no ../shared/data beside the project")
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the project's own configuration, to be changed at will."""
    return Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
