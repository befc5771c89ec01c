"""Which assets a query or `$filter` names, and in which order they come."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from sandbox.marketing_cloud import errors

Asset = dict[str, Any]
_DEEPEST = 20
_SAID = re.compile(r"\s*([\w.]{1,100})\s+(\w{1,20})\s+(?:'([^']*)'|([^\s']+))\s*")
_WAYS = {"eq": "equal", "neq": "notEqual", "like": "like"}


def of_filter(text: str) -> dict[str, Any] | None:
    """The query that a `$filter` stands for: one comparison."""
    if not text.strip():
        return None
    said = _SAID.fullmatch(text)
    if said is None or said[2].lower() not in _WAYS:
        raise errors.invalid(f"The filter cannot be read: {text[:200]}")
    value = said[4] if said[3] is None else said[3]
    return {"property": said[1], "simpleOperator": _WAYS[said[2].lower()], "value": value}


def order_of(text: str) -> list[dict[str, str]]:
    """What a query would have as `sort` for an `$orderBy`."""
    parts = [part.split() for part in text.split(",") if part.strip()]
    return [{"property": part[0], "direction": part[1] if len(part) > 1 else "asc"} for part in parts]


def chosen(assets: list[Asset], wanted: Any, order: Any) -> list[Asset]:
    found = [each for each in assets if wanted is None or _meets(each, wanted, 0)]
    if order is not None and not (isinstance(order, list) and all(isinstance(each, dict) for each in order)):
        raise errors.invalid("sort is a list of properties with their direction")
    for each in reversed(order or ()):
        direction, name = str(each.get("direction", "ASC")).lower(), str(each.get("property"))
        if direction not in ("asc", "desc"):
            raise errors.invalid("A direction is ASC or DESC")
        found.sort(key=partial(_rank, name=name), reverse=direction == "desc")
    return found


def _value(asset: Asset, name: str) -> Any:
    value: Any = asset
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _rank(asset: Asset, name: str) -> tuple[bool, float, str]:
    """Numbers as numbers, before texts."""
    value = _value(asset, name)
    is_number = isinstance(value, int | float)
    return not is_number, value if is_number else 0, str(value).lower()


def _meets(asset: Asset, wanted: Any, depth: int) -> bool:
    """Whether an asset is one that a query names."""
    if not isinstance(wanted, dict) or depth > _DEEPEST:
        raise errors.invalid("The query cannot be read")
    if "leftOperand" in wanted:
        both = [_meets(asset, wanted.get(side), depth + 1) for side in ("leftOperand", "rightOperand")]
        return any(both) if str(wanted.get("logicalOperator", "")).lower() == "or" else all(both)
    told, found = wanted.get("value", wanted.get("values")), str(_value(asset, str(wanted.get("property"))))
    operator = str(wanted.get("simpleOperator", "equal")).lower()
    listed = [str(each).lower() for each in (told if isinstance(told, list) else [told])]
    if not listed:
        raise errors.invalid("The query names no value")
    return _compared(found.lower(), operator, listed)


def _compared(found: str, operator: str, listed: list[str]) -> bool:
    ways = {
        "equal": found in listed[:1], "equals": found in listed[:1], "in": found in listed,
        "notequal": found not in listed[:1], "notequals": found not in listed[:1],
        "like": listed[0].strip("%") in found, "contains": listed[0].strip("%") in found,
    }  # fmt: skip
    if operator not in ways:
        raise errors.invalid(f"The operator {operator[:40]} is not known")
    return ways[operator]
