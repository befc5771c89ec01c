"""One world and one first extract for the session; each test changes a copy of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.clients.hubspot import client
from pipelines.clients.rate_limit import Window

from .portal import Portal, serving


@pytest.fixture(autouse=True, scope="session")
def at_once() -> Iterator[None]:
    """The portals here have no rate limit, so nobody waits for one. What a header says still counts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "windows", lambda: {n: Window(10**6, 1.0) for n in ("calls", "search")})
        yield


@pytest.fixture(scope="session")
def pristine(smallest_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a portal that nothing was read from."""
    folder = tmp_path_factory.mktemp("hubspot")
    shutil.copytree(smallest_world, folder / "world")
    return folder


@pytest.fixture(scope="session")
def copied(pristine: Path, at_once: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a portal and the warehouse of its first extract of contacts, companies and deals."""
    folder = Path(shutil.copytree(pristine, tmp_path_factory.mktemp("copied") / "all"))
    with serving(folder) as portal:
        assert portal.extract().stale == ()
        portal.later()
    return folder


@pytest.fixture
def fresh(pristine: Path, tmp_path: Path) -> Iterator[Portal]:
    """A portal that nothing was read from."""
    with serving(Path(shutil.copytree(pristine, tmp_path / "all"))) as portal:
        yield portal


@pytest.fixture
def portal(copied: Path, tmp_path: Path) -> Iterator[Portal]:
    """A portal whose first extract was a minute ago."""
    with serving(Path(shutil.copytree(copied, tmp_path / "all"))) as portal:
        yield portal


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A portal that nothing was read from and that is not served yet, to put things into its store."""
    return Path(shutil.copytree(pristine, tmp_path / "all"))
