"""Vendors' values to Arrow columns of the promised type. What cannot be read becomes null and is counted.

Belongs here: types and conversion. Each column is cast as a whole first; only when something in it does not
fit is it looked at value by value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.schema import ColumnType

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "decimal": pa.decimal128(38, 18),
    "integer": pa.int64(),
    "money": pa.decimal128(18, 2),
    "price": pa.decimal128(38, 8),
    "rate": pa.decimal128(18, 8),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "list": pa.list_(pa.string()),
    "json": pa.string(),
}
_ROUNDED = " rounded"
_NOISE = Decimal("1e-9")
"""By less than this an amount differs because a vendor has calculated it in binary."""
_EXACT = Context(prec=200)
"""Longer than any number that somebody writes: Python's own stops at 28 digits."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXAMPLE_LENGTH = 40
_FIRST: dict[ColumnType, date] = {"date": date.min, "timestamp": datetime.min.replace(tzinfo=UTC)}
_PADDED = r"^$|^[^!-~]|[^!-~]$"
_USUAL: dict[ColumnType, str] = {
    "number": r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$",
    "decimal": r"^-?[0-9]{1,20}(\.[0-9]{1,18})?$",
    "integer": r"^-?[0-9]{1,18}$",
    "money": r"^-?[0-9]{1,16}(\.[0-9]{1,2})?$",
    "price": r"^-?[0-9]{1,30}(\.[0-9]{1,8})?$",
    "rate": r"^-?[0-9]{1,10}(\.[0-9]{1,8})?$",
    "boolean": r"^(true|false)$",
    "date": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$",
    "timestamp": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T"
    r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$",
}
"""How most values of a type are written: what fits is cast as a whole beside values that do not."""


@dataclass
class BadValues:
    """How many values of each column could not be read, or not to their last digit, and one of them."""

    found: dict[str, tuple[int, str]] = field(default_factory=dict)
    too_large: set[str] = field(default_factory=set)
    """Columns of decimals with a number in them that has more digits before the point than they hold."""

    def add(self, column: str, value: str) -> None:
        count, example = self.found.get(column, (0, value[:_EXAMPLE_LENGTH]))
        self.found[column] = (count + 1, example)

    def add_rounded(self, column: str, value: str) -> None:
        self.add(column + _ROUNDED, value)

    def merge(self, other: Mapping[str, Sequence[Any]]) -> None:
        for column, (count, example) in other.items():
            before, first = self.found.get(column, (0, str(example)))
            self.found[column] = (before + int(count), first)

    def notes(self) -> list[str]:
        notes = []
        for column, (count, example) in sorted(self.found.items()):
            name, many = column.removesuffix(_ROUNDED), "s" if count > 1 else ""
            notes.append(
                f"{name}: {count:,} unreadable value{many} such as {example!r} became null"
                if name == column
                else f"{name}: {count:,} value{many} with more digits than are kept, as {example!r}, rounded"
            )
        return notes


def schema_for(columns: Mapping[str, ColumnType]) -> pa.Schema:
    return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in columns.items()])


def column(values: Iterable[Any], kind: ColumnType, name: str, bad: BadValues) -> pa.Array:
    """A column of the promised type from JSON values. Empty strings are null."""
    if kind == "list":
        return pa.array([_listed(value) for value in values], ARROW_TYPES[kind])
    if kind == "json":
        return pa.array([_as_json(value) for value in values], pa.string())
    texts = [value if value is None or type(value) is str else _text(value) for value in values]
    return convert(pa.array(texts, pa.string()), kind, name, bad)


def columns_of(
    rows: Sequence[Mapping[str, Any]], types: Mapping[str, ColumnType], bad: BadValues
) -> dict[str, pa.Array]:
    """A column for each name of `types` from JSON objects, in one pass over them; a key may be absent.

    Vendors write most values as text. Where one is not, its whole table is read column by column.
    """
    try:
        texts = pa.array(rows, pa.struct([(name, pa.string()) for name in types]))
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return {
            name: column([row.get(name) for row in rows], kind, name, bad) for name, kind in types.items()
        }
    return {name: convert(texts.field(at), kind, name, bad) for at, (name, kind) in enumerate(types.items())}


def convert(texts: pa.Array, kind: ColumnType, name: str, bad: BadValues) -> pa.Array:
    """A column of text to the promised type. Empty strings are null."""
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    target = ARROW_TYPES[kind]
    if kind in ("text", "json"):
        return texts
    if texts.null_count == len(texts):
        return pa.nulls(len(texts), target)
    if kind == "list":
        return _lists(texts)
    read = _cast(texts, kind)
    return _in_part(texts, kind, name, bad) if read is None else read


