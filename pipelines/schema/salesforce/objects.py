"""The model as everything Salesforce is to have: objects, fields, record types, layouts, rules, Apex, rights.

Belongs here: from model to items, and how each thing is held. A field by itself is `fields`.
"""

from __future__ import annotations

from pipelines.rules.schema import names
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import Apex, ObjectModel, RecordType, Validation
from pipelines.schema import held
from pipelines.schema.items import Held, Item, Json, Wanted, said
from pipelines.schema.salesforce import fields, layouts
from pipelines.schema.salesforce.encoding import encoded, plain
from pipelines.schema.salesforce.layouts import field_of

SHARING = {
    "read_write": "ReadWrite", "read": "Read", "private": "Private",
    "controlled_by_parent": "ControlledByParent",
}  # fmt: skip
OBJECT_KEYS = (
    "label", "pluralLabel", "description", "nameField", "sharingModel", "deploymentStatus", "enableHistory",
    "enableActivities",
)  # fmt: skip
OBJECT_PLAIN = {"enableHistory": "false", "enableActivities": "false", "deploymentStatus": "Deployed"}


def wanted(model: Model) -> Wanted:
    """Every item, in an order that what is needed comes first."""
    found = Wanted("salesforce")
    work = _Wanted(model, found)
    for key, each in model.objects.items():
        name = names.object_name("salesforce", key, each)
        if name is None:
            found.hold(key, "not available", "the file leaves Salesforce out")
            continue
        work.object(key, each, name)
    for name, placed in model.shared("salesforce"):
        called = names.field_name("salesforce", placed.key, placed.model)
        assert called is not None
        work.field(name, called, placed.model, placed.where, f"{name}.{placed.key}", {})
    for name, apex in model.schema.apex_classes.items():
        work.apex("class", name, apex, model.where("apex_classes", name), "")
    work.permission_set()
    return found


