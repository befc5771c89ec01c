"""Bulk 2.0 jobs: rows find their results in any order; a job that outlives its process is seen to its end."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipelines import crashpoints
from pipelines.clients import errors
from pipelines.clients.salesforce.ingest import Job
from pipelines.crashpoints import Crashed
from pipelines.reverse_sync import recovery
from pipelines.reverse_sync.destinations import salesforce_bulk
from pipelines.reverse_sync.destinations.base import Cell, RecordWrite
from pipelines.reverse_sync.outcomes import Change
from pipelines.reverse_sync.writer import Round, Writer
from pipelines.rules.syncs import load_syncs
from pipelines.state import State
from pipelines.state.bulk_jobs import BulkJobs
from pipelines.state.journal import Intent

from .conftest import World
from .org import FIELD, Org, Small


def _write(state: State, destination: Small, ids: Sequence[str], value: str | None = "7") -> Writer:
    key = "salesforce:1:Lead:"
    intents = [
        Intent(f"c{i}", "p", "leads", "salesforce", "Lead", i, key + i, FIELD, None, value, "computed", "r")
        for i in ids
    ]
    changes = [Change(f"c{i}", i, key + i, FIELD, "number", None, value) for i in ids]
    writer = Writer(state, destination, "Lead", "r", len(ids))
    list(writer.write([Round(intents, changes)]))
    return writer


def _ended(world: World) -> dict[str, tuple[str, str]]:
    return {row[0]: (row[1], row[2]) for row in world.journal("record_id, state, code")}


def test_each_row_finds_its_result_and_what_was_not_tried_is_sent_again(
    org: Org, world: World, destination: Small
) -> None:
    org.refused, org.untried = {"1": "STRING_TOO_LONG"}, {"4"}
    _write(world.state, destination, list(org.records))
    fine = {i: ("confirmed", "") for i in org.records if i != "1"}
    assert _ended(world) == {**fine, "1": ("rejected", "STRING_TOO_LONG")}
    assert sorted(org.writes) == [(i, "7" if i != "4" else 7.0) for i in sorted(org.records) if i != "1"]
    # begun, uploaded, started, asked after once, and one read-back; the rest is trouble
    assert org.calls - org.count.repair == 5
    assert org.count.repair == 4, "asked again, failed rows, rows not tried, and those sent again"


def test_an_apply_by_jobs_takes_the_calls_that_were_forecast() -> None:
    from pipelines.reverse_sync.forecast import forecast

    assert forecast("salesforce", 2_000).total == 10 + 1 + 1
    assert forecast("salesforce", 10_000).total == 4 + 5 + 1
    assert forecast("salesforce", 22_100).total == 2 * (4 + 5) + (4 + 2) + 1
    assert forecast("salesforce", 20_150).total == 2 * (4 + 5) + (1 + 1) + 1


def test_a_job_that_fails_as_a_whole_is_sent_by_collections(
    org: Org, world: World, destination: Small
) -> None:
    org.broken = "InvalidBatch : Field name not found : Nope__c"
    _write(world.state, destination, list(org.records))
    assert set(_ended(world).values()) == {("confirmed", "")}
    assert [record_id for record_id, _ in org.writes] == list(org.records)
    assert org.count.repair == 4, "asked again, and collections of two"


def test_nothing_is_empty_text_but_what_is_to_be_emptied(org: Org, world: World, destination: Small) -> None:
    for record in org.records.values():
        record[FIELD] = "9"
    writes = [RecordWrite("0", (Cell("A", "text", None), Cell("B", "text", 'x,\n"y"')))]
    writes.append(RecordWrite("1", (Cell("A", "text", "z"),)))
    data = salesforce_bulk.as_csv(writes).decode()
    assert data == 'Id,A,B\n0,#N/A,"x,\n""y"""\n1,z,\n'


def test_a_text_that_csv_would_read_as_empty_goes_by_a_collection(
    org: Org, world: World, destination: Small
) -> None:
    writes = [RecordWrite(i, (Cell(FIELD, "text", "#N/A" if i == "2" else "x"),)) for i in org.records]
    answers = destination.update("Lead", writes)
    assert [row.id for row in answers] == list(org.records)
    assert org.records["2"] == {FIELD: "#N/A"}


@pytest.mark.parametrize("name", salesforce_bulk.CRASHPOINTS)
def test_ended_anywhere_in_a_job_nothing_is_stored_twice(
    org: Org, world: World, destination: Small, name: str
) -> None:
    with crashpoints.armed(name), pytest.raises(Crashed):
        _write(world.state, destination, list(org.records))
    syncs = load_syncs(world.settings.config_dir)
    recovery.abandon_unsent(world.state)
    after = Small(org)  # type: ignore[arg-type]
    found = recovery.recover_vendor(world.state, after, syncs)
    assert found.confirmed + found.not_stored == len(org.records)
    assert BulkJobs(world.state, "salesforce", "r").open() == []
    again = [i for i, (state, _) in _ended(world).items() if state == "intended"]
    after.keep_jobs(BulkJobs(world.state, "salesforce", "r"))
    if again:
        _write(world.state, after, again)
    assert sorted(org.writes) == [(i, "7") for i in sorted(org.records)], "stored twice, or not at all"
    assert set(_ended(world).values()) == {("confirmed", "")}


def test_while_nobody_can_say_how_a_job_ended_its_rows_stay_open(
    org: Org, world: World, destination: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crashpoints.armed("job_closed"), pytest.raises(Crashed):
        _write(world.state, destination, list(org.records))

    def silent(job_id: str) -> Job:
        raise errors.Unavailable("Salesforce did not answer 5 times (GET)")

    monkeypatch.setattr(org, "job", silent)
    with pytest.raises(errors.Unavailable):
        recovery.recover_vendor(world.state, destination, load_syncs(world.settings.config_dir))
    assert {state for state, _ in _ended(world).values()} == {"sent"}
    assert len(BulkJobs(world.state, "salesforce", "r").open()) == 1


@pytest.mark.usefixtures("unheard")
def test_a_job_that_nobody_could_ask_after_is_seen_to_its_end_before_anything_is_sent_again(
    org: Org, world: World, destination: Small
) -> None:
    _write(world.state, destination, list(org.records))
    assert len(org.jobs) == 1, "sent again while the first was at work"
    assert sorted(org.writes) == [(i, "7") for i in sorted(org.records)]
    assert set(_ended(world).values()) == {("confirmed", "")}