def _cast(texts: pa.Array, kind: ColumnType) -> pa.Array | None:
    """The column read as a whole; None when something in it is not written the usual way."""
    if kind == "integer" and pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py():
        return None  # Arrow reads 0x10 as sixteen
    try:
        read = texts.cast(ARROW_TYPES[kind])
    except pa.ArrowInvalid:
        return None
    if kind == "number" and not pc.all(pc.is_finite(read)).as_py():
        return None
    if kind in _FIRST and pc.any(pc.less(read, pa.scalar(_FIRST[kind], ARROW_TYPES[kind]))).as_py():
        return None  # the year nought, which Arrow has and the calendar has not
    return read


def _in_part(texts: pa.Array, kind: ColumnType, name: str, bad: BadValues) -> pa.Array:
    """What is written the usual way as a whole, the rest value by value."""
    usual = pc.fill_null(pc.match_substring_regex(texts, _USUAL[kind]), False)
    rest = pc.and_(pc.invert(usual), pc.is_valid(texts))
    read = _cast(pc.if_else(usual, texts, pa.scalar(None, pa.string())), kind)
    if read is None:
        return pa.array(_one_by_one(texts.to_pylist(), kind, name, bad), ARROW_TYPES[kind])
    values = _one_by_one(texts.filter(rest).to_pylist(), kind, name, bad)
    return pc.replace_with_mask(read, rest, pa.array(values, ARROW_TYPES[kind]))


def _lists(texts: pa.Array) -> pa.Array:
    """`a;b` to lists. A part that is empty or may be padded takes the slow way, for its whole column."""
    parts = pc.split_pattern(texts, ";")
    if pc.any(pc.match_substring_regex(parts.flatten(), _PADDED)).as_py():
        return pa.array([_listed(text) for text in texts.to_pylist()], ARROW_TYPES["list"])
    return parts.cast(ARROW_TYPES["list"])


def _one_by_one(texts: list[str | None], kind: ColumnType, name: str, bad: BadValues) -> list[Any]:
    read: list[Any] = []
    parse, noise = _PARSERS[kind], Decimal(0) if kind == "decimal" else _NOISE
    for text in texts:
        value = None
        if text is not None and text.strip():
            try:
                value = parse(text.strip())
                if isinstance(value, Decimal) and _is_off(value, Decimal(text.strip()), noise):
                    bad.add_rounded(name, text)
            except (ValueError, InvalidOperation, OverflowError):
                bad.add(name, text)
                if kind == "decimal" and _is_number(text):
                    bad.too_large.add(name)
        read.append(value)
    return read


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_off(value: Decimal, told: Decimal, noise: Decimal) -> bool:
    off = abs(_EXACT.subtract(told, value))
    return off >= noise if noise else off > 0


def parse_timestamp(text: str) -> datetime:
    """ISO 8601 (without a zone: UTC) or milliseconds since 1970. Raises ValueError."""
    if text.lstrip("-").isdigit() and len(text) > 4:
        return _EPOCH + timedelta(milliseconds=int(text))
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment_of(value: object) -> datetime | None:
    """A vendor's timestamp, or None when there is none that can be read."""
    try:
        return parse_timestamp(str(value)) if value else None
    except (ValueError, OverflowError):
        return None


def parse_date(text: str) -> date:
    """A date, or the UTC date of a timestamp. Raises ValueError."""
    return date.fromisoformat(text) if len(text) == 10 else parse_timestamp(text).date()


def microseconds(moment: datetime) -> int:
    """Since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _decimal(whole: int, places: int) -> Callable[[str], Decimal]:
    """Reads numbers of so many digits before the point, rounded to so many behind it."""
    step, beyond = Decimal(1).scaleb(-places), Decimal(10) ** whole

    def parse(text: str) -> Decimal:
        number = Decimal(text).quantize(step, ROUND_HALF_UP, _EXACT)
        if abs(number) >= beyond:
            raise ValueError(text)
        return number

    return parse


def _integer(text: str) -> int:
    number = Decimal(text)
    if number != number.to_integral_value() or abs(number) >= 2**63:
        raise ValueError(text)
    return int(number)


def _number(text: str) -> float:
    number = float(text)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _boolean(text: str) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
    if text.lower() not in known:
        raise ValueError(text)
    return known[text.lower()]


_PARSERS: dict[ColumnType, Callable[[str], Any]] = {
    "number": _number,
    "decimal": _decimal(20, 18),
    "integer": _integer,
    "money": _decimal(16, 2),
    "price": _decimal(30, 8),
    "rate": _decimal(10, 8),
    "boolean": _boolean,
    "date": parse_date,
    "timestamp": parse_timestamp,
}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else orjson.dumps(value).decode()


def _listed(value: Any) -> list[str] | None:
    """HubSpot's `a;b`, or a list; null when there is nothing in it."""
    if value is None:
        return None
    parts = value.split(";") if isinstance(value, str) else value if isinstance(value, list) else [value]
    return [str(part).strip() for part in parts if str(part).strip()] or None


def _as_json(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
