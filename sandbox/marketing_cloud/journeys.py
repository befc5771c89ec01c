"""Journeys and their versions: listed, read, made, changed, published, paused, resumed, stopped, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, documents, errors, journey_query, rows
from sandbox.marketing_cloud.event_definitions import page_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

PAGE = 50
_DELETED = "deleted journey"
"""Its audit outlives a version."""
_COLUMNS = "id, key, version, name, status, entry_mode, event_key, created, modified, published, body"
_MODES = ("NotSet", "OnceAndDone", "SingleEntryAcrossAllVersions", "MultipleEntries")
_SAID = ("description", "activities", "triggers", "goals", "exits", "notifiers", "definitionType", "channel",
         "defaults", "metaData", "executionMode", "categoryId", "scheduledStatus")  # fmt: skip
_BASE = "/interaction/v1/interactions"


def routes(mc: MarketingCloud) -> list[Route]:
    found = [
        *mc.route("GET", _BASE, lambda call: _list(mc, call)),
        *mc.route("POST", _BASE, lambda call: _create(mc, call)),
        *mc.route("PUT", _BASE, lambda call: _update(mc, call)),
    ]
    for kind in ("publish", "validate"):
        found += mc.route("POST", f"{_BASE}/{kind}Async/{{id}}", _starting(mc, kind))
        found += mc.route("GET", f"{_BASE}/{kind}Status/{{status}}", lambda call: _publication(mc, call))
    for action, status in (("stop", "Stopped"), ("pause", "Paused"), ("resume", "Published")):
        found += mc.route("POST", f"{_BASE}/{action}/{{id}}", _moving(mc, action, status))
    for action, status in (("create", "Published"), ("pause", "Paused"), ("resume", "Published")):
        found += mc.route("POST", f"{_BASE}/transactional/{action}", _transactional(mc, action, status))
    for path in (_BASE + "/key:{key}", _BASE + "/{id}"):
        found += [
            *mc.route("GET", path, lambda call: answer(shown(mc, _one(mc, call), whole=True))),
            *mc.route("PUT", path, lambda call: _update(mc, call)),
            *mc.route("DELETE", path, lambda call: _delete(mc, call)),
            *mc.route("GET", path + "/audit/{action}", lambda call: _audit(mc, call)),
        ]
    return found


def _list(mc: MarketingCloud, call: Call) -> Response:
    """The newest version of each journey, or all of a status; some by name, newest change first."""
    page, size = page_of(call, PAGE)
    query = {name.lower().lstrip("$"): value for name, value in call.query.items()}
    where, values = journey_query.where(query)
    total = int(mc.store.value(f"select count(*) from interactions as i {where}", values))
    found = mc.store.rows(
        f"select {_COLUMNS} from interactions as i {where} order by {journey_query.order(query)} "
        "limit ? offset ?",
        [*values, size, (page - 1) * size],
    )
    call.records = len(found)
    whole = query.get("extras", "").lower() in ("all", "activities")
    items = [shown(mc, row, whole=whole) for row in found]
    return answer({"count": total, "page": page, "pageSize": size, "links": {}, "items": items})


def _one(mc: MarketingCloud, call: Call) -> tuple[Any, ...]:
    by = "key" if "key" in call.params else "id"
    value, version = call.params[by], call.query.get("versionNumber")
    clause, values = f"where {by} = ?", [value]
    if version is not None:
        key = mc.store.value("select key from interactions where id = ? or key = ?", (value, value))
        clause, values = "where key = ? and version = ?", [key, version]
    found = mc.store.row(
        f"select {_COLUMNS} from interactions {clause} order by version desc limit 1", values
    )
    if found is None:
        raise errors.not_found("No journey was found")
    return found


def _create(mc: MarketingCloud, call: Call) -> Response:
    given = rows.body_of(call)
    if not isinstance(given, dict) or not given.get("name") or not given.get("key"):
        raise errors.invalid("A journey has a key and a name")
    row = make(mc.store, given, call.now)
    call.change("Interaction", row[1], "create", "status", None, "Draft")
    return answer(shown(mc, row, whole=True), 201)


def make(store: Any, given: dict[str, Any], at: int, status: str = "Draft") -> tuple[Any, ...]:
    """Store a journey, or the next version of one that is there."""
    key, mode = str(given["key"]), _mode(given, "NotSet")
    version = int(store.value("select coalesce(max(version), 0) + 1 from interactions where key = ?", (key,)))
    event = _event_of(given)
    interaction = account.guid("interaction", key.lower(), version, at)
    body = said(given)
    published = at if status == "Published" else None
    row = (interaction, key, version, str(given["name"]), status, mode, event, at, at, published,
           orjson.dumps(body))  # fmt: skip
    store.db.execute("insert into interactions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    audit(store, interaction, version, "Create", at)
    return row


def _mode(given: dict[str, Any], standard: str) -> str:
    mode = str(given.get("entryMode") or standard)
    if mode not in _MODES:
        raise errors.invalid(f"entryMode must be one of {', '.join(_MODES)}")
    return mode


def _event_of(given: dict[str, Any]) -> str | None:
    """The key of the event definition by which people come in: the first that a trigger names."""
    triggers = given.get("triggers")
    for each in triggers if isinstance(triggers, list) else ():
        meta = each.get("metaData") if isinstance(each, dict) else None
        key = meta.get("eventDefinitionKey") if isinstance(meta, dict) else None
        if isinstance(key, str):
            return key
    return None


def said(given: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a journey as it was said."""
    return {name: given[name] for name in _SAID if name in given}


