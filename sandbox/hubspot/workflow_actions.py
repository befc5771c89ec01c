"""Actions that an app brings for workflows: definitions with revisions and functions, and their callbacks.

A workflow that comes to one (`1-` and the definition's id) posts to its `actionUrl`, on this machine alone.
Functions are kept, not run.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, numbers, oauth, pages, requests
from sandbox.hubspot.records import Record

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists workflow_actions (id integer primary key, archived integer, shown blob);
create table if not exists workflow_action_revisions (
    definition integer, id integer, shown blob, primary key (definition, id)) without rowid;
create table if not exists workflow_action_functions (
    definition integer, type text, id text, source text, primary key (definition, type, id)) without rowid;
create table if not exists workflow_callbacks (id text primary key, at integer, completed blob) without rowid
"""
Json = dict[str, Any]
AREA, PREFIX = "/automation/actions", "1-"
_FUNCTIONS = ("PRE_ACTION_EXECUTION", "PRE_FETCH_OPTIONS", "POST_FETCH_OPTIONS", "POST_ACTION_EXECUTION")
_LISTS = ("inputFields", "outputFields", "inputFieldDependencies", "executionRules", "functions")


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    give, one = hubspot.versioned, "/{app}/{definition}"
    function, revision = one + "/functions/{kind}", one + "/revisions"
    found = [
        *give("POST", AREA, "/callbacks/complete", lambda call: _complete_many(hubspot, call)),
        *give("POST", AREA, "/callbacks/{id}/complete", lambda call: _complete(hubspot, call)),
        *give("GET", AREA, "/{app}", lambda call: _list(hubspot, call)),
        *give("POST", AREA, "/{app}", lambda call: _create(hubspot, call)),
        *give("GET", AREA, one, lambda call: answer(_found(hubspot, call))),
        *give("PATCH", AREA, one, lambda call: _change(hubspot, call)),
        *give("DELETE", AREA, one, lambda call: _archive(hubspot, call)),
        *give("GET", AREA, one + "/requires-object", lambda call: _requires(hubspot, call)),
        *give("POST", AREA, one + "/requires-object", lambda call: _require(hubspot, call)),
        *give("GET", AREA, revision, lambda call: _revisions(hubspot, call)),
        *give("GET", AREA, revision + "/{revision}", lambda call: _revision(hubspot, call)),
        *give("GET", AREA, one + "/functions", lambda call: _functions(hubspot, call)),
    ]
    for path in (function, function + "/{own}"):
        found += give("GET", AREA, path, lambda call: _function(hubspot, call))
        found += give("PUT", AREA, path, lambda call: _put_function(hubspot, call))
        found += give("DELETE", AREA, path, lambda call: _drop_function(hubspot, call))
    return found


def _app(call: Call) -> None:
    if call.params["app"] != str(oauth.APP_ID):
        raise errors.not_found(call)


def _by_id(hubspot: HubSpot, said: Any, *, archived: bool = False) -> Json | None:
    row = hubspot.store.row(
        "select shown from workflow_actions where id = ? and archived = ?",
        (requests.whole_id(said), archived),
    )
    return None if row is None else orjson.loads(row[0])


def _found(hubspot: HubSpot, call: Call) -> Json:
    _app(call)
    found = _by_id(hubspot, call.params["definition"], archived=call.says("archived"))
    if found is None:
        raise errors.not_found(call)
    return found | {"functions": _named(hubspot, int(found["id"]))}


def _named(hubspot: HubSpot, number: int) -> list[Json]:
    rows = hubspot.store.rows(
        "select type, id from workflow_action_functions where definition = ? order by type, id", (number,)
    )
    return [{"functionType": kind, **({"id": own} if own else {})} for kind, own in rows]


def _list(hubspot: HubSpot, call: Call) -> Response:
    _app(call)
    source = "workflow_actions where archived = ?"
    return pages.by_after(call, hubspot.store, source, (call.says("archived"),))


