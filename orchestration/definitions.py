"""What Dagster loads: the graph on the environment's settings."""

from __future__ import annotations

from orchestration.build import build_defs

defs = build_defs()
