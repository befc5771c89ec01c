"""Workflows (`/automation/v4/flows`): definitions kept and shown. What runs them is `flow_runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, flow_runs, numbers, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLE = "create table if not exists flows (id integer primary key, shown blob not null)"
FIRST_ID = 1_500_000_001
_SUMMARY = ("id", "isEnabled", "flowType", "name", "objectTypeId", "revisionId", "createdAt", "updatedAt")
_NEEDED = ("name", "type", "objectTypeId", "actions")


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLE)
    hubspot.store.script(flow_runs.TABLES)
    hubspot.flows = flow_runs.load(hubspot)
    found: list[Route] = []
    for area in ("/automation/v4/flows", "/automation/flows/{version}"):
        one = area + "/{flow}"
        found += hubspot.route("GET", area, lambda call: _list(hubspot, call))
        found += hubspot.route("POST", area, lambda call: _create(hubspot, call))
        found += hubspot.route("POST", area + "/batch/read", lambda call: _batch(hubspot, call))
        found += hubspot.route("GET", one, lambda call: answer(_one(hubspot, call)))
        found += hubspot.route("PUT", one, lambda call: _replace(hubspot, call))
        found += hubspot.route("DELETE", one, lambda call: _delete(hubspot, call))
    return found


def _all(hubspot: HubSpot) -> list[dict[str, Any]]:
    return [orjson.loads(shown) for (shown,) in hubspot.store.rows("select shown from flows order by id")]


def _list(hubspot: HubSpot, call: Call) -> Response:
    limit, after = requests.number_of(call, "limit", 20, 100), requests.position_of(call)
    flows = [each for each in _all(hubspot) if int(each["id"]) > after]
    page: dict[str, Any] = {"results": [{n: each.get(n) for n in _SUMMARY} for each in flows[:limit]]}
    if len(flows) > limit:
        page["paging"] = {"next": {"after": flows[limit - 1]["id"]}}
    return answer(page)


def _one(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    for each in _all(hubspot):
        if each["id"] == call.params["flow"]:
            return each
    raise errors.not_found(call)


def _checked(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    body = requests.body_of(call)
    lacking = [name for name in _NEEDED if not body.get(name) and body.get(name) != []]
    if lacking:
        raise errors.validation(call, f"Some required fields were not set: [{', '.join(lacking)}]")
    if hubspot.portal.type_of(str(body["objectTypeId"])) is None:
        raise errors.validation(call, f"Unable to infer object type from: {body['objectTypeId']}")
    actions = requests.objects_in(call, body, "actions")
    ids = {str(each.get("actionId")) for each in actions}
    starts = str(body.get("startActionId") or "")
    if actions and starts not in ids:
        raise errors.validation(call, "startActionId names no action of the workflow")
    return body


def _keep(hubspot: HubSpot, flow: dict[str, Any]) -> None:
    hubspot.store.db.execute(
        "insert or replace into flows values (?, ?)", (int(flow["id"]), orjson.dumps(flow))
    )
    _switched(hubspot)


def _switched(hubspot: HubSpot) -> None:
    """Read anew which workflows are on; whoever meets the criteria of one comes in with the next request."""
    hubspot.flows = flow_runs.load(hubspot)
    hubspot.store.db.execute("delete from meta where key = 'flows_looked'")


def _create(hubspot: HubSpot, call: Call) -> Response:
    body, stamp = _checked(hubspot, call), times.iso(call.now)
    flow = {"isEnabled": False, "flowType": "WORKFLOW", **body}
    flow |= {"id": str(numbers.following(hubspot.store, "flows", first=FIRST_ID - 1)), "revisionId": "1"}
    flow |= {"createdAt": stamp, "updatedAt": stamp}
    _keep(hubspot, flow)
    call.records = 1
    call.change("flows", flow["id"], "create", "name", None, flow["name"])
    return answer(flow)


def _replace(hubspot: HubSpot, call: Call) -> Response:
    """The whole definition anew; a revision that is not the current one is refused."""
    before, body = _one(hubspot, call), _checked(hubspot, call)
    if str(body.get("revisionId")) != before["revisionId"]:
        raise errors.validation(call, f"revisionId must be the current one, {before['revisionId']}")
    flow = before | body | {"id": before["id"], "createdAt": before["createdAt"]}
    flow |= {"revisionId": str(int(before["revisionId"]) + 1), "updatedAt": times.iso(call.now)}
    _keep(hubspot, flow)
    call.records = 1
    call.change("flows", flow["id"], "update", "name", before["name"], f"{flow['name']} {flow['revisionId']}")
    return answer(flow)


def _delete(hubspot: HubSpot, call: Call) -> Response:
    flow = _one(hubspot, call)
    hubspot.store.db.execute("delete from flows where id = ?", (int(flow["id"]),))
    numbers.removed(hubspot.store, "flows", int(flow["id"]))
    hubspot.store.db.execute("delete from flow_runs where flow = ?", (int(flow["id"]),))
    _switched(hubspot)
    call.records = 1
    call.change("flows", flow["id"], "delete", "name", flow["name"], None)
    return Response(status_code=204)


def _batch(hubspot: HubSpot, call: Call) -> Response:
    wanted = [
        str(item.get("flowId")) for item in requests.inputs_of(call, requests.body_of(call), 100)
    ]  # fmt: skip
    found = {each["id"]: each for each in _all(hubspot)}
    return pages.done(call, [found[each] for each in wanted if each in found])
