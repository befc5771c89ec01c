"""An account of Marketing Cloud in this process, and the destination that writes to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.reverse_sync.destinations.base import Cell, RecordWrite
from pipelines.reverse_sync.destinations.marketing_cloud import MarketingCloudDestination
from sandbox.worlds.create import Wish, open_home
from tests.fixtures import marketing_cloud as mcs


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("destination") / "home"
    open_home(home, Wish("default", "XS"), lambda _: None)
    return home


@pytest.fixture
def mc(world: Path, tmp_path: Path) -> Iterator[Any]:
    with mcs.account(mcs.copy_of(world, tmp_path / "mc")) as found:
        yield found


@pytest.fixture
def destination(mc: Any) -> Iterator[MarketingCloudDestination]:
    with mcs.client(mc) as client:
        yield MarketingCloudDestination(client, wait=lambda seconds: None)


def row(key: str, **values: str) -> RecordWrite:
    return RecordWrite(key, tuple(Cell(name, "text", value) for name, value in values.items()))
