"""Two rounds of what people do, run once for all workers; the tests only look at what they left."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tests.e2e.conftest import WRITTEN, Built, begun
from tests.e2e.pairs import deeds, team
from tests.e2e.pairs.scenario import Scenario
from tests.fixtures.few_models import whole
from tests.fixtures.once import once
from tests.fixtures.sandbox import served


@pytest.fixture(scope="session", name="done")
def pairs_done(settled_once: Built, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Scenario:
    """Everything people did between three runs, and what the runs made of it. Read it, do not change it."""

    def make(folder: Path) -> bytes:
        scenario = _live(settled_once, folder)
        scenario.settings, scenario.ready = None, {}
        return pickle.dumps(scenario)

    _, kept = once(tmp_path_factory, worker_id, "pairs", make)
    found: Scenario = pickle.loads(kept)
    return found


def _live(settled_once: Built, folder: Path) -> Scenario:
    home = begun(settled_once.home, folder, WRITTEN)
    scenario = Scenario(home)
    with served(home, team.config(folder)) as (scenario.settings, scenario.ready):
        deeds.prepare(scenario)
        scenario.round()
        deeds.first(scenario)
        scenario.round()
        deeds.second(scenario)
        whole(scenario.live)
        scenario.round(data_tests=True)  # of all that was done before
    return scenario
