"""The loop as people run it: `crm build` in a process of its own, once per worker; copies of what it left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

CRM = str(Path(sys.executable).parent / "crm")


@dataclass(frozen=True)
class Built:
    """What a build left: its home (`var/`), what it printed and its exit code."""

    home: Path
    output: str
    exit_code: int


Build = Callable[..., Built]


class Command(NamedTuple):
    """How `crm build` is called: arguments and environment."""

    args: list[str]
    env: dict[str, str]


def build_command(home: Path, *arguments: str, env: dict[str, str] | None = None) -> Command:
    """`crm build` on this home, of the smallest world unless arguments say otherwise."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CRM_", "HUBSPOT_", "SALESFORCE_"))}
    return Command(
        [CRM, "build", *(arguments or ("--size", "XS"))],
        {**kept, "CRM_HOME": str(home), "COLUMNS": "200", **(env or {})},
    )


def run_build(home: Path, *arguments: str, env: dict[str, str] | None = None) -> Built:
    """Run it to its end."""
    command = build_command(home, *arguments, env=env)
    done = subprocess.run(
        command.args, env=command.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True, timeout=240,
    )  # fmt: skip
    return Built(home, done.stdout, done.returncode)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """One build of the smallest seeded world. Read it, do not change it."""
    built = run_build(tmp_path_factory.mktemp("built") / "var")
    assert built.exit_code == 0, built.output
    return built


@pytest.fixture
def built(built_once: Built, tmp_path: Path) -> Built:
    """A copy of that build, to be changed at will."""
    home = tmp_path / "var"
    shutil.copytree(built_once.home, home)
    return Built(home, built_once.output, built_once.exit_code)
