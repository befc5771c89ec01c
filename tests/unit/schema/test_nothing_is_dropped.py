"""Every key that the file may have reaches something: a thing that is planned, a line that says how each CRM
holds it, or a fault. A key that nobody reads would be dropped without a word."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pipelines.errors import ConfigError
from pipelines.rules.schema import fields, objects
from pipelines.rules.schema.checks import check
from pipelines.rules.schema.load import Model
from pipelines.schema.hubspot import objects as hubspot
from pipelines.schema.salesforce import objects as salesforce

Json = dict[str, Any]
Path_ = tuple[Any, ...]
TEXT: Json = {"label": "A", "type": "text", "length": 40}
CODE: Json = {"label": "C", "type": "text", "length": 40, "unique": True, "external_id": True}
OTHER: Json = {"label": "Other", "plural": "Others", "fields": {"a": TEXT}}
THING: Json = {
    "label": "Thing", "plural": "Things", "key": "code",
    "fields": {
        "code": CODE,
        "text": TEXT,
        "pick": {"label": "P", "type": "picklist", "values": [{"value": "x"}, {"value": "y"}]},
        "then": {"label": "T", "type": "picklist", "values": ["m", "n"],
                 "depends_on": {"field": "pick", "values": {"x": ["m"]}}},
        "twice": {"label": "D", "type": "formula", "returns": "number", "formula": "1 + 1",
                  "hubspot_formula": "1 + 1"},
        "count": {"label": "N", "type": "auto_number", "format": "{0}"},
        "number": {"label": "No", "type": "number"},
    },
    "relationships": {
        "company": {"to": "company", "label": "Company", "labels": {"one": {"label": "One"}}},
        "free": {"to": "deal", "kind": "association"},
    },
    "record_types": {"plain": {"label": "Plain"}, "life": {"label": "Life"}},
    "layouts": {"main": {"label": "Main", "sections": [{"label": "S", "fields": ["text"]}]}},
    "validations": {"right": {"formula": "ISBLANK(Text__c)", "message": "No", "field": "text",
                              "hubspot": {"field": "text", "rule": "MIN_LENGTH", "arguments": ["1"]}}},
    "pipelines": {"life": {"label": "Life", "stages": [{"label": "New"}]}},
    "triggers": {"T": {"file": "a.txt"}},
    "workflows": {"w": {"name": "W", "file": "w.json"}},
    "permissions": {}, "records": {"to": "salesforce"},
}  # fmt: skip
DETAIL: Json = {
    "label": "Detail", "plural": "Details", "name": {"label": "No", "field": "no"},
    "sharing": "controlled_by_parent", "fields": {"n": TEXT},
    "relationships": {"up": {"to": "other", "kind": "master_detail", "label": "Up"}},
}  # fmt: skip
SUMS: Json = {"label": "S", "type": "rollup",
              "rollup": {"object": "detail", "relationship": "up", "operation": "count"}}  # fmt: skip
STANDARD: Json = {
    "extends": "contact", "fields": {"text": TEXT, "code": CODE}, "record_types": {"plain": {"label": "P"}},
    "permissions": {}, "layouts": THING["layouts"],
    "pipelines": {"life": {"label": "Life", "stages": [{"label": "New"}]}},
}  # fmt: skip
BASE: Json = {
    "permission_set": {}, "apex_classes": {"C": {"file": "a.txt"}},
    "objects": {
        "thing": THING, "other": {**OTHER, "fields": {"a": TEXT, "sums": SUMS}}, "detail": DETAIL,
        "person": STANDARD, "sale": {"extends": "deal", "fields": {"text": TEXT}},
    },
}  # fmt: skip
TRY: dict[tuple[str, str], list[Any]] = {
    ("ObjectModel", "extends"): ["lead"], ("ObjectModel", "crms"): [["hubspot"], ["salesforce"]],
    ("ObjectModel", "name"): [{"label": "Called", "format": "N-{0}"}],
    ("ObjectModel", "permissions"): [{"delete": True}],
    ("ObjectModel", "layouts"): [{"another": {"label": "An", "sections": []}}],
    ("ObjectModel", "pipelines"): [{"another": {"label": "An", "stages": [{"label": "New"}]}}],
    ("ObjectModel", "triggers"): [{"Another": {"file": "b.txt"}}],
    ("ObjectModel", "workflows"): [{"another": {"name": "An", "file": "v.json"}}],
    ("ObjectModel", "validations"): [{"another": {"formula": "1 = 2", "message": "Never"}}],
    ("ObjectModel", "record_types"): [{"another": {"label": "An"}}],
    ("ObjectModel", "relationships"): [{"another": {"to": "deal", "label": "An", "children": "Ans"}}],
    ("ObjectModel", "key"): [None, "code"], ("ObjectModel", "renamed_from"): ["former"],
    ("ObjectModel", "records"): [{"to": "hubspot"}, {"to": "hubspot", "file": "a.txt"}],
    ("ObjectModel", "hubspot"): ["n_a"], ("ObjectModel", "salesforce"): ["N_A__c"],
    ("FieldModel", "type"): ["date"], ("FieldModel", "crms"): [["hubspot"], ["salesforce"]],
    ("FieldModel", "hubspot"): ["n_a"], ("FieldModel", "salesforce"): ["N_A__c"],
    ("FieldModel", "values"): [["x", "y", "z", "m", "n"]], ("FieldModel", "default"): ["1"],
    ("FieldModel", "returns"): ["text"], ("FieldModel", "renamed_from"): ["former"],
    ("FieldModel", "depends_on"): [{"field": "pick", "values": {"y": ["n"]}}],
    ("FieldModel", "rollup"): [SUMS["rollup"]], ("FieldModel", "format"): ["X-{00}"],
    ("FieldModel", "length"): [41], ("FieldModel", "digits"): [9], ("FieldModel", "decimals"): [1],
    ("FieldModel", "lines"): [9], ("FieldModel", "access"): ["read"],
    ("FieldModel", "formula"): ["2 + 2"], ("FieldModel", "hubspot_formula"): ["2 + 2"],
    ("Relationship", "to"): ["contact"], ("Relationship", "limit"): [1],
    ("Relationship", "kind"): ["association"],
    ("Relationship", "crms"): [["hubspot"], ["salesforce"]], ("Relationship", "salesforce"): ["N_A__c"],
    ("Relationship", "renamed_from"): ["former"], ("Relationship", "on_delete"): ["cascade", "restrict"],
    ("RecordType", "values"): [{"pick": ["x"]}], ("RecordType", "salesforce"): ["N_A"],
    ("RecordType", "process"): ["Sale"], ("RecordType", "defaults"): [{"pick": "x"}],
    ("Section", "shown"): [{"text": "required"}],
    ("Section", "columns"): [1], ("Section", "fields"): [["code"]],
    ("Validation", "field"): ["code"], ("Validation", "salesforce"): ["N_A"],
    ("HubSpotRule", "field"): ["code"], ("HubSpotRule", "arguments"): [["7"]],
    ("Stage", "probability"): [0.25], ("Apex", "api_version"): [61.0], ("Apex", "file"): ["b.txt"],
    ("Workflow", "file"): ["v.json"], ("Records", "to"): ["hubspot"], ("Records", "file"): ["a.txt"],
    ("Records", "table"): ["marts.x"], ("Depends", "field"): ["then"],
    ("Depends", "values"): [{"y": ["n"]}], ("Rollup", "object"): ["thing"],
    ("Rollup", "operation"): ["sum"], ("Rollup", "field"): ["n"], ("Rollup", "relationship"): ["n"],
}  # fmt: skip
"""Values of keys for which another text, number or truth will not do."""
WHOLE = ("layout", "trigger", "permissions")
"""Things of which one line speaks as a whole where it says that the CRM has none."""
COVERED = {
    ("hubspot", "PermissionSet"): "HubSpot's permissions are set by people",
    ("hubspot", "Depends"): "the dependency is kept by Salesforce only",
    ("hubspot", "FieldModel", "depends_on"): "the dependency is kept by Salesforce only",
    ("hubspot", "FieldModel", "formula"): "as hubspot_formula says",
    ("salesforce", "NameField", "required"): "Salesforce requires a name of every record",
    ("salesforce", "FieldModel", "hubspot_formula"): "hubspot_formula is HubSpot's",
    ("hubspot", "FieldModel", "format"): "HubSpot counts nothing",
    ("hubspot", "Relationship", "label"): "association, without a label of its own",
    ("hubspot", "RecordType", "label"): "pipeline life",
    ("hubspot", "Validation", "message"): "where it is shown and what people are told is HubSpot's",
    ("hubspot", "Validation", "field"): "where it is shown and what people are told is HubSpot's",
    ("hubspot", "Validation", "description"): "where it is shown and what people are told is HubSpot's",
    ("salesforce", "HubSpotRule"): "the rule under hubspot is HubSpot's",
    ("salesforce", "Pipeline"): "Salesforce keeps no stages of a custom object",
    ("salesforce", "Stage"): "Salesforce keeps no stages of a custom object",
}
"""What a line says already of the base, by CRM, type and key: the sentence that does."""
SO_ALREADY = (("Relationship", "required", True), ("Relationship", "on_delete", "cascade"),
              ("FieldModel", "access", "read"))  # fmt: skip
"""What a master-detail relationship is anyway, and what a field is that the CRM works out."""
NAMES_AT = {"hubspot": ("salesforce",), "salesforce": ("hubspot",)}
"""Keys that are names at the other CRM, by CRM."""


def test_every_key_of_the_file_reaches_something_at_each_crm(folder: Path) -> None:
    before = come_to(folder, BASE)
    tried: set[tuple[str, str]] = set()
    silent = []
    for path, model, name, value in variants():
        tried.add((model, name))
        changed = copy.deepcopy(BASE)
        holder = changed
        for step in path:
            holder = holder[step]
        holder[name] = value
        try:
            after = come_to(folder, changed)
        except (ConfigError, ValidationError):
            continue
        for vendor in ("hubspot", "salesforce"):
            unsaid = after[vendor] == before[vendor] and name not in NAMES_AT[vendor]
            if unsaid and not is_said(vendor, model, name, value, before[vendor][1], path):
                silent.append(f"{vendor}: {'.'.join(map(str, path))}.{name} = {value}")
    assert not silent, "\n".join(silent)
    plain = {(m.__name__, n) for m in models() for n, field in m.model_fields.items()
             if inner_of(field.annotation) is None}  # fmt: skip
    editions = {("Editions", n) for n in objects.Editions.model_fields}
    assert plain - tried == {("Schema", "test_level"), *editions}  # no things of a CRM: how it is gone about


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"// {name}\n")
    for name in ("w.json", "v.json"):
        (tmp_path / name).write_text(f'{{"type": "{name}"}}')
    return tmp_path


def come_to(folder: Path, content: Json) -> dict[str, tuple[list[Any], list[Any]]]:
    """At each CRM: what is made, and what is said."""
    model = Model(folder, objects.Schema.model_validate(content))
    check(model)
    found = {}
    for vendor, wanted in (("hubspot", hubspot.wanted(model)), ("salesforce", salesforce.wanted(model))):
        made = [(i.kind, i.name, i.content) for i in wanted.items]
        found[vendor] = (made, [(h.model, h.held, h.how) for h in wanted.holdings])
    return found


def is_said(vendor: str, model: str, name: str, value: Any, lines: list[Any], path: Path_) -> bool:
    """Whether a key needs no word of its own at a CRM."""
    if (name == "crms" and value == [vendor]) or (vendor, model, name) == (
        "salesforce",
        "NameField",
        "field",
    ):
        return True  # it says something of the other CRM
    if any((model, name, value) == each for each in SO_ALREADY):
        return any(step in path for step in ("up", "twice", "count", "sums", "free"))
    sentence = COVERED.get((vendor, model, name)) or COVERED.get((vendor, model))
    if sentence is not None:
        return any(sentence in how for _, _, how in lines)
    return is_left_out(lines, path)


def is_left_out(lines: list[Any], path: Path_) -> bool:
    """Whether a line says already that the CRM does not have the whole of what the key is of."""
    said = [str(step) for step in path if step != "objects"]
    for model, held, _ in lines:
        words = model.replace("record type", "record_type").split(":")
        parts = [p for w in words for p in w.strip().replace(" → ", ".").split(".")]
        is_whole = any(model.partition(": ")[2].startswith(w) or model == w for w in WHOLE)
        if held != "native" and (is_whole or held == "not available") and of_it(parts, said):
            return True
    return False


def of_it(parts: list[str], said: list[str]) -> bool:
    """`thing: layout main` is of objects.thing.layouts.main."""
    singular = [each.removesuffix("ies") + "y" if each.endswith("ies") else each.removesuffix("s")
                for each in said]  # fmt: skip
    words = " ".join(parts).replace("(", "").replace(")", "").split()
    plain = " ".join(singular).split()
    return bool(words) and all(w in {*plain, *said, "Apex", "class", "company", "deal"} for w in words)


def models() -> list[type[BaseModel]]:
    found = [
        each for module in (fields, objects) for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, BaseModel) and each.__module__ == module.__name__
    ]  # fmt: skip
    return [each for each in dict.fromkeys(found) if each.__name__ != "Strict"]


def variants() -> Iterator[tuple[Path_, str, str, Any]]:
    """Each key of each thing of the base, with a value that it has not: (path, type, key, value)."""
    yield from walk(objects.Schema, BASE, ())


def walk(model: type[BaseModel], content: Json, path: Path_) -> Iterator[tuple[Path_, str, str, Any]]:
    for name, field in model.model_fields.items():
        inner = inner_of(field.annotation)
        there = content.get(name) if isinstance(content, dict) else None
        if not (model is objects.Schema and name in ("objects", "editions", "test_level")):
            for value in values(model.__name__, name, field, there):
                yield path, model.__name__, name, value
        if inner is None or there is None or inner is objects.Editions:
            continue
        if isinstance(there, list):
            steps = [(i, each) for i, each in enumerate(there) if isinstance(each, dict)]
        elif set(there) <= set(inner.model_fields):
            steps = [(None, there)]
        else:
            steps = list(there.items())
        for step, each in steps:
            yield from walk(inner, each, (*path, name) if step is None else (*path, name, step))


def inner_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(
        (m for each in getattr(annotation, "__args__", ()) if (m := inner_of(each)) is not None), None
    )


def values(model: str, name: str, field: Any, there: Any) -> list[Any]:
    if (model, name) in TRY:
        return [each for each in TRY[model, name] if each != there]
    if inner_of(field.annotation) is not None:
        return []
    options = getattr(field.annotation, "__args__", ())
    if field.annotation is bool or bool in options:
        return [not (field.default if there is None else there)]
    if options and all(isinstance(each, str) for each in options):
        return [each for each in options if each != (there or field.default)]
    return [f"{there}er" if isinstance(there, str) else "another"]
