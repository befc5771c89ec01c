"""Memory that is large is the system's again when it is freed."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
from pathlib import Path
from cli import collector

def held():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Anonymous")).split()[1])

collector.give_back()
before = held()
for _ in range(2):  # from the second on it would be kept
    page = b"x" * (12 << 20)
    del page
print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it is asked of Linux, and set for glibc")
def test_a_page_that_was_freed_is_not_kept_for_the_next():
    ran = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(ran.stdout) < 4_000
