"""An account of Marketing Cloud in this process, and the destination that writes to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.reverse_sync.destinations.base import Cell, RecordWrite
from pipelines.reverse_sync.destinations.marketing_cloud import MarketingCloudDestination
from tests.fixtures import marketing_cloud as mcs


@pytest.fixture
def mc(smallest_world: Path, tmp_path: Path) -> Iterator[Any]:
    with mcs.account(mcs.copy_of(smallest_world, tmp_path / "mc")) as found:
        yield found


@pytest.fixture
def destination(mc: Any) -> Iterator[MarketingCloudDestination]:
    with mcs.client(mc) as client:
        yield MarketingCloudDestination(client, wait=lambda seconds: None)


def row(key: str, **values: str) -> RecordWrite:
    return RecordWrite(key, tuple(Cell(name, "text", value) for name, value in values.items()))
