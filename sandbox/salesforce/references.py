"""Records named by an external id where a reference stands: `{"Account": {"External_Id__c": "x"}}`.

Bulk jobs name them by a column, `Account.External_Id__c`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject

if TYPE_CHECKING:
    from sandbox.salesforce.records import Row, Rows


def nested(rows: Rows, sobject: SObject, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with ids where it has objects of a reference. Raises RowError."""
    named = {k for k, v in row.items() if isinstance(v, Mapping) and sobject.reference(k) is not None}
    if not named:
        return row
    rest = {k: v for k, v in row.items() if k not in named}
    return rest | resolved(rows, sobject, {k: row[k] for k in named})


def resolved(rows: Rows, sobject: SObject, row: Mapping[str, Any]) -> Row:
    """The row with ids where it names records by a key of theirs. Raises RowError."""
    found: Row = {}
    for name, given in row.items():
        path, _, other_key = name.partition(".")
        value = given
        if isinstance(given, Mapping):
            inner = [(k, v) for k, v in given.items() if k != "attributes"]
            if len(inner) != 1:
                raise RowError("INVALID_FIELD", f"Field name not found : {name}", (name,))
            other_key, value = inner[0]
        if not other_key:
            found[name] = value
            continue
        field, own = _named(rows, sobject, name, path, other_key, value)
        found[field] = own
    return found


def _named(
    rows: Rows, sobject: SObject, name: str, path: str, other_key: str, value: Any
) -> tuple[str, str | None]:
    """The reference and the id of what it names; `Lead:Who` says which of several objects is meant."""
    relation, _, typed = path.partition(":")
    field = sobject.reference(typed or relation)
    target = rows.org.object(relation if typed else (field.targets[0] if field and field.targets else ""))
    their = target.field(other_key) if target else None
    if field is None or target is None or their is None or not (their.external_id or their.name == "Id"):
        raise RowError("INVALID_FIELD", f"Field name not found : {name}", (name,))
    if value is None or value == "":
        return field.name, None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RowError("INVALID_FIELD", f"{their.name} of {name} must be a single value", (name,))
    there = rows.ids_by_key(target, their, value)
    if len(there) != 1:
        what = "not found" if not there else "matches more than one record"
        message = f"Foreign key external ID: {value} {what} for field {their.name} in entity {target.name}"
        raise RowError("INVALID_FIELD", message)
    return field.name, there[0]
