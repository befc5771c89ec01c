"""Reading what a HubSpot request says: its object type, its body, its lists. Refuses what cannot be."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call
from sandbox.hubspot import errors
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.portal import Portal


def whole_id(said: Any) -> int | None:
    """The number that an id is, said as one or as its digits; None for what can be no id."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said if 0 <= said < 10**15 else None
    good = isinstance(said, str) and said.isascii() and said.isdecimal() and len(said) < 16
    return int(said) if good else None


def kind_of(portal: Portal, call: Call, name: str = "type") -> ObjectType:
    """The object type in the path."""
    kind = portal.type_of(call.params[name])
    if kind is None:
        message = f"Unable to infer object type from: {call.params[name]}"
        raise errors.validation(call, message)
    return kind


READ_ONLY = ("feedback_submissions",)
"""Types whose records come from HubSpot's own surveys: they are read and searched, not written."""


def written_kind(portal: Portal, call: Call) -> ObjectType:
    """The object type in the path, to write records of."""
    kind = kind_of(portal, call)
    if kind.plural in READ_ONLY:
        message = f"HTTP Method '{call.method}' not allowed. {kind.plural} can only be read"
        raise errors.error(call, 405, message, "METHOD_NOT_ALLOWED")
    return kind


def body_of(call: Call) -> dict[str, Any]:
    """The JSON object in the body."""
    try:
        found = call.json()
    except ValueError:
        raise errors.validation(call, "Invalid input JSON on line 1, column 1: not a JSON object") from None
    if not isinstance(found, dict):
        raise errors.validation(call, "Invalid input JSON on line 1, column 1: not a JSON object")
    return found


def strings(call: Call, body: dict[str, Any], name: str) -> list[str]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise errors.validation(call, f"Invalid input JSON: {name} must be a list of strings")
    return found


def objects_in(call: Call, body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of JSON objects in the body; nothing is an empty list."""
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise errors.validation(call, f"Invalid input JSON: {name} must be a list of objects")
    return found


def inputs_of(call: Call, body: dict[str, Any], most: int) -> list[dict[str, Any]]:
    """The `inputs` of a batch, each a JSON object."""
    found = body.get("inputs")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise errors.validation(call, "Some required fields were not set: [inputs]")
    if len(found) > most:
        raise errors.validation(call, f"The maximum number of inputs supported in a batch request is {most}.")
    return found


def properties_of(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    found = item.get("properties")
    if not isinstance(found, dict) or not all(
        v is None or isinstance(v, str | int | float | bool) for v in found.values()
    ):
        raise errors.validation(call, "Some required fields were not set: [properties]")
    return found


def position_of(call: Call) -> int:
    """The `after` of a list, a number no larger than a record id can be."""
    text = call.query.get("after") or "0"
    found = whole_id(text)
    if found is None:
        raise errors.validation(call, f"Invalid after parameter: {text[:40]}")
    return found


def whole(call: Call, name: str) -> int:
    """A number from nought on, nought where none is given."""
    found = whole_id(call.query.get(name) or "0")
    if found is None:
        raise errors.validation(call, f"Invalid {name}")
    return found


def number_of(call: Call, name: str, default: int, most: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    found = whole_id(text) or 0
    if not 0 < found <= most:
        raise errors.validation(call, f"{name} must be between 1 and {most}, not {text}")
    return found
