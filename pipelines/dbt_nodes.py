"""Nodes of a dbt run for which dbt need not go through its templates and materializations.

Belongs here: models and tests that stay as they are, and tests that are nothing but their SQL. They end as
they would: by name, status, rows and message. What each node costs else is in `pipelines.dbt_costs`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from pipelines.versions import Versions

_OF_OWNERS = "incremental"
"""Where all that is tested is made so, what is new may be asked alone (`materializations/test.sql`)."""


def lend(manifest: Any, versions: Versions | None) -> None:
    """To the macros of the runs of this manifest, where it is called `versions`."""
    manifest.crm_versions = versions


def versions_of(manifest: Any) -> Versions | None:
    found: Versions | None = getattr(manifest, "crm_versions", None)
    return found


def spare(put: Callable[..., None]) -> None:
    from dbt.contracts.graph.nodes import GenericTestNode, ModelNode, SingularTestNode
    from dbt.task.base import BaseRunner

    make = BaseRunner.compile_and_execute

    def compile_and_execute(self: Any, manifest: Any, ctx: Any) -> Any:
        versions = versions_of(manifest)
        if versions is None:
            return make(self, manifest, ctx)
        if isinstance(self.node, ModelNode):
            return _left(self) if _model_stays(self, versions) else make(self, manifest, ctx)
        if isinstance(self.node, (GenericTestNode, SingularTestNode)):
            if versions.stays(self.node.unique_id):
                return _ended(self, 0)
            key = _key_of(self.node, manifest)
            if key is not None and _is_key(self, versions, key):
                return _ended(self, 0)
            if key is not None or not _asks_what_is_new(versions, self.node, manifest):
                return _asked(self, versions, manifest, ctx)
        return make(self, manifest, ctx)

    put(BaseRunner, compile_and_execute=compile_and_execute)


def _model_stays(runner: Any, versions: Versions) -> bool:
    node = runner.node
    if runner.config.args.full_refresh or not versions.stays(node.unique_id):
        return False
    there = runner.adapter.get_relation(node.database, node.schema, node.alias)
    return there is not None and there.type == left_by(node.config)


def left_by(config: Any) -> str:
    """What a model leaves: a view or a table."""
    is_view = config.materialized in ("view", "watched") and not config.get("as_table")
    return "view" if is_view else "table"


def _left(runner: Any) -> Any:
    from dbt.artifacts.schemas.results import RunStatus
    from dbt.artifacts.schemas.run import RunResult

    return RunResult(
        node=runner.node, status=RunStatus.Success, timing=[], thread_id=threading.current_thread().name,
        execution_time=0, message="OK", adapter_response={}, failures=None, batch_results=None,
    )  # fmt: skip


class _Key(NamedTuple):
    """What a test named `key` says (`dbt_project/tests/generic/key.sql`)."""

    relation: str
    columns: list[str]
    never_null: list[str]


def _key_of(node: Any, manifest: Any) -> _Key | None:
    about = getattr(node, "test_metadata", None)
    if about is None or about.name != "key" or node.config.where is not None:
        return None
    of, columns = manifest.nodes[node.attached_node], about.kwargs["columns"]
    nullable = about.kwargs.get("nullable", ())
    return _Key(f"{of.schema}.{of.alias}", columns, [each for each in columns if each not in nullable])


def _is_key(runner: Any, versions: Versions, key: _Key) -> bool:
    """Whether all rows have hashes of their own, and none lacks a value: numbers in order say that in a third
    of what it takes to group them. If not, the test's SQL says which are wrong."""
    import numpy

    made = versions.made_of(runner.node.unique_id, str(key))
    lacks = " or ".join(f"{each} is null" for each in key.never_null) or "false"
    with runner.adapter.connection_named(runner.node.unique_id, runner.node):
        _, cursor = runner.adapter.connections.add_query(
            f"select case when {lacks} then null else hash({', '.join(key.columns)}) end as hashed "
            f"from {key.relation}", auto_begin=False,
        )  # fmt: skip
        hashes = cursor.fetchnumpy()["hashed"]
    if numpy.ma.is_masked(hashes):
        return False
    hashes = numpy.ma.getdata(hashes)
    hashes.sort()
    if bool((hashes[1:] == hashes[:-1]).any()):
        return False
    versions.note(runner.node.unique_id, made, None, None, versions.new)
    return True


def _asks_what_is_new(versions: Versions, node: Any, manifest: Any) -> bool:
    """Whether the materialization may ask of some rows only."""
    read = [manifest.nodes[key] for key in node.depends_on.nodes if key in manifest.nodes]
    return versions.may_stay and all(each.config.materialized == _OF_OWNERS for each in read)


def _asked(runner: Any, versions: Versions, manifest: Any, ctx: Any) -> Any:
    """As dbt's `get_test_sql` and the materialization: one row of three values."""
    with runner.adapter.connection_named(runner.node.unique_id, runner.node):
        node = ctx.node = runner.compile(manifest)
        made = versions.made_of(node.unique_id, node.compiled_code)
        failures, config = node.config.fail_calc, node.config
        rows = node.compiled_code
        if config.limit is not None:
            rows = f"select * from ({rows}) as limited limit {config.limit}"
        _, cursor = runner.adapter.connections.add_query(
            f"select {failures}, {failures} {config.warn_if}, {failures} {config.error_if} "
            f"from (\n{rows}\n) as dbt_internal_test", auto_begin=False,
        )  # fmt: skip
        [(found, should_warn, should_error)] = cursor.fetchall()
    if not found:
        versions.note(node.unique_id, made, None, None, versions.new)
    return _ended(runner, found, should_warn, should_error)


def _ended(runner: Any, failures: int, should_warn: bool = False, should_error: bool = False) -> Any:
    from dbt.task.test import TestResultData

    return runner.build_test_run_result(
        runner.node,
        TestResultData(
            failures=failures, should_warn=should_warn, should_error=should_error,
            adapter_response={"_message": "OK"},
        ),
    )  # fmt: skip
