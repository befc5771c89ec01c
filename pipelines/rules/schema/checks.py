"""What can be said against the files before any CRM is asked; each fault is one sentence with file and line.

Belongs here: names, references between things. What one field or object must be by itself is in `fields` and
`objects`; what relationships may be is `ends`, what people are shown is `shown`, how much there may be is
`counts`; formulas are `formulas`, and those that go in a circle `circles`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.rules.schema import circles, counts, ends, formula_names, limits, names, reserved, shown
from pipelines.rules.schema.faults import api_name, developer, fault, file, property_name
from pipelines.rules.schema.fields import Depends, FieldModel
from pipelines.rules.schema.names import VENDORS
from pipelines.rules.schema.objects import STANDARD, STANDARD_KEYS, ObjectModel

if TYPE_CHECKING:
    from pipelines.rules.schema.load import Model, Placed
    from pipelines.rules.syncs import Vendor

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check(model: Model) -> None:
    """Raises ConfigError for the first fault."""
    _object_names(model)
    for key, each in model.objects.items():
        _Object(model, key, each).check()
    ends.check_loops(model)
    _shared(model)
    circles.check(model)
    counts.check(model)
    developer(model.schema.permission_set.name, model.where("permission_set", "name"))
    for name, apex in model.schema.apex_classes.items():
        developer(name, model.where("apex_classes", name))
        file(model, apex.file, model.where("apex_classes", name))
    _known_by_name(model)


def _known_by_name(model: Model) -> None:
    """Apex and workflows are known by their names in the whole account, whatever object they are of."""
    listed: list[tuple[str, str, str, tuple[str, ...]]] = [
        ("Apex classes", n, n, ("apex_classes", n)) for n in model.schema.apex_classes
    ]
    for key, each in model.objects.items():
        listed += [("Apex triggers", f"{key}.{n}", n, ("objects", key, "triggers", n)) for n in each.triggers]
        listed += [("workflows", f"{key}.{n}", w.name, ("objects", key, "workflows", n))
                   for n, w in each.workflows.items()]  # fmt: skip
    seen: dict[tuple[str, str], str] = {}
    for kind, path, called, loc in listed:
        other = seen.setdefault((kind, called.lower()), path)
        if other != path:
            raise fault(f"the {kind} {other} and {path} have one name ({called})", model.where(*loc),
                        "give one of them another name")  # fmt: skip


def _object_names(model: Model) -> None:
    """Two objects of one name, or of names that differ in case only, are one to a CRM."""
    seen: dict[tuple[str, str], str] = {}
    for key, each in model.objects.items():
        where = model.where("objects", key)
        if not _KEY.fullmatch(key):
            raise fault(f"{key} is no name for an object: letters, digits and underscores", where)
        if key in STANDARD and each.extends != key:
            raise fault(f"{key} is a standard object", where, f"say extends: {key}, or take another name")
        called = [("", key)]
        called += [
            (v, n)
            for v, n in (("hubspot", names.object_name("hubspot", key, each)),
                         ("salesforce", names.object_name("salesforce", key, each)))
            if n is not None
        ]  # fmt: skip
        for place in called:
            folded = (place[0], place[1].lower())
            if folded in seen and seen[folded] != key:
                raise fault(f"the objects {seen[folded]} and {key} are one to a CRM ({place[1]})", where,
                            "give one of them another name")  # fmt: skip
            seen[folded] = key
        if each.is_custom:
            _vendor_object(each, key, where)


def _vendor_object(each: ObjectModel, key: str, where: str) -> None:
    hubspot, salesforce = (
        names.object_name("hubspot", key, each),
        names.object_name("salesforce", key, each),
    )
    if hubspot is not None and not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", hubspot):
        raise fault(f"HubSpot takes no object named {hubspot}: lower-case letters, digits and underscores, "
                    "50 at most", where)  # fmt: skip
    if salesforce is not None:
        api_name(salesforce, where)


class _Object:
    """One object and what it names."""

    def __init__(self, model: Model, key: str, each: ObjectModel) -> None:
        self.model, self.key, self.each = model, key, each

    def at(self, *loc: int | str) -> str:
        return self.model.where("objects", self.key, *loc)

    def check(self) -> None:
        self._field_names()
        reserved.check_object(self.model, self.key, self.each)
        for name, field in self.each.fields.items():
            self._field(name, field)
        ends.check(self.model, self.key, self.each)
        self._key()
        self._records()
        ends.check_renamed(self.model, self.key, self.each)
        shown.check(self.model, self.key, self.each)
        self._files()

    def _field_names(self) -> None:
        seen: dict[tuple[str, str], str] = {}
        listed: list[tuple[Vendor, str, str, str]] = []
        if self.each.is_custom and "hubspot" in self.each.crms:
            listed.append(("hubspot", self.each.name.field, "name", self.at("name")))
        for name, field in self.each.fields.items():
            where = self.at("fields", name)
            for vendor in VENDORS:
                there = names.field_name(vendor, name, field)
                if there is not None and vendor in self.each.crms:
                    listed.append((vendor, there, name, where))
        for name, relationship in self.each.relationships.items():
            is_there = "salesforce" in relationship.crms and "salesforce" in self.each.crms
            if is_there and relationship.kind != "association":
                called = names.lookup_name(name, relationship)
                listed.append(("salesforce", called, name, self.at("relationships", name)))
        for vendor, called, name, where in listed:
            if not _KEY.fullmatch(name):
                raise fault(f"{name} is no name for a field: letters, digits and underscores", where)
            (property_name if vendor == "hubspot" else api_name)(called, where)
            other = seen.setdefault((vendor, called.lower()), name)
            if other != name:
                raise fault(f"the fields {other} and {name} are one to {vendor} ({called})", where,
                            "give one of them another name")  # fmt: skip

    def _field(self, name: str, field: FieldModel) -> None:
        where = self.at("fields", name)
        if field.depends_on is not None:
            self._depends(name, field)
        if field.renamed_from is not None and field.renamed_from in self.each.fields:
            raise fault(f"{name} takes the place of {field.renamed_from}, which is still there", where,
                        "take the earlier field out of the file")  # fmt: skip
        if field.hubspot_formula is not None:
            self._hubspot_formula(field.hubspot_formula, self.at("fields", name, "hubspot_formula"))
        if field.formula is not None:
            self._formula(field.formula, self.at("fields", name, "formula"))
        formula_names.check_default(self.model, self.key, self.each, field,
                                    self.at("fields", name, "default"))  # fmt: skip
        if field.rollup is not None:
            of = self.model.objects.get(field.rollup.object)
            relation = of.relationships.get(field.rollup.relationship) if of else None
            if of is None or relation is None or relation.kind != "master_detail":
                raise fault(f"{name} sums up {field.rollup.object}.{field.rollup.relationship}, which is no "
                            "master-detail relationship of the file", where)  # fmt: skip
            if field.rollup.field is not None and field.rollup.field not in of.fields:
                raise fault(f"{name} sums up {field.rollup.object}.{field.rollup.field}, which is no field",
                            where)  # fmt: skip

    def _depends(self, name: str, field: FieldModel) -> None:
        assert field.depends_on is not None
        where = self.at("fields", name, "depends_on")
        control = self.each.fields.get(field.depends_on.field)
        if control is None or control.type != "picklist":
            raise fault(
                f"{name} depends on {field.depends_on.field}, which is no picklist of {self.key}", where
            )
        own = {each.value for each in field.values}
        for value, allowed in field.depends_on.values.items():
            if value not in {each.value for each in control.values}:
                raise fault(f"{field.depends_on.field} has no value {value}", where)
            shown.none_twice(allowed, f"{name} offers", f", where {field.depends_on.field} is {value}",
                             self.at("fields", name, "depends_on", "values", value))  # fmt: skip
            unknown = [each for each in allowed if each not in own]
            if unknown:
                raise fault(f"{name} has no value {unknown[0]}", where)
        ring = {name}
        depends: Depends | None = field.depends_on
        while depends is not None and depends.field in self.each.fields:
            if depends.field in ring:
                raise fault(f"the picklists {name} and {depends.field} depend on each other", where)
            ring.add(depends.field)
            depends = self.each.fields[depends.field].depends_on

    def _formula(self, text: str, where: str) -> None:
        formula_names.check_formula(self.model, self.key, self.each, text, where)

    def _hubspot_formula(self, text: str, where: str) -> None:
        """The properties it names are of the file, or HubSpot's own."""
        known = {names.field_name("hubspot", n, f) for n, f in self.each.fields.items()}
        for name in formula_names.properties(text):
            own = name.startswith(limits.HUBSPOT_RESERVED_PREFIXES) or name in limits.HUBSPOT_RESERVED
            if self.each.is_custom and not own and name not in {*known, self.each.name.field}:
                raise fault(f"the hubspot_formula names {name}, which {self.key} does not have", where)

    def _key(self) -> None:
        if self.each.key is None:
            return
        field = self.each.fields.get(self.each.key)
        extends = self.each.extends
        if extends is not None and field is None and self.each.key in STANDARD_KEYS.get(extends, ("id",)):
            return
        if field is None or not (field.unique or field.external_id):
            raise fault(f"the key {self.each.key} is no unique field or external id of {self.key}",
                        self.at("key"))  # fmt: skip

    def _records(self) -> None:
        wish, where = self.each.records, self.at("records")
        if wish is None:
            return
        if self.each.key is None:
            raise fault(f"records of {self.key} need its key: they are known by it", where,
                        "say key: with a unique field")  # fmt: skip
        if wish.to not in self.each.crms:
            raise fault(f"records of {self.key} go to {wish.to}, which does not have it", where)
        if not self.each.is_custom and wish.said_source == wish.origin:
            raise fault(f"{self.key} is a standard object, so a field mapping carries its values over", where,
                        "say file: or table: for rows that fill its fields, or write a mapping")  # fmt: skip
        if wish.file is not None:
            file(self.model, wish.file, where)

    def _files(self) -> None:
        for name, trigger in self.each.triggers.items():
            developer(name, self.at("triggers", name))
            file(self.model, trigger.file, self.at("triggers", name))
        for name, workflow in self.each.workflows.items():
            file(self.model, workflow.file, self.at("workflows", name), is_json=True)


