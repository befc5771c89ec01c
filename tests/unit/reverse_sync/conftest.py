"""A published file made by hand, two CRMs in memory that misbehave on request, and a state of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.clients.salesforce.ingest import Job
from pipelines.reverse_sync import apply as applying
from pipelines.reverse_sync import plan as planning
from pipelines.reverse_sync import recovery
from pipelines.reverse_sync.destinations.base import (
    Account,
    Destination,
    FieldAccess,
    RecordWrite,
)
from pipelines.reverse_sync.destinations.common import InOneCall
from pipelines.reverse_sync.plan import Plan
from pipelines.reverse_sync.results import ApplyResult
from pipelines.run import Run, silent
from pipelines.settings import HubSpotConnection, SalesforceConnection, Secret, Settings
from pipelines.state import State
from pipelines.state.bulk_jobs import BulkJobs
from pipelines.warehouse import Warehouse

from .org import Org, Small

if TYPE_CHECKING:
    from .post import Post

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
ORGS = {"hubspot": "48290173", "salesforce": "00DSB0000001aZ9EAI"}

SYNCS = """
guards: {overwritten_share: 0.3, overwritten_floor: 2, blanks: 0}
syncs:
  contacts:
    vendor: hubspot
    object: contacts
    desired: sync_hubspot__contacts
    existing: existing_hubspot__contacts
    fields:
      score: {type: integer, provider: computed, owner: us, dead_band: 1, rule: lead_score.yml}
      stage:
        type: text
        provider: computed
        owner: crm
        policy: forward_only
        order: [lead, mql, customer]
        rule: stages.yml
      rep: {type: reference, provider: decided, owner: crm, policy: fill_if_empty, rule: routing.yml}
      source: {type: text, provider: computed, owner: us, rule: attribution.yml}
  leads:
    vendor: salesforce
    object: Lead
    desired: sync_salesforce__leads
    existing: existing_salesforce__leads
    fields:
      Score__c: {type: number, provider: computed, owner: us, rule: lead_score.yml}
      Revenue__c: {type: money, provider: computed, owner: us, rule: attribution.yml}
