"""The model as everything HubSpot is to have: schemas, properties, associations, pipelines, rules, workflows.

Belongs here: from model to items, and how each thing is held. A property by itself is `properties`.
"""

from __future__ import annotations

import json

from pipelines.rules.schema import names
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import STANDARD, ObjectModel, Pipeline, Relationship
from pipelines.schema import held
from pipelines.schema.hubspot import properties
from pipelines.schema.items import Held, Item, Json, Wanted

_NAMELESS = "association, without a label of its own"
RECORD_TYPE = names.RECORD_TYPE
_OWN = {called for called, _ in STANDARD.values() if called is not None}
"""Objects of HubSpot's own, which it ties to each other by itself."""


def wanted(model: Model) -> Wanted:
    """Every item, in an order that what is needed comes first."""
    found = Wanted("hubspot")
    work = _Wanted(model, found)
    for key, each in model.objects.items():
        name = names.object_name("hubspot", key, each)
        if name is None:
            found.hold(key, "not available", "the file leaves HubSpot out")
            continue
        work.object(key, each, name)
    for name, placed in model.shared("hubspot"):
        called = names.field_name("hubspot", placed.key, placed.model)
        assert called is not None
        work.property(name, called, placed.model, placed.where, f"{name}.{placed.key}", is_custom=False)
    for apex in model.schema.apex_classes:
        found.hold(f"Apex: class {apex}", "not available", "HubSpot runs no Apex")
    found.hold("permissions", "not available", "HubSpot's permissions are set by people, in its settings")
    found.items.sort(key=lambda item: _ORDER.index(item.kind))
    return found


_ORDER = (
    "object", "group", "property", "association", "label", "limit", "pipeline", "validation", "workflow",
)  # fmt: skip


