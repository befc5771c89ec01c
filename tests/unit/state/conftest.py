"""A state database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.settings import Settings
from pipelines.state import State


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, config_dir=tmp_path)


@pytest.fixture
def state(settings: Settings) -> Iterator[State]:
    with State.open(settings) as opened:
        yield opened
