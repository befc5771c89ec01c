"""`/query` and `/queryAll`: JSON pages of a SOQL query, all as they were when it was asked."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.salesforce import errors, ids, plans, recent, values, versions
from sandbox.salesforce.fields import NUMERIC
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql import nested
from sandbox.salesforce.soql.compiler import Column, Compiled, compile_query
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.tree import SoqlError
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

SMALLEST, LARGEST = 200, 2_000
LONGEST_ADDRESS = 16_384
LIFE = 2 * times.DAY
_BATCH = re.compile(r"batchSize=(\d+)")


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}"
    return [
        *sf.route("GET", base + "/query", lambda call: _query(sf, call, deleted=False)),
        *sf.route("GET", base + "/queryAll", lambda call: _query(sf, call, deleted=True)),
        *sf.route("GET", base + "/query/{locator}", lambda call: more(sf, call, call.params["locator"])),
        *sf.route("GET", base + "/queryAll/{locator}", lambda call: more(sf, call, call.params["locator"])),
    ]


def compiled(sf: Salesforce, text: str, now: int, version: str, *, deleted: bool) -> Compiled:
    """The compiled query, or the refusal Salesforce would send."""
    number = versions.number_of(version)
    try:
        query = parse(text)
        versions.check_query(query, number)
        return compile_query(versions.org_at(sf.org, number), query, now, deleted=deleted)
    except SoqlError as problem:
        raise errors.error(400, problem.code, problem.told(text)) from None


def _query(sf: Salesforce, call: Call, *, deleted: bool) -> Response:
    if len(call.query_string) > LONGEST_ADDRESS:
        raise errors.error(414, "URI_TOO_LONG", "The requested URI is too long")
    if "explain" in call.query and "q" not in call.query and not deleted:
        text = call.query["explain"]
        text = _meant(sf, text)
        planned = compiled(sf, text, call.now, call.params["version"], deleted=False)
        return plans.explained(sf, planned.sobject, text)
    return answered(sf, call, call.query.get("q", ""), deleted=deleted)


def _meant(sf: Salesforce, text: str) -> str:
    """The query of the list view or the report with this id, else the text itself."""
    from sandbox.salesforce import list_views, report_routes

    if ids.normal(text) is None:
        return text
    view = list_views.find(sf, text)
    return view.soql if view is not None else report_routes.soql_of(sf, text) or text


def answered(sf: Salesforce, call: Call, text: str, *, deleted: bool) -> Response:
    """The first page of a query."""
    query = compiled(sf, text, call.now, call.params["version"], deleted=deleted)
    if call.query.get("columns") == "true":
        return answer(columns(query), charset="UTF-8")
    rows = fetched(sf.store, query)
    if query.count_only:
        return answer({"totalSize": rows[0][0], "done": True, "records": []}, charset="UTF-8")
    version, size = call.params["version"], _size(call)
    records = shown(query, rows, version, types_of(sf.org))
    if query.looked and () in query.places:
        recent.seen(sf, call, query.sobject, [row[query.places[()]] for row in rows], query.looked)
    if query.nested:
        _attach(sf, query, rows, records, call, deleted=deleted)
    if records and sf.is_cut("rest"):
        # Says how many there are and gives fewer, as if that were all.
        head = {"totalSize": len(records), "done": True, "records": records[: len(records) // 2]}
        return answer(head, charset="UTF-8")
    if len(records) <= size:
        return answer({"totalSize": len(records), "done": True, "records": records}, charset="UTF-8")
    cursor = _keep(sf, call, records, size)
    return _page(sf, call, cursor, 0)


def fetched(store: Store, query: Compiled) -> list[tuple[Any, ...]]:
    """The rows of a query, with their addresses; what is too much for the database is refused."""
    try:
        return store.rows(query.told_sql, query.values)
    except sqlite3.OperationalError as problem:
        raise errors.error(400, "MALFORMED_QUERY", f"the query cannot be run: {problem}") from None


def columns(query: Compiled) -> dict[str, Any]:
    """What a query's columns are, for clients that lay out tables: related ones under their reference."""
    found: dict[str, dict[str, Any]] = {}
    for column in query.columns:
        here = found
        for part in column.path[:-1]:
            known = here.setdefault(part, _column(part, "reference") | {"foreignKeyName": f"{part}Id"})
            here = known.setdefault("_inner", {})
        here[column.path[-1]] = _column(column.path[-1], column.type)
    for each in query.nested:
        found[each.name] = _column(each.name, "reference")
    return {
        "columnMetadata": [_told(each) for each in found.values()], "entityName": query.sobject.name,
        "groupBy": query.aggregate, "idSelected": any(c.path == ("Id",) for c in query.columns),
        "keyPrefix": query.sobject.prefix,
    }  # fmt: skip


def _told(column: dict[str, Any]) -> dict[str, Any]:
    inner = column.pop("_inner", {})
    return column | {"joinColumns": [_told(each) for each in inner.values()]}


