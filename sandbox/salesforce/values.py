"""Values on their way in and out: what JSON may say of a field, and how a stored value is shown in JSON."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from sandbox import times
from sandbox.salesforce import ids
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import Field

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")
_NUMERIC = ("double", "currency", "percent")
Shown = Callable[[Any], Any]


def stored(field: Field, value: Any) -> Any:
    """A client's value as the table keeps it. Raises RowError for what Salesforce refuses."""
    if value is None or value == "":
        if not field.nillable and field.type != "boolean":
            raise RowError(
                "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{field.name}]", (field.name,)
            )
        return "false" if field.type == "boolean" else None
    if field.type == "boolean":
        return _boolean(field, value)
    if field.type in (*_NUMERIC, "int"):
        return _number(field, value)
    if field.type in ("date", "datetime"):
        return _instant(field, value)
    if field.type == "base64":
        return _bytes(field, value)
    if not isinstance(value, str):
        if isinstance(value, bool | int | float):
            value = str(value).lower() if isinstance(value, bool) else str(value)
        else:
            raise _wrong_type(field, value)
    return _text(field, value)


def _boolean(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower()
    raise _wrong_type(field, value)


def _number(field: Field, value: Any) -> float | int:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _wrong_type(field, value) from None
    if isinstance(value, bool) or number != number or abs(number) >= 1e16:
        raise _wrong_type(field, value)
    return int(number) if field.type == "int" else number


def _instant(field: Field, value: Any) -> str:
    try:
        ms = times.parse(value)
    except (TypeError, ValueError, AttributeError):
        raise _wrong_type(field, value) from None
    return times.day(ms) if field.type == "date" else times.iso_seconds(ms)


def _bytes(field: Field, value: Any) -> bytes:
    """A file as it comes in a part of its own, or as base64."""
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (AttributeError, ValueError):
        raise _wrong_type(field, value) from None


def _text(field: Field, value: str) -> str:
    value = value.strip()
    if field.type in ("id", "reference"):
        normal = ids.normal(value)
        if normal is None:
            raise RowError(
                "MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", (field.name,)
            )
        return normal
    if field.length and len(value) > field.length:
        shown = value if len(value) <= 300 else value[:297] + "..."
        message = f"{field.label}: data value too large: {shown} (max length={field.length})"
        raise RowError("STRING_TOO_LONG", message, (field.name,))
    if field.type == "email" and not _EMAIL.fullmatch(value):
        raise RowError(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", (field.name,)
        )
    chosen = value.split(";") if field.type == "multipicklist" else [value]
    wrong = [each for each in chosen if each not in field.values]
    if field.restricted and field.values and wrong:
        message = f"{field.label}: bad value for restricted picklist field: {wrong[0]}"
        raise RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
    return value


def _wrong_type(field: Field, value: Any) -> RowError:
    message = f"Cannot deserialize instance of {field.type} from value {str(value)[:80]}"
    return RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (field.name,))


def _same(value: Any) -> Any:
    return value


def _truth(value: Any) -> Any:
    return None if value is None else value == "true"


def _moment(value: Any) -> Any:
    return None if value is None else value[:-1] + "+0000"


def _decimal(value: Any) -> Any:
    return None if value is None else float(value)


def _whole(value: Any) -> Any:
    return None if value is None else orjson.loads(value)


def shown(kind: str, version: str = "") -> Shown:
    """How values of a type appear in JSON; of a file it is the address."""
    if kind == "base64":
        return lambda value: value and f"/services/data/{version}{value}"
    if kind == "boolean":
        return _truth
    if kind == "datetime":
        return _moment
    if kind == "address":
        return _whole
    return _decimal if kind in _NUMERIC else _same


def log_text(value: Any) -> str | None:
    """A stored value in the write log."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return None if value is None else str(value)


def shown_row(fields: Sequence[Field], row: Sequence[Any]) -> dict[str, Any]:
    return {f.name: shown(f.type)(value) for f, value in zip(fields, row, strict=True)}
