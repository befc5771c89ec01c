"""One world and one first extract for the session; each test changes a copy of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .loop import Loop, serving


@pytest.fixture(scope="session")
def pristine(smallest_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an org that nothing was read from."""
    folder = tmp_path_factory.mktemp("salesforce")
    shutil.copytree(smallest_world, folder / "world")
    return folder


@pytest.fixture(scope="session")
def copied(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an org and the warehouse of its first extract."""
    folder = Path(shutil.copytree(pristine, tmp_path_factory.mktemp("copied") / "all"))
    with serving(folder) as loop:
        fetched = loop.extract()
        assert fetched.stale == ()
        assert loop.differences() == []
        loop.later()
    return folder


@pytest.fixture
def fresh(pristine: Path, tmp_path: Path) -> Iterator[Loop]:
    """An org that nothing was read from."""
    with serving(Path(shutil.copytree(pristine, tmp_path / "all"))) as loop:
        yield loop


@pytest.fixture
def loop(copied: Path, tmp_path: Path) -> Iterator[Loop]:
    """An org whose first extract was a minute ago."""
    with serving(Path(shutil.copytree(copied, tmp_path / "all"))) as loop:
        yield loop
