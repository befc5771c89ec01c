"""No secret reaches a log line, a traceback or the terminal."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from cli import main as command
from pipelines import logs
from pipelines.settings import PROJECT_ROOT, HubSpotConnection, Secret, Settings
from pipelines.threads import Pool


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path, config_dir=PROJECT_ROOT / "config",
        hubspot=HubSpotConnection(
            url="http://127.0.0.1:1", token=Secret("token-nobody-sees"), environment="sandbox"
        ),
        state_url="postgresql://crm:pass%2Bword@db.internal/state",
    )  # fmt: skip


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers = before
    root.setLevel(level)


def test_the_password_of_the_state_database_is_a_secret_as_written_and_as_meant(settings: Settings) -> None:
    path = logs.start(settings, "run1")
    try:
        raise RuntimeError("login with pass+word failed")
    except RuntimeError:
        logging.getLogger("x").exception("opened %s with token-nobody-sees", settings.state_url)
    text = path.read_text()
    assert "failed" in text
    assert "db.internal" in text
    assert not any(word in text for word in ("pass+word", "pass%2Bword", "token-nobody-sees"))
    assert json.loads(text)["run"] == "run1"


def test_of_two_runs_at_once_each_has_its_own_log_whatever_thread_works_for_it(settings: Settings) -> None:
    begun = threading.Barrier(2)

    def run(name: str) -> dict[str, set[str]]:
        path = logs.start(settings, name)
        begun.wait(10)
        logging.getLogger("x").info("%s itself", name)
        with Pool(1) as pool:
            pool.submit(logging.getLogger("x").info, "%s by its thread", name).result()
        begun.wait(10)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return {name: {f"{line['run']}: {line['message']}" for line in lines}}

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(run, ["run1", "run2"])
    assert first | second == {
        name: {f"{name}: {name} itself", f"{name}: {name} by its thread"} for name in ("run1", "run2")
    }


def test_a_log_that_cannot_be_written_does_not_break_the_work_and_is_said(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = logs.start(settings, "run1")
    path.parent.rmdir()
    logging.getLogger("x").info("with %s", "-".join(("token", "nobody", "sees")))
    said = capsys.readouterr().err
    assert "--- Logging error ---" in said
    assert "FileNotFoundError" in said
    assert "token-nobody-sees" not in said
    path.parent.mkdir()
    logging.getLogger("x").info("and on")
    assert [json.loads(line)["message"] for line in path.read_text().splitlines()] == ["and on"]


@pytest.mark.parametrize("password", ["abc", "longer-than-six"])
def test_a_password_in_any_url_is_stars_before_a_run_knows_its_secrets(password: str) -> None:
    shown = logs.clean(f"cannot reach postgresql://me:{password}@host:5432/db, nor http://127.0.0.1:80/a@b")
    assert shown == "cannot reach postgresql://me:***@host:5432/db, nor http://127.0.0.1:80/a@b"


def test_a_state_url_without_a_password_adds_no_secret(settings: Settings) -> None:
    found = logs.secrets_of(replace(settings, state_url="postgresql://crm@db/state"))
    assert found == ("token-nobody-sees",)


def test_an_error_nobody_foresaw_goes_through_the_filter_to_the_terminal(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(**_: object) -> None:
        raise RuntimeError("the driver said pass+word and token-nobody-sees")

    logs.start(settings, "run1")
    monkeypatch.setattr(command, "app", breaks)
    monkeypatch.setattr(sys, "argv", ["crm"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    shown = capsys.readouterr().err
    assert "the driver said *** and ***" in shown
