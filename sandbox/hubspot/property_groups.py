"""Groups of properties: listed, read, made, named and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import errors, requests
from sandbox.hubspot.properties import NAME

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot


def routes(hubspot: HubSpot) -> list[Route]:
    area = "/crm/properties"
    return [
        *hubspot.versioned("GET", area, "/{type}/groups", lambda call: _groups(hubspot, call)),
        *hubspot.versioned("POST", area, "/{type}/groups", lambda call: _create_group(hubspot, call)),
        *hubspot.versioned("GET", area, "/{type}/groups/{name}", lambda call: _group(hubspot, call)),
        *hubspot.versioned("PATCH", area, "/{type}/groups/{name}", lambda call: _name_group(hubspot, call)),
        *hubspot.versioned("DELETE", area, "/{type}/groups/{name}", lambda call: _drop_group(hubspot, call)),
    ]


def _groups(hubspot: HubSpot, call: Call) -> Response:
    named = _named(hubspot, requests.kind_of(hubspot.portal, call).plural)
    return answer({"results": [_shown(name, label) for name, label in sorted(named.items())]})


def _named(hubspot: HubSpot, plural: str) -> dict[str, str]:
    """Groups and their labels: those that were made, and those that properties are in."""
    names = {each["groupName"]: each["groupName"] for each in hubspot.portal.properties[plural].values()}
    own = hubspot.store.rows("select name, label from property_groups where object = ?", (plural,))
    return names | dict(own)


def _shown(name: str, label: str) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}


def _group(hubspot: HubSpot, call: Call) -> Response:
    named = _named(hubspot, requests.kind_of(hubspot.portal, call).plural)
    if call.params["name"] not in named:
        raise errors.not_found(call)
    return answer(_shown(call.params["name"], named[call.params["name"]]))


def _create_group(hubspot: HubSpot, call: Call) -> Response:
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    name, label = str(body.get("name") or ""), str(body.get("label") or "")
    if not NAME.fullmatch(name) or not label:
        raise errors.validation(call, "a group needs a name in lower case and a label")
    if hubspot.store.value(
        "select 1 from property_groups where object = ? and name = ?", (kind.plural, name)
    ):
        raise errors.error(call, 409, f"Property group {name} already exists", "OBJECT_ALREADY_EXISTS")
    hubspot.store.db.execute("insert into property_groups values (?, ?, ?)", (kind.plural, name, label))
    call.records = 1
    call.change("property groups", f"{kind.plural}.{name}", "create", "label", None, label)
    return answer(_shown(name, label), 201)


def _name_group(hubspot: HubSpot, call: Call) -> Response:
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    name, label = call.params["name"], str(body.get("label") or "")
    done = hubspot.store.db.execute(
        "update property_groups set label = ? where object = ? and name = ?", (label, kind.plural, name)
    )
    if not label or not done.rowcount:
        raise errors.not_found(call)
    call.records = 1
    call.change("property groups", f"{kind.plural}.{name}", "update", "label", None, label)
    return answer(_shown(name, label))


def _drop_group(hubspot: HubSpot, call: Call) -> Response:
    """A group that no property is in."""
    kind, name = requests.kind_of(hubspot.portal, call), call.params["name"]
    for each in hubspot.portal.properties[kind.plural].values():
        if each["groupName"] == name and not each["archived"]:
            raise errors.validation(call, f"Property group {name} holds properties and cannot be deleted")
    done = hubspot.store.db.execute(
        "delete from property_groups where object = ? and name = ?", (kind.plural, name)
    )
    if not done.rowcount:
        raise errors.not_found(call)
    call.records = 1
    call.change("property groups", f"{kind.plural}.{name}", "delete", "name", name, None)
    return Response(status_code=204)
