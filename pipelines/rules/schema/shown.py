"""What people are shown of an object: record types, layouts and validation rules, checked before any call.

Belongs here: what these name, and their own names. What fields are to each other is `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipelines.rules.schema import formula_names, limits, names
from pipelines.rules.schema.faults import developer, fault
from pipelines.rules.schema.fields import PICKLISTS
from pipelines.rules.schema.objects import BLANK, ObjectModel, RecordType

if TYPE_CHECKING:
    from pipelines.rules.schema.load import Model

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check(model: Model, key: str, each: ObjectModel) -> None:
    """Raises ConfigError for the first fault."""
    work = _Shown(model, key, each)
    work.record_types()
    work.layouts()
    work.validations()
    work.once("record_types", ((n, r.salesforce or names.api_name(n)) for n, r in each.record_types.items()))
    work.once("validations", ((n, r.salesforce or names.api_name(n)) for n, r in each.validations.items()))
    work.once("layouts", ((n, layout.label) for n, layout in each.layouts.items()))
    work.pipelines()
    work.rules_at_hubspot()


def none_twice(values: Iterable[str], what: str, of: str, where: str) -> None:
    """Values that differ in case only are one to a CRM."""
    seen: set[str] = set()
    for value in values:
        if value.lower() in seen:
            raise fault(f"{what} {value} twice{of}", where, "take one of them out")
        seen.add(value.lower())


class _Shown:
    """One object."""

    def __init__(self, model: Model, key: str, each: ObjectModel) -> None:
        self.model, self.key, self.each = model, key, each

    def at(self, *loc: int | str) -> str:
        return self.model.where("objects", self.key, *loc)

    def once(self, part: str, called: Iterable[tuple[str, str]]) -> None:
        """Names that differ in case only are one to Salesforce."""
        seen: dict[str, str] = {}
        for name, there in called:
            other = seen.setdefault(there.lower(), name)
            if other != name:
                raise fault(f"the {part.replace('_', ' ')} {other} and {name} are one to Salesforce "
                            f"({there})", self.at(part, name), "give one of them another name")  # fmt: skip

    def record_types(self) -> None:
        for name, record_type in self.each.record_types.items():
            where = self.at("record_types", name)
            developer(record_type.salesforce or names.api_name(name), where)
            for picklist, values in record_type.values.items():
                none_twice(values, f"the record type {name} offers", f", of {picklist}",
                           self.at("record_types", name, "values", picklist))  # fmt: skip
                field = self.each.fields.get(picklist)
                if field is None and self._is_vendors(picklist):
                    continue
                if field is None or field.type not in PICKLISTS:
                    raise fault(f"the record type {name} names {picklist}, which is no picklist", where)
                unknown = [v for v in values if v not in {each.value for each in field.values}]
                if unknown:
                    raise fault(f"{picklist} has no value {unknown[0]}", where)
            for picklist, value in record_type.defaults.items():
                if value not in record_type.values.get(picklist, ()):
                    raise fault(f"the record type {name} offers no value {value} of {picklist}", where)
            self._process(name, record_type)

    def _process(self, name: str, record_type: RecordType) -> None:
        """Salesforce takes no record type of a lead, an opportunity or a case without a business process."""
        called, where = names.object_name("salesforce", self.key, self.each), self.at("record_types", name)
        if called in limits.PROCESSED and record_type.process is None:
            raise fault(f"the record type {name} needs a business process: Salesforce keeps none of {called} "
                        "without", where, "say process: with the name it has in Setup")  # fmt: skip
        if called not in limits.PROCESSED and record_type.process is not None:
            raise fault(f"{self.key} has no business processes: {', '.join(limits.PROCESSED)} have", where)

    def _is_vendors(self, name: str) -> bool:
        """A field that the file does not have, as the CRM spells it; a standard object's it alone knows."""
        if self.each.is_custom:
            return name in limits.SHOWN_NAMES
        return _NAME.fullmatch(name) is not None

    def layouts(self) -> None:
        known = {"name", "owner", *self.each.fields, *self.each.relationships}
        for name, layout in self.each.layouts.items():
            shown = [field for section in layout.sections for field in section.fields if field != BLANK]
            for field in (each for section in layout.sections for each in section.shown):
                if field not in shown:
                    raise fault(f"the layout {name} says how {field} is shown, and shows it nowhere",
                                self.at("layouts", name))  # fmt: skip
            for field in shown:
                if field not in known and not self._is_vendors(field):
                    raise fault(f"the layout {name} shows {field}, which {self.key} does not have",
                                self.at("layouts", name))  # fmt: skip
                if shown.count(field) > 1:
                    raise fault(f"the layout {name} shows {field} twice", self.at("layouts", name))

    def pipelines(self) -> None:
        """Stages and pipelines are known by their labels, and so are record types that become values."""
        for name, pipeline in self.each.pipelines.items():
            where = self.at("pipelines", name)
            none_twice((stage.label for stage in pipeline.stages), f"the pipeline {name} has the stage", "",
                       self.at("pipelines", name, "stages"))  # fmt: skip
            for stage in pipeline.stages:
                if stage.closed and stage.probability not in (None, 0, 1):
                    raise fault(f"the stage {stage.label} is closed, so its probability is 0 or 1", where)
            if len(pipeline.stages) > limits.HUBSPOT_STAGES:
                raise fault(f"the pipeline {name} has more than {limits.HUBSPOT_STAGES} stages", where)
        labels = {"pipelines": {n: p.label for n, p in self.each.pipelines.items()}}
        if "hubspot" in self.each.crms:
            labels["record_types"] = {
                n: r.label for n, r in self.each.record_types.items() if n not in self.each.pipelines
            }
        for part, listed in labels.items():
            self.one_label(part, listed)

    def one_label(self, part: str, listed: dict[str, str]) -> None:
        seen: dict[str, str] = {}
        for name, label in listed.items():
            other = seen.setdefault(label.lower(), name)
            if other != name:
                raise fault(f"the {part.replace('_', ' ')} {other} and {name} are one to HubSpot: both have "
                            f"the label {label}", self.at(part, name), "change one")  # fmt: skip

    def rules_at_hubspot(self) -> None:
        """A property has one rule of a kind."""
        seen: dict[tuple[str, str], str] = {}
        for name, rule in self.each.validations.items():
            if rule.hubspot is None:
                continue
            other = seen.setdefault((rule.hubspot.field, rule.hubspot.rule), name)
            if other != name:
                raise fault(f"the validations {other} and {name} are one rule to HubSpot: "
                            f"{rule.hubspot.rule} of {rule.hubspot.field}",
                            self.at("validations", name, "hubspot"), "take one of them out")  # fmt: skip

    def validations(self) -> None:
        for name, rule in self.each.validations.items():
            where = self.at("validations", name)
            developer(rule.salesforce or names.api_name(name), where, limits.LONGEST_RULE_NAME)
            if rule.formula is not None:
                formula_names.check_formula(
                    self.model, self.key, self.each, rule.formula, self.at("validations", name, "formula")
                )
            for field in (rule.field, rule.hubspot.field if rule.hubspot else None):
                known = {"name", *self.each.fields, *self.each.relationships}
                if field is not None and field not in known and not self._is_vendors(field):
                    raise fault(f"the validation {name} names {field}, which {self.key} does not have", where)