"""
COLUMNS = {
    "hubspot__contacts": {"score": "integer", "stage": "varchar", "rep": "varchar", "source": "varchar"},
    "salesforce__leads": {"Score__c": "double", "Revenue__c": "decimal(18, 2)"},
}
OBJECTS = {"hubspot__contacts": ("hubspot", "contacts"), "salesforce__leads": ("salesforce", "Lead")}
ROUND = 4
"""Records of a round where answers echo nothing: two calls, and one to read them back."""
Rows = Mapping[str, Mapping[str, Any]]


@dataclass
class FakeCrm(InOneCall):
    """A CRM in memory. `writes` is the truth about what was stored; `faults` are used up one a call."""

    vendor: str
    label: str
    batch_size: int
    echoes: bool
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    access: dict[str, FieldAccess] = field(default_factory=dict)
    writes: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    stuck: set[tuple[str, str]] = field(default_factory=set)
    poison: set[str] = field(default_factory=set)
    moved: set[str] | None = field(default_factory=set)
    misfit: tuple[str, str] = ("", "")
    """A field, and a value of it that is refused by the field's name."""
    org_id: str = ""
    count: CallCount = field(default_factory=CallCount)
    now: datetime = NOON
    log: list[str] = field(default_factory=list)
    day: tuple[int, int] | None = None

    def _called(self, what: str) -> str:
        self.count.one()
        self.now += timedelta(seconds=1)
        self.log.append(what)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "down":
            raise errors.Unavailable(f"{self.label} did not answer")
        return fault

    def round_size(self, records: int) -> int:
        return super().round_size(records) if self.echoes else ROUND

    @property
    def calls(self) -> int:
        return self.count.calls

    def account(self) -> Account:
        self._called("account")
        return Account(self.org_id, "Northwind")

    def fields(self, object_name: str) -> Mapping[str, FieldAccess]:
        self._called("fields")
        return self.access

    def changed_since(self, object_name: str, since: datetime, records: int) -> Collection[str] | None:
        self.count.one()
        return self.moved

    def update(self, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        assert len(writes) <= self.batch_size
        fault = self._called("update")
        if fault == "refused":
            raise errors.DailyLimitReached(f"{self.label}'s calls of this day are used up")
        if fault == "lost before":
            raise errors.AnswerLost(f"{self.label} did not say what became of a write")
        if self.poison & {write.record_id for write in writes}:
            raise errors.Rejected("the request is malformed", code="VALIDATION_ERROR", status=400)
        answers = Outcomes([self._row(write) for write in writes], request_id=f"q{self.calls}")
        if fault == "lost after":
            raise errors.AnswerLost(f"{self.label} did not say what became of a write")
        return answers

    def _row(self, write: RecordWrite) -> RowResult:
        if write.record_id in self.rejected:
            code = self.rejected[write.record_id]
            return RowResult(False, write.record_id, code=code, message=f"{code} of the vendor")
        if self.misfit in {(cell.field, cell.value) for cell in write.cells}:
            return RowResult(False, write.record_id, code="INVALID_OPTION", fields=self.misfit[:1])
        record = self.records.get(write.record_id)
        if record is None:
            return RowResult(False, code=MISSING_FROM_ANSWER, message="not mentioned")
        for cell in write.cells:
            before = record.get(cell.field)
            if (write.record_id, cell.field) not in self.stuck and before != cell.value:
                record[cell.field] = cell.value
                self.writes.append((write.record_id, cell.field, before, cell.value))
        return RowResult(True, write.record_id, values=dict(record) if self.echoes else {})

    def read(
        self, object_name: str, record_ids: Sequence[str], fields: Iterable[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        self._called("read")
        names = list(fields)
        return {i: {n: self.records[i].get(n) for n in names} for i in record_ids if i in self.records}


@dataclass
class World:
    """Everything a plan and an apply need."""

    settings: Settings
    warehouse: Warehouse
    state: State
    crms: dict[str, FakeCrm]

    @contextmanager
    def open_destination(self, vendor: str) -> Iterator[Destination]:
        yield self.crms[vendor]

    @property
    def hubspot(self) -> FakeCrm:
        return self.crms["hubspot"]

    @property
    def salesforce(self) -> FakeCrm:
        return self.crms["salesforce"]

    def publish(
        self, contacts: Rows | None = None, leads: Rows | None = None, *, as_of: datetime = NOON,
        people: int = 3, publish_id: str = "p1", extra: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Publish desired rows; existing ones are what the CRMs hold at this moment."""
        desired = {"hubspot__contacts": contacts or {}, "salesforce__leads": leads or {}}
        with self.warehouse.locked("test"):
            self.warehouse.start_work()
            with self.warehouse.writing() as connection:
                for schema in ("marts", "reverse_sync", "decisions", "ops"):
                    connection.execute(f"create schema if not exists {schema}")
                for name, rows in desired.items():
                    vendor, object_name = OBJECTS[name]
                    self._table(connection, f"sync_{name}", name, rows)
                    self._table(connection, f"existing_{name}", name, self.crms[vendor].records)
                    connection.execute(
                        "create table if not exists ops.loads "
                        "(vendor varchar, object varchar, status varchar, window_to timestamptz)"
                    )
                    connection.execute(
                        "insert into ops.loads values (?, ?, 'loaded', ?)", [vendor, object_name, as_of]
                    )
                connection.execute(
                    "create or replace table marts.unified_leads as select 'person ' || i as person_id, "
                    f"'Person ' || i as full_name, '' as email from range({people}) t(i)"
                )
                for statement in extra:
                    connection.execute(statement)
            self.warehouse.publish(publish_id)

    def _table(self, connection: Any, table: str, name: str, rows: Rows) -> None:
        vendor, object_name = OBJECTS[name]
        columns = COLUMNS[name]
        typed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(
            f"create or replace table reverse_sync.{table} "
            f"(record_id varchar, record_key varchar, person_id varchar, {typed})"
        )
        marks = ", ".join("?" for _ in range(3 + len(columns)))
        for n, (record_id, row) in enumerate(rows.items()):
            real_id = record_id.split("#")[0]
            key = f"{vendor}:{ORGS[vendor]}:{object_name}:{real_id}"
            values = [row.get(column) for column in columns]
            connection.execute(
                f"insert into reverse_sync.{table} values ({marks})", [real_id, key, f"person {n}", *values]
            )

    def plan(self, run: str = "run1") -> Plan:
        return planning.make(self.warehouse, self.state, self.settings, Run(run), silent)

    def apply(self, plan: Plan, run: str = "run1", **options: Any) -> ApplyResult:
        return self.apply_file(plan.path, run, **options)

    def apply_file(self, path: Path, run: str, **options: Any) -> ApplyResult:
        return applying.apply(
            path, self.warehouse, self.state, self.settings, Run(run), silent,
            open_destination=self.open_destination, **options,
        )  # fmt: skip

    def recover(self) -> recovery.Recovered:
        return recovery.recover(self.state, self.settings, open_destination=self.open_destination)

    def journal(self, columns: str = "record_id, field, state, code") -> list[tuple[Any, ...]]:
        with self.state.reading() as connection:
            rows = connection.exec_driver_sql(
                f"select {columns} from journal order by vendor, record_id, field"
            )
            return [tuple(row) for row in rows]


def group_leads(world: World, parents: Mapping[str, str]) -> list[str]:
    """Let leads be grouped by a parent. Returns the statements that give them theirs, for `publish`."""
    path = world.settings.config_dir / "syncs.yml"
    model = "existing_salesforce__leads"
    path.write_text(path.read_text().replace(model, f"{model}\n    grouped_by: parent_id"))
    return [
        f"alter table reverse_sync.{model} add column parent_id varchar",
        *(f"update reverse_sync.{model} set parent_id = '{p}' where record_id = '{i}'" for i, p in
          parents.items()),
    ]  # fmt: skip


def _crm(vendor: str, label: str, batch_size: int, *, echoes: bool) -> FakeCrm:
    fields = next(columns for name, columns in COLUMNS.items() if OBJECTS[name][0] == vendor)
    return FakeCrm(
        vendor,
        label,
        batch_size,
        echoes,
        access={name: FieldAccess(name, True) for name in fields},
        org_id=ORGS[vendor],
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """HubSpot takes 3 records a call and echoes; Salesforce takes 2 and does not."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "syncs.yml").write_text(SYNCS)
    settings = Settings(
        home=tmp_path / "var", config_dir=config,
        hubspot=HubSpotConnection(url="http://127.0.0.1:1", token=Secret("t"), environment="sandbox"),
        salesforce=SalesforceConnection(
            url="http://127.0.0.1:2", client_id="c", client_secret=Secret("s"), environment="sandbox"
        ),
    )  # fmt: skip
    crms = {
        "hubspot": _crm("hubspot", "HubSpot", 3, echoes=True),
        "salesforce": _crm("salesforce", "Salesforce", 2, echoes=False),
    }
    with State.open(settings) as state:
        yield World(settings, Warehouse(settings.paths), state, crms)


@pytest.fixture
def post(world: World) -> Post:
    from .post import Outbox, Post

    return Post(world, Outbox())


@pytest.fixture
def org() -> Org:
    return Org([str(n) for n in range(6)])


@pytest.fixture
def destination(org: Org, world: World) -> Small:
    made = Small(org)  # type: ignore[arg-type]
    made.keep_jobs(BulkJobs(world.state, "salesforce", "r"))
    return made


@pytest.fixture
def unheard(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wait for a job has no answer."""
    waits, wait = iter([True]), org.wait

    def once(job_id: str, rows: int) -> Job:
        if next(waits, False):
            raise errors.Unavailable("Salesforce did not answer 5 times (GET)")
        return wait(job_id, rows)

    monkeypatch.setattr(org, "wait", once)
