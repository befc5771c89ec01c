"""Runs one command and makes sure that nothing of it outlives us. Standard library only: it starts at once.

`python -m orchestration.supervise COMMAND...` runs the command in a process group of its own and ends the
whole tree when the command ends, on SIGTERM or SIGINT, and when standard input closes, which it does when
whoever started us is killed. Children that left the group are found, for orphans are handed to us (Linux).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

GRACE_SECONDS = 8.0
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_stop = False


def main(command: list[str]) -> int:
    """Run `command` until it ends or we are told to stop; returns its exit code, 0 when we were told."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _told_to_stop)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = subprocess.Popen(  # noqa: S603 - the command is our own
        command, stdin=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=_as_if_in_front,  # noqa: PLW1509 - there is one thread here
    )  # fmt: skip
    while child.poll() is None and not _stop and not _standard_input_closed():
        pass
    code = child.poll()
    end_tree(child.pid)
    return code if code is not None else 0


def _told_to_stop(number: int, frame: FrameType | None) -> None:
    global _stop
    _stop = True


def _standard_input_closed(wait_seconds: float = 0.25) -> bool:
    """Also the pause of the loop."""
    try:
        ready, _, _ = select.select([sys.stdin], [], [], wait_seconds)
        return bool(ready) and not os.read(sys.stdin.fileno(), 4096)
    except OSError:
        return False


def _as_if_in_front() -> None:
    """In the child: signals that a background shell had switched off work again, and our death is its own."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the process group is what we have."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def end_tree(group: int) -> None:
    """Ask everything to end, wait a little, then end it."""
    _signal_all(group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and _reap_and_list(group):
        time.sleep(0.05)
    while _reap_and_list(group):
        _signal_all(group, signal.SIGKILL)
        time.sleep(0.02)


def _signal_all(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
    for pid in descendants(os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _reap_and_list(group: int) -> list[int]:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return descendants(os.getpid())


def descendants(root: int) -> list[int]:
    """Everything below a process, by /proc; empty where there is none."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            fields = entry.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, waiting = [], [root]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
