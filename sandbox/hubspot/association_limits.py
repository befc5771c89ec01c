"""How many records of a type a record may be associated with, where somebody set a limit (`labels` does)."""

from __future__ import annotations

from sandbox.call import Call
from sandbox.hubspot import errors
from sandbox.hubspot.records import Record
from sandbox.store import Store


def keep(store: Store, call: Call, record: Record, other: Record, number: int) -> None:
    """Refuse when a record has more associations of a type than the limit that was set for it."""
    a, b = record.type.plural, other.type.plural
    most = store.value(
        "select most from association_types where from_type = ? and to_type = ? and type_id = ?",
        (a, b, number),
    )
    if most is None:
        return
    count = store.value(
        "select count(*) from associations where from_type = ? and from_id = ? and to_type = ? "
        "and type_id = ?",
        (a, record.id, b, number),
    )
    if int(count) > int(most):
        message = f"{record.type.singular} {record.id} has {most} {b} by association type {number}, its limit"
        raise errors.validation(call, message)