def _column(name: str, kind: str) -> dict[str, Any]:
    number = kind in NUMERIC
    return {
        "aggregate": False, "apexType": kind, "booleanType": kind == "boolean", "columnName": name,
        "custom": name.endswith("__c"), "displayName": name, "foreignKeyName": None, "insertable": False,
        "joinColumns": [], "numberType": number, "textType": not number and kind != "boolean",
        "updatable": False,
    }  # fmt: skip


def _attach(
    sf: Salesforce, query: Compiled, rows: list[tuple[Any, ...]], records: list[dict[str, Any]], call: Call,
    *, deleted: bool,
) -> None:  # fmt: skip
    version = call.params["version"]
    try:
        nested.attach(
            sf.org, query, rows, records, call.now, lambda q: fetched(sf.store, q),
            lambda q, found: shown(q, found, version, types_of(sf.org)), deleted=deleted,
        )  # fmt: skip
    except SoqlError as problem:
        raise errors.error(400, problem.code, problem.message) from None


def _size(call: Call) -> int:
    match = _BATCH.search(call.headers.get("sforce-query-options", ""))
    return min(LARGEST, max(SMALLEST, int(match[1]))) if match else LARGEST


TypeOfId = Callable[[str], str]
"""The object an id is of, where a reference may lead to several."""


def types_of(org: Org) -> TypeOfId:
    def of(record_id: str) -> str:
        found = org.object_of(record_id)
        return found.name if found is not None else "Name"

    return of


def shown(
    query: Compiled, rows: Sequence[tuple[Any, ...]], version: str, types: TypeOfId
) -> list[dict[str, Any]]:
    """Rows of `told_sql` as JSON records: attributes, typed values, related objects nested."""
    plans = [(c, values.shown(c.type, version)) for c in query.columns]
    flat = all(len(c.path) == 1 for c, _ in plans)
    name = "AggregateResult" if query.aggregate else query.sobject.name
    at = query.places.get(())
    base = f"/services/data/{version}/sobjects/"
    prefix = f"{base}{name}/"
    records = []
    for row in rows:
        attributes = {"type": name}
        if at is not None:
            attributes["url"] = prefix + str(row[at])
        record: dict[str, Any] = {"attributes": attributes}
        if flat:
            for (column, show), value in zip(plans, row, strict=False):
                record[column.path[0]] = show(value)
        else:
            _nest(record, plans, row, query.places, base, types)
        records.append(record)
    return records


def _nest(
    record: dict[str, Any], plans: Sequence[tuple[Column, values.Shown]], row: Sequence[Any],
    places: Mapping[tuple[str, ...], int], base: str, types: TypeOfId,
) -> None:  # fmt: skip
    """Related objects become objects; where the reference is empty there is null."""
    for (column, show), value in zip(plans, row, strict=False):
        here, path = record, column.path
        for depth, part in enumerate(path[:-1]):
            own = row[places[path[: depth + 1]]]
            if own is None:
                here[part] = None
                break
            known = here.get(part)
            if known is None:
                name = column.objects[depth]
                url = f"{base}{types(own) if name == 'Name' else name}/{own}"
                known = here[part] = {"attributes": {"type": name, "url": url}}
            here = known
        else:
            here[path[-1]] = show(value)


def _keep(sf: Salesforce, call: Call, records: list[dict[str, Any]], size: int) -> str:
    """Store the pages of a long answer; cursors older than two days go."""
    digest = hashlib.sha256(f"{call.request_id}{call.now}{call.query_string}".encode()).hexdigest()
    cursor = f"0r8SB{digest[:10]}"
    sf.store.db.execute(
        "delete from cursor_pages where cursor in (select id from cursors where made < ?)", (call.now - LIFE,)
    )
    sf.store.db.execute("delete from cursors where made < ?", (call.now - LIFE,))
    sf.store.db.execute("insert into cursors values (?, ?, ?)", (cursor, call.now, len(records)))
    sf.store.db.executemany(
        "insert into cursor_pages values (?, ?, ?, ?)",
        [
            (cursor, start, len(records[start : start + size]), orjson.dumps(records[start : start + size]))
            for start in range(0, len(records), size)
        ],
    )
    return cursor


def _page(sf: Salesforce, call: Call, cursor: str, start: int) -> Response:
    row = sf.store.row(
        "select total, rows, body, made from cursors join cursor_pages on cursor = id "
        "where id = ? and start = ?",
        (cursor, start),
    )
    if row is None or row[3] < call.now - LIFE:
        raise errors.error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    total, count, body, _ = row
    end = start + count
    head = {"totalSize": total, "done": end >= total}
    if end < total:
        head["nextRecordsUrl"] = f"/services/data/{call.params['version']}/query/{cursor}-{end}"
    return answer(orjson.dumps(head)[:-1] + b',"records":' + body + b"}", charset="UTF-8")


def more(sf: Salesforce, call: Call, locator: str) -> Response:
    """A further page, by what the page before named."""
    cursor, _, start = locator.rpartition("-")
    return _page(sf, call, cursor, int(start) if start.isdecimal() else -1)
