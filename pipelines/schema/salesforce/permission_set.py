"""The permission set as an org can take it now: Salesforce replaces a set whole, and refuses one that names
what is not there.

Belongs here: fitting its rights to what an org has. Which rights the model gives is `objects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.schema.items import Json, Key, Live, Wanted
from pipelines.schema.plan import Action
from pipelines.state.schema import Row

KIND = "permission set"
_ABOUT = {"fieldPermissions": ("field", "field"), "objectPermissions": ("object", "object"),
          "recordTypeVisibilities": ("recordType", "record type")}  # fmt: skip
"""Of each list of rights: the key that says what it is about, and the kind of item that is."""


def keeping(wanted: Wanted, live: Live, made: Sequence[Row]) -> Wanted:
    """The model with the rights there are to what it has let go of and what is still there: its values are to
    be copied yet, or nobody has allowed that they are lost."""
    item = next((each for each in wanted.items if each.kind == KIND), None)
    there = live.items.get(item.key) if item is not None else None
    if item is None or there is None:
        return wanted
    keys = {each.key for each in wanted.items}
    left: set[Key] = {("salesforce", kind, name) for kind, name, _ in made}
    left = {key for key in left - keys if key in live.items}
    content = dict(item.content)
    for part, (about, kind) in _ABOUT.items():
        own = {str(each[about]) for each in content.get(part) or []}
        kept = [
            each for each in there.content.get(part) or []
            if str(each[about]) not in own and _is_of(kind, str(each[about]), left)
        ]  # fmt: skip
        if kept:
            both = [*(content.get(part) or []), *kept]
            content[part] = sorted(both, key=lambda each: str(each[about]))
    items = [replace(each, content=content) if each is item else each for each in wanted.items]
    return replace(wanted, items=items)


def _is_of(kind: str, name: str, keys: set[Key]) -> bool:
    """Whether something is one of these, or a part of an object of these."""
    owner = name.partition(".")[0]
    return ("salesforce", kind, name) in keys or ("salesforce", "object", owner) in keys


def fitted(actions: Sequence[Action], wanted: Wanted, live: Live) -> list[Action]:
    """The same actions, with the rights to what is there once they are done and to nothing else."""
    item = next((each for each in wanted.items if each.kind == KIND), None)
    if item is None:
        return list(actions)
    content = _content(item.content, actions, live)
    rest = [a for a in actions if a.item.kind != KIND]
    there = live.items.get(item.key)
    if there is not None and there.content == content:
        return rest
    is_meant = len(rest) < len(actions) or any(
        a.operation == "destroy" and a.item.vendor == "salesforce" for a in actions
    )
    if not is_meant:
        return rest
    fitting = replace(item, content=content)
    if there is None:
        return [*rest, Action("create", fitting)]
    return [*rest, Action("change", fitting, there.content)]


def _content(content: Json, actions: Sequence[Action], live: Live) -> Json:
    mine = [a for a in actions if a.item.vendor == "salesforce" and not a.impossible]
    gone = {a.item.key for a in mine if a.operation == "destroy"}
    keys = (live.items.keys() | {a.item.key for a in mine if a.operation == "create"}) - gone
    found = dict(content)
    for part, (about, kind) in _ABOUT.items():
        listed = [
            each for each in content.get(part) or []
            if _is_there(kind, str(each[about]), keys) and not _is_of(kind, str(each[about]), gone)
        ]  # fmt: skip
        if listed:
            found[part] = listed
        else:
            found.pop(part, None)
    return found


def _is_there(kind: str, name: str, keys: set[Key]) -> bool:
    is_standard = kind == "object" and not name.endswith("__c")
    return is_standard or ("salesforce", kind, name) in keys