class _Wanted:
    def __init__(self, model: Model, found: Wanted) -> None:
        self.model, self.found = model, found
        self.field_rights: list[Json] = []
        self.object_rights: list[Json] = []
        self.record_type_rights: list[Json] = []

    def add(self, kind: str, name: str, content: Json, of: str, where: str) -> None:
        self.found.add(Item("salesforce", kind, name, content, of, where))

    def object(self, key: str, each: ObjectModel, name: str) -> None:
        where = self.model.where("objects", key)
        if each.is_custom:
            self.add("object", name, _object(each), name, where)
            self.found.hold(key, "native", f"custom object {name}")
        held.object_parts(self.found, key, each)
        if each.is_custom or "permissions" in each.model_fields_set:
            rights = each.permissions
            self.object_rights.append(
                {"allowCreate": _bool(rights.create), "allowDelete": _bool(rights.delete),
                 "allowEdit": _bool(rights.edit), "allowRead": _bool(rights.read),
                 "modifyAllRecords": _bool(rights.modify_all), "object": name,
                 "viewAllRecords": _bool(rights.view_all)}
            )  # fmt: skip
        self.relationships(key, each, name)
        for placed in self.model.object_fields(key):
            called = names.field_name("salesforce", placed.key, placed.model)
            path = f"{key}.{placed.key}"
            if called is None:
                self.found.hold(path, "not available", "the file leaves Salesforce out")
            else:
                self.field(name, called, placed.model, placed.where, path, each.fields)
        for rt, record_type in each.record_types.items():
            called = record_type.salesforce or names.api_name(rt)
            self.add("record type", f"{name}.{called}", _record_type(each, record_type), name,
                     self.model.where("objects", key, "record_types", rt))  # fmt: skip
            self.record_type_rights.append({"recordType": f"{name}.{called}", "visible": "true"})
            self.found.hold(f"{key}: record type {rt}", "native", f"record type {called}")
        for rule_key, rule in each.validations.items():
            self.validation(key, each, name, rule_key, rule)
        for layout_key, layout in each.layouts.items():
            self.add("layout", f"{name}-{encoded(layout.label)}", layouts.content(each, layout), name,
                     self.model.where("objects", key, "layouts", layout_key))  # fmt: skip
            self.found.hold(f"{key}: layout {layout_key}", "native", f"page layout {layout.label}")
        for trigger, apex in each.triggers.items():
            where = self.model.where("objects", key, "triggers", trigger)
            self.apex("trigger", trigger, apex, where, name, key)
        for pipeline in each.pipelines:
            self.found.hold(f"{key}: pipeline {pipeline}", *_pipeline(each, pipeline))
        for workflow in each.workflows:
            self.found.hold(f"{key}: workflow {workflow}", "not available", "a HubSpot workflow; Salesforce "
                            "runs the object's Apex triggers")  # fmt: skip

    def relationships(self, key: str, each: ObjectModel, name: str) -> None:
        for relation_key, relationship in each.relationships.items():
            path = f"{key} → {relationship.to} ({relation_key})"
            target = self.model.target("salesforce", relationship.to)
            if relationship.kind == "association" or "salesforce" not in relationship.crms or target is None:
                self.found.hold(path, "not available", "an association of HubSpot's; make it a lookup to "
                                "have it at Salesforce")  # fmt: skip
                continue
            called = names.lookup_name(relation_key, relationship)
            content = fields.lookup(each, relationship, target)
            where = self.model.where("objects", key, "relationships", relation_key)
            self.add("field", f"{name}.{called}", content, name, where)
            self.found.hold(path, "native", _with(
                f"{content['type']} field {called}", relationship.renamed_from
            ))  # fmt: skip
            if relationship.kind == "lookup" and not relationship.required:
                self.may(name, called, "edit")
            for label in relationship.labels:
                self.found.hold(f"{path}: label {label}", "not available", "lookups have no labels")
            if relationship.limit is not None:
                how_well: Held = "native" if relationship.limit == 1 else "nearest"
                self.found.hold(f"{path}: limit", how_well, "a lookup holds one record")

    def field(
        self, owner: str, called: str, field: FieldModel, where: str, path: str,
        siblings: dict[str, FieldModel],
    ) -> None:  # fmt: skip
        if not fields.is_held(field):
            self.found.hold(path, "not available", "the file gives no formula for Salesforce")
            return
        content = fields.rollup(self.model, field) if field.rollup else fields.content(field, siblings)
        self.add("field", f"{owner}.{called}", content, owner, where)
        how = f"{content['type']} field {called}"
        if field.group is not None:
            how += f"; the group {field.group} is HubSpot's only"
        if field.searchable:
            how += "; what is searched is Salesforce's own choice, searchable is HubSpot's"
        if field.formula is not None and field.hubspot_formula is not None:
            how += ", as formula says; hubspot_formula is HubSpot's"
        self.found.hold(path, "native", _with(how, field.renamed_from))
        computed = field.type in ("formula", "rollup", "auto_number")
        if not field.required:
            self.may(owner, called, "read" if computed and field.access == "edit" else field.access)

    def may(self, owner: str, called: str, access: str) -> None:
        if access != "none":
            self.field_rights.append(
                {"editable": _bool(access == "edit"), "field": f"{owner}.{called}", "readable": "true"}
            )

    def validation(self, key: str, each: ObjectModel, name: str, rule_key: str, rule: Validation) -> None:
        path = f"{key}: validation {rule_key}"
        if rule.formula is None:
            self.found.hold(path, "not available", "the file gives no formula for Salesforce")
            return
        called = rule.salesforce or names.api_name(rule_key)
        where = self.model.where("objects", key, "validations", rule_key)
        self.add("validation rule", f"{name}.{called}", _validation(each, rule), name, where)
        how = f"validation rule {called}"
        self.found.hold(
            path, "native", f"{how}; the rule under hubspot is HubSpot's" if rule.hubspot else how
        )

    def apex(self, kind: str, name: str, apex: Apex, where: str, of: str, key: str = "Apex") -> None:
        source = self.model.text(apex.file)
        content = {
            "Body": source.strip() + "\n", "apiVersion": str(apex.api_version),
            "status": "Active" if apex.active else "Inactive", "test": _bool(apex.test),
        }  # fmt: skip
        self.add(f"apex {kind}", name, content, of, where)
        self.found.hold(f"{key}: {kind} {name}", "native", f"Apex {kind} from {apex.file}")

    def permission_set(self) -> None:
        if not self.field_rights and not self.object_rights:
            return
        named = self.model.schema.permission_set
        content = canonical_rights(
            {"label": named.label, "fieldPermissions": self.field_rights,
             "objectPermissions": self.object_rights, "recordTypeVisibilities": self.record_type_rights}
        )  # fmt: skip
        where = self.model.where("permission_set")
        self.add("permission set", named.name, content, "", where)
        self.add("permission", f"{named.name} of the integration user", {"assigned": "true"}, "", where)
        self.found.hold("permissions", "native", f"permission set {named.name}")


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _object(each: ObjectModel) -> Json:
    name: Json = {"label": each.name.label, "type": "Text"}
    if each.name.format is not None:
        name = {"displayFormat": each.name.format, "label": each.name.label, "type": "AutoNumber"}
    return canonical_object(
        {
            "label": each.label, "pluralLabel": each.plural, "description": each.description,
            "nameField": name, "sharingModel": SHARING[each.sharing],
            "deploymentStatus": "InDevelopment" if each.in_development else "Deployed",
            "enableHistory": _bool(each.history), "enableActivities": _bool(each.activities),
        }
    )  # fmt: skip


