"""A graph small enough to read: one staging model, one mart, one sync, one model about the journal."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from expectations.results import CheckResult, SuiteResult
from expectations.step import Checker
from orchestration.build import build_defs
from orchestration.resources import RunLoop
from pipelines.dbt_results import NodeResult, TestsFailed
from pipelines.errors import GateFailed
from pipelines.reverse_sync.recovery import Recovered
from pipelines.reverse_sync.results import ApplyResult, SyncResult
from pipelines.run import StepResult
from pipelines.settings import PROJECT_ROOT, HubSpotConnection, Secret, Settings
from pipelines.state.engine import State
from pipelines.warehouse import Warehouse


def model(schema: str, name: str, *depends_on: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "resource_type": "model", "unique_id": f"model.crm.{name}", "name": name, "alias": name,
        "schema": schema, "description": f"One row per {name}.", "tags": list(tags), "language": "sql",
        "raw_code": name, "depends_on": {"nodes": list(depends_on)}, "config": {"materialized": "table"},
        "meta": {}, "columns": {},
        "original_file_path": f"models/{name}.sql", "fqn": ["crm", name], "package_name": "crm",
    }  # fmt: skip


def key_test(of: str, severity: str = "error") -> dict[str, Any]:
    return {
        "resource_type": "test", "unique_id": f"test.crm.key_{of}", "name": f"key_{of}", "meta": {},
        "depends_on": {"nodes": [f"model.crm.{of}"]}, "config": {"severity": severity}, "tags": [],
        "attached_node": f"model.crm.{of}", "test_metadata": {"name": "key", "kwargs": {}},
    }  # fmt: skip


def source(schema: str, name: str) -> dict[str, Any]:
    return {
        "resource_type": "source", "unique_id": f"source.crm.{schema}.{name}", "name": name,
        "identifier": name, "schema": schema, "source_name": schema, "description": "", "tags": [],
        "meta": {}, "config": {},
        "columns": {}, "depends_on": {"nodes": []}, "package_name": "crm",
    }  # fmt: skip


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    raw, rules = source("raw_hubspot", "contacts"), source("rules", "run")
    journal, assignments = source("ops", "journal"), source("decisions", "assignments")
    staged = model("staging", "stg_hubspot__contacts", raw["unique_id"], rules["unique_id"])
    leads = model("marts", "unified_leads", staged["unique_id"])
    syncs = [
        model(
            "reverse_sync", name, leads["unique_id"], assignments["unique_id"], rules["unique_id"],
            tags=("desired",),
        )
        for name in ("sync_hubspot__contacts", "sync_salesforce__leads", "sync_salesforce__contacts")
    ]  # fmt: skip
    health = model("marts", "sync_health", journal["unique_id"], tags=("activity",))
    tests = [key_test("unified_leads"), key_test("sync_hubspot__contacts", "warn")]
    models = [staged, leads, *syncs, health]
    return {
        "metadata": {"adapter_type": "duckdb"},
        "nodes": {node["unique_id"]: node for node in (*models, *tests)},
        "sources": {node["unique_id"]: node for node in (raw, rules, journal, assignments)},
        "parent_map": {node["unique_id"]: node["depends_on"]["nodes"] for node in (*models, *tests)},
        "child_map": {
            node["unique_id"]: [
                t["unique_id"] for t in tests if t["attached_node"] == node["unique_id"]
            ]
            for node in models
        },
    }  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path, config_dir=PROJECT_ROOT / "config",
        hubspot=HubSpotConnection(
            url="https://api.hubapi.com", token=Secret("not-a-token"), environment="production"
        ),
    )  # fmt: skip


@dataclass
class FakeLoop:
    """Says what was asked of it, in order. `fails` are steps whose gate fails."""

    settings: Settings
    fails: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    results: list[StepResult] = field(default_factory=list)
    built: dict[str, Any] = field(default_factory=dict)
    records: int = 3
    actions: int = 0
    checker: Checker = field(default_factory=Checker)
    run: Any = field(default_factory=lambda: SimpleNamespace(id="01TEST"))

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.paths)

    @cached_property
    def state(self) -> State:
        return State.open(self.settings)

    @contextmanager
    def locked(self, *, wait_seconds: float = 0.0):
        self.asked.append("lock")
        yield
        self.asked.append("unlock")

    def _step(self, name: str) -> StepResult:
        self.asked.append(name)
        self.results.append(StepResult(step=name, run_id="01TEST", status="done", seconds=0.1))
        return self.results[-1]

    def extract(self) -> StepResult:
        self._step("extract")
        self.results[-1] = StepResult(step="extract", run_id="01TEST", status="skipped", seconds=0.1)
        return self.results[-1]

    def transform(self) -> StepResult:
        node = NodeResult(
            unique_id="test.crm.key_unified_leads", name="key_unified_leads", kind="test", seconds=0.1,
            status="fail" if "transform" in self.fails else "pass",
            rows=2 if "transform" in self.fails else 0,
        )  # fmt: skip
        if "transform" in self.fails:
            self.asked.append("transform")
            failed = TestsFailed("test key_unified_leads found 2 rows")
            failed.nodes = (node,)
            raise failed
        self.built["marts"] = SimpleNamespace(nodes=(node,))
        return self._step("transform")

    def check(self, scope: str) -> StepResult:
        tables = {
            "raw": "raw_hubspot.contacts", "marts": "marts.unified_leads",
            "desired": "reverse_sync.sync_hubspot__contacts",
        }  # fmt: skip
        failed = scope in self.fails
        seen = SuiteResult(
            table=tables[scope], suite="volume", severity="gate", expectations=1,
            status="failed" if failed else "passed", failures=("half is gone.",) if failed else (),
        )  # fmt: skip
        self.checker.seen[scope] = CheckResult(scope=scope, suites=(seen,), seconds=0.1)
        said = self._step(f"check {scope}")
        if failed:
            raise GateFailed(f"the {scope} gate stopped the run")
        return said

    def decide(self) -> StepResult:
        return self._step("decide")

    def desired(self) -> StepResult:
        return self._step("desired")

    def publish(self) -> StepResult:
        return self._step("publish")

    def plan(self) -> Any:
        self._step("plan")
        summary = SimpleNamespace(records=self.records)
        return SimpleNamespace(
            path=Path("plan"),
            syncs={"hubspot_contacts": summary, "salesforce_leads": summary},
            actions={"tasks": SimpleNamespace(total=self.actions, kinds={"hubspot task": self.actions})},
        )

    def apply(self, path: Path, *, only: tuple[str, ...]) -> ApplyResult:
        self._step(f"apply {' '.join(only)}")
        done = SyncResult("hubspot", "contacts", records=2, confirmed=9, rejected=1, calls=4)
        return ApplyResult(
            plan_id="p",
            syncs={"hubspot_contacts": done},
            recovered=Recovered(),
            calls=4,
            samples=(),
            notes=(),
        )

    def record(self) -> StepResult:
        return self._step("record")


@dataclass
class Graph:
    """The small graph over a fake loop, and a way to run its jobs."""

    definitions: dg.Definitions
    loop: FakeLoop
    made: list[RunLoop]

    def run(self, job: str) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_job_def(job).execute_in_process(raise_on_error=False)


@pytest.fixture
def graph(settings: Settings, manifest: dict[str, Any]) -> Graph:
    loop, made = FakeLoop(settings), []

    @dg.resource
    def run_loop():
        with ExitStack() as stack:
            made.append(RunLoop(loop, loop.checker, stack))
            yield made[-1]

    return Graph(build_defs(settings, manifest=manifest, overrides={"run_loop": run_loop}), loop, made)
