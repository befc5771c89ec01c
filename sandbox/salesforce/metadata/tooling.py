"""`/tooling`: what there is, describe, SOQL and single rows of the Tooling API's objects.

A query is answered by the same SOQL as the org's own, over tables in memory that hold what `tooling_objects`
lists. Belongs here: reading. Writing is `tooling_writes`, Apex that is sent to be run `anonymous`.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import describe, errors, query, schema, sobjects
from sandbox.salesforce.metadata import tooling_json, tooling_objects, tooling_writes
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql import functions
from sandbox.salesforce.soql.compiler import Compiled, compile_query
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.tree import SoqlError
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_RESOURCES = ("query", "sobjects", "executeAnonymous")


def routes(sf: Salesforce) -> list[Route]:
    base, give = "/services/data/{version}/tooling", sf.route
    one = base + "/sobjects/{object}"
    return [
        *give("GET", base, _resources),
        *give("GET", base + "/query", lambda call: _query(sf, call)),
        *give("GET", base + "/sobjects", lambda call: _global(sf, call)),
        *give("GET", one, lambda call: _basic(sf, call)),
        *give("GET", one + "/describe", lambda call: _describe(sf, call)),
        *give("GET", one + "/{id}", lambda call: _read(sf, call)),
        *tooling_writes.routes(sf),
    ]


def _resources(call: Call) -> Response:
    base = f"/services/data/{call.params['version']}/tooling"
    return answer({name: f"{base}/{name}" for name in _RESOURCES}, charset="UTF-8")


def _view(sf: Salesforce) -> Org:
    """The Tooling API's objects as an org of their own."""
    view = copy.copy(sf.org)
    view.show(tooling_objects.objects(sf.org.whole["User"]))
    view.late, view.record_types, view.views = frozenset(), {}, {}
    return view


def _filled(sf: Salesforce, view: Org, text: str) -> Store:
    """Tables in memory: those a text names, and people, are filled."""
    store = Store(Path(":memory:"))
    functions.register(store.db, sf.clock.now)
    schema.create_tables(store, view.objects)
    said = {word.lower() for word in re.findall(r"\w+", text)} | {"user"}
    for name, sobject in view.objects.items():
        if name.lower() not in said:
            continue
        fields = [f.name for f in sobject.fields.values() if not f.formula]
        marks, columns = ", ".join("?" * len(fields)), ", ".join(f'"{f}"' for f in fields)
        store.db.executemany(
            f'insert into "{name}" ({columns}) values ({marks})',
            [[row.get(f) for f in fields] for row in tooling_objects.rows(sf, name)],
        )
    return store


def _query(sf: Salesforce, call: Call) -> Response:
    view, text = _view(sf), call.query.get("q", "")
    store = _filled(sf, view, text)
    try:
        compiled = compile_query(view, parse(text), call.now)
        found = query.fetched(store, compiled)
    except SoqlError as problem:
        raise errors.error(400, problem.code, problem.told(text)) from None
    finally:
        store.close()
    if call.query.get("columns") == "true":
        return answer(query.columns(compiled), charset="UTF-8")
    count = found[0][0] if compiled.count_only else len(found)
    records = [] if compiled.count_only else _shown(view, compiled, found, call)
    told = {"size": count, "totalSize": count, "done": True, "queryLocator": None,
            "entityTypeName": compiled.sobject.name, "records": records}  # fmt: skip
    return answer(told, charset="UTF-8")


def _shown(view: Org, compiled: Compiled, found: list[tuple[Any, ...]], call: Call) -> list[Json]:
    return query.shown(compiled, found, call.params["version"] + "/tooling", query.types_of(view))


def _global(sf: Salesforce, call: Call) -> Response:
    number = call.params["version"].removeprefix("v")
    entries = [_listed(describe.global_entry(each, number)) for each in _view(sf).objects.values()]
    return answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}, charset="UTF-8")


def _listed(entry: Json) -> Json:
    """With the addresses it has here."""
    urls = {name: url.replace("/sobjects/", "/tooling/sobjects/") for name, url in entry["urls"].items()}
    return entry | {"urls": urls}


def _object(sf: Salesforce, call: Call) -> tuple[Org, Any]:
    view = _view(sf)
    found = view.object(call.params["object"])
    if found is None:
        raise errors.not_found()
    return view, found


def _basic(sf: Salesforce, call: Call) -> Response:
    _, sobject = _object(sf, call)
    entry = _listed(describe.global_entry(sobject, call.params["version"].removeprefix("v")))
    return answer({"objectDescribe": entry, "recentItems": []}, charset="UTF-8")


def _describe(sf: Salesforce, call: Call) -> Response:
    view, sobject = _object(sf, call)
    whole = describe.object_describe(view, sobject, call.params["version"].removeprefix("v"))
    return answer(_listed(whole), charset="UTF-8")


def _read(sf: Salesforce, call: Call) -> Response:
    _, sobject = _object(sf, call)
    wanted = call.params["id"]
    for row in tooling_objects.rows(sf, sobject.name):
        if str(row["Id"])[:15] == wanted[:15]:
            full = {name: row.get(name) for name in sobject.fields}
            fields = [f for f in sobject.fields.values() if not f.formula]
            told = sobjects.shown(sobject, fields, full, call.params["version"] + "/tooling")
            return answer(told | _whole(sf, sobject.name, row), charset="UTF-8")
    raise errors.not_found("Provided record does not exist")


def _whole(sf: Salesforce, kind: str, row: Json) -> Json:
    """What only a single row shows: a component's metadata, and what became of a container."""
    if "DeployDetails" in row:
        return {"DeployDetails": row["DeployDetails"]}
    if kind not in tooling_writes.COMPONENTS:
        return {}
    return {"Metadata": tooling_json.metadata(sf, kind, tooling_writes.full_name(kind, row))}