def _shared(model: Model) -> None:
    """Fields that `fields.yml` puts on objects: names, and not twice with `custom_objects.yml`."""
    own: dict[tuple[str, str, str], str] = {}
    for key, each in model.objects.items():
        for placed in model.object_fields(key):
            for vendor in VENDORS:
                name = names.object_name(vendor, key, each)
                field = names.field_name(vendor, placed.key, placed.model)
                if name is not None and field is not None:
                    own[vendor, name.lower(), field.lower()] = placed.where
    for vendor in VENDORS:
        for name, placed in model.shared(vendor):
            field = names.field_name(vendor, placed.key, placed.model)
            if field is None:
                continue
            (property_name if vendor == "hubspot" else api_name)(field, placed.where)
            twice = own.setdefault((vendor, name.lower(), field.lower()), placed.where)
            if twice != placed.where:
                raise fault(f"{vendor} {name}.{field} is described here and in {twice}", placed.where,
                            "remove one of them")  # fmt: skip
            _shared_field(model, vendor, name, field, placed)


def _shared_field(model: Model, vendor: Vendor, owner: str, called: str, placed: Placed) -> None:
    """One of `fields.yml`: it is of objects that stand by themselves, so it names no others of the file."""
    said = placed.model
    if vendor == "hubspot":
        reserved.check_property(owner, called, placed.where)
    if said.depends_on is not None or said.rollup is not None:
        raise fault(f"{placed.key} is of no one object, so it depends on no other field and sums up nothing",
                    placed.where, "describe it in custom_objects.yml, under extends:")  # fmt: skip
    if len(said.crms) < 2:
        raise fault(f"{placed.key} says crms, and objects says already where it is", placed.where,
                    "take crms away")  # fmt: skip
    own = next(
        (pair for pair in model.objects.items() if names.object_name("salesforce", *pair) == owner),
        (owner, ObjectModel(extends="contact")),
    )
    if said.formula is not None:
        formula_names.check_formula(model, *own, said.formula, placed.where)
    formula_names.check_default(model, *own, said, placed.where)
