"""What can be said against relationships, and against taking over from something earlier.

Belongs here: where relationships lead, pairs and limits at HubSpot, circles of master-details, and
`renamed_from`. Everything else that parts of the files mean to each other is `checks`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.rules.schema import limits, names
from pipelines.rules.schema.faults import fault
from pipelines.rules.schema.objects import STANDARD, ObjectModel, Relationship

if TYPE_CHECKING:
    from pipelines.rules.schema.load import Model


def check(model: Model, key: str, each: ObjectModel) -> None:
    """The relationships of one object."""
    ends = _Ends(model, key, each)
    for name, relationship in each.relationships.items():
        ends.relationship(name, relationship)
    ends.pairs()


def check_renamed(model: Model, key: str, each: ObjectModel) -> None:
    """An object that takes over another's records, and relationships that take over another's ends."""
    _Ends(model, key, each).renamed()


class _Ends:
    """One object and what it leads to."""

    def __init__(self, model: Model, key: str, each: ObjectModel) -> None:
        self.model, self.key, self.each = model, key, each

    def at(self, *loc: int | str) -> str:
        return self.model.where("objects", self.key, *loc)

    def relationship(self, name: str, relationship: Relationship) -> None:
        where = self.at("relationships", name)
        if relationship.to not in self.model.objects and relationship.to not in STANDARD:
            raise fault(f"{name} leads to {relationship.to}, which is no object of the file or standard",
                        where, f"take one of {', '.join([*self.model.objects, *STANDARD])}")  # fmt: skip
        for vendor in relationship.crms:
            if vendor not in self.each.crms or (
                vendor == "salesforce" and relationship.kind == "association"
            ):
                continue
            if self.model.target(vendor, relationship.to) is None:
                raise fault(f"{name} leads to {relationship.to}, which {vendor} does not have", where,
                            "say crms: with the other one")  # fmt: skip
        if (
            relationship.kind != "association"
            and "salesforce" in relationship.crms
            and not relationship.label
        ):
            raise fault(f"{name} needs a label, for its field at Salesforce", where)
        if relationship.kind == "master_detail" and self.each.sharing != "controlled_by_parent":
            raise fault(f"{self.key} has a master-detail relationship: its sharing is controlled_by_parent",
                        where, "say sharing: controlled_by_parent")  # fmt: skip
        if relationship.kind == "master_detail" and relationship.on_delete == "restrict":
            raise fault(f"{name} is a master-detail relationship: the details go with their master", where,
                        "take on_delete away, or make it a lookup")  # fmt: skip
        if relationship.reparent and relationship.kind != "master_detail":
            raise fault(f"{name} is no master-detail relationship, so it may always lead elsewhere", where,
                        "take reparent away")  # fmt: skip
        if relationship.kind == "lookup" and relationship.required and relationship.on_delete == "clear":
            raise fault(f"{name} is required, so it cannot be cleared when the other record goes", where,
                        "say on_delete: restrict or cascade")  # fmt: skip
        for label in relationship.labels:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", label):
                raise fault(f"HubSpot takes no label named {label}", where)
        if len(relationship.labels) > limits.HUBSPOT_LABELS:
            raise fault(f"HubSpot takes {limits.HUBSPOT_LABELS} labels for a pair of objects", where)

    def pairs(self) -> None:
        """Two relationships to one object are one pair to HubSpot, and count together."""
        ends: dict[str, str] = {}
        labels: dict[tuple[str, str, str], str] = {}
        for name, relationship in self.each.relationships.items():
            target = self.model.target("hubspot", relationship.to)
            if target is None or "hubspot" not in relationship.crms or "hubspot" not in self.each.crms:
                continue
            self.labels(target, name, relationship, labels)
            other = ends.setdefault(target, name)
            limited = [n for n in (other, name) if self.each.relationships[n].limit is not None]
            if other != name and limited:
                raise fault(f"{other} and {name} both lead to {target}, which are one pair to HubSpot: the "
                            f"limit of {limited[0]} would count both", self.at("relationships", limited[0]),
                            "take the limit away")  # fmt: skip

    def labels(
        self, target: str, name: str, relationship: Relationship, seen: dict[tuple[str, str, str], str]
    ) -> None:  # fmt: skip
        """Of a pair of objects no two labels have one name, or say one thing."""
        for label, each in relationship.labels.items():
            for kind, text in (("name", label), ("label", each.label)):
                other = seen.setdefault((target, kind, text.lower()), f"{name}.{label}")
                if other != f"{name}.{label}":
                    raise fault(f"the labels {other} and {name}.{label} are one to HubSpot ({text})",
                                self.at("relationships", name, "labels", label),
                                "give one of them another name")  # fmt: skip

    def renamed(self) -> None:
        """An object that takes over another's records, and relationships that take over another's ends."""
        said, where = self.each.renamed_from, self.at("renamed_from")
        if said is not None:
            if not self.each.is_custom:
                raise fault(f"{self.key} is a standard object, which has no earlier name", where)
            if names.plain_name(said) in {names.plain_name(key) for key in self.model.objects}:
                raise fault(f"{self.key} takes the place of {said}, which is still there", where,
                            "take the earlier object out of the file")  # fmt: skip
            if self.each.key is None or self.each.fields[self.each.key].type == "auto_number":
                raise fault(f"{self.key} takes the place of {said} and has no key that can be copied", where,
                            "say key: with a unique field; records are found again by it")  # fmt: skip
            absent = [v for v in self.each.crms if v not in self.each.fields[self.each.key].crms]
            if absent:
                raise fault(f"{self.key} takes the place of {said}, and {absent[0]} lacks its key", where)
            others = [k for k, each in self.model.objects.items() if k != self.key and each.renamed_from
                      and names.plain_name(each.renamed_from) == names.plain_name(said)]  # fmt: skip
            if others:
                raise fault(f"{self.key} and {others[0]} both take the place of {said}", where)
        for name, relationship in self.each.relationships.items():
            if relationship.renamed_from in self.each.relationships:
                raise fault(f"{name} takes the place of {relationship.renamed_from}, which is still there",
                            self.at("relationships", name),
                            "take the earlier relationship out of the file")  # fmt: skip


def check_loops(model: Model) -> None:
    """A detail of its own detail, too long chains of them, and two lists of one name on one object."""
    _children(model)
    masters: dict[str, list[tuple[str, str]]] = {
        key: [(n, r.to) for n, r in each.relationships.items() if r.kind == "master_detail"]
        for key, each in model.objects.items()
    }
    for start in masters:
        _walk(model, masters, start, [start])


def _children(model: Model) -> None:
    """Two lists of children on one object have two names, whatever their case."""
    seen: dict[tuple[str, str], str] = {}
    for key, each in model.objects.items():
        for name, relationship in each.relationships.items():
            target = model.target("salesforce", relationship.to)
            crms = {*relationship.crms} & {*each.crms}
            if relationship.kind == "association" or "salesforce" not in crms or target is None:
                continue
            called = names.children_name(each, relationship)
            path = f"{key}.{name}"
            other = seen.setdefault((target.lower(), called.lower()), path)
            if other != path:
                raise fault(f"{other} and {path} both give {target} a list of children called {called}",
                            model.where("objects", key, "relationships", name),
                            "say children: with another name")  # fmt: skip


def _walk(model: Model, masters: dict[str, list[tuple[str, str]]], at: str, path: list[str]) -> None:
    for name, to in masters.get(at, ()):
        where = model.where("objects", at, "relationships", name)
        if to in path:
            shown = " → ".join([*path[path.index(to) :], to])
            raise fault(f"the master-detail relationships go in a circle: {shown}", where,
                        "make one of them a lookup")  # fmt: skip
        if len(path) > limits.DEEP:
            raise fault(f"master-detail goes {limits.DEEP} deep at most: {' → '.join(path)} → {to}",
                        where)  # fmt: skip
        _walk(model, masters, to, [*path, to])
