"""The report of what the gates saw. The gates themselves are asset checks on the tables, in `checks`."""

from __future__ import annotations

from typing import Any

import dagster as dg

from expectations.registry import SYNCS
from orchestration import keys
from orchestration.resources import RunLoop

REPORT = keys.spec(
    keys.REPORT, keys.QUALITY, {"greatexpectations"},
    "Great Expectations' pages on what arrived, the marts and what would be written back. Written before "
    "anything is published, so that a desired state that may not leave is published as such and not planned.",
    deps=[keys.table(f"reverse_sync.{sync}") for sync in SYNCS],
)  # fmt: skip


def build() -> list[dg.AssetsDefinition]:
    @dg.multi_asset(name="report", specs=[REPORT])
    def report(run_loop: dg.ResourceParam[RunLoop]) -> dg.MaterializeResult[Any]:
        """Ask about the desired state, and say where the pages are."""
        seen = run_loop.checked("desired")
        page = run_loop.loop.settings.paths.data_docs / "index.html"
        verdict = "unchanged" if seen is None else "passed" if seen.passed_gates else "stopped"
        return dg.MaterializeResult(metadata={"verdict": verdict, "page": dg.MetadataValue.path(page)})

    return [report]
