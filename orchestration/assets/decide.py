"""Decisions: who gets which new lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration import keys
from orchestration.reporting import materialised
from orchestration.resources import RunLoop

ASSIGNMENTS = keys.spec(
    keys.ASSIGNMENTS, keys.DECIDE, {"python", "duckdb"},
    "One row per lead that was routed or held: the team, the owner, the rule and the reason "
    "(config/routing.yml, config/teams.yml).",
    deps=[keys.UNIFIED_LEADS],
)  # fmt: skip


def build() -> list[dg.AssetsDefinition]:
    @dg.multi_asset(name="decide", specs=[ASSIGNMENTS])
    def decide(run_loop: dg.ResourceParam[RunLoop]) -> Iterator[dg.MaterializeResult[Any]]:
        """Route new leads, in the order they arrived."""
        step = run_loop.refreshing().decide()
        yield from materialised([keys.ASSIGNMENTS], step, run_loop.loop.warehouse)

    return [decide]
