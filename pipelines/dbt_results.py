"""How the nodes of a dbt run came out, and the sentence that a failure becomes.

Belongs here: what is read of dbt's results. How dbt is called is in `pipelines.transform`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pipelines.errors import CrmError, GateFailed

_LONGEST_MESSAGE = 600


@dataclass(frozen=True, kw_only=True)
class NodeResult:
    """How one model or test came out. `rows` are the failing rows of a test."""

    unique_id: str
    name: str
    kind: Literal["model", "test"]
    status: str
    seconds: float
    rows: int = 0
    message: str = ""
    tested: str = ""
    path: str = ""


class TestsFailed(GateFailed):
    """Data tests found rows. `nodes` are all models and tests of the build, as they came out."""

    nodes: tuple[NodeResult, ...] = ()


def nodes_of(done: Any, manifest: Any) -> tuple[NodeResult, ...]:
    """Of what an invocation returned."""
    results = getattr(done.result, "results", None) or ()
    found = []
    for result in results:
        node = result.node
        is_test = str(node.resource_type) in ("test", "unit_test")
        attached = manifest.nodes.get(getattr(node, "attached_node", None) or "")
        found.append(
            NodeResult(
                unique_id=node.unique_id,
                name=node.name,
                kind="test" if is_test else "model",
                status=str(result.status),
                seconds=result.execution_time,
                rows=result.failures or 0,
                message=result.message or "",
                tested=attached.name if attached is not None else "",
                path=node.original_file_path,
            )
        )
    return tuple(found)


def raise_for(done: Any, nodes: tuple[NodeResult, ...]) -> None:
    """Raises CrmError when a model failed, TestsFailed when a test of severity error found rows."""
    errors = [n for n in nodes if n.status == "error"]
    if errors:
        first = errors[0]
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise CrmError(
            f"{first.kind} {first.name}{more} could not be built: {brief(first.message)}",
            where=f"dbt_project/{first.path}", remedy="mend the model or the rule it reads",
        )  # fmt: skip
    failed = [n for n in nodes if n.status == "fail"]
    if failed:
        rest = f"; {len(failed) - 1} more tests failed" if len(failed) > 1 else ""
        stopped = TestsFailed(
            sentence(failed[0]) + rest, where=f"dbt_project/{failed[0].path}",
            remedy="what was published before still stands; look at the rows in var/work.duckdb",
        )  # fmt: skip
        stopped.nodes = nodes
        raise stopped
    if done.exception is not None:
        raise CrmError(f"dbt stopped: {brief(str(done.exception))}", where="dbt_project") from done.exception


def sentence(node: NodeResult) -> str:
    """Of a test that found rows."""
    on = f" on {node.tested}" if node.tested else ""
    return f"test {node.name}{on} found {node.rows} {'row' if node.rows == 1 else 'rows'}"


def brief(message: str) -> str:
    """The message in one line, without dbt's frame around it."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if len(lines) > 1 and " Error" in lines[0]:
        lines = lines[1:]
    return " ".join(lines)[:_LONGEST_MESSAGE].rstrip(".")
