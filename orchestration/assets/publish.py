"""The analysts' file, swapped in whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from orchestration import keys
from orchestration.reporting import materialised
from orchestration.resources import RunLoop


def build(published: Sequence[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """`published` are the marts that nothing else reads before publishing."""
    analytics = keys.spec(
        keys.ANALYTICS, keys.PUBLISH, {"duckdb"},
        "var/analytics.duckdb: marts, desired state, decisions and ops, swapped in by one rename. "
        "Who has it open keeps the old one until the next opening.",
        deps=[keys.REPORT, keys.ASSIGNMENTS, *published],
    )  # fmt: skip

    @dg.multi_asset(name="publish", specs=[analytics])
    def publish(run_loop: dg.ResourceParam[RunLoop]) -> Iterator[dg.MaterializeResult[Any]]:
        """Make the refresh the warehouse and the analysts' file; keep in state what it decided."""
        run_loop.checked("desired")
        yield from materialised([keys.ANALYTICS], run_loop.refreshing().publish())

    return [publish]
