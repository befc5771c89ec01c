"""`/sobjects/Contact/{id}/Account`: records by a relationship's name, a parent or the list of children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from sandbox.call import Call, answer
from sandbox.salesforce import errors, query, sobjects
from sandbox.salesforce.child_names import child_called
from sandbox.salesforce.fields import Field, SObject

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

SINCE = 36


def read(sf: Salesforce, call: Call, sobject: SObject, row: dict[str, Any] | None, path: str) -> Response:
    """What the names in the path lead to, from a record on."""
    org = sobjects.org_of(sf, call)
    names = [name for name in path.split("/") if name]
    for place, name in enumerate(names):
        if row is None or row.get("IsDeleted") == "true":
            raise errors.not_found()
        reference = sobject.reference(name)
        if reference is None:
            child = child_called(org.objects.values(), sobject.name, name)
            if child is None or place < len(names) - 1:
                raise errors.not_found()
            return _children(sf, call, *child[1:], str(row["Id"]))
        target = org.object_of(row[reference.name]) if row[reference.name] else None
        if target is None:
            raise errors.not_found(f"Relationship is empty: {name}")
        sobject, row = target, sf.rows.get(target, row[reference.name])
    if row is None:
        raise errors.not_found()
    chosen = call.query_list("fields")
    fields = sobjects.fields_of(sobject, chosen) if chosen else list(sobject.fields.values())
    return answer(sobjects.shown(sobject, fields, row, call.params["version"]), charset="UTF-8")


def _children(sf: Salesforce, call: Call, child: SObject, reference: Field, own: str) -> Response:
    chosen = call.query_list("fields")
    fields = sobjects.fields_of(child, chosen) if chosen else list(child.fields.values())
    named = ", ".join(field.name for field in fields)
    text = f"select {named} from {child.name} where {reference.name} = '{own}'"
    return query.answered(sf, call, text, deleted=False)
