"""Components as an org shows them: which there are, one as it is read, and where it lies in a package.

Belongs here: reading. Envelopes are `soap`, zips are `retrieve`, rows of the Tooling API `tooling_objects`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import times
from sandbox.salesforce.metadata import fields
from sandbox.salesforce.metadata.kept import CHILDREN
from sandbox.salesforce.metadata.package import FOLDERS

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
READABLE = ("CustomObject", "Layout", "PermissionSet", "AssignmentRules", *CHILDREN)
"""Types that are read and written one by one; Apex comes and goes in packages."""


def component(sf: Salesforce, kind: str, name: str) -> Json | None:
    """A component with its full name first; None when the org has none of that name."""
    if kind == "CustomObject":
        return sf.metadata.custom_object(sf.org, name)
    found = sf.metadata.get(kind, name)
    if kind == "CustomField" and found is None:
        parent, _, own = name.partition(".")
        sobject = sf.org.whole.get(parent)
        field = sobject.fields.get(own) if sobject else None
        found = fields.as_metadata(field) if field and field.custom else None
    return None if found is None else {**found, "fullName": name}


def names(sf: Salesforce, kind: str) -> list[str]:
    """Full names of all components of a type."""
    if kind == "CustomObject":
        return sorted(sf.org.whole)
    if kind == "CustomField":
        return sorted(
            f"{s.name}.{f.name}" for s in sf.org.whole.values() for f in s.fields.values() if f.custom
        )
    return sf.metadata.names(kind)


def file(kind: str, name: str) -> str:
    """Where it lies in a package: children lie in the file of their object."""
    holder = "CustomObject" if kind in CHILDREN else kind
    folder, suffix = next(((f, s) for f, (k, s) in FOLDERS.items() if k == holder), (holder, ""))
    return f"{folder}/{name.partition('.')[0] if kind in CHILDREN else name}{suffix}"


def properties(sf: Salesforce, kind: str, name: str, place: str = "") -> Json:
    """FileProperties of a component."""
    row = sf.store.row("select id, changed from metadata where type = ? and name = ?", (kind, name))
    own, changed = row or ("", sf.clock.now())
    stamp = times.iso(changed)
    return {
        "createdById": sf.org.user_id, "createdByName": "Integration User", "createdDate": stamp,
        "fileName": place or file(kind, name), "fullName": name, "id": own,
        "lastModifiedById": sf.org.user_id, "lastModifiedByName": "Integration User",
        "lastModifiedDate": stamp, "type": kind,
    }  # fmt: skip