class _Wanted:
    def __init__(self, model: Model, found: Wanted) -> None:
        self.model, self.found = model, found

    def add(self, kind: str, name: str, content: Json, of: str, where: str) -> None:
        self.found.add(Item("hubspot", kind, name, content, of, where))

    def object(self, key: str, each: ObjectModel, name: str) -> None:
        where = self.model.where("objects", key)
        if each.is_custom:
            self.add("object", name, self.schema(key, each), name, where)
            self.found.hold(key, "native", f"custom object {name}")
            own = {"label": each.name.label, "type": "string", "fieldType": "text"}
            self.add("property", f"{name}.{each.name.field}", own, name, self.model.where("objects", key))
        held.object_parts(self.found, key, each)
        for placed in self.model.object_fields(key):
            called = names.field_name("hubspot", placed.key, placed.model)
            if called is None:
                self.found.hold(f"{key}.{placed.key}", "not available", "the file leaves HubSpot out")
            else:
                self.property(name, called, placed.model, placed.where, f"{key}.{placed.key}",
                              is_custom=each.is_custom)  # fmt: skip
        for relation_key, relationship in each.relationships.items():
            self.relationship(key, each, name, relation_key, relationship)
        self.record_types(key, each, name)
        for pipeline_key, pipeline in each.pipelines.items():
            self.add("pipeline", f"{name}: {pipeline.label}", pipeline_content(pipeline, name), name,
                     self.model.where("objects", key, "pipelines", pipeline_key))  # fmt: skip
            self.found.hold(f"{key}: pipeline {pipeline_key}", "native", f"pipeline {pipeline.label}")
            if name != "deals" and any(stage.probability is not None for stage in pipeline.stages):
                self.found.hold(f"{key}: pipeline {pipeline_key}: probability", "not available",
                                "only stages of deals have one")  # fmt: skip
        self.validations(key, each, name)
        self.beside(key, each, name)

    def schema(self, key: str, each: ObjectModel) -> Json:
        required = [each.name.field] if each.name.format is None and each.name.required else []
        searched = {each.name.field}
        for name, field in each.fields.items():
            called = names.field_name("hubspot", name, field)
            if called is None or properties.held(field)[0] == "not available":
                continue
            required += [called] if field.required else []
            searched |= {called} if field.searchable or name == each.key else set()
        found: Json = {
            "singular": each.label, "plural": each.plural, "primaryDisplayProperty": each.name.field,
            "requiredProperties": sorted(required), "searchableProperties": sorted(searched),
        }  # fmt: skip
        return found | ({"description": each.description} if each.description else {})

    def property(
        self, owner: str, called: str, field: FieldModel, where: str, path: str, *, is_custom: bool
    ) -> None:  # fmt: skip
        how_well, how = properties.held(field, is_custom=is_custom)
        self.found.hold(path, how_well, how)
        if how_well == "not available":
            return
        if field.group is not None:
            label = {"label": group_label(field.group)}
            group = Item("hubspot", "group", f"{owner}: {field.group}", label, owner, where)
            if group not in self.found.items:
                self.found.add(group)
        self.add("property", f"{owner}.{called}", properties.content(field), owner, where)

    def relationship(
        self, key: str, each: ObjectModel, owner: str, relation_key: str, relation: Relationship
    ) -> None:  # fmt: skip
        path = f"{key} → {relation.to} ({relation_key})"
        target = self.model.target("hubspot", relation.to)
        if "hubspot" not in relation.crms or target is None:
            self.found.hold(path, "not available", f"HubSpot has no {relation.to} to lead to")
            return
        where = self.model.where("objects", key, "relationships", relation_key)
        pair = f"{owner} → {target}"
        is_given = {owner, target} <= _OWN
        if not is_given and not any(i.kind == "association" and i.name == pair for i in self.found.items):
            self.add("association", pair, {}, owner, where)
        kinds: dict[str, tuple[Held, str]] = {
            "association": ("native", "association"),
            "lookup": ("nearest", _NAMELESS if relation.limit else f"{_NAMELESS}; say limit: 1 for one"),
            "master_detail": ("nearest", _NAMELESS),
        }
        how_well, how = kinds[relation.kind]
        if is_given:
            how = "association that HubSpot has by itself"
        if relation.to == "lead":
            how_well = "nearest"
            how = "association with contacts: a lead of Salesforce's is a contact at HubSpot"
        notes = _not_kept(each, relation)
        self.found.hold(path, "nearest" if notes else how_well, "; ".join([how, *notes]))
        for name, label in relation.labels.items():
            content = {"label": label.label, "inverse": label.inverse or label.label}
            self.add("label", f"{pair}: {name}", content, owner, where)
            self.found.hold(f"{path}: label {name}", "native", f"association label {label.label}")
        if relation.limit is not None:
            self.add("limit", pair, {"most": relation.limit}, owner, where)
            self.found.hold(f"{path}: limit", "native", f"at most {relation.limit}")

    def record_types(self, key: str, each: ObjectModel, name: str) -> None:
        """A record type is the pipeline of its name, or a value of a property."""
        as_values = [rt for rt in each.record_types if rt not in each.pipelines]
        for rt in each.record_types:
            how = f"value of the property {RECORD_TYPE}" if rt in as_values else f"pipeline {rt}"
            self.found.hold(f"{key}: record type {rt}", "nearest", how)
            for part, said in (
                ("description", "neither a value nor a pipeline has one"),
                ("values", "HubSpot offers every value of a property to every record"),
                ("defaults", "HubSpot sets no default"),
                ("process", "HubSpot has no business processes; its pipelines hold the stages"),
                ("active", "" if rt in as_values else "HubSpot switches no pipeline off"),
            ):
                if part in each.record_types[rt].model_fields_set and said:
                    self.found.hold(f"{key}: record type {rt}: {part}", "not available", said)
        if not as_values:
            return
        options = [
            {"label": each.record_types[rt].label, "value": rt, "hidden": not each.record_types[rt].active}
            for rt in as_values
        ]
        content = {"label": "Record type", "type": "enumeration", "fieldType": "select", "options": options}
        where = self.model.where("objects", key, "record_types")
        self.add("property", f"{name}.{RECORD_TYPE}", content, name, where)

    def validations(self, key: str, each: ObjectModel, name: str) -> None:
        for rule_key, rule in each.validations.items():
            path = f"{key}: validation {rule_key}"
            if rule.hubspot is None:
                self.found.hold(path, "not available", "HubSpot has no formula; give its nearest rule")
                continue
            if not rule.active:
                self.found.hold(path, "not available", "HubSpot switches no rule off; it is made when active")
                continue
            field = each.fields.get(rule.hubspot.field)
            called = each.name.field if rule.hubspot.field == "name" else rule.hubspot.field
            if field is not None:
                called = names.field_name("hubspot", rule.hubspot.field, field) or called
            where = self.model.where("objects", key, "validations", rule_key)
            content = {"arguments": list(rule.hubspot.arguments)}
            self.add("validation", f"{name}.{called} {rule.hubspot.rule}", content, name, where)
            how = f"rule {rule.hubspot.rule} of {called}"
            if rule.formula is not None:
                how += "; where it is shown and what people are told is HubSpot's"
            self.found.hold(path, "native" if rule.formula is None else "nearest", how)

    def beside(self, key: str, each: ObjectModel, name: str) -> None:
        for workflow_key, workflow in each.workflows.items():
            where = self.model.where("objects", key, "workflows", workflow_key)
            definition = json.loads(self.model.text(workflow.file))
            content = canonical_flow(definition) | {"name": workflow.name, "objectTypeId": name}
            self.add("workflow", workflow.name, content, name, where)
            self.found.hold(f"{key}: workflow {workflow_key}", "native", f"workflow {workflow.name}")
        for layout in each.layouts:
            self.found.hold(f"{key}: layout {layout}", "not available", "HubSpot's record pages are laid out "
                            "by people")  # fmt: skip
        for trigger in each.triggers:
            how = "a workflow of the object" if each.workflows else "HubSpot runs no Apex; give a workflow"
            self.found.hold(
                f"{key}: trigger {trigger}", "nearest" if each.workflows else "not available", how
            )


