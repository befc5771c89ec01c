"""Which custom fields a thing's formulas name, followed over lookups to whatever object they lead to.

Belongs here: names and where they lead. What is there is `salesforce.read`, what is
said when it is not `risks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.rules.schema import formula_names, formulas
from pipelines.schema.items import Item

Fields = Mapping[str, Item]
"""Fields by object and name, in lower case."""


def by_name(items: Iterable[Item]) -> dict[str, Item]:
    return {item.name.lower(): item for item in items if item.kind in ("field", "property")}


def names(item: Item) -> list[str]:
    """The names in an item's formulas that may be of custom fields, each as it stands there."""
    if item.vendor == "hubspot":
        return formula_names.properties(str(item.content.get("calculationFormula") or ""))
    texts = [str(item.content.get(n) or "") for n in ("formula", "errorConditionFormula", "defaultValue")]
    return [name for text in texts if "__" in text for name in formulas.names_in(text)]


def places(item: Item, fields: Fields) -> list[tuple[str, str]]:
    """(object, custom field) of each step of each name in an item's formulas, as far as lookups are known.
    What stands behind a standard field or lookup only the check of a deploy knows."""
    if item.vendor == "hubspot":
        return [(item.of, name) for name in names(item)]
    return [place for name in names(item) for place in _steps(item.of, name, fields)]


def _steps(owner: str, name: str, fields: Fields) -> list[tuple[str, str]]:
    found = []
    for step in name.split("."):
        own = f"{step[:-1]}c" if step.lower().endswith("__r") else step
        if not own.lower().endswith("__c"):
            break
        found.append((owner, own))
        lookup = fields.get(f"{owner}.{own}".lower())
        if lookup is None or not lookup.content.get("referenceTo"):
            break
        owner = str(lookup.content["referenceTo"])
    return found
