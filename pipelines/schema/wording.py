"""What changed inside a thing, as people read it: values, stages, rights and fields by their names.

Belongs here: sentences about a before and an after of `items.differences`. Nothing is cut, and two sides that
differ never come out alike: what is not understood is shown whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import Any

_WORDS = {
    "valueSet": "", "valueSetDefinition": "", "value": "values", "options": "values", "isActive": "active",
    "valueSettings": "dependencies", "controllingField": "depends on", "controllingFieldValue": "offered for",
    "picklistValues": "picklists", "layoutSections": "sections", "behavior": "", "customLabel": "own label",
    "detailHeading": "heading", "editHeading": "heading when edited", "fieldPermissions": "rights to fields",
    "objectPermissions": "rights to objects", "recordTypeVisibilities": "record types",
    "allowCreate": "create", "allowDelete": "delete", "allowEdit": "edit", "allowRead": "read",
    "viewAllRecords": "view all", "modifyAllRecords": "modify all", "editable": "edit", "readable": "read",
    "Body": "code", "nameField": "name",
}  # fmt: skip
_NAMED_BY = (
    "fullName",
    "value",
    "field",
    "object",
    "recordType",
    "picklist",
    "valueName",
    "actionId",
    "label",
)
"""What an entry of a list is known by: the first of these that it has."""
_USUAL = {"isActive": True, "readable": True, "allowRead": True, "customLabel": True, "detailHeading": True,
          "editHeading": True, "style": "TwoColumnsLeftToRight", "column": 1}  # fmt: skip
"""What need not be said of an entry that is new or gone."""
_EMPTY_SPACE = "an empty space"
_LINES = 8
"""Of a text of many lines so many that differ are shown, and the number of the rest."""
_AROUND = 20


def told(name: str, before: Any, after: Any) -> list[str]:
    """One sentence for each thing that differs."""
    lines = _compared(_word(name), *_laid_out(name, before, after))
    # What is missing against an empty list: both as they are.
    return lines or [f"{name}: {before!r} → {after!r}"]


def _compared(path: str, before: Any, after: Any) -> list[str]:
    if before == after:
        return []
    if _is_a(dict, before, after):
        return _of_mappings(path, before or {}, after or {})
    if _is_a(list, before, after):
        return _of_lists(path, before or [], after or [])
    if _is_text_of_lines(before) or _is_text_of_lines(after):
        return _of_texts(path, str(before or ""), str(after or ""))
    return [_joined(path, _of_values(before, after))]


def _is_a(kind: type, before: Any, after: Any) -> bool:
    """Whether both are of this kind, or one is and the other is missing."""
    sides = [each for each in (before, after) if each not in (None, "")]
    return bool(sides) and all(isinstance(each, kind) for each in sides)


def _is_text_of_lines(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value


def _of_mappings(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    found = []
    for name in dict.fromkeys([*after, *before]):
        found += _compared(_joined(path, _word(name)), before.get(name), after.get(name))
    return found


def _of_lists(path: str, before: Sequence[Any], after: Sequence[Any]) -> list[str]:
    """What came, what went, what is otherwise inside, and what stands elsewhere."""
    old, new = _by_name(before), _by_name(after)
    found = []
    for verb, ones, others in (("added", new, old), ("removed", old, new)):
        listed = [_entry(name, each) for name, each in ones.items() if name not in others]
        if listed:
            found.append(_joined(path, f"{verb} {', '.join(listed)}"))
    stay = [name for name in new if name in old]
    for name in stay:
        found += _compared(_joined(path, name), old[name], new[name])
    return found + [_joined(path, f"moved {each}") for each in _moved([n for n in old if n in new], stay)]


def _moved(before: Sequence[str], after: Sequence[str]) -> list[str]:
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    stayed = {block.b + n for block in blocks for n in range(block.size)}
    return [
        f"{name} after {after[at - 1]}" if at else f"{name} to the front"
        for at, name in enumerate(after) if at not in stayed
    ]  # fmt: skip


def _by_name(listed: Sequence[Any]) -> dict[str, Any]:
    """Entries by what they are known by; a second of the same name is numbered."""
    found: dict[str, Any] = {}
    for each in listed:
        name = plain = _name(each)
        number = 1
        while name in found:
            number += 1
            name = f"{plain} ({number})"
        found[name] = each
    return found


def _name(each: Any) -> str:
    if not isinstance(each, dict):
        return each if isinstance(each, str) else json.dumps(each, sort_keys=True)
    if each.get("emptySpace") == "true":
        return _EMPTY_SPACE
    key = _key(each)
    return str(each[key]) if key else json.dumps(each, sort_keys=True)


def _key(each: Mapping[str, Any]) -> str | None:
    return next((key for key in _NAMED_BY if each.get(key) and not isinstance(each[key], (dict, list))), None)


def _entry(name: str, each: Any) -> str:
    """An entry that is new or gone: its name, and what of it is not as usual."""
    if not isinstance(each, dict) or (key := _key(each)) is None:
        return name
    details = []
    for part, value in each.items():
        word = _word(part)
        is_usual = _plain(value) == _USUAL.get(part, False) or value in (None, "", [], {}, each[key])
        if part == key or is_usual:
            continue
        if isinstance(value, list):
            details.append(_joined(word, ", ".join(_entry(*one) for one in _by_name(value).items())))
        elif _plain(value) is True:
            details.append(word)
        elif _plain(value) is False:
            details.append(f"not {word}")
        else:
            details.append(f"{word} {_said(value)}".strip())
    return f"{name} ({', '.join(details)})" if details else name


def _of_texts(path: str, before: str, after: str) -> list[str]:
    """How many lines came and went, and the first of them."""
    listed = [
        line for line in unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        if not line.startswith("@@")
    ][2:]  # fmt: skip
    if not listed:
        return [_joined(path, "the ends of its lines")]
    more, fewer = (sum(line[0] == sign for line in listed) for sign in "+-")
    found = [_joined(path, f"lines added {more}, removed {fewer}")]
    found += [f"  {line[0]} {line[1:]}" for line in listed[:_LINES]]
    rest = len(listed) - _LINES
    return [*found, f"  and {rest} lines more"] if rest > 0 else found


def _of_values(before: Any, after: Any) -> str:
    """Both sides; of two long texts the place where they differ."""
    old, new = _said(before), _said(after)
    if old == new:
        return f"{before!r} → {after!r}"
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
                 min(len(old), len(new)))  # fmt: skip
    most = min(len(old), len(new)) - start
    end = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    head, tail = max(start - _AROUND, 0), max(end - _AROUND, 0)
    if max(len(old), len(new)) <= 60 or head + tail < _AROUND:
        return f"{old} → {new}"

    def part(text: str) -> str:
        return ("…" if head else "") + text[head : len(text) - tail] + ("…" if tail else "")

    return f"{part(old)} → {part(new)}"


def _said(value: Any) -> str:
    if value in (None, ""):
        return "nothing"
    plain = _plain(value)
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Salesforce's metadata says true and false in letters."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _word(name: str) -> str:
    return _WORDS.get(name, name)


def _joined(path: str, rest: str) -> str:
    return f"{path}: {rest}" if path and rest else path or rest


def _laid_out(name: str, before: Any, after: Any) -> tuple[Any, Any]:
    """A layout's sections with their fields in one list each, so that a field that moved is said so."""
    if name != "layoutSections":
        return before, after
    return _flat(before), _flat(after)


def _flat(sections: Any) -> list[Any]:
    found = []
    for section in sections or []:
        columns = section.get("layoutColumns") or []
        fields = [
            {**item, "column": number}
            for number, column in enumerate(columns, start=1) for item in column.get("layoutItems") or []
        ]  # fmt: skip
        rest = {name: value for name, value in section.items() if name != "layoutColumns"}
        found.append({**rest, "columns": len(columns), "fields": fields})
    return found
