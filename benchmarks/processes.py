"""Runs a command as a process of its own and reads off wall time and peak memory.

Peak memory is that of the largest single process of the tree, as the kernel accounts it when it is reaped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

BIN = os.path.dirname(sys.executable)
_END = 64_000
_RECORD = b'"type": "RECORD"'


@dataclass(frozen=True)
class Measured:
    """Wall seconds, peak resident MiB, the end of what the command printed, how many Singer records, and
    seconds of CPU: of all its threads and processes, hardly touched by what else the machine does."""

    wall: float
    peak_mib: float
    output: str
    records: int = 0
    cpu: float = 0.0


def measure(
    command: Sequence[str],
    env: Mapping[str, str] | None = None,
    *,
    given: str = "",
    fine: Sequence[int] = (0,),
) -> Measured:
    """Run once, with `given` on standard input. Raises when it ends otherwise than `fine`.

    What it prints goes to a file: whoever measures must not be in the way, nor grow: the kernel counts the
    memory of a child from that of its parent on.
    """
    full = {**os.environ, **(env or {})}  # noqa: TID251 - a child process gets ours
    full.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling modules is not what is measured
    with tempfile.TemporaryFile("w+") as inward, tempfile.TemporaryFile() as outward:
        inward.write(given)
        inward.seek(0)
        started = time.perf_counter()
        child = subprocess.Popen(command, stdin=inward, stdout=outward, stderr=subprocess.STDOUT, env=full)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        outward.seek(0)
        records = sum(_RECORD in line for line in outward)
        outward.seek(max(0, outward.tell() - _END))
        output = outward.read().decode(errors="replace")
    if child.returncode not in fine:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}:\n{output[-2000:]}")
    return Measured(wall, usage.ru_maxrss / 1024, output, records, usage.ru_utime + usage.ru_stime)


def cpu_seconds(pid: int) -> float:
    """What a running process has used of the processors so far, its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> float:
    """The most memory a running process has had at once."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def median_of(count: int, command: Sequence[str], env: Mapping[str, str] | None = None) -> Measured:
    """The run with the median wall time of `count`."""
    runs = [measure(command, env) for _ in range(count)]
    middle = median(run.wall for run in runs)
    return min(runs, key=lambda run: abs(run.wall - middle))