def canonical_object(found: Json) -> Json:
    kept = said(found, OBJECT_KEYS, OBJECT_PLAIN)
    if isinstance(kept.get("nameField"), dict):
        kept["nameField"] = said(kept["nameField"], ("displayFormat", "label", "type"), {})
    return kept


def _record_type(each: ObjectModel, record_type: RecordType) -> Json:
    values = [
        {
            "picklist": field_of(each, picklist),
            "values": [
                {"fullName": encoded(v), "default": _bool(record_type.defaults.get(picklist) == v)}
                for v in chosen
            ],
        }
        for picklist, chosen in record_type.values.items()
    ]
    return canonical_record_type(
        {"active": _bool(record_type.active), "label": record_type.label,
         "description": record_type.description, "businessProcess": record_type.process,
         "picklistValues": values}
    )  # fmt: skip


def canonical_record_type(found: Json) -> Json:
    kept = said(found, ("active", "businessProcess", "description", "label", "picklistValues"), {})
    listed = [
        {"picklist": e["picklist"],
         "values": [{"fullName": encoded(plain(str(v["fullName"]))), "default": v.get("default") or "false"}
                    for v in e.get("values") or []]}
        for e in found.get("picklistValues") or []
    ]  # fmt: skip
    if listed:
        kept["picklistValues"] = sorted(listed, key=lambda e: str(e["picklist"]))
    return kept


def _validation(each: ObjectModel, rule: Validation) -> Json:
    found: Json = {
        "active": _bool(rule.active), "errorConditionFormula": (rule.formula or "").strip(),
        "errorMessage": rule.message, "description": rule.description,
    }  # fmt: skip
    if rule.field is not None:
        found["errorDisplayField"] = field_of(each, rule.field)
    return canonical_rule(found)


def canonical_rule(found: Json) -> Json:
    names_ = ("active", "description", "errorConditionFormula", "errorDisplayField", "errorMessage")
    return said(found, names_, {})


def canonical_rights(found: Json) -> Json:
    """A permission set's label and rights, sorted: their order means nothing."""
    kept: Json = {"label": found.get("label")}
    for name, by in (
        ("fieldPermissions", "field"), ("objectPermissions", "object"),
        ("recordTypeVisibilities", "recordType"),
    ):  # fmt: skip
        listed = [dict(sorted(each.items())) for each in found.get(name) or []]
        if listed:
            kept[name] = sorted(listed, key=lambda each: str(each[by]))
    return kept


def _with(how: str, renamed_from: str | None) -> str:
    """The same with what it takes over."""
    return how if renamed_from is None else f"{how}; takes over {renamed_from}, by crm schema backfill"


def _pipeline(each: ObjectModel, name: str) -> tuple[Held, str]:
    if not each.is_custom:
        return "not available", "the stages of a standard object are its own picklist's, set in Setup"
    if name in each.record_types:
        return "nearest", f"record type {name}; Salesforce keeps no stages of a custom object"
    return "not available", "Salesforce keeps no stages of a custom object; add a picklist for them"
