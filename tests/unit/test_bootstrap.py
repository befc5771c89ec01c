"""What `make` does before anything else, in an environment that is there already."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import PROJECT

NAME = "PYTHONDONTWRITEBYTECODE"


def test_what_python_compiles_is_kept_also_where_the_environment_says_not_to() -> None:
    kept = os.environ | {NAME: "1"}
    of_make = ["make", "-s", f"--eval=said: ; @printenv {NAME} || echo nothing", "said"]
    of_crm = [sys.executable, "-c", "import cli, sys; print(sys.dont_write_bytecode)"]
    said = [
        subprocess.run(
            asked, cwd=PROJECT, env=kept, capture_output=True, text=True, check=True
        ).stdout.strip()
        for asked in (of_make, of_crm)
    ]
    assert said == ["nothing", "False"]
