"""Forms made, changed and archived. What is sent by them is `form_writes`, reading them is `marketing`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, requests
from sandbox.hubspot.marketing import one

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

AREA = "/marketing/v3/forms"
FIELD_TYPES = (
    "email", "phone", "mobile_phone", "single_line_text", "multi_line_text", "number", "single_checkbox",
    "multiple_checkboxes", "dropdown", "radio", "datepicker", "file", "payment_link_radio",
)  # fmt: skip
FORM_TYPES = ("hubspot", "captured", "flow", "blog_comment")
_KEPT = ("configuration", "displayOptions", "legalConsentOptions")
_MOST_IN_GROUP = 3
Json = dict[str, Any]


def routes(hubspot: HubSpot) -> list[Route]:
    give = hubspot.route
    return [
        *give("POST", AREA, lambda call: _create(hubspot, call)),
        *give("PUT", f"{AREA}/{{id}}", lambda call: _replace(hubspot, call)),
        *give("PATCH", f"{AREA}/{{id}}", lambda call: _change(hubspot, call)),
        *give("DELETE", f"{AREA}/{{id}}", lambda call: _archive(hubspot, call)),
    ]


def _groups(hubspot: HubSpot, call: Call, body: Json) -> list[Json]:
    """Groups of at most three fields, each a property of a type of record there is."""
    groups = requests.objects_in(call, body, "fieldGroups")
    for group in groups:
        fields = requests.objects_in(call, group, "fields")
        if len(fields) > _MOST_IN_GROUP:
            raise errors.validation(call, f"A field group holds at most {_MOST_IN_GROUP} fields")
        for field in fields:
            _check(hubspot, call, field)
    return groups


def _check(hubspot: HubSpot, call: Call, field: Json) -> None:
    name, label = field.get("name"), field.get("label")
    if not isinstance(name, str) or not name or not isinstance(label, str):
        raise errors.validation(call, "A field of a form needs objectTypeId, name, label and fieldType")
    if field.get("fieldType") not in FIELD_TYPES:
        raise errors.validation(call, f"fieldType must be one of {', '.join(FIELD_TYPES)}")
    kind = hubspot.portal.type_of(str(field.get("objectTypeId")))
    if kind is None or name not in hubspot.portal.shown[kind.plural]:
        raise errors.validation(call, f"Property {name[:60]} of the form does not exist")


def _named(call: Call, body: Json) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise errors.validation(call, "Some required fields were not set: [name]")
    return name.strip()


def _definition(hubspot: HubSpot, call: Call, body: Json) -> Json:
    """What a body says of a whole form."""
    if body.get("formType", "hubspot") not in FORM_TYPES:
        raise errors.validation(call, f"formType must be one of {', '.join(FORM_TYPES)}")
    found: Json = {
        "name": _named(call, body), "formType": body.get("formType", "hubspot"),
        "fieldGroups": _groups(hubspot, call, body),
    }  # fmt: skip
    return found | {name: body[name] for name in _KEPT if isinstance(body.get(name), dict)}


def _create(hubspot: HubSpot, call: Call) -> Response:
    digest = errors.correlation_id(call.request_id).replace("-", "")
    own, stamp = str(uuid.UUID(digest)), times.iso(call.now)
    shown = {"id": own, "createdAt": stamp, "updatedAt": stamp, "archived": False}
    shown |= _definition(hubspot, call, requests.body_of(call))
    return _save(hubspot, call, shown, "create", 201)


def _save(hubspot: HubSpot, call: Call, shown: Json, how: str, status: int = 200) -> Response:
    shown["updatedAt"] = times.iso(call.now)
    hubspot.store.db.execute(
        "insert or replace into forms values (?, ?, ?)", (shown["id"], shown["archived"], orjson.dumps(shown))
    )
    call.records = 1
    call.change("forms", shown["id"], how, "name", None, shown["name"])
    return answer(shown, status)


def _current(hubspot: HubSpot, call: Call) -> Json:
    shown: Json = one(hubspot, call, "forms")
    if shown["archived"]:
        raise errors.not_found(call)
    return shown


def _replace(hubspot: HubSpot, call: Call) -> Response:
    shown = _current(hubspot, call)
    kept = {name: shown[name] for name in ("id", "createdAt", "archived")}
    return _save(hubspot, call, kept | _definition(hubspot, call, requests.body_of(call)), "update")


def _change(hubspot: HubSpot, call: Call) -> Response:
    shown, body = _current(hubspot, call), requests.body_of(call)
    if "name" in body:
        shown["name"] = _named(call, body)
    if "fieldGroups" in body:
        shown["fieldGroups"] = _groups(hubspot, call, body)
    shown |= {name: body[name] for name in _KEPT if isinstance(body.get(name), dict)}
    if body.get("archived") is True:
        shown["archived"] = True
    return _save(hubspot, call, shown, "update")


def _archive(hubspot: HubSpot, call: Call) -> Response:
    """Nobody can send it any more; its submissions stay."""
    shown = _current(hubspot, call) | {"archived": True, "archivedAt": times.iso(call.now)}
    _save(hubspot, call, shown, "archive")
    return Response(status_code=204)