def audit(store: Any, interaction: str, version: int, action: str, at: int) -> None:
    store.db.execute(
        "insert into audits (interaction, version, action, at) values (?, ?, ?, ?)",
        (interaction, version, action, at),
    )


def _update(mc: MarketingCloud, call: Call) -> Response:
    given = rows.body_of(call)
    if not isinstance(given, dict):
        raise errors.invalid("A journey is an object")
    if "key" not in call.params and "id" not in call.params:
        call.params = {"id": str(given.get("id"))} if given.get("id") else {"key": str(given.get("key"))}
    row = _one(mc, call)
    body = orjson.loads(row[10]) | said(given)
    event = _event_of(given) if "triggers" in given else row[6]
    mc.store.db.execute(
        "update interactions set name = ?, entry_mode = ?, event_key = ?, modified = ?, body = ? "
        "where id = ?",
        (str(given.get("name") or row[3]), _mode(given, row[5]), event, call.now, orjson.dumps(body), row[0]),
    )
    audit(mc.store, row[0], row[2], "Modify", call.now)
    call.change("Interaction", row[1], "update", "name", row[3], str(given.get("name") or row[3]))
    return answer(shown(mc, _one(mc, call), whole=True))


def _delete(mc: MarketingCloud, call: Call) -> Response:
    row = _one(mc, call)
    mc.store.db.execute("delete from interactions where id = ?", (row[0],))
    documents.put(mc.store, _DELETED, row[0], {"key": row[1], "name": row[3]}, call.now)
    audit(mc.store, row[0], row[2], "Delete", call.now)
    call.change("Interaction", row[1], "delete", "status", row[4], None)
    return Response(row[0].encode(), 200)


def _starting(mc: MarketingCloud, kind: str) -> Callable[[Call], Response]:
    def start(call: Call) -> Response:
        row = _one(mc, call)
        problems = _problems(mc, row)
        done = "PublishCompleted" if kind == "publish" else "ValidateCompleted"
        status = account.guid(kind, call.request_id, call.now)
        body = {"status": "Error" if problems else done, "errors": problems, "warnings": _warnings(row)}
        mc.store.db.execute(
            "insert into publications values (?, ?, ?)", (status, call.now, orjson.dumps(body))
        )
        if kind == "publish" and not problems:
            move(mc, call, row, "Published", "Publish")
        return answer({"statusUrl": f"{_BASE}/{kind}Status/{status}", "statusId": status})

    return start


def _problems(mc: MarketingCloud, row: tuple[Any, ...]) -> list[dict[str, Any]]:
    if row[6] and mc.store.value("select 1 from event_definitions where key = ?", (row[6],)):
        return []
    return [{
        "errorDetail": "The journey has no entry source.", "errorCode": "121010", "errorType": "Error",
        "additionalInfo": {},
    }]  # fmt: skip