def group_label(name: str) -> str:
    """What people see of a group of properties: the file says its name only."""
    return name.replace("_", " ").capitalize()


def _not_kept(each: ObjectModel, relation: Relationship) -> list[str]:
    """What of a relationship an association does not say."""
    found = []
    if relation.required or relation.kind == "master_detail":
        found.append(
            "HubSpot requires none; records without one are in ops.object_findings" if each.is_custom
            else "HubSpot requires none"
        )  # fmt: skip
    for is_said, note in (
        (relation.help, "it has no help"),
        (relation.kind == "association" and relation.label, "it has no name, only labels have"),
        (relation.on_delete != "clear", "a record that goes takes none with it and is held by none"),
        (relation.reparent, "it may always lead elsewhere"),
        (relation.children or relation.children_label, "the list at the other end has no name of its own"),
    ):
        if is_said:
            found.append(note)
    if relation.renamed_from is not None:
        found.append(f"the ends of {relation.renamed_from} come with the records")
    return found


def canonical_flow(definition: Json) -> Json:
    """A workflow without what HubSpot counts itself."""
    own = ("id", "revisionId", "createdAt", "updatedAt", "dataSources", "crmObjectCreationStatus")
    return {name: value for name, value in definition.items() if name not in own}


def pipeline_content(pipeline: Pipeline, owner: str) -> Json:
    """Stages of deals are closed by their probability, all others by being said so."""
    stages: list[Json] = []
    for stage in pipeline.stages:
        if owner == "deals":
            chance = (0.5 if not stage.closed else 0.0) if stage.probability is None else stage.probability
            stages.append({"label": stage.label, "closed": chance in (0.0, 1.0), "probability": chance})
        else:
            stages.append({"label": stage.label, "closed": stage.closed, "probability": None})
    return {"label": pipeline.label, "stages": stages}
