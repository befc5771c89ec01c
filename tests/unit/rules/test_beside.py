"""Config checked in a process beside: its verdict comes before anything else is done."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest

from cli import connect
from pipelines.errors import ConfigError
from pipelines.rules import beside
from pipelines.run import Silent


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
    beside.validate(wrong)()


def test_what_it_found_wrong_is_looked_at_again_and_said(monkeypatch, wrong):
    _kept = child(monkeypatch, "false")
    with pytest.raises(ConfigError):
        beside.validate(wrong)()


def test_a_process_of_several_threads_checks_by_itself(monkeypatch, wrong):
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    with pytest.raises(ConfigError):
        beside.validate(wrong)


def test_an_extract_of_wrong_config_asks_nobody_and_leaves_nothing(monkeypatch, wrong):
    _kept = child(monkeypatch, "false")
    monkeypatch.setenv("CRM_HOME", str(wrong / "var"))
    monkeypatch.setenv("CRM_CONFIG", str(wrong))
    monkeypatch.setenv("HUBSPOT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HUBSPOT_TOKEN", "a")
    with pytest.raises(ConfigError), connect.live_loop(Silent(), reads_first=True):
        pytest.fail("the extract has begun")
    assert not list(wrong.glob("var/*"))
