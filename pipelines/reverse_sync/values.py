"""Canonical text: one spelling for each value of each field type, so that values compare as text.

Belongs here: the spelling in SQL (`canonical_sql`), the same spelling of what a CRM answers (`canonical`),
and the way back to what a CRM takes. A test holds the first two together.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from pipelines.rules.syncs import FieldType

CLEAR = "__clear__"
"""A desired text of this value empties the field; null leaves it as it is."""
_BLANKS = " \t\r\n"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def canonical_sql(kind: FieldType, column: str) -> str:
    """A DuckDB expression: the canonical text of `column`, null where it is empty or no value of the type."""
    match kind:
        case "integer":
            return f"try_cast(round({column}) as bigint)::varchar"
        case "number":
            return rf"regexp_replace(try_cast({column} as decimal(38, 8))::varchar, '\.?0+$', '')"
        case "money":
            return f"try_cast({column} as decimal(18, 2))::varchar"
        case "boolean":
            return f"lower(try_cast({column} as boolean)::varchar)"
        case "date":
            return f"strftime(try_cast({column} as date), '%Y-%m-%d')"
        case "timestamp":
            return f"strftime(try_cast({column} as timestamptz) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')"
        case "text" | "reference":
            return f"nullif(trim({column}::varchar, e' \\t\\r\\n'), '')"
        case "set":
            return set_sql(f"string_split({column}::varchar, ';')")


def set_sql(values: str) -> str:
    """A list of texts (SQL) as canonical text: each once, sorted, joined by semicolons; null when empty."""
    trimmed = f"list_transform({values}, lambda v: trim(v, e' \\t\\r\\n'))"
    kept = f"list_filter({trimmed}, lambda v: v <> '')"
    return f"nullif(array_to_string(list_sort(list_distinct({kept})), ';'), '')"


def canonical(kind: FieldType, value: Any) -> str | None:
    """The canonical text of what a CRM answered: text, number, boolean or nothing."""
    if value is None:
        return None
    text = str(value).strip(_BLANKS)
    if text == "":
        return None
    match kind:
        case "integer" | "number" | "money":
            return _number(kind, text)
        case "boolean":
            return {"true": "true", "false": "false", "1": "true", "0": "false"}.get(text.lower())
        case "date":
            moment = _moment(text)
            return moment.date().isoformat() if moment is not None else None
        case "timestamp":
            moment = _moment(text)
            return _milliseconds(moment) if moment is not None else None
        case "text" | "reference":
            return text
        case "set":
            return (
                ";".join(sorted({part for each in text.split(";") if (part := each.strip(_BLANKS))})) or None
            )


def for_json(kind: FieldType, text: str | None) -> Any:
    """A canonical text as the JSON value that typed APIs take (Salesforce)."""
    if text is None:
        return None
    match kind:
        case "integer":
            return int(text)
        case "number" | "money":
            return float(text)
        case "boolean":
            return text == "true"
        case _:
            return text


def for_text(text: str | None) -> str:
    """A canonical text as APIs take it in which every value is text and "" empties a field (HubSpot)."""
    return "" if text is None else text


def _number(kind: FieldType, text: str) -> str | None:
    try:
        number = Decimal(text)
        if not number.is_finite():
            return None
        places = {"integer": "1", "money": "0.01"}.get(kind, "0.00000001")
        rounded = number.quantize(Decimal(places), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return None
    rounded = abs(rounded) if rounded == 0 else rounded
    plain = format(rounded, "f")
    return plain.rstrip("0").rstrip(".") if kind == "number" and "." in plain else plain


def _moment(text: str) -> datetime | None:
    """ISO text, or epoch milliseconds as HubSpot also writes them. Without a zone it is UTC."""
    try:
        if text.lstrip("-").isdigit() and len(text) > 8:
            return _EPOCH + timedelta(milliseconds=int(text))
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _milliseconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
