"""What the tests of the house look at: its Python files, its dbt project, its graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import PROJECT_ROOT, Settings

PACKAGES = ("pipelines", "expectations", "orchestration", "sandbox", "cli", "dashboards", "benchmarks")


def modules() -> list[Path]:
    """Every Python file of ours that is not a test."""
    return [path for package in PACKAGES for path in sorted((PROJECT_ROOT / package).rglob("*.py"))]


def named(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


@pytest.fixture(scope="session")
def manifest(parsed: Path) -> dict[str, Any]:
    """The dbt project as dbt understands it."""
    from orchestration.dbt_graph import manifest as read

    return dict(read(Settings(home=parsed.parent, config_dir=PROJECT_ROOT / "config")))


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """dbt's models by name."""
    return {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}
