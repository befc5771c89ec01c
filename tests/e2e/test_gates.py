"""What a gate that fails leaves behind: the last publish, or (desired) the marts and no plan."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from pipelines.errors import GateFailed
from pipelines.run import Progress, Run, StepResult
from pipelines.settings import Settings
from pipelines.steps import Loop, Scope
from pipelines.warehouse import Warehouse
from tests.conftest import PROJECT
from tests.e2e.conftest import Built, begun
from tests.e2e.marts import one
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import served

pytestmark = pytest.mark.loop

PUBLISHES = "select count(*) from ops.publishes"
StoppedAt = Callable[[Scope], Loop]


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


@pytest.fixture(scope="module")
def stopped_at(settled_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoppedAt]:
    """Loops of one home that have a reason to run (yet another target in kpis.yml) and a gate that will not
    pass. What is built between the gates is not what they stop."""
    folder = tmp_path_factory.mktemp("gates")
    home, config = begun(settled_once.home, folder, ("stg_hubspot__owners",)), folder / "config"
    shutil.copytree(PROJECT / "config", config)
    targets = iter(("0.996", "0.997"))

    with served(home, config) as (settings, _):

        def loop(scope: Scope) -> Loop:
            kpis = (PROJECT / "config" / "kpis.yml").read_text()
            (config / "kpis.yml").write_text(kpis.replace("target: 0.995", f"target: {next(targets)}"))
            return Loop(settings, StopsAt(scope), data_tests=False)

        yield loop


def test_a_failed_gate_on_marts_leaves_what_was_published(stopped_at: StoppedAt) -> None:
    with stopped_at("marts") as loop:
        publishes = one(loop.settings.home, PUBLISHES)
        with pytest.raises(GateFailed, match="half of the people"):
            loop.refresh()
        with pytest.raises(GateFailed, match="marts gate"):
            loop.publish()
    assert one(loop.settings.home, PUBLISHES) == publishes


def test_a_failed_gate_on_desired_publishes_the_marts_and_plans_nothing(stopped_at: StoppedAt) -> None:
    with stopped_at("desired") as loop:
        home = loop.settings.home
        publishes = one(home, PUBLISHES)
        loop.refresh()
        with pytest.raises(GateFailed, match="nothing is planned"):
            loop.plan()
    assert one(home, PUBLISHES) == publishes + 1
    assert one(home, "select passed from ops.gates where scope = 'desired'") is False
