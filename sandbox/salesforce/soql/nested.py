"""Related records under the rows of a query: children by their reference, and what TYPEOF leads to.

They are fetched after the rows, a query for each relationship and not one for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.compiler import Compiled, Nested, compile_query
from sandbox.salesforce.soql.tree import Comparison, Condition, Literal, Path, Query, both

Rows = list[tuple[Any, ...]]
Run = Callable[[Compiled], Rows]
Show = Callable[[Compiled, Sequence[tuple[Any, ...]]], list[dict[str, Any]]]
_AT_ONCE = 500


def attach(
    org: Org, query: Compiled, rows: Rows, records: list[dict[str, Any]], now: int, run: Run, show: Show,
    *, deleted: bool,
) -> None:  # fmt: skip
    """Put what is nested into the records of these rows."""
    first = len(query.columns)
    for place, nested in enumerate(query.nested, first):
        keys = [row[place] for row in rows]
        found = (
            _children(org, nested, keys, now, run, show, deleted=deleted)
            if nested.children_of
            else _typed(org, nested, keys, now, run, show)
        )
        for record, key in zip(records, keys, strict=True):
            record[nested.name] = found.get(key)


def _parts(keys: Iterable[Any]) -> Iterable[tuple[Literal, ...]]:
    known = [Literal("string", key) for key in dict.fromkeys(keys) if key]
    return (tuple(known[at : at + _AT_ONCE]) for at in range(0, len(known), _AT_ONCE))


def _children(
    org: Org, nested: Nested, keys: list[Any], now: int, run: Run, show: Show, *, deleted: bool
) -> dict[Any, dict[str, Any]]:
    """Of each row the page of its children; a limit and an offset are each row's own."""
    assert nested.children_of is not None
    child, reference = nested.children_of
    query = nested.query
    found: dict[Any, list[dict[str, Any]]] = {}
    for ids in _parts(keys):
        condition: Condition = Comparison(Path((reference,)), "in", ids)
        where = condition if query.where is None else both(query.where, condition)
        fields = (*query.fields, Path((reference,)))
        wanted = replace(query, object=child, fields=fields, where=where, limit=None, offset=None)
        compiled = compile_query(org, wanted, now, deleted=deleted, inside="ours")
        rows = run(compiled)
        at = len(compiled.columns) - 1
        shown = show(replace(compiled, columns=compiled.columns[:-1]), rows)
        for row, record in zip(rows, shown, strict=True):
            found.setdefault(row[at], []).append(record)
    start = query.offset or 0
    end = None if query.limit is None else start + query.limit
    cut = {key: records[start:end] for key, records in found.items()}
    return {key: {"totalSize": len(some), "done": True, "records": some} for key, some in cut.items() if some}


def _typed(
    org: Org, nested: Nested, keys: list[Any], now: int, run: Run, show: Show
) -> dict[Any, dict[str, Any]]:
    """The record that each reference leads to, with the fields asked of its type."""
    cases = {name.lower(): fields for name, fields in nested.cases}
    by_type: dict[str, list[Any]] = {}
    for key in keys:
        target = org.object_of(key) if key else None
        if target is not None:
            by_type.setdefault(target.name, []).append(key)
    found: dict[Any, dict[str, Any]] = {}
    for name, own in by_type.items():
        fields = cases.get(name.lower(), nested.otherwise)
        for ids in _parts(own):
            query = Query((*fields, Path(("Id",))), name, Comparison(Path(("Id",)), "in", ids))
            compiled = compile_query(org, query, now, deleted=True, inside="ours")
            rows = run(compiled)
            for row, record in zip(rows, show(compiled, rows), strict=True):
                if not any(field.text.lower() == "id" for field in fields):
                    record.pop("Id", None)
                found[row[len(compiled.columns) - 1]] = record
    return found
