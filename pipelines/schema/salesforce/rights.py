"""What the integration user may do with an object and its fields, as the model says it.

Belongs here: reading rights. Of an object that the permission set of the file speaks of they are what it
says; of others what the org works out of the user's profile and permission sets, which its describe tells.
"""

from __future__ import annotations

from typing import Any

from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.rules.schema import names
from pipelines.rules.schema.objects import Permissions
from pipelines.schema.items import Json
from pipelines.schema.salesforce import read
from pipelines.schema.written import Objects

_IN_SET = {"read": "allowRead", "create": "allowCreate", "edit": "allowEdit", "delete": "allowDelete",
           "view_all": "viewAllRecords", "modify_all": "modifyAllRecords"}  # fmt: skip
_IN_DESCRIBE = {"read": "queryable", "create": "createable", "edit": "updateable", "delete": "deletable"}
_WORKED_OUT = ("formula", "rollup", "auto_number")


class Rights:
    """The rights of one user, asked for as they are needed."""

    def __init__(self, client: SalesforceClient, permission_set: str) -> None:
        self.client, self.source = client, f"the permission set {permission_set}"
        self._named = permission_set
        found = client.metadata.read("PermissionSet", [permission_set]).get(permission_set)
        whole: Json = read.content(found) if found is not None else {}
        self._objects = {str(e["object"]): e for e in whole.get("objectPermissions") or []}
        self._fields = {str(e["field"]): e for e in whole.get("fieldPermissions") or []}

    def into(self, target: Objects, key: str, name: str) -> int:
        """Write what an object's file does not say yet; how much that was."""
        entry = target.objects[key]
        in_set = name in self._objects or any(field.startswith(f"{name}.") for field in self._fields)
        self.source = (
            f"the permission set {self._named}" if in_set else "the user's profile and permission sets"
        )
        described: Json = {} if in_set else self.client.describe(name)
        count = 0
        if name.endswith("__c"):
            found = self._of_object(name, described)
            if Permissions(**(entry.get("permissions") or {})) != Permissions(**found):
                target.put(entry, "permissions", found)
                count += 1
        shown = {str(each["name"]): each for each in described.get("fields") or []}
        for field_key, field in (entry.get("fields") or {}).items():
            if "salesforce" not in field.get("crms", ("salesforce",)) or field.get("required"):
                continue
            called = field.get("salesforce") or f"{names.api_name(field_key)}__c"
            access = self._of_set(f"{name}.{called}") if in_set else _of_describe(shown.get(called))
            if access == "read" and field.get("type") in _WORKED_OUT:
                access = "edit"  # nobody writes it, so it says nothing
            if access != field.get("access", "edit"):
                target.put(field, "access", None if access == "edit" else access)
                count += 1
        return count

    def _of_object(self, name: str, described: Json) -> dict[str, Any]:
        """The rights to an object that are not what the model takes by itself."""
        plain = Permissions()
        told = self._objects.get(name, {})
        found = {right: str(told.get(there)) == "true" for right, there in _IN_SET.items()}
        if not told:
            found = {right: bool(described.get(there)) for right, there in _IN_DESCRIBE.items()}
        return {right: has for right, has in found.items() if has != getattr(plain, right)}

    def _of_set(self, field: str) -> str:
        told = self._fields.get(field)
        if told is None or str(told.get("readable")) != "true":
            return "none"
        return "edit" if str(told.get("editable")) == "true" else "read"


def _of_describe(shown: Json | None) -> str:
    if shown is None:
        return "none"
    return "edit" if shown.get("updateable") else "read"
