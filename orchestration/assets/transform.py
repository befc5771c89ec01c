"""dbt's models: the marts before anything is decided, the desired state after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from orchestration.dbt_graph import Models
from orchestration.reporting import failed_tests, materialised, test_results
from orchestration.resources import RunLoop
from pipelines.dbt_results import TestsFailed
from pipelines.run import StepResult

Told = dg.MaterializeResult[Any] | dg.AssetCheckResult


def build(marts: Models, desired: Models) -> list[dg.AssetsDefinition]:
    return [
        _stage("marts", marts, lambda run_loop: run_loop.refreshing().transform()),
        _stage("desired", desired, lambda run_loop: run_loop.refreshing().desired()),
    ]


def _stage(name: str, models: Models, step: Callable[[RunLoop], StepResult]) -> dg.AssetsDefinition:
    @dg.multi_asset(name=name, specs=models.specs, check_specs=models.checks)
    def stage(run_loop: dg.ResourceParam[RunLoop]) -> Iterator[Told]:
        """Build the models of this stage in this process and test them."""
        try:
            said = step(run_loop)
        except TestsFailed as failed:
            yield from failed_tests(models, failed.nodes)
            raise
        yield from materialised([spec.key for spec in models.specs], said, run_loop.loop.warehouse)
        yield from test_results(models, run_loop.nodes(name))

    return stage
