"""Writing by the Tooling API: components by `FullName` and `Metadata`, Apex by `Body`, containers of Apex.

A container's request is a deploy: its members stand or fall together. Reading is `tooling`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import errors, ids
from sandbox.salesforce.metadata import changes, shown, tooling_json, tooling_objects
from sandbox.salesforce.metadata.changes import Refusal
from sandbox.salesforce.metadata.package import Component

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
COMPONENTS = ("CustomField", "CustomObject", "ValidationRule", "RecordType", "Layout")
APEX = {"ApexClass": "ApexClassMember", "ApexTrigger": "ApexTriggerMember"}
WORKING = ("MetadataContainer", "ApexClassMember", "ApexTriggerMember", "ContainerAsyncRequest")
"""Rows that only say what is to be deployed."""


def routes(sf: Salesforce) -> list[Route]:
    one = "/services/data/{version}/tooling/sobjects/{object}"
    return [
        *sf.route("POST", one, lambda call: _create(sf, call)),
        *sf.route("PATCH", one + "/{id}", lambda call: _update(sf, call)),
        *sf.route("DELETE", one + "/{id}", lambda call: _delete(sf, call)),
    ]


def _create(sf: Salesforce, call: Call) -> Response:
    kind, wish = _kind(call), _body(call)
    try:
        if kind in COMPONENTS:
            name = str(wish.get("FullName") or "")
            changes.create(sf, call, kind, {**tooling_json.content(wish), "fullName": name})
            made = _row(sf, kind, name)
        elif kind in APEX:
            made = _new_apex(sf, call, kind, wish)
        else:
            made = _working_row(sf, call, kind, wish)
    except Refusal as problem:
        raise _refused(problem) from None
    return answer(
        {"id": made, "success": True, "errors": [], "warnings": [], "infos": []}, 201, charset="UTF-8"
    )


def _update(sf: Salesforce, call: Call) -> Response:
    kind, wish = _kind(call), _body(call)
    row = _found(sf, kind, call.params["id"])
    try:
        if kind in COMPONENTS:
            name = full_name(kind, row)
            changes.update(sf, call, kind, {**tooling_json.content(wish), "fullName": name})
            new = str(wish.get("FullName") or name)
            if new != name:
                changes.rename(sf, call, kind, name, new)
        elif kind in APEX:
            content = sf.metadata.get(kind, row["Name"]) or {}
            changes.take(sf, call, [_apex(kind, row["Name"], wish, content)])
        elif kind in ("ApexClassMember", "ApexTriggerMember"):
            kept = orjson.loads(sf.store.value("select content from tooling where id = ?", (row["Id"],)))
            sf.store.db.execute(
                "update tooling set content = ? where id = ?", (orjson.dumps(kept | wish), row["Id"])
            )
        else:
            raise errors.error(400, "INVALID_FIELD_FOR_INSERT_UPDATE", f"{kind} cannot be changed")
    except Refusal as problem:
        raise _refused(problem) from None
    return Response(status_code=204)


def _delete(sf: Salesforce, call: Call) -> Response:
    kind = _kind(call)
    row = _found(sf, kind, call.params["id"])
    try:
        if kind in WORKING:
            sf.store.db.execute("delete from tooling where id = ?", (row["Id"],))
        elif kind in APEX:
            changes.take(sf, call, [Component(kind, row["Name"], "", deleted=True)])
        else:
            changes.delete(sf, call, kind, full_name(kind, row))
    except Refusal as problem:
        raise _refused(problem) from None
    return Response(status_code=204)


def _kind(call: Call) -> str:
    wanted = call.params["object"].lower()
    found = next((k for k in (*COMPONENTS, *APEX, *WORKING) if k.lower() == wanted), None)
    if found is None:
        raise errors.not_found()
    return found


def _body(call: Call) -> Json:
    try:
        wish = call.json()
    except ValueError as problem:
        raise errors.bad_json(str(problem)) from None
    if not isinstance(wish, dict):
        raise errors.bad_json("the body is no object")
    return wish


def _refused(problem: Refusal) -> Exception:
    return errors.error(400, problem.code, problem.message)


def full_name(kind: str, row: Json) -> str:
    return f"{row['DeveloperName']}__c" if kind == "CustomObject" else str(row["FullName"])


def _found(sf: Salesforce, kind: str, wanted: str) -> Json:
    for row in tooling_objects.rows(sf, kind):
        if str(row["Id"])[:15] == wanted[:15]:
            return row
    raise errors.not_found("Provided record does not exist")


def _row(sf: Salesforce, kind: str, name: str) -> str:
    """The id of the row that a component is."""
    return next(str(r["Id"]) for r in tooling_objects.rows(sf, kind) if full_name(kind, r) == name)


# -- Apex ----------------------------------------------------------------------------------------------


def _apex(kind: str, name: str, wish: Json, content: Json) -> Component:
    kept = {key: value for key, value in content.items() if key != "Body"}
    given = wish.get("Metadata")
    own = (
        {"apiVersion": "62.0", "status": "Active"}
        | kept
        | (tooling_json.spelled(given) if isinstance(given, dict) else {})
    )
    return Component(kind, name, "", own, source=str(wish.get("Body") or content.get("Body") or ""))


def _new_apex(sf: Salesforce, call: Call, kind: str, wish: Json) -> str:
    name = str(wish.get("Name") or _first_name(str(wish.get("Body") or "")))
    if sf.metadata.get(kind, name) is not None:
        raise Refusal("DUPLICATE_VALUE", f"duplicate value found: {name}")
    changes.take(sf, call, [_apex(kind, name, wish, {})])
    return next(str(r["Id"]) for r in tooling_objects.rows(sf, kind) if r["Name"] == name)


def _first_name(source: str) -> str:
    """The word after class, interface, enum or trigger."""
    words = source.replace("{", " ").split()
    return next((b for a, b in itertools.pairwise(words)
                 if a.lower() in ("class", "interface", "enum", "trigger")), "")  # fmt: skip


# -- containers ----------------------------------------------------------------------------------------


def _working_row(sf: Salesforce, call: Call, kind: str, wish: Json) -> str:
    needed = {
        "MetadataContainer": ("Name",), "ContainerAsyncRequest": ("MetadataContainerId",),
    }.get(kind, ("MetadataContainerId", "ContentEntityId", "Body"))  # fmt: skip
    absent = [name for name in needed if not wish.get(name)]
    if absent:
        raise Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(absent)}]")
    content = dict(wish)
    if "MetadataContainerId" in needed:
        content["MetadataContainerId"] = _found(sf, "MetadataContainer", wish["MetadataContainerId"])["Id"]
    if "ContentEntityId" in needed:
        content["ContentEntityId"] = _found(sf, kind.removesuffix("Member"), wish["ContentEntityId"])["Id"]
    if kind == "ContainerAsyncRequest":
        content |= _container(sf, call, content)
    number = int(sf.store.value("select coalesce(max(number), 0) + 1 from tooling"))
    own = ids.make(tooling_objects.prefix(kind), number)
    sf.store.db.execute("insert into tooling values (?, ?, ?, ?)", (own, number, kind, orjson.dumps(content)))
    return own


class _TakenBack(Exception):
    """A request that only checks ends its transaction."""


def _container(sf: Salesforce, call: Call, wish: Json) -> Json:
    """What becomes of a container's members."""
    members = list(_members(sf, str(wish["MetadataContainerId"])))
    noted = len(call.changes)
    failures: list[Json] = []
    try:
        with sf.store.transaction():
            for component in members:
                try:
                    changes.take(sf, call, [component])
                except Refusal as problem:
                    failures.append({**_message(component), "problem": problem.message,
                                     "problemType": "Error", "lineNumber": component.line})  # fmt: skip
            if failures or str(wish.get("IsCheckOnly")).lower() == "true":
                raise _TakenBack
    except _TakenBack:
        sf.read_org()
        call.records = 0
        del call.changes[noted:]
    details = {
        "componentFailures": failures,
        "componentSuccesses": [] if failures else [_message(each) | {"success": True} for each in members],
    }
    return {"State": "Failed" if failures else "Completed", "DeployDetails": details, "ErrorMsg": None}


def _message(component: Component) -> Json:
    return {"fullName": component.name, "componentType": component.kind, "success": False,
            "fileName": shown.file(component.kind, component.name)}  # fmt: skip


def _members(sf: Salesforce, container: str) -> Iterator[Component]:
    for apex, kind in APEX.items():
        for row in tooling_objects.rows(sf, kind):
            if row["MetadataContainerId"] == container:
                name = _found(sf, apex, row["ContentEntityId"])["Name"]
                yield _apex(apex, name, row, sf.metadata.get(apex, name) or {})
