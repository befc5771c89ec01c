"""What a deployed component does to the org, and why it is refused: objects, fields, layouts, permissions.

Belongs here: one function a type, each raising `Problem` in Salesforce's words. Apex is `apex`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sandbox import times
from sandbox.salesforce import ids, org, schema
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.metadata import apex, assignment_rules
from sandbox.salesforce.metadata.fields import MOST_MASTERS, Problem, as_metadata, check_formula, column
from sandbox.salesforce.metadata.kept import Kept
from sandbox.salesforce.metadata.package import Component

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
MOST_FIELDS, MOST_OBJECTS = 500, 200
_OBJECT = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_DEVELOPER = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_PREFIX = re.compile(r"a[0-9A-Z]{2}")


class Deploying:
    """One deploy at work in the org, inside a transaction that may be taken back."""

    def __init__(
        self, sf: Salesforce, kept: Kept, now: int, coming: Collection[tuple[str, str]] = ()
    ) -> None:
        self.sf, self.kept, self.now = sf, kept, now
        self.coming = coming
        """(object, field), in lower case, of the fields of the same deploy: formulas may name each other."""

    def component(self, component: Component) -> str:
        """Do it: `created`, `changed`, `unchanged` or `deleted`. Raises Problem."""
        if component.deleted:
            return self._deleted(component)
        doing: dict[str, Callable[[Component], str]] = {
            "CustomObject": self._object, "CustomField": self._field, "RecordType": self._record_type,
            "ValidationRule": self._validation, "Layout": self._layout,
            "PermissionSet": self._permission_set,
            "AssignmentRules": lambda each: assignment_rules.take(self, each),
            "Settings": lambda each: self.kept.put(each.kind, each.name, each.content, self.now),
            "ApexClass": self._apex, "ApexTrigger": self._apex,
        }  # fmt: skip
        return doing[component.kind](component)

    def sobject(self, name: str) -> SObject:
        found = self.sf.org.whole.get(name)
        if found is None:
            raise Problem(f"Entity Enumeration or ID: bad value for restricted picklist field: {name}")
        return found

    def _define(self, sobject: SObject) -> None:
        schema.create_tables(self.sf.store, {sobject.name: sobject})
        org.define(self.sf.store, sobject)
        # The org is read anew once the deploy is over; till then what was just made counts.
        self.sf.org.whole[sobject.name] = sobject

    def _hide(self, sobject: str, field: str) -> None:
        """What is new is seen by nobody until a permission says so."""
        self.sf.store.db.execute("insert or ignore into unseen values (?, ?)", (sobject, field))

    def _unhide(self, sobject: str, field: str) -> None:
        """No permission speaks of it: it is required, or gone."""
        for table in ("unseen", "permitted"):
            self.sf.store.db.execute(f"delete from {table} where object = ? and field = ?", (sobject, field))

    # -- objects ---------------------------------------------------------------------------------------

    def _object(self, component: Component) -> str:
        name, content = component.name, component.content
        if not name.endswith("__c"):
            self.sobject(name)
            return "unchanged"
        if not _OBJECT.fullmatch(name) or len(name) > 43:
            raise Problem(f"The object name you provided {name} is not valid")
        for needed in ("label", "pluralLabel", "nameField", "sharingModel", "deploymentStatus"):
            if not content.get(needed):
                raise Problem(f"Must specify a non-empty {needed} for the CustomObject")
        if len(str(content["label"])) > 40 or len(str(content["pluralLabel"])) > 40:
            raise Problem("Label: too long, at most 40 characters")
        self._name_is_free(name)
        before = self.sf.org.whole.get(name)
        name_field = self._name_field(content["nameField"])
        label, plural = str(content["label"]), str(content["pluralLabel"])
        if before is None:
            made = schema.custom_object(name, self._prefix(), [])
            fields = made.fields | {"Name": name_field}
            self._define(replace(made, label=label, plural=plural, fields=fields))
            self._hide(name, "")
        else:
            changed = replace(before, label=label, plural=plural)
            self._define(replace(changed, fields=before.fields | {"Name": name_field}))
        kept = {k: v for k, v in content.items() if k not in ("fields", "recordTypes", "validationRules")}
        return self.kept.put("CustomObject", name, kept, self.now)

    def _name_is_free(self, name: str) -> None:
        for other in self.sf.org.whole:
            if other.lower() == name.lower() and other != name:
                raise Problem(f"The object name {name} is already in use: {other}")
        customs = [each for each in self.sf.org.whole.values() if each.custom]
        if name not in self.sf.org.whole and len(customs) >= MOST_OBJECTS:
            raise Problem(f"reached the maximum number of {MOST_OBJECTS} custom objects")

    def _name_field(self, wish: Json) -> Field:
        kind = str(wish.get("type") or "Text")
        if kind not in ("Text", "AutoNumber") or not wish.get("label"):
            raise Problem("Must specify a nameField of type Text or AutoNumber, with a label")
        if kind == "AutoNumber" and not wish.get("displayFormat"):
            raise Problem("Must specify 'displayFormat' for a CustomField of type AutoNumber")
        auto = str(wish.get("displayFormat") or "") if kind == "AutoNumber" else ""
        return Field(
            "Name", "string", 80, required=False, server_made=bool(auto), nillable=True,
            given_label=str(wish["label"]), auto=auto,
        )  # fmt: skip

    def _prefix(self) -> str:
        taken = {each.prefix for each in self.sf.org.whole.values()}
        taken |= {prefix for (prefix,) in self.sf.store.rows("select substr(id, 1, 3) from purged")}
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        return next(f"a{a}{b}" for a in digits for b in digits if f"a{a}{b}" not in taken)

    # -- fields ----------------------------------------------------------------------------------------

    def _field(self, component: Component) -> str:
        parent, _, name = component.name.partition(".")
        sobject = self.sobject(parent)
        field = column(component.content, sobject, self.sf.org.whole)
        said = str(component.content.get("formula") or "")
        check_formula(said, sobject, self.sf.org.whole, self.coming)
        before = sobject.fields.get(name)
        same = [each for each in sobject.fields if each.lower() == name.lower() and each != name]
        if same:
            raise Problem(f"There is already a field named {same[0]} on {parent}.")
        if before is None and sum(each.custom for each in sobject.fields.values()) >= MOST_FIELDS:
            raise Problem(f"reached maximum number of custom fields on {parent}: {MOST_FIELDS}")
        self._control(component.content, sobject)
        self._master(component, sobject)
        self._values_fit(sobject, before, field)
        if before is None:
            self.sf.store.db.execute(f'alter table "{parent}" add column "{name}" {field.sql_type}')
            if field.default and not field.server_made:
                self.sf.store.db.execute(f'update "{parent}" set "{name}" = ?', (field.default,))
        self._define(replace(sobject, fields=sobject.fields | {name: field}))
        if field.kind == "Summary":
            child, _, key = str(component.content["summaryForeignKey"]).partition(".")
            schema.index(self.sf.store, child, key)
        if field.required:
            self._unhide(parent, name)
        elif before is None:
            self._hide(parent, name)
        if before is not None and self.kept.get("CustomField", component.name) is None:
            self.kept.put("CustomField", component.name, as_metadata(before), self.now)
        return self.kept.put("CustomField", component.name, component.content, self.now)

    def _control(self, content: Json, sobject: SObject) -> None:
        """A picklist that depends on another: the other is there, and so are the values that are named."""
        value_set = content.get("valueSet") or {}
        control = value_set.get("controllingField")
        if not control:
            return
        field = sobject.field(str(control))
        if field is None or field.type not in ("picklist", "boolean"):
            raise Problem(f"Controlling field {control} not found on {sobject.name}")
        own = {e["fullName"] for e in (value_set.get("valueSetDefinition") or {}).get("value") or []}
        for setting in value_set.get("valueSettings") or []:
            if setting.get("valueName") not in own:
                raise Problem(f"Value {setting.get('valueName')} not found in the value set")
            for each in setting.get("controllingFieldValue") or []:
                if field.values and each not in field.values:
                    raise Problem(f"Controlling value {each} not found in {control}")

    def _master(self, component: Component, sobject: SObject) -> None:
        if component.content.get("type") != "MasterDetail":
            return
        others = [
            name
            for name in self.kept.names("CustomField", sobject.name)
            if name != component.name
            and (self.kept.get("CustomField", name) or {}).get("type") == "MasterDetail"
        ]
        if len(others) >= MOST_MASTERS:
            raise Problem(f"reached maximum number of {MOST_MASTERS} master-detail relationships")
        own = self.kept.get("CustomObject", sobject.name) or {}
        if own.get("sharingModel") != "ControlledByParent":
            raise Problem("Cannot set sharingModel to " f"{own.get('sharingModel')} on a CustomObject with a "
                          "MasterDetail relationship field")  # fmt: skip
        if component.name.partition(".")[2] not in sobject.fields and self.sf.store.value(
            f'select 1 from "{sobject.name}" limit 1'
        ):
            raise Problem("Cannot create a MasterDetail field on an object that has records")

    def _values_fit(self, sobject: SObject, before: Field | None, field: Field) -> None:
        """A shorter or unique field is refused when rows stand against it."""
        if before is None:
            return
        table, name = sobject.name, field.name
        if field.unique and not before.unique and self.sf.store.value(
            f'select 1 from "{table}" where "{name}" is not null group by "{name}" having count(*) > 1'
        ):  # fmt: skip
            raise Problem(f"Duplicate values exist in field {name}; it cannot become unique")
        if field.required and not before.required and self.sf.store.value(
            f'select 1 from "{table}" where "{name}" is null limit 1'
        ):  # fmt: skip
            raise Problem(f"Field {name} has empty values; it cannot become required")

    # -- what is around fields -------------------------------------------------------------------------

    def _record_type(self, component: Component) -> str:
        parent, _, name = component.name.partition(".")
        sobject, content = self.sobject(parent), component.content
        if not _DEVELOPER.fullmatch(name) or not content.get("label"):
            raise Problem(f"The record type name {name} is not valid, or it has no label")
        for each in content.get("picklistValues") or []:
            field = sobject.field(str(each.get("picklist")))
            if field is None or field.type not in ("picklist", "multipicklist"):
                raise Problem(f"Picklist {each.get('picklist')} not found on {parent}")
            for value in each.get("values") or []:
                if unquote(str(value.get("fullName"))) not in field.values:
                    raise Problem(
                        f"Picklist value: {value.get('fullName')} in picklist: {field.name} not found"
                    )
        if "RecordTypeId" not in sobject.fields:
            self.sf.store.db.execute(f'alter table "{parent}" add column "RecordTypeId" text')
            own = Field("RecordTypeId", "reference", 18, targets=("RecordType",), relationship="RecordType")
            self._define(replace(sobject, fields=sobject.fields | {"RecordTypeId": own}))
        self._record_type_row(parent, name, content)
        return self.kept.put("RecordType", component.name, content, self.now)

    def _record_type_row(self, parent: str, name: str, content: Json) -> None:
        table = self.sf.org.whole["RecordType"]
        moment = times.iso_seconds(self.now)
        active = "true" if str(content.get("active", "true")) == "true" else "false"
        found = self.sf.store.value(
            "select Id from RecordType where SobjectType = ? and DeveloperName = ?", (parent, name)
        )
        if found is not None:
            self.sf.store.db.execute(
                "update RecordType set Name = ?, IsActive = ?, SystemModstamp = ? where Id = ?",
                (content["label"], active, moment, found),
            )
            return
        row = {
            "Id": self.sf.org.new_id(table), "Name": content["label"], "DeveloperName": name,
            "SobjectType": parent, "Description": content.get("description"), "IsActive": active,
            "CreatedDate": moment, "CreatedById": self.sf.org.user_id, "LastModifiedDate": moment,
            "LastModifiedById": self.sf.org.user_id, "SystemModstamp": moment,
        }  # fmt: skip
        marks = ", ".join("?" * len(row))
        names = ", ".join(row)
        self.sf.store.db.execute(f"insert into RecordType ({names}) values ({marks})", [*row.values()])

    def _validation(self, component: Component) -> str:
        parent, _, name = component.name.partition(".")
        sobject, content = self.sobject(parent), component.content
        if not _DEVELOPER.fullmatch(name):
            raise Problem(f"The validation rule name {name} is not valid")
        for needed in ("errorConditionFormula", "errorMessage"):
            if not content.get(needed):
                raise Problem(f"Required fields are missing: [{needed}]")
        check_formula(str(content["errorConditionFormula"]), sobject, self.sf.org.whole, self.coming)
        if content.get("errorDisplayField") and sobject.field(str(content["errorDisplayField"])) is None:
            raise Problem(f"errorDisplayField: no field named {content['errorDisplayField']}")
        return self.kept.put("ValidationRule", component.name, content, self.now)

    def _layout(self, component: Component) -> str:
        parent = component.name.partition("-")[0]
        sobject = self.sobject(parent)
        shown: list[str] = []
        for section in component.content.get("layoutSections") or []:
            for col in section.get("layoutColumns") or []:
                items = col.get("layoutItems") or [] if isinstance(col, dict) else []
                shown += [str(item["field"]) for item in items if item.get("field")]
        for name in shown:
            if sobject.field(name) is None:
                raise Problem(f"In field: field - no CustomField named {parent}.{name} found")
            if shown.count(name) > 1:
                raise Problem(f"Layout contains a duplicate field: {name}")
        return self.kept.put("Layout", component.name, component.content, self.now)

    def _permission_set(self, component: Component) -> str:
        """The whole set is replaced: who has it sees what it names, and no longer what it named before."""
        content = component.content
        if not content.get("label"):
            raise Problem("Required fields are missing: [label]")
        for each in content.get("fieldPermissions") or []:
            parent, _, name = str(each.get("field")).partition(".")
            field = self.sobject(parent).field(name)
            if field is None:
                raise Problem(f"In field: field - no CustomField named {each.get('field')} found")
            if field.required:
                raise Problem(f"You cannot deploy to a required field: {each.get('field')}")
            if str(each.get("editable")) == "true" and field.server_made:
                raise Problem(f"Field {each.get('field')} is not editable")
        for each in content.get("objectPermissions") or []:
            self.sobject(str(each.get("object")))
        done = self.kept.put("PermissionSet", component.name, content, self.now)
        table = self.sf.org.whole["PermissionSet"]
        if not self.sf.store.value("select 1 from PermissionSet where Name = ?", (component.name,)):
            self.sf.store.db.execute(
                "insert into PermissionSet (Id, Name, Label, IsOwnedByProfile, SystemModstamp) "
                "values (?, ?, ?, 'false', ?)",
                (self.sf.org.new_id(table), component.name, content["label"], times.iso_seconds(self.now)),
            )
        show_permitted(self.sf, self.kept)
        return done

    def _apex(self, component: Component) -> str:
        apex.compile_(component, self.sf.org.whole)
        content = component.content | {"Body": component.source}
        return self.kept.put(component.kind, component.name, content, self.now)

    # -- taking away -----------------------------------------------------------------------------------

    def _deleted(self, component: Component) -> str:
        kind, name = component.kind, component.name
        parent, _, own = name.partition(".")
        if kind == "CustomField":
            sobject = self.sobject(parent)
            if own not in sobject.fields or not own.endswith("__c"):
                raise Problem(f"No CustomField named: {name} found")
            self._unused(sobject, own)
            schema.drop_column(self.sf.store, parent, own)
            self._unhide(parent, own)
            kept = {n: field for n, field in sobject.fields.items() if n != own}
            self._define(replace(sobject, fields=kept))
        elif kind == "CustomObject":
            self._drop_object(name)
        elif not self.kept.drop(kind, name):
            raise Problem(f"No {kind} named: {name} found")
        if kind == "RecordType":
            self.sf.store.db.execute(
                "delete from RecordType where SobjectType = ? and DeveloperName = ?", (parent, own)
            )
        self.kept.drop(kind, name)
        return "deleted"

    def _unused(self, sobject: SObject, own: str) -> None:
        for kind in ("ValidationRule", "CustomField"):
            for name in self.kept.names(kind, sobject.name):
                content = self.kept.get(kind, name) or {}
                said = str(content.get("errorConditionFormula") or content.get("formula") or "")
                if re.search(rf"\b{re.escape(own)}\b", said):
                    raise Problem(f"This custom field is referenced elsewhere: {name}")

    def _drop_object(self, name: str) -> None:
        if not name.endswith("__c") or name not in self.sf.org.whole:
            raise Problem(f"No CustomObject named: {name} found")
        for other in self.sf.org.whole.values():
            for field in other.fields.values():
                if field.name.endswith("__c") and name in field.targets and other.name != name:
                    raise Problem(f"This custom object is referenced elsewhere: {other.name}.{field.name}")
        db = self.sf.store.db
        db.execute(f'drop table "{name}"')
        db.execute("delete from sobjects where name = ?", (name,))
        for table in ("unseen", "permitted"):
            db.execute(f"delete from {table} where object = ?", (name,))
        db.execute("delete from metadata where name = ? or name like ?", (name, f"{name}.%"))
        self.sf.read_org()


def show_permitted(sf: Salesforce, kept: Kept) -> None:
    """The integration user sees what the permission sets it has been assigned say, and what no set says any
    longer goes out of sight again."""
    assigned = sf.store.rows(
        "select p.Name from PermissionSetAssignment a join PermissionSet p on p.Id = a.PermissionSetId "
        "where a.AssigneeId = ?",
        (ids.normal(sf.org.user_id) or sf.org.user_id,),
    )
    seen: set[tuple[str, ...]] = set()
    for (name,) in assigned:
        content = kept.get("PermissionSet", name) or {}
        seen |= {tuple(str(e["field"]).split(".", 1)) for e in content.get("fieldPermissions") or []
                 if str(e.get("readable")) == "true"}  # fmt: skip
        seen |= {(str(e["object"]), "") for e in content.get("objectPermissions") or []
                 if str(e.get("allowRead")) == "true"}  # fmt: skip
    _move(sf, "unseen", "permitted", set(sf.store.rows("select object, field from unseen")) & seen)
    _move(sf, "permitted", "unseen", set(sf.store.rows("select object, field from permitted")) - seen)
    sf.read_org()


def _move(sf: Salesforce, source: str, target: str, rows: Collection[tuple[Any, ...]]) -> None:
    sf.store.db.executemany(f"delete from {source} where object = ? and field = ?", rows)
    sf.store.db.executemany(f"insert or ignore into {target} values (?, ?)", rows)
