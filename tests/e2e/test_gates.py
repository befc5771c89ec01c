"""What a gate that fails leaves behind: the last publish, or (desired) the marts and no plan."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cli.sandbox_process import connected, running
from pipelines.errors import GateFailed
from pipelines.run import Progress, Run, StepResult
from pipelines.settings import Settings, load_settings
from pipelines.steps import Loop, Scope
from pipelines.warehouse import Warehouse
from tests.conftest import PROJECT
from tests.e2e.conftest import Built
from tests.e2e.marts import one
from tests.fixtures.checks import NoChecks

pytestmark = pytest.mark.loop

PUBLISHES = "select count(*) from ops.publishes"


class StopsAt(NoChecks):
    """A check that passes every scope but one."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def __call__(
        self, scope: Scope, warehouse: Warehouse, settings: Settings, run: Run, progress: Progress
    ) -> StepResult:
        if scope == self.scope:
            raise GateFailed("half of the people are gone", where=scope)
        return super().__call__(scope, warehouse, settings, run, progress)


@contextmanager
def loop_on(built: Built, config: Path, scope: Scope) -> Iterator[Loop]:
    """A loop that has a reason to run (another target in kpis.yml) and a gate that will not pass."""
    shutil.copytree(PROJECT / "config", config)
    kpis = config / "kpis.yml"
    kpis.write_text(kpis.read_text().replace("target: 0.995", "target: 0.996"))
    settings = replace(load_settings({}, vendors=False), home=built.home, config_dir=config)
    with running(built.home / "sandbox", "default", size="XS", extra=("--no-limits",)) as ready:
        with Loop(connected(settings, ready), StopsAt(scope), data_tests=False) as loop:
            yield loop


def test_a_failed_gate_on_marts_leaves_what_was_published(built: Built, tmp_path: Path) -> None:
    publishes = one(built.home, PUBLISHES)
    with loop_on(built, tmp_path / "config", "marts") as loop:
        with pytest.raises(GateFailed, match="half of the people"):
            loop.refresh()
        with pytest.raises(GateFailed, match="marts gate"):
            loop.publish()
    assert one(built.home, PUBLISHES) == publishes


def test_a_failed_gate_on_desired_publishes_the_marts_and_plans_nothing(built: Built, tmp_path: Path) -> None:
    publishes = one(built.home, PUBLISHES)
    with loop_on(built, tmp_path / "config", "desired") as loop:
        loop.refresh()
        with pytest.raises(GateFailed, match="nothing is planned"):
            loop.plan()
    assert one(built.home, PUBLISHES) == publishes + 1
    assert one(built.home, "select passed from ops.gates where scope = 'desired'") is False
