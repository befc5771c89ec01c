"""Config checked in a process beside: its verdict is waited for once, and said by whoever asks."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import nullcontext

import pytest

from cli import connect
from pipelines.errors import ConfigError
from pipelines.rules import beside


@pytest.fixture
def wrong(tmp_path):
    (tmp_path / "extract.yml").write_text("nonsense: 1\n")
    return tmp_path


def child(monkeypatch, verdict):
    """Fork is a program that ends with this verdict: what has threads, as tests have, must not fork."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    ended = subprocess.Popen([verdict])
    monkeypatch.setattr(os, "fork", lambda: ended.pid)
    ended.returncode = 0  # whoever waits for it is not this object
    return ended


def test_what_the_other_process_found_good_is_not_looked_at_again(monkeypatch, wrong):
    _kept = child(monkeypatch, "true")
    valid = beside.validate(wrong)
    valid()
    valid()


def test_what_it_found_wrong_is_said_to_each_who_asks(monkeypatch, wrong):
    _kept = child(monkeypatch, "false")
    valid = beside.validate(wrong)
    for _ in range(2):
        with pytest.raises(ConfigError):
            valid()


def test_a_process_of_several_threads_checks_by_itself(monkeypatch, wrong):
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    with pytest.raises(ConfigError):
        beside.validate(wrong)


@pytest.mark.parametrize(("left", "begun"), [(None, 1), ("work.duckdb", 0), ("erasing.json", 0)])
def test_an_extract_that_clears_away_first_waits_for_its_config(monkeypatch, wrong, left, begun):
    monkeypatch.setenv("CRM_HOME", str(wrong))
    monkeypatch.setenv("HUBSPOT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HUBSPOT_TOKEN", "a")
    asked = []
    monkeypatch.setattr(beside, "validate", asked.append)
    monkeypatch.setattr(connect, "loop_for", lambda *_: nullcontext())
    if left:
        (wrong / left).touch()
    with connect.live_loop(reads_first=True):
        assert len(asked) == begun
