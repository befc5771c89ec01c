"""Bulk 2.0 jobs: rows find their results in any order; a job that outlives its process is seen to its end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines import crashpoints
from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import QueryPage
from pipelines.clients.salesforce.ingest import Job
from pipelines.crashpoints import Crashed
from pipelines.reverse_sync import recovery
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.actions.performing import Performer
from pipelines.reverse_sync.actions.registry import Registry
from pipelines.reverse_sync.actions.salesforce_records import SalesforceCreator
from pipelines.reverse_sync.destinations import salesforce_bulk
from pipelines.reverse_sync.destinations.base import Cell, RecordWrite
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from pipelines.reverse_sync.outcomes import Change
from pipelines.reverse_sync.writer import Round, Writer
from pipelines.rules.syncs import load_syncs
from pipelines.state import State
from pipelines.state.bulk_jobs import BulkJobs
from pipelines.state.journal import Intent

from .conftest import World

FIELD = "Score__c"
KEY = "Key__c"
POLLS = 2
"""A job stores its rows only when it has been asked after so often: it works beside whoever waits for it."""


class Org:
    """Salesforce in memory: collections at once, jobs later. `writes` is the truth about what was stored."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.records: dict[str, dict[str, Any]] = {i: {FIELD: None} for i in ids}
        self.writes: list[tuple[str, Any]] = []
        self.refused: dict[str, str] = {}
        self.untried: set[str] = set()
        self.broken = ""
        self.count = CallCount()
        self.server_time, self.day = datetime(2026, 6, 30, 12, tzinfo=UTC), None
        self.people: dict[str, dict[str, Any]] = {}
        self.created: list[str] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.ingest = self

    @property
    def calls(self) -> int:
        return self.count.calls

    def _store(self, record_id: str, value: Any) -> None:
        self.records[record_id][FIELD] = value
        self.writes.append((record_id, value))

    def update_collection(self, sobject: str, records: Sequence[dict[str, Any]]) -> Outcomes:
        self.count.one()
        rows = []
        for each in records:
            if each["Id"] in self.refused:
                rows.append(RowResult(False, each["Id"], code=self.refused[each["Id"]]))
            else:
                self._store(each["Id"], each[FIELD])
                rows.append(RowResult(True, each["Id"]))
        return Outcomes(rows, request_id=f"write-{self.calls}")

    def read_collection(self, sobject: str, ids: Sequence[str], fields: Sequence[str]) -> list[Any]:
        self.count.one()
        return [self.records.get(i) for i in ids]

    # -- jobs ----------------------------------------------------------------------------------------

    def begin(self, sobject: str, operation: str = "update", key_field: str = "") -> str:
        self.count.one()
        name = key_field or "Id"
        self.jobs[f"750{len(self.jobs)}"] = {"state": "Open", "rows": [], "polls": 0, "key": name}
        return f"750{len(self.jobs) - 1}"

    def upload(self, job_id: str, data: bytes) -> None:
        self.count.one()
        self.jobs[job_id]["rows"] = list(csv.DictReader(io.StringIO(data.decode(), newline="")))

    def close(self, job_id: str) -> None:
        self.count.one()
        self.jobs[job_id]["state"] = "InProgress"

    def abort(self, job_id: str) -> None:
        self.count.one()
        self.jobs[job_id]["state"] = "Aborted"

    def job(self, job_id: str) -> Job:
        self.count.one()
        job = self.jobs[job_id]
        job["polls"] += 1
        if job["state"] == "InProgress" and job["polls"] >= POLLS:
            self._work(job)
        failed = sum(row[job["key"]] in self.refused for row in job.get("done", []))
        return Job(job_id, job["state"], len(job.get("done", [])), failed, self.broken)

    def _work(self, job: dict[str, Any]) -> None:
        job["state"] = "Failed" if self.broken else "JobComplete"
        job["done"] = [] if self.broken else [r for r in job["rows"] if r[job["key"]] not in self.untried]
        for row in job["done"]:
            if row[job["key"]] in self.refused:
                continue
            if job["key"] == "Id":
                self._store(row["Id"], None if row[FIELD] == "#N/A" else row[FIELD])
            else:
                self._create(row)
        self.untried = set()

    def wait(self, job_id: str, rows: int) -> Job:
        job = self.job(job_id)
        with self.count.repairing():
            while not job.is_over:
                job = self.job(job_id)
        return job

    def failed(self, job_id: str) -> list[dict[str, str]]:
        self.count.one()
        key = self.jobs[job_id]["key"]
        done = [row for row in self.jobs[job_id]["done"] if row[key] in self.refused]
        return [{"sf__Id": "", "sf__Error": f"{self.refused[r[key]]}:no: a word:{FIELD} --", **r}
                for r in reversed(done)]  # fmt: skip

    def unprocessed(self, job_id: str) -> list[dict[str, str]]:
        self.count.one()
        key = self.jobs[job_id]["key"]
        done = {row[key] for row in self.jobs[job_id]["done"]}
        return [row for row in reversed(self.jobs[job_id]["rows"]) if row[key] not in done]

    # -- creations, known by an external id ----------------------------------------------------------

    def _create(self, row: Mapping[str, Any]) -> str:
        self.created.append(row[KEY])
        self.people.setdefault(row[KEY], {"Id": f"00Q{row[KEY]}", **row})
        return f"00Q{row[KEY]}"

    def upsert_collection(self, kind: str, name: str, records: Sequence[Mapping[str, Any]]) -> Outcomes:
        self.count.one()
        rows = [RowResult(False, code=self.refused[r[KEY]]) if r[KEY] in self.refused
                else RowResult(True, self._create(r)) for r in records]  # fmt: skip
        return Outcomes(rows, request_id=f"write-{self.calls}")

    def successful(self, job_id: str) -> list[dict[str, str]]:
        self.count.one()
        done = [row for row in self.jobs[job_id]["done"] if row[KEY] not in self.refused]
        return [{"sf__Id": f"00Q{r[KEY]}", "sf__Created": "true", **r} for r in reversed(done)]

    def query_pages(self, soql: str) -> Iterator[QueryPage]:
        self.count.one()
        by = KEY if f"WHERE {KEY}" in soql else "Email"
        rows = [row for row in self.people.values() if f"'{row.get(by)}'" in soql and " Lead " in soql]
        yield QueryPage(rows, len(rows))


