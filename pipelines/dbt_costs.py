"""What dbt does for each model and test that nobody here sees, left out: most of a small build is that.

Belongs here: what is put in the place of dbt's own functions, for the version that is pinned. Nothing that a
model or a test says is other for it. How dbt is called is in `pipelines.transform`.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock, local
from types import SimpleNamespace
from typing import Any

import duckdb

from pipelines import dbt_cores, dbt_nodes, dbt_starts, dbt_templates
from pipelines.dbt_nodes import versions_of
from pipelines.warehouse import before_checkpoint

HEARD = frozenset({"NodeFinished"})
"""Events that somebody listens to (`pipelines.transform`). dbt makes thirty for each node."""
_NULLS = ("null", "")
_LOCK = Lock()


def spare() -> None:
    """From now on, in this process."""
    with _LOCK:
        _spare()


@cache
def _spare() -> None:
    _events_that_nobody_hears()
    _macros_bound_anew_for_each_node()
    _types_made_anew_for_each_result()
    dbt_templates.spare(_put)
    _relations_compared_one_by_one()
    _texts_compressed_in_small_files()
    dbt_starts.spare(_put)
    dbt_nodes.spare(_put)
    dbt_cores.spare(_put)


def _events_that_nobody_hears() -> None:
    """An event becomes a message when it is looked at, and is sent where there is a log. Who listens is told
    what it was made of."""
    from dbt_common.events.base_types import BaseEvent
    from dbt_common.events.event_manager import EventManager

    make, read, write, send = (
        BaseEvent.__init__, BaseEvent.__getattr__, BaseEvent.__setattr__, EventManager.fire_event,
    )  # fmt: skip

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        self.__dict__["_begun"] = (args, kwargs)

    def finish(self: Any) -> None:
        begun = self.__dict__.pop("_begun", None)
        if begun is not None:
            make(self, *begun[0], **begun[1])

    def get(self: Any, key: str) -> Any:
        if "_begun" not in self.__dict__:
            return read(self, key)
        finish(self)
        return getattr(self, key)

    def put(self: Any, key: str, value: Any) -> None:
        if key != "pb_msg":
            finish(self)
        write(self, key, value)

    def fire(
        self: Any, e: Any, level: Any = None, node: Any = None, force_warn_or_error_handling: bool = False
    ) -> None:
        if self.loggers or self.require_warn_or_error_handling or force_warn_or_error_handling:
            send(self, e, level, node, force_warn_or_error_handling)
        elif (name := type(e).__name__) in HEARD:
            _, said = e.__dict__["_begun"]
            for tell in self.callbacks:
                tell(SimpleNamespace(info=SimpleNamespace(name=name), data=SimpleNamespace(**said)))

    _put(BaseEvent, __init__=begin, __getattr__=get, __setattr__=put)
    _put(EventManager, fire_event=fire)


def _macros_bound_anew_for_each_node() -> None:
    """A node's context holds all macros of dbt and of the project, each bound to that context, and a node has
    two. A thread keeps one with the macros in it and fills it for the node that it works on."""
    import dbt.compilation
    import dbt.task.run
    import dbt.task.test
    from dbt.context.manifest import ManifestContext
    from dbt.context.providers import ModelContext, RuntimeProvider

    kept = local()

    class Filled(ModelContext):  # type: ignore[misc]  # dbt is not typed for strict mypy
        _ctx: Any
        macro_stack: Any
        _get_namespace_builder = ManifestContext._get_namespace_builder  # of no node: which macros it calls
        # was seen when it was parsed

        def _build_namespace(self) -> Any:
            if getattr(kept, "of", None) is not self.manifest:
                kept.of, kept.context = self.manifest, self._ctx
                kept.namespace, kept.stack = super()._build_namespace(), self.macro_stack
                kept.macros = dict(kept.namespace)
            self._ctx, self.macro_stack = kept.context, kept.stack
            return kept.namespace

        def to_dict(self) -> Any:
            self._ctx.clear()
            self._ctx["context"] = self._ctx
            builtins = self._ctx["builtins"] = self.generate_builtins()
            self._ctx.update(builtins)
            self._ctx.update(kept.macros)
            if (versions := versions_of(self.manifest)) is not None:
                self._ctx["versions"] = versions
            return self._ctx

    def context(model: Any, config: Any, manifest: Any) -> Any:
        return Filled(model, config, manifest, RuntimeProvider(), None).to_dict()

    for module in (dbt.compilation, dbt.task.run, dbt.task.test):
        _put(module, generate_runtime_model_context=context)


def _types_made_anew_for_each_result() -> None:
    """The types that agate tries on what a query gives: a calendar in each, and nothing of the result."""
    from agate import Table, TypeTester
    from agate.data_types import Text
    from dbt_common.clients import agate_helper

    make = agate_helper.build_type_tester

    @lru_cache(maxsize=256)
    def tester(texts: frozenset[str], nulls: tuple[str, ...]) -> Any:
        types = types_for(nulls)
        return TypeTester(force=dict.fromkeys(texts, Text(null_values=nulls)), types=types)

    @cache
    def types_for(nulls: tuple[str, ...]) -> Any:
        return make((), nulls)._possible_types

    def build(text_columns: Iterable[str], string_null_values: Iterable[str] | None = _NULLS) -> Any:
        return tester(frozenset(text_columns), tuple(string_null_values or ()))

    nothing = Table(rows=[])
    _put(agate_helper, build_type_tester=build, empty_table=lambda: nothing)


def _relations_compared_one_by_one() -> None:
    """Looking for one by its name, dbt compares each part of each relation of the schema."""
    from dbt.adapters.base.impl import BaseAdapter

    match = BaseAdapter._make_match

    def of_that_name(self: Any, relations: Any, database: str, schema: str, identifier: str) -> Any:
        name = identifier.lower()
        near = [each for each in relations if each.identifier is not None and each.identifier.lower() == name]
        return match(self, near, database, schema, identifier)

    _put(BaseAdapter, _make_match=of_that_name)


def _texts_compressed_in_small_files() -> None:
    """When the file is closed it is written (`warehouse.before_checkpoint`)."""
    from dbt.adapters.duckdb.environments.local import LocalEnvironment

    close = LocalEnvironment.close

    def closed(self: Any) -> None:
        if self.conn is not None and self.creds.path != ":memory:":
            with suppress(duckdb.Error):
                before_checkpoint(self.conn, Path(self.creds.path))
        close(self)

    _put(LocalEnvironment, close=closed)


def _put(where: Any, **functions: Any) -> None:
    """Raises AttributeError where dbt has no such function any more."""
    for name, function in functions.items():
        getattr(where, name)
        setattr(where, name, function)
