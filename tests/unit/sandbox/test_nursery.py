"""What tests start ends with them, also where they are cut short."""

from __future__ import annotations

import os
import signal
import socket
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fixtures import nursery


def _started(*command: str) -> int:
    return os.posix_spawnp(command[0], command, os.environ, setsid=True)


def test_what_does_not_end_in_time_is_killed() -> None:
    assert nursery._ended(_started("sleep", "99"), 0.01) == -signal.SIGKILL
    assert nursery._ended(_started("sleep", "99"), 0) == -signal.SIGKILL
    assert nursery._ended(_started("true"), 60) == 0


def test_a_process_does_not_outlive_the_nursery_that_was_to_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asks, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    its.close()
    lost: Any = object.__new__(nursery._Nursery)
    lost.asks, lost.process = asks, SimpleNamespace(kill=lambda: None)
    monkeypatch.setattr(nursery, "_nursery", cache(lambda _: lost))
    pid = _started("sleep", "99")
    with pytest.raises(BrokenPipeError), asks:
        lost.ended(pid)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("ready", "ends", "within"),
    [(b"{}\n", True, nursery._PATIENCE), (b"{}\n", False, 0), (b"", True, 0)],
    ids=["the body ends", "the body is cut short", "it does not start"],
)
def test_a_sandbox_may_end_by_itself_unless_its_test_is_cut_short(
    ready: bytes, ends: bool, within: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []

    def ended(_: int, *, within: float = nursery._PATIENCE) -> None:
        told.append(within)

    fake = SimpleNamespace(fork=lambda fds, **_: os.write(fds[1], ready), ended=ended)
    monkeypatch.setattr(nursery, "_nursery", lambda _: fake)
    try:
        with nursery.sandbox(tmp_path):
            assert ends
    except AssertionError:
        assert not (ready and ends)
    assert told == [within]