class Small(SalesforceDestination):
    """Collections of two, jobs for more than three."""

    batch_size = 2
    bulk_above = 3


@pytest.fixture
def org() -> Org:
    return Org([str(n) for n in range(6)])


@pytest.fixture
def destination(org: Org, world: World) -> Small:
    made = Small(org)  # type: ignore[arg-type]
    made.keep_jobs(BulkJobs(world.state, "salesforce", "r"))
    return made


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


@pytest.fixture
def unheard(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wait for a job has no answer."""
    waits, wait = iter([True]), org.wait

    def once(job_id: str, rows: int) -> Job:
        if next(waits, False):
            raise errors.Unavailable("Salesforce did not answer 5 times (GET)")
        return wait(job_id, rows)

    monkeypatch.setattr(org, "wait", once)


@pytest.mark.usefixtures("unheard")
def test_a_job_that_nobody_could_ask_after_is_seen_to_its_end_before_anything_is_sent_again(
    org: Org, world: World, destination: Small
) -> None:
    _write(world.state, destination, list(org.records))
    assert len(org.jobs) == 1, "sent again while the first was at work"
    assert sorted(org.writes) == [(i, "7") for i in sorted(org.records)]
    assert set(_ended(world).values()) == {("confirmed", "")}


# -- creations ---------------------------------------------------------------------------------------


class SmallCreator(SalesforceCreator):
    batch_size = 2


CREATORS = Registry((SmallCreator,), {})


def _people(*numbers: int, **extra: str) -> list[Action]:
    said = {"key_field": KEY, "types": {}}
    return [
        Action(
            f"a{n}", "people", "create_record", "salesforce", "Lead", f"hubspot:o:contacts:{n}", "",
            {**said, "key": f"k{n}", "properties": {"LastName": f"N{n}", "Email": f"p{n}@x.org", **extra}},
            (), "mirrored", "people.yml", "", "compensable",
        )
        for n in numbers
    ]  # fmt: skip


def _create(world: World, destination: Small, some: Sequence[Action], run: str = "r") -> Performer:
    performer = Performer(world.state, CREATORS, {"salesforce": destination}, "p", run, lambda _: None)
    assert sum(performer.perform(some)) == len(some)
    return performer


def _created(world: World) -> dict[str, tuple[str, str, str]]:
    return {row[0]: tuple(row[1:]) for row in world.journal("action_key, state, code, result_id")}


def test_many_creations_go_by_a_job_and_each_finds_its_id_or_its_refusal(
    org: Org, world: World, destination: Small
) -> None:
    org.people["old"] = {"Id": "00Qold", KEY: "old", "Email": "p5@x.org"}
    org.refused, org.untried = {"k1": "STRING_TOO_LONG"}, {"k4"}
    _create(world, destination, _people(*range(6)))
    fine = {f"a{n}": ("confirmed", "", f"00Qk{n}") for n in (0, 2, 3, 4)}
    assert _created(world) == fine | {
        "a1": ("rejected", "STRING_TOO_LONG", ""), "a5": ("confirmed", "LINKED", "00Qold"),
    }  # fmt: skip
    assert sorted(org.created) == ["k0", "k2", "k3", "k4"]
    assert len(org.jobs) == 1, "what the job did not try is few enough for a collection"


def test_what_csv_cannot_say_and_what_no_job_takes_is_created_by_collections(
    org: Org, world: World, destination: Small
) -> None:
    _create(world, destination, [*_people(0, 1, 2), *_people(3, LastName="#N/A")])
    assert org.people["k3"]["LastName"] == "#N/A"
    assert [row["Key__c"] for row in org.jobs["7500"]["rows"]] == ["k0", "k1", "k2"]
    org.broken = "InvalidBatch : Field name not found : Nope__c"
    _create(world, destination, _people(*range(10, 14)), run="r2")
    assert {state for state, _, _ in _created(world).values()} == {"confirmed"}
    assert len(org.created) == len(set(org.created)) == 8


def test_a_plan_knows_the_calls_of_creations_by_jobs(org: Org, world: World, destination: Small) -> None:
    assert SalesforceCreator.forecast_group(_people(*range(2_000))) == 10 + 2 * 10
    assert SalesforceCreator.forecast_group(_people(*range(10_200))) == 5 + 1 + 2 * 51
    _create(world, destination, _people(*range(6)))
    assert org.calls - org.count.repair == 5 + 2 * 3


@pytest.mark.parametrize("name", salesforce_bulk.CRASHPOINTS)
def test_ended_anywhere_in_a_job_of_creations_none_is_made_twice(
    org: Org, world: World, destination: Small, name: str
) -> None:
    people = _people(*range(6))
    with crashpoints.armed(name), pytest.raises(Crashed):
        _create(world, destination, people)
    after = Small(org)  # type: ignore[arg-type]
    found = recovery.recover_vendor(
        world.state, after, load_syncs(world.settings.config_dir), CREATORS, lambda _: None
    )
    assert found.confirmed + found.not_stored == 6
    assert BulkJobs(world.state, "salesforce", "r").open() == []
    open_still = [action for action in people if _created(world)[action.action_key][0] == "intended"]
    after.keep_jobs(BulkJobs(world.state, "salesforce", "r2"))
    _create(world, after, open_still, run="r2")
    assert sorted(org.created) == [f"k{n}" for n in range(6)]
    assert _created(world) == {f"a{n}": ("confirmed", "", f"00Qk{n}") for n in range(6)}


@pytest.mark.usefixtures("unheard")
def test_creations_of_a_job_nobody_could_ask_after_are_looked_for_when_it_is_over(
    org: Org, world: World, destination: Small
) -> None:
    _create(world, destination, _people(*range(6)))
    assert (len(org.jobs), len(org.created)) == (1, 6), "created again while the first was at work"
    assert {state for state, _, _ in _created(world).values()} == {"confirmed"}
