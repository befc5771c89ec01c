"""Runs the suites of a scope over the refresh in the works. The only module that imports Great Expectations.

Belongs here: reading frames, asking GX, rendering its pages. Suites are in `suites/`, the list in `registry`,
what a failed gate does in `step`.

Frames are pandas: only the columns a suite looks at are read, and DuckDB makes the aggregates. GX's own SQL
path needs a dialect of ours to work with DuckDB at all, and saves two seconds on a million rows.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from expectations import docs, facts, registry, wording
from expectations.later import when_asked_for
from expectations.results import CheckResult, Scope, SuiteResult
from expectations.suite import Facts, Suite
from pipelines.run import Progress, Run, silent
from pipelines.settings import Settings
from pipelines.timing import fixed_cost
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

CONTEXT = {
    "config_version": 4.0,
    "analytics_enabled": False,
    "progress_bars": {"globally": False, "metric_calculations": False},
}


def warm_import() -> Thread:
    """Start importing Great Expectations in a thread: it takes seconds, which a running transform hides."""
    thread = Thread(target=_imported, name="warm-import-gx", daemon=True)
    thread.start()
    return thread


def _imported() -> Any:
    """Great Expectations. Its statistics and its charts are imported when one is asked for: half of its
    import, and no suite of ours asks for any."""
    for name in ("scipy.stats", "altair"):
        when_asked_for(name)
    return import_module("great_expectations")


def run(
    scope: Scope, warehouse: Warehouse, settings: Settings, run: Run, progress: Progress = silent
) -> CheckResult:
    """Ask every suite of `scope`. Failures are in the result; nothing is raised for them."""
    started = time.perf_counter()
    suites = registry.suites_of(scope)
    with warehouse.reading("work") as connection:
        known = facts.gather(connection, warehouse, scope, suites)
        asked = _Asked(connection, known)
        results = []
        for done, suite in enumerate(suites):
            progress(suite.title, done, len(suites))
            results.append(asked.of(suite))
    page = (
        docs.render(asked.context, settings.paths.data_docs, scope, run)
        if asked.context is not None
        else None
    )
    progress("data docs", len(suites), len(suites))
    return CheckResult(scope=scope, suites=tuple(results), seconds=time.perf_counter() - started, docs=page)


def why_not(suite: Suite, known: dict[str, Facts]) -> str:
    """Why a suite has nothing to say in this world; empty when it has to be asked."""
    fact = known[suite.table]
    if not fact.connected:
        return f"{suite.table.split('.')[0].removeprefix('raw_')} is not connected"
    if fact.status == "absent":
        return "the vendor does not have this object"
    for table in suite.needs:
        if not known[table].exists:
            return f"{table} is not there"
    lost = fact.previous_rows is None and fact.all_rows == 0 and fact.loaded_rows > 0
    if fact.exists and fact.rows == 0 and not fact.remembers and not lost:
        return "no rows in this world"
    return ""


@dataclass
class _Asked:
    """One GX context over one connection; made when the first suite has something to say."""

    connection: duckdb.DuckDBPyConnection
    known: dict[str, Facts]
    context: Any = None
    source: Any = None

    def of(self, suite: Suite) -> SuiteResult:
        started = time.perf_counter()
        note = why_not(suite, self.known)
        if note:
            return _result(suite, started, note=note)
        if not self.known[suite.table].exists:
            return _result(suite, started, failures=(f"{suite.table} was not built.",))
        try:
            frame = self.connection.sql(self._sql(suite)).df()
        except Exception as error:  # noqa: BLE001 - a table that cannot be read is a finding, not a crash
            first = str(error).strip().splitlines()[0]
            return _result(
                suite, started, failures=(f"{suite.table}: {suite.name} cannot be read: {first}.",)
            )
        if suite.query and frame.empty:
            return _result(suite, started, note="nothing to compare in this world")
        expectations, failures = self._validate(suite, frame)
        return _result(suite, started, expectations=expectations, failures=failures)

    def _sql(self, suite: Suite) -> str:
        fact = self.known[suite.table]
        now = f"timestamptz '{fact.as_of.isoformat()}'" if fact.as_of else "null::timestamptz"
        if suite.query:
            return suite.query.replace("{as_of}", now)
        columns = {**({"_key": suite.key} if suite.key else {}), **(suite.columns or {"_row": "1"})}
        parts = ", ".join(f'{expression} as "{name}"' for name, expression in columns.items())
        live = " where deleted_at is null" if fact.deletable else ""
        return f"select {parts} from {facts.quote(suite.table)}{live}".replace("{as_of}", now)

    def _validate(self, suite: Suite, frame: Any) -> tuple[int, tuple[str, ...]]:
        with fixed_cost("great expectations"):
            gx = _imported()
            import great_expectations.expectations as gxe

        if self.context is None:
            self.context, self.source = _new_context(gx)
        expectations = suite.build(gxe, self.known[suite.table])
        severity = "critical" if suite.severity == "gate" else "warning"
        for expectation in expectations:
            expectation.severity = severity
        asset = self.source.add_dataframe_asset(suite.title)
        definition = gx.ValidationDefinition(
            name=suite.title,
            data=asset.add_batch_definition_whole_dataframe("all"),
            suite=self.context.suites.add(gx.ExpectationSuite(name=suite.title, expectations=expectations)),
        )
        key = "_key" if suite.key and not suite.query else suite.key
        shown = {"result_format": "SUMMARY", "partial_unexpected_count": wording.EXAMPLES}
        if key:
            shown["unexpected_index_column_names"] = [key]
        outcome = self.context.validation_definitions.add(definition).run(
            batch_parameters={"dataframe": frame}, result_format=shown
        )
        return len(expectations), tuple(
            wording.sentence(suite.table, result, key) for result in outcome.results if not result.success
        )


def _new_context(gx: Any) -> tuple[Any, Any]:
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    config = DataContextConfig(
        **CONTEXT, store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    )
    context = gx.get_context(project_config=config, mode="ephemeral")
    # Nobody reads its configuration, which is written as YAML for each table that is added, all tables in it.
    context._save_project_config = lambda: None
    return context, context.data_sources.add_pandas("warehouse")


def _result(
    suite: Suite, started: float, *, expectations: int = 0, failures: tuple[str, ...] = (), note: str = ""
) -> SuiteResult:
    return SuiteResult(
        table=suite.table, suite=suite.name, severity=suite.severity,
        status="skipped" if note else "failed" if failures else "passed",
        expectations=expectations, failures=failures, seconds=time.perf_counter() - started, note=note,
    )  # fmt: skip