def _warnings(row: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Long waits are warned of, and let be."""
    found = []
    activities = orjson.loads(row[10]).get("activities")
    for each in activities if isinstance(activities, list) else ():
        said = each.get("configurationArguments") if isinstance(each, dict) else None
        if not isinstance(said, dict):
            continue
        wait, unit = said.get("waitDuration"), str(said.get("waitUnit", "")).upper()
        if each.get("type") != "WAIT" or not isinstance(wait, int) or (unit == "MINUTES" and wait < 4):
            continue
        found.append(
            {
                "errorDetail": f"The journey has a long wait ({wait} {unit.lower()}), please consider "
                "reducing wait to under 4 minutes.",
                "errorCode": "121547", "errorType": "Warning",
                "additionalInfo": {
                    "activityKey": each.get("key"), "activityId": each.get("id"), "activityType": "WAIT",
                },
            }
        )  # fmt: skip
    return found


def _publication(mc: MarketingCloud, call: Call) -> Response:
    body = mc.store.value("select body from publications where id = ?", (call.params["status"],))
    if body is None:
        raise errors.not_found()
    return answer(bytes(body))


def move(mc: MarketingCloud, call: Call, row: tuple[Any, ...], status: str, action: str) -> None:
    """A version's next status. Only one version of a journey takes people in: others stop when it does."""
    published = call.now if status == "Published" else row[9]
    if action == "Publish":
        mc.store.db.execute(
            "update interactions set status = 'Unpublished' "
            "where key = ? and status in ('Published', 'Paused')",
            (row[1],),
        )
    mc.store.db.execute(
        "update interactions set status = ?, modified = ?, published = ? where id = ?",
        (status, call.now, published, row[0]),
    )
    if status == "Stopped":
        mc.store.db.execute(
            "update entries set state = 'stopped', ended = ? where interaction = ? and state = 'active'",
            (call.now, row[0]),
        )
    for _ in range(2 if action == "Publish" else 1):  # that it begins, and that it is done
        audit(mc.store, row[0], row[2], action, call.now)
    call.change("Interaction", row[1], "update", "status", row[4], status)


def _moving(mc: MarketingCloud, action: str, status: str) -> Callable[[Call], Response]:
    def change(call: Call) -> Response:
        row = _one(mc, call)
        allowed = ("Paused",) if action == "resume" else ("Published", "Paused")
        if row[4] not in allowed:
            raise errors.invalid(f"A journey that is {row[4]} cannot {action}")
        move(mc, call, row, status, action.capitalize())
        return Response(b"", 202)

    return change


def _transactional(mc: MarketingCloud, action: str, status: str) -> Callable[[Call], Response]:
    def change(call: Call) -> Response:
        given = rows.body_of(call)
        wanted = given.get("definitionId") if isinstance(given, dict) else None
        call.params = {"id": str(wanted)}
        move(mc, call, _one(mc, call), status, action.capitalize())
        return answer({"errors": []})

    return change


def _audit(mc: MarketingCloud, call: Call) -> Response:
    wanted = call.params.get("key") or call.params["id"]
    versions = [tuple(r) for r in mc.store.rows("select id, key, name from interactions")]
    versions += [(d.key, d.body["key"], d.body["name"]) for d in documents.every(mc.store, _DELETED)]
    key = next((found[1] for found in versions if wanted in (found[0], found[1])), None)
    names = {found[0]: found for found in versions if found[1] == key}
    chosen = call.params["action"].lower()
    version = call.query.get("versionNumber")
    found = [
        row
        for row in mc.store.rows("select interaction, version, action, at from audits order by seq desc")
        if row[0] in names and chosen in ("all", row[2].lower()) and version in (None, str(row[1]))
    ]
    items = [_audited(names[row[0]], *row) for row in found]
    return answer({"count": len(items), "page": 1, "pageSize": PAGE, "links": {}, "items": items})


def _audited(known: tuple[Any, ...], one: str, number: int, action: str, at: int) -> dict[str, Any]:
    item = {
        "id": one, "action": action, "user": {"name": "integration user", "userId": 710_420_432},
        "timeStamp": account.shown(at), "key": known[1], "versionNumber": number,
        "originalDefinitionId": one, "name": known[2], "description": "",
    }  # fmt: skip
    if action != "Stop":
        item["executionMode"] = "Production"
    if action == "Publish":
        item["publishStatus"] = "PublishCompleted"
        item["publishRequestId"] = account.guid("publish", one, at)
    return item


def shown(mc: MarketingCloud, row: tuple[Any, ...], *, whole: bool) -> dict[str, Any]:
    """A version as it is answered; `whole` with what it does."""
    interaction, key, version, name, status, mode, _, created, modified, published, kept = row
    body = orjson.loads(kept)
    parts = {"activities": body.get("activities", []), "triggers": body.get("triggers", [])} if whole else {}
    return {
        "id": interaction, "key": key, "name": name, "lastPublishedDate": account.shown(published),
        "description": body.get("description", ""), "version": version, "workflowApiVersion": 1,
        "createdDate": account.shown(created), "modifiedDate": account.shown(modified), **parts,
        "goals": body.get("goals", []), "exits": body.get("exits", []),
        "notifiers": body.get("notifiers", []),
        "stats": _stats(mc, interaction), "entryMode": mode,
        "definitionType": body.get("definitionType", "Multistep"), "channel": body.get("channel", ""),
        "defaults": body.get("defaults", {}), "metaData": body.get("metaData", {}),
        "executionMode": body.get("executionMode", "Production"), "categoryId": body.get("categoryId", 6298),
        "status": status, "definitionId": interaction,
        "scheduledStatus": body.get("scheduledStatus", "Draft"),
    }  # fmt: skip


def _stats(mc: MarketingCloud, interaction: str) -> dict[str, Any]:
    counts = dict(
        mc.store.rows("select state, count(*) from entries where interaction = ? group by 1", (interaction,))
    )
    total, goal = sum(counts.values()), counts.get("goal", 0)
    return {
        "currentPopulation": counts.get("active", 0), "cumulativePopulation": total, "metGoal": goal,
        "metExitCriteria": counts.get("exited", 0), "goalPerformance": round(goal / total, 4) if total else 0,
    }  # fmt: skip
