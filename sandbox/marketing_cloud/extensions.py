"""Data extensions as the store has them: their fields, and what a row must be to go in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sandbox import times
from sandbox.marketing_cloud import account, errors
from sandbox.store import Store

SYNCHRONIZED = re.compile(r"\w+_Salesforce(_\d+)?$")
_NUMBER = re.compile(r"-?[0-9]{1,38}(\.[0-9]{1,38})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


@dataclass(frozen=True)
class Field:
    id: str
    name: str
    type: str
    length: int | None
    scale: int | None
    required: bool
    is_key: bool
    standard: str | None
    ordinal: int


@dataclass(frozen=True)
class RowError(Exception):
    """What is wrong with one row."""

    code: int
    message: str


@dataclass(frozen=True)
class Extension:
    """A data extension with its fields, by lower-case name: Marketing Cloud minds no case in names."""

    id: str
    key: str
    name: str
    synchronized: bool
    fields: dict[str, Field]

    @property
    def keys(self) -> list[Field]:
        return [field for field in self.fields.values() if field.is_key]

    def checked(self, row: Mapping[str, Any], *, whole: bool) -> dict[str, str | None]:
        """A row as it is kept. `whole`: fields that must have a value are asked for. Raises RowError."""
        found: dict[str, str | None] = {}
        for name, value in row.items():
            field = self.fields.get(str(name).lower())
            if field is None:
                raise RowError(errors.VALIDATION, f"Unable to find column {name} in {self.name}")
            found[field.name] = _stored(field, value)
        for field in self.fields.values():
            if field.is_key and found.get(field.name) is None:
                raise RowError(errors.KEY_OPERATION, f"Primary key {field.name} has no value")
            if whole and field.required and found.get(field.name) is None and field.standard is None:
                raise RowError(errors.MISSING_FIELD, f"Field {field.name} must have a value")
        return found

    def pk(self, row: Mapping[str, str | None]) -> str | None:
        """What a row is found by, or None where the extension has no primary key."""
        keys = self.keys
        return "\x1f".join((row.get(f.name) or "").lower() for f in keys) if keys else None


def _stored(field: Field, value: Any) -> str | None:
    if value is None or value == "":
        if field.required:
            raise RowError(errors.NULL_VALUE, f"Field {field.name} must have a value")
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if field.type in ("Number", "Decimal") and not _NUMBER.fullmatch(text):
        raise RowError(errors.VALIDATION, f"Field {field.name} takes a number, not {text[:40]}")
    if field.type == "Boolean":
        if text.lower() not in _TRUE + _FALSE:
            raise RowError(errors.VALIDATION, f"Field {field.name} takes true or false, not {text[:40]}")
        return "True" if text.lower() in _TRUE else "False"
    if field.type == "Date":
        return times.iso(_moment(field, text))
    if field.type == "EmailAddress" and not _EMAIL.fullmatch(text):
        raise RowError(errors.VALIDATION, f"Field {field.name} takes an email address")
    if field.length and len(text) > field.length:
        raise RowError(
            errors.TOO_LONG, f"Field {field.name} holds {field.length} characters, not {len(text)}"
        )
    return text


def shown(field: Field, value: str | None) -> str:
    """A kept value as it is told: dates as in the United States, nothing as an empty text."""
    if value is None or field.type != "Date":
        return value or ""
    moment = times.from_ms(times.parse(value))
    hour, half = moment.hour % 12 or 12, "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {half}"


def kept_sql(field: Field) -> str:
    """SQL of a field's kept value."""
    name = field.name.replace('"', '""').replace("'", "''")
    return f"""json_extract(body, '$."{name}"')"""


def compared_sql(field: Field) -> str:
    """SQL by which a field is compared and sorted: numbers as numbers, texts without regard to case."""
    if field.type in ("Number", "Decimal"):
        return f"cast({kept_sql(field)} as numeric)"
    return f"{kept_sql(field)} collate nocase"


def comparable(field: Field, text: str) -> str | float:
    """What a field is compared with. Raises RowError for what it cannot hold."""
    if field.type in ("Number", "Decimal"):
        return float(_stored(field, text) or 0)
    if field.type in ("Date", "Boolean"):
        return _stored(field, text) or ""
    return text


