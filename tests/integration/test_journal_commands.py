"""`crm log`, `crm undo` and `crm retry` as people type them, over records of the sandbox."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cli.main import app
from pipelines.errors import UsageError
from pipelines.settings import PROJECT_ROOT
from pipelines.state import journal
from pipelines.state.journal import Intent

from .conftest import FIELDS, SYNCS, Bench

Crm = Callable[..., str]


@pytest.fixture
def crm(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Crm]:
    """The command, on this bench; what it printed."""
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    shutil.rmtree(config / "field_mappings")
    (config / "syncs.yml").write_text(SYNCS)
    env = {
        "CRM_HOME": str(bench.settings.home),
        "CRM_CONFIG": str(config),
        "COLUMNS": "400",
        **bench.crms.env,
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> str:
        capsys.readouterr()
        app(list(arguments), standalone_mode=False)
        return capsys.readouterr().out

    root = logging.getLogger()
    kept = list(root.handlers)
    yield run
    for handler in root.handlers:
        if handler not in kept:
            handler.close()
    root.handlers = kept


def _held(bench: Bench, vendor: str) -> list[tuple[object, ...]]:
    """The fields of the bench's records, from the vendor's own answers."""
    from pipelines.reverse_sync.destinations.open import opener

    object_name = {"hubspot": "contacts", "salesforce": "Lead"}[vendor]
    with opener(bench.settings)(vendor) as destination:
        there = destination.read(object_name, bench.ids[vendor], FIELDS[vendor])
    return [tuple(there[i].get(f) or None for f in FIELDS[vendor]) for i in bench.ids[vendor]]


def test_what_a_run_wrote_is_logged_taken_back_and_left_alone_where_others_changed_it(
    bench: Bench, crm: Crm
) -> None:
    before = {vendor: _held(bench, vendor) for vendor in FIELDS}
    bench.apply(bench.plan())
    life = crm("log", bench.key("hubspot", 0))
    assert "empty → 42" in life
    assert "empty → paid_search" in life
    assert life.count("confirmed") == 2
    contact = bench.ids["hubspot"][1]
    httpx.patch(
        f"{bench.crms.urls['hubspot']}/crm/v3/objects/contacts/{contact}",
        headers={"Authorization": f"Bearer {bench.crms.env['HUBSPOT_TOKEN']}"},
        json={"properties": {"first_touch_source": "their word"}},
    ).raise_for_status()
    said = crm("undo", "last")
    assert "left alone: 1 because others changed it since" in said
    assert "6  lead_score" in said
    assert "5  first_touch_source" in said
    (path,) = bench.settings.paths.plans.glob("*-undo-*.jsonl")
    assert str(path) in said.replace("\n", "")
    done = bench.apply_file(path)
    assert (done.confirmed, done.rejected) == (2 * 2 * 6 - 1, 0)
    assert _held(bench, "salesforce") == before["salesforce"]
    expected = list(before["hubspot"])
    expected[1] = (expected[1][0], "their word")
    assert _held(bench, "hubspot") == expected
    assert bench.plan().records == 0, "what was taken back is not written again by itself"
    assert "23 released" in crm("retry", "--code", "UNDONE")
    assert bench.plan().records == 2 * 6


def test_what_a_crm_refused_is_listed_left_and_released(bench: Bench, crm: Crm) -> None:
    faults = [{"match": "batch/update", "status": "row_error", "row_every": 3, "times": 1}]
    httpx.post(f"{bench.crms.urls['hubspot']}/_sandbox/faults", json=faults).raise_for_status()
    assert bench.apply(bench.plan()).rejected == 2 * 2
    listed = crm("retry", "--list")
    assert listed.count("fix config") == 2 * 2
    assert "a validation rule of the org says no; mend the mapping or the rule" in listed
    assert bench.plan().records == 0, "listing releases nothing"
    assert "There are no such dead letters." in crm("retry", "--code", "NOPE")
    refused = next(row for row in _letters(bench))
    assert "2 released" in crm("retry", "--record", refused)
    assert bench.plan().records == 1
    assert "2 released" in crm("retry", "--sync", "contacts")
    done = bench.apply(bench.plan())
    assert (done.confirmed, done.rejected) == (4, 0)
    assert "There are no such dead letters." in crm("retry", "--list")
    bench.assert_written_once()


def _letters(bench: Bench) -> list[str]:
    with bench.state.reading() as connection:
        return [
            str(row[0]) for row in connection.exec_driver_sql("select record_key from dead_letters").all()
        ]


@pytest.mark.parametrize(("option", "state"), [("--done", "confirmed"), ("--not-done", "intended")])
def test_a_person_says_what_became_of_a_message_nobody_can_look_up(
    bench: Bench, crm: Crm, option: str, state: str
) -> None:
    intent = Intent(
        "c1", "p", "told", "slack", "message", "", "", "message", None, "{}", "decided", "r",
        operation="message", action_key="k1", reversibility="final",
    )  # fmt: skip
    with bench.state.writing() as connection:
        journal.intend(connection, [intent], run_id="r1", at=datetime(2026, 6, 30, 12, tzinfo=UTC))
        connection.exec_driver_sql("update journal set state = 'unknown', settled_at = intended_at")
    assert "unknown" in crm("log", "k1")
    assert "kept" in crm("retry", option, "k1")
    with bench.state.reading() as connection:
        assert [row["state"] for row in journal.life_of(connection, "k1")] == [state]
    with pytest.raises(UsageError, match="no action k1 is unknown"):
        crm("retry", option, "k1")


def test_a_record_or_run_that_is_not_known_is_one_sentence(bench: Bench, crm: Crm) -> None:
    with pytest.raises(UsageError, match="the journal knows nothing about hubspot:1:contacts:9"):
        crm("log", "hubspot:1:contacts:9")
    with pytest.raises(UsageError, match="no run 01NOPE wrote anything"):
        crm("undo", "01NOPE")
