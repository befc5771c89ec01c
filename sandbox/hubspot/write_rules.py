"""The rules an administrator sets for forms, which writes by a 2026-09 path have to meet too.

`required`: properties without which no record is made. `conditional`: when a property has a value, others may
not be empty. Older paths know nothing of them. Set by `/_sandbox/portal` (`write_rules`), kept in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sandbox.call import Call
from sandbox.store import Store

ENFORCED_BY = "2026-09"
_META = "write_rules"
Rules = dict[str, dict[str, Any]]


def load(store: Store) -> Rules:
    found: Rules = orjson.loads(store.value("select value from meta where key = ?", (_META,)) or "{}")
    return found


def keep(store: Store, wish: Any) -> Rules:
    """Take over the rules of a portal, by object. Raises KeyError, TypeError or ValueError."""
    found: Rules = {}
    for plural, rules in dict(wish).items():
        conditional = [
            {
                "property": str(each["property"]),
                "value": str(each["value"]),
                "requires": list(each["requires"]),
            }
            for each in rules.get("conditional", [])
        ]
        found[str(plural)] = {"required": list(rules.get("required", [])), "conditional": conditional}
    store.set_meta(_META, orjson.dumps(found).decode())
    return found


def problems(
    rules: Rules, call: Call, plural: str, values: Mapping[str, str], props: Mapping[str, str], *, new: bool
) -> list[tuple[str, str, str]]:
    """What is missing: property, code and message. `values` are written, `props` are all there are then."""
    wanted = rules.get(plural) if call.params.get("version") == ENFORCED_BY else None
    if wanted is None:
        return []
    found = [
        (name, "MISSING_REQUIRED_PROPERTY", f'Property "{name}" is required when a record is created')
        for name in wanted["required"]
        if new and not props.get(name)
    ]
    for rule in wanted["conditional"]:
        asked = {rule["property"], *rule["requires"]} & set(values)
        if props.get(rule["property"]) != rule["value"] or not asked:
            continue
        found += [
            (
                name, "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
                f'Property "{name}" is required because "{rule["property"]}" is set to "{rule["value"]}"',
            )
            for name in rule["requires"]
            if not props.get(name)
        ]  # fmt: skip
    return found
