"""What dbt does before its first node, each time that it is called.

Belongs here: what of it need not be done for a project that was parsed, and is as it was then. What each node
costs is in `pipelines.dbt_costs`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

_begun = local()
"""`is_parsed`: whether this thread runs dbt with a project that was parsed already."""


def spare(put: Callable[..., None]) -> None:
    _diagnostics_that_nobody_reads(put)
    _files_checked_again(put)
    _cycles_looked_for_by_hand(put)
    _selecting_twice(put)


@contextmanager
def beginning(manifest: Any) -> Iterator[None]:
    """While dbt runs with it; None is to be parsed."""
    _begun.is_parsed = manifest is not None
    try:
        yield
    finally:
        _begun.is_parsed = False


def _diagnostics_that_nobody_reads(put: Callable[..., None]) -> None:
    """`graph_summary.json`: every node as a dictionary, twice."""
    from dbt.compilation import Linker

    put(Linker, get_graph_summary=lambda self, manifest: {})


def _files_checked_again(put: Callable[..., None]) -> None:
    """Project and profile against their schemas, which are made first: they were when they were parsed."""
    from dbt_common.dataclass_schema import dbtClassMixin

    check = dbtClassMixin.validate.__func__

    def validate(cls: Any, data: Any) -> None:
        if not getattr(_begun, "is_parsed", False):
            check(cls, data)

    put(dbtClassMixin, validate=classmethod(validate))


def _cycles_looked_for_by_hand(put: Callable[..., None]) -> None:
    """By following each edge in Python, to name one: where everything has an order there is none."""
    from dbt.compilation import Linker
    from networkx import is_directed_acyclic_graph

    name = Linker.find_cycles

    def find_cycles(self: Any) -> str | None:
        return None if is_directed_acyclic_graph(self.graph) else name(self)

    put(Linker, find_cycles=find_cycles)


def _selecting_twice(put: Callable[..., None]) -> None:
    """With and without unit tests, to know which those are, where they are left out; then once more."""
    from dbt.node_types import NodeType
    from dbt.task.build import BuildTask

    select = BuildTask.get_graph_queue

    def queue(self: Any) -> Any:
        left_out: Collection[str] = getattr(self.args, "exclude_resource_types", None) or ()
        if NodeType.Unit not in {NodeType(each) for each in left_out}:
            return select(self)
        return self.get_node_selector(no_unit_tests=True).get_graph_queue(self.get_selection_spec())

    put(BuildTask, get_graph_queue=queue)
