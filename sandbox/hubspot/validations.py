"""Validation rules of properties.

Belongs here: rules as they are kept and shown. They are checked when a value is written, in `portal`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import errors, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

RULES = {
    "MIN_NUMBER": ("number",), "MAX_NUMBER": ("number",), "DECIMAL": ("number",),
    "MIN_LENGTH": ("string",), "MAX_LENGTH": ("string",), "REGEX": ("string",), "ALPHANUMERIC": ("string",),
    "EMAIL": ("string",), "URL": ("string",), "FORMAT": ("string", "enumeration"), "WHITESPACE": ("string",),
    "SPECIAL_CHARACTERS": ("string",), "DOMAIN": ("string",),
    "START_DATE": ("date",), "END_DATE": ("date",),
    "START_DATETIME": ("datetime",), "END_DATETIME": ("datetime",), "DAYS_OF_WEEK": ("date", "datetime"),
}  # fmt: skip


def routes(hubspot: HubSpot) -> list[Route]:
    area = "/crm/property-validations"
    one = "/{type}/{name}/rule-type/{rule}"
    return [
        *hubspot.versioned("GET", area, "/{type}", lambda call: _list(hubspot, call)),
        *hubspot.versioned("GET", area, "/{type}/{name}", lambda call: _of_property(hubspot, call)),
        *hubspot.versioned("GET", area, one, lambda call: _one(hubspot, call)),
        *hubspot.versioned("PUT", area, one, lambda call: _put(hubspot, call)),
    ]


def _rules(hubspot: HubSpot, plural: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, rule, arguments in hubspot.store.rows(
        "select name, rule, arguments from validation_rules where object = ? order by name, rule", (plural,)
    ):
        found.setdefault(name, []).append(
            {"ruleType": rule, "ruleArguments": orjson.loads(arguments), "shouldApplyNormalization": False}
        )
    return found


def _list(hubspot: HubSpot, call: Call) -> Response:
    rules = _rules(hubspot, requests.kind_of(hubspot.portal, call).plural)
    results = [{"propertyName": name, "propertyValidationRules": each} for name, each in rules.items()]
    return answer({"results": results})


def _of_property(hubspot: HubSpot, call: Call) -> Response:
    rules = _rules(hubspot, requests.kind_of(hubspot.portal, call).plural)
    return answer({"results": rules.get(call.params["name"], [])})


def _one(hubspot: HubSpot, call: Call) -> Response:
    rules = _rules(hubspot, requests.kind_of(hubspot.portal, call).plural)
    for each in rules.get(call.params["name"], []):
        if each["ruleType"] == call.params["rule"]:
            return answer(each)
    raise errors.not_found(call)


def _put(hubspot: HubSpot, call: Call) -> Response:
    """A rule of a property; without arguments it is taken away."""
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    name, rule = call.params["name"], call.params["rule"]
    found = hubspot.portal.properties[kind.plural].get(name)
    if found is None or found["archived"]:
        raise errors.not_found(call)
    if found["type"] not in RULES.get(rule, ()):
        raise errors.validation(call, f"Rule {rule} cannot be set on a property of type {found['type']}")
    arguments = requests.strings(call, body, "ruleArguments")
    db = hubspot.store.db
    if arguments:
        db.execute(
            "insert or replace into validation_rules values (?, ?, ?, ?)",
            (kind.plural, name, rule, orjson.dumps(arguments)),
        )
    else:
        db.execute(
            "delete from validation_rules where object = ? and name = ? and rule = ?",
            (kind.plural, name, rule),
        )
    hubspot.portal.reload()
    call.records = 1
    call.change("validations", f"{kind.plural}.{name}.{rule}", "update", "arguments", None,
                ", ".join(arguments))  # fmt: skip
    return Response(status_code=204)
