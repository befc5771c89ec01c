"""What `make` does before anything else, in an environment that is there already."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from tests.conftest import PROJECT

NAME = "PYTHONDONTWRITEBYTECODE"
OURS = """
import sys, cli
from pipelines.settings import as_environment, load_settings
def flag():
    said = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    return said
command = flag()
import sandbox
server = flag()
print(command, server, "PYTHONDONTWRITEBYTECODE" in as_environment(load_settings({}, vendors=False)))
"""


def test_what_python_compiles_is_kept_also_where_the_environment_says_not_to() -> None:
    kept = os.environ | {NAME: "1"}
    of_make = ["make", "-s", f"--eval=said: ; @printenv {NAME} || echo nothing", "said"]
    of_ours = [sys.executable, "-c", OURS]
    said = [
        subprocess.run(
            asked, cwd=PROJECT, env=kept, capture_output=True, text=True, check=True
        ).stdout.strip()
        for asked in (of_make, of_ours)
    ]
    assert said == ["nothing", "False False False"]


def test_nothing_happens_where_the_environment_matches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(bootstrap, "find_uv", lambda: pytest.fail("it was looked for"))
    (tmp_path / "stamp").write_text(bootstrap.fingerprint())
    assert bootstrap.main() == 0
