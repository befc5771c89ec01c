"""What every test may lean on: data outside the project, and the loop run once on the smallest world."""

from __future__ import annotations

import shutil
from pathlib import Path

import hypothesis
import pytest

PROJECT = Path(__file__).resolve().parent.parent
# A machine that is busy makes a test slow, not wrong.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

OUTSIDE = PROJECT.parent / "shared"


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