def _given(call: Call, body: Json) -> Json:
    """What a body says of a definition."""
    found: Json = {name: requests.objects_in(call, body, name) for name in _LISTS if name in body}
    found.pop("functions", None)
    if "objectTypes" in body:
        found["objectTypes"] = requests.strings(call, body, "objectTypes")
    for name, kind in (
        ("actionUrl", str),
        ("published", bool),
        ("labels", dict),
        ("objectRequestOptions", dict),
    ):
        if body.get(name) is not None:
            if not isinstance(body[name], kind):
                raise errors.validation(call, f"Invalid input JSON: {name} is of another type")
            found[name] = body[name]
    return found


def _save(hubspot: HubSpot, call: Call, shown: Json, operation: str) -> Json:
    """Store a definition as its next revision."""
    number, revision = int(shown["id"]), int(shown.get("revisionId", 0)) + 1
    shown["revisionId"] = str(revision)
    hubspot.store.db.execute(
        "insert or replace into workflow_actions values (?, ?, ?)",
        (number, "archivedAt" in shown, orjson.dumps(shown)),
    )
    kept = {
        "id": str(revision),
        "revisionId": str(revision),
        "createdAt": times.iso(call.now),
        "definition": shown,
    }
    hubspot.store.db.execute(
        "insert into workflow_action_revisions values (?, ?, ?)", (number, revision, orjson.dumps(kept))
    )
    call.change("workflow actions", shown["id"], operation, "revisionId", None, str(revision))
    return shown


def _create(hubspot: HubSpot, call: Call) -> Response:
    _app(call)
    body = requests.body_of(call)
    given, functions = _given(call, body), requests.objects_in(call, body, "functions")
    if not given.get("actionUrl") or not given.get("labels"):
        raise errors.validation(call, "Some required fields were not set: [actionUrl, labels]")
    number = numbers.following(hubspot.store, "workflow_actions", first=5_000_000)
    for each in functions:
        _keep_function(hubspot, call, number, str(each.get("functionType")), str(each.get("id") or ""),
                       str(each.get("functionSource") or ""))  # fmt: skip
    shown = {
        "id": str(number), "published": False, "inputFields": [], "outputFields": [], "objectTypes": [],
        "inputFieldDependencies": [], "executionRules": [], **given,
    }  # fmt: skip
    return answer(_save(hubspot, call, shown, "create") | {"functions": _named(hubspot, number)}, 201)


def _change(hubspot: HubSpot, call: Call) -> Response:
    shown = _found(hubspot, call)
    functions = shown.pop("functions")
    shown = _save(hubspot, call, shown | _given(call, requests.body_of(call)), "update")
    return answer(shown | {"functions": functions})


def _archive(hubspot: HubSpot, call: Call) -> Response:
    shown = _found(hubspot, call)
    del shown["functions"]
    _save(hubspot, call, shown | {"archivedAt": call.now}, "delete")
    return Response(status_code=204)


def _requires(hubspot: HubSpot, call: Call) -> Response:
    return answer({"requiresObject": bool(_found(hubspot, call).get("requiresObject", True))})


def _require(hubspot: HubSpot, call: Call) -> Response:
    shown, said = _found(hubspot, call), requests.body_of(call).get("requiresObject")
    if not isinstance(said, bool):
        raise errors.validation(call, "Some required fields were not set: [requiresObject]")
    del shown["functions"]
    _save(hubspot, call, shown | {"requiresObject": said}, "update")
    return Response(status_code=204)


def _revisions(hubspot: HubSpot, call: Call) -> Response:
    source, own = "workflow_action_revisions where definition = ?", int(_found(hubspot, call)["id"])
    return pages.by_after(call, hubspot.store, source, (own,), order="id desc")


def _revision(hubspot: HubSpot, call: Call) -> Response:
    row = hubspot.store.row(
        "select shown from workflow_action_revisions where definition = ? and id = ?",
        (int(_found(hubspot, call)["id"]), requests.whole_id(call.params["revision"])),
    )
    if row is None:
        raise errors.not_found(call)
    return answer(bytes(row[0]))