def moment(text: str) -> str:
    """A date as it is kept. Raises RowError."""
    return times.iso(_moment(Field("", "", "Date", None, None, False, False, None, 0), text))


def _moment(field: Field, text: str) -> int:
    for form in ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y"):
        try:
            return times.to_ms(datetime.strptime(text, form))
        except ValueError:
            continue
    try:
        return times.parse(text)
    except ValueError:
        raise RowError(errors.VALIDATION, f"Field {field.name} takes a date, not {text[:40]}") from None


def find(store: Store, key: str, *, by: str = "key") -> Extension | None:
    """A data extension by key, or by id."""
    row = store.row(f"select id, key, name, synchronized from data_extensions where {by} = ?", (key,))
    if row is None:
        return None
    fields = store.rows(
        "select id, name, type, length, scale, required, is_key, standard, ordinal from fields "
        "where extension = ? order by ordinal", (row[0],),
    )  # fmt: skip
    known = [Field(f[0], f[1], f[2], f[3], f[4], bool(f[5]), bool(f[6]), f[7], f[8]) for f in fields]
    return Extension(row[0], row[1], row[2], bool(row[3]), {field.name.lower(): field for field in known})


def for_writing(store: Store, params: Mapping[str, str]) -> Extension:
    """The extension that an address names by `key` or by `id`. Synchronised ones are Salesforce's to write,
    and nobody else's."""
    key = params.get("key") or params.get("id", "")
    found = find(store, key, by="key" if "key" in params else "id")
    if found is None:
        raise errors.invalid(f"Invalid data extension key: {key}", errors.EXTENSION_KEY)
    if found.synchronized:
        raise errors.invalid(f"{found.name} is a synchronized data extension and read only")
    return found


def create(
    store: Store, key: str, name: str, fields: Iterable[Mapping[str, Any]], at: int, *, description: str = "",
    send_field: str | None = None, category: int = 2, synchronized: bool = False,
) -> Extension:  # fmt: skip
    """Make a data extension; its fields are given as `name`, `type`, `length`, `scale`, `required`, `key`."""
    extension = account.guid("extension", key.lower(), at)
    store.db.execute(
        "insert into data_extensions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (extension, key, name, description, category, int(send_field is not None), send_field, at, at,
         int(synchronized)),
    )  # fmt: skip
    add_fields(store, extension, fields, 0)
    found = find(store, key)
    assert found is not None
    return found


def named_twice(fields: Iterable[Mapping[str, Any]]) -> str:
    """The first name that two fields have: none may."""
    seen: set[str] = set()
    for field in fields:
        if field["name"].lower() in seen:
            return str(field["name"])
        seen.add(field["name"].lower())
    return ""


def add_fields(store: Store, extension: str, fields: Iterable[Mapping[str, Any]], after: int) -> None:
    for number, field in enumerate(fields, start=after + 1):
        store.db.execute(
            "insert into fields values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                account.guid("field", extension, field["name"].lower()), extension, number, field["name"],
                field.get("type", "Text"), field.get("length"), field.get("scale"),
                int(bool(field.get("required") or field.get("key"))), int(bool(field.get("key"))),
                field.get("standard"),
            ),
        )  # fmt: skip


def _standard(field: Field, at: int | None) -> str | None:
    """What a field has where nobody says anything; the moment of the row is one such thing."""
    if (field.standard or "").lower() != "getdate()":
        return field.standard or None
    return None if at is None else times.iso(at)


def put(store: Store, extension: Extension, row: Mapping[str, str | None], at: int | None = None) -> str:
    """Store a row that was checked: Added or Updated. One that is there keeps what this leaves out."""
    pk = extension.pk(row)
    before = None
    if pk is not None:
        before = store.value(
            "select body from extension_rows where extension = ? and pk = ?", (extension.id, pk)
        )
    if before is not None:
        body = orjson.dumps({**orjson.loads(before), **row})
        store.db.execute(
            "update extension_rows set body = ? where extension = ? and pk = ?", (body, extension.id, pk)
        )
        return "Updated"
    full = {field.name: row.get(field.name, _standard(field, at)) for field in extension.fields.values()}
    store.db.execute(
        "insert into extension_rows (extension, pk, body) values (?, ?, ?)",
        (extension.id, pk, orjson.dumps(full)),
    )
    return "Added"
