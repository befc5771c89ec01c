"""In which order things are destroyed, for Salesforce takes no field away that another thing still names.

Belongs here: what goes before the rest of a deploy, what after it, and which thing names which. The files
that say so are `package`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pipelines.schema.items import Item

_NAMING = (
    "formula", "defaultValue", "errorConditionFormula", "errorDisplayField", "Body", "summarizedField",
    "summaryForeignKey", "summaryFilterItems",
)  # fmt: skip
"""Where a thing may name a field of the org."""


def halves(destroyed: Sequence[Item], replaced: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """What goes before everything else, and what goes last, each in order. Rules, triggers and fields that
    name another which goes too go first; but what is changed names a field until it is changed, so that
    such a field, and what it is worked out of, goes last."""
    first = [i for i in destroyed if i.kind in ("validation rule", "apex trigger")]
    fields = [i for i in destroyed if i.kind == "field"]
    others = [i for i in destroyed if i.kind != "field" and i not in first]
    naming = [*replaced, *others]
    last: list[Item] = []
    for item in _in_order(fields):
        is_held = any(names(other, item) for other in [*naming, *last])
        is_naming = any(names(item, other) for other in fields if other is not item)
        (first if is_naming and not is_held else last).append(item)
    before = [i for i in others if i.kind == "apex class"]  # a class names fields, and nothing here names it
    return first, [*before, *last, *(i for i in others if i not in before)]


def _in_order(fields: Sequence[Item]) -> list[Item]:
    """What names a field before that field."""
    found: list[Item] = []
    left = list(fields)
    while left:  # fields of a name on two objects may seem to go in a circle: those as they come
        free = [i for i in left if not any(names(o, i) for o in left if o is not i)] or left
        found += free
        left = [i for i in left if i not in free]
    return found


def names(item: Item, field: Item) -> bool:
    """Whether a thing names a field of this name, as `X__c` or, what it leads to, as `X__r`."""
    own = field.name.partition(".")[2]
    stem = re.escape(own[:-1]) + "[cr]" if own.lower().endswith("__c") else re.escape(own)
    return re.search(rf"\b{stem}\b", _said(item), re.IGNORECASE) is not None


def _said(item: Item) -> str:
    both = item.beside | item.content
    told = [both.get(name) for name in _NAMING]
    told.append((both.get("valueSet") or {}).get("controllingField"))
    return " ".join(each if isinstance(each, str) else json.dumps(each) for each in told if each)