def _keep_function(hubspot: HubSpot, call: Call, number: int, kind: str, own: str, source: str) -> Json:
    if kind not in _FUNCTIONS:
        raise errors.validation(call, f"functionType must be one of {', '.join(_FUNCTIONS)}")
    hubspot.store.db.execute(
        "insert or replace into workflow_action_functions values (?, ?, ?, ?)", (number, kind, own, source)
    )
    call.change("workflow actions", str(number), "update", f"functions.{kind}", None, own)
    return {"functionType": kind, **({"id": own} if own else {})}


def _functions(hubspot: HubSpot, call: Call) -> Response:
    return answer({"results": _found(hubspot, call)["functions"]})


def _put_function(hubspot: HubSpot, call: Call) -> Response:
    number, source = int(_found(hubspot, call)["id"]), call.body.decode("utf-8", "replace")
    kind, own = call.params["kind"], call.params.get("own", "")
    return answer(_keep_function(hubspot, call, number, kind, own, source))


def _function(hubspot: HubSpot, call: Call) -> Response:
    key = (int(_found(hubspot, call)["id"]), call.params["kind"], call.params.get("own", ""))
    source = hubspot.store.value(
        "select source from workflow_action_functions where definition = ? and type = ? and id = ?", key
    )
    if source is None:
        raise errors.not_found(call)
    return answer({"functionSource": source, "functionType": key[1], **({"id": key[2]} if key[2] else {})})


def _drop_function(hubspot: HubSpot, call: Call) -> Response:
    key = (int(_found(hubspot, call)["id"]), call.params["kind"], call.params.get("own", ""))
    sql = "delete from workflow_action_functions where definition = ? and type = ? and id = ?"
    if not hubspot.store.db.execute(sql, key).rowcount:
        raise errors.not_found(call)
    return Response(status_code=204)


def _finish(hubspot: HubSpot, call: Call, own: str, said: Json) -> None:
    if not isinstance(said.get("outputFields"), dict):
        raise errors.validation(call, "Some required fields were not set: [outputFields]")
    sql = "update workflow_callbacks set completed = ? where id = ?"
    if not hubspot.store.db.execute(sql, (orjson.dumps(said), own)).rowcount:
        raise errors.error(call, 404, f"No callback {own[:60]}", "OBJECT_NOT_FOUND")


def _complete(hubspot: HubSpot, call: Call) -> Response:
    _finish(hubspot, call, call.params["id"], requests.body_of(call))
    return Response(status_code=204)


def _complete_many(hubspot: HubSpot, call: Call) -> Response:
    for each in requests.inputs_of(call, requests.body_of(call), 100):
        _finish(hubspot, call, str(each.get("callbackId")), each)
    return Response(status_code=204)


def address(hubspot: HubSpot, action: Json) -> str:
    """Where the app of an action is told; nothing where there is no such action."""
    definition = _by_id(hubspot, str(action.get("actionTypeId")).removeprefix(PREFIX))
    return str(definition["actionUrl"]) if definition else ""


def execute(hubspot: HubSpot, call: Call, flow: Json, action: Json, fields: Json, record: Record) -> str:
    """Queue what a workflow tells the app of a record; nothing is left to be said of it."""
    definition = _by_id(hubspot, str(action.get("actionTypeId")).removeprefix(PREFIX))
    assert definition is not None
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call.request_id}:{action.get('actionId')}:{record.id}"))
    callback = f"ap-{hubspot.portal.id}-{own}"
    wanted = (definition.get("objectRequestOptions") or {}).get("properties") or []
    body = {
        "callbackId": callback,
        "origin": {"portalId": hubspot.portal.id, "actionDefinitionId": int(definition["id"]),
                   "actionDefinitionVersion": int(definition["revisionId"])},
        "context": {"source": "WORKFLOWS", "workflowId": int(flow["id"])},
        "object": {"objectId": record.id, "objectType": record.type.singular.upper(),
                   "properties": {str(name): record.props.get(str(name)) for name in wanted}},
        "inputFields": fields,
    }  # fmt: skip
    hubspot.store.db.execute("insert into workflow_callbacks values (?, ?, null)", (callback, call.now))
    hubspot.store.db.execute(
        "insert into flow_calls (method, url, body, attempt, due) values ('POST', ?, ?, 0, ?)",
        (definition["actionUrl"], orjson.dumps(body), call.now),
    )
    return ""
