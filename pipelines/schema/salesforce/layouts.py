"""A page layout as its metadata and back, and what of it is no part of the model.

Belongs here: sections, their fields and how each is shown. Related lists, buttons, actions and custom links
are people's: a layout is replaced whole, so they are told again as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.rules.schema import names
from pipelines.rules.schema.objects import BLANK, Layout, ObjectModel, Section
from pipelines.schema.items import Json

_BEHAVIOURS = {"edit": "Edit", "read_only": "Readonly", "required": "Required"}
_BACK = {there: here for here, there in _BEHAVIOURS.items()}
_COMPUTED = ("formula", "rollup", "auto_number")
_LINKS = "CustomLinks"
_FLAGS = (("customLabel", "own_label"), ("detailHeading", "heading"), ("editHeading", "edit_heading"))
_EMPTY: Json = {"emptySpace": "true"}


def field_of(each: ObjectModel, key: str) -> str:
    """What a field, a relationship, the name or the owner is called on a page."""
    if key == "name":
        return "Name"
    if key == "owner":
        return "OwnerId"
    if key in each.fields:
        return names.field_name("salesforce", key, each.fields[key]) or key
    if key in each.relationships:
        return names.lookup_name(key, each.relationships[key])
    return key


def content(each: ObjectModel, layout: Layout) -> Json:
    return canonical({"layoutSections": [_section(each, section) for section in layout.sections]})


def _section(each: ObjectModel, section: Section) -> Json:
    columns: list[list[Json]] = [[] for _ in range(section.columns)]
    for position, key in enumerate(section.fields):
        behaviour = _BEHAVIOURS[section.shown.get(key) or _usual(_about(each, key), key)]
        item = _EMPTY if key == BLANK else {"behavior": behaviour, "field": field_of(each, key)}
        columns[position % section.columns].append(item)
    two = "TwoColumnsTopToBottom" if section.down else "TwoColumnsLeftToRight"
    flags = {there: "true" if getattr(section, here) else "false" for there, here in _FLAGS}
    return {
        **flags, "label": section.label, "layoutColumns": [{"layoutItems": column} for column in columns],
        "style": two if section.columns == 2 else "OneColumn",
    }  # fmt: skip


def _about(each: ObjectModel, key: str) -> Json:
    """Of a field or relationship what its usual behaviour follows from."""
    field, relationship = each.fields.get(key), each.relationships.get(key)
    if field is not None:
        return {"type": field.type, "required": field.required}
    if relationship is not None:
        return {"kind": relationship.kind, "required": relationship.required}
    return {}


def _usual(about: Json, key: str) -> str:
    if about.get("type") in _COMPUTED:
        return "read_only"
    must = about.get("required") or about.get("kind") == "master_detail" or key == "name"
    return "required" if must else "edit"


def canonical(found: Json) -> Json:
    """Sections and what stands in them; an empty space below everything says nothing."""
    kept = []
    for section in found.get("layoutSections") or []:
        if section.get("style") == _LINKS:
            continue
        flags = {there: section.get(there) or "false" for there, _ in _FLAGS}
        columns = [{"layoutItems": _items(column)} for column in section.get("layoutColumns") or []]
        kept.append(
            flags | {"label": section.get("label"), "layoutColumns": columns, "style": section.get("style")}
        )
    return {"layoutSections": kept}


def _items(column: Any) -> list[Json]:
    found: list[Json] = []
    for item in (column.get("layoutItems") or []) if isinstance(column, dict) else []:
        if item.get("field"):
            found.append({"behavior": item.get("behavior"), "field": item.get("field")})
        else:
            found.append(_EMPTY if item.get("emptySpace") == "true" else item)
    while found and found[-1] == _EMPTY:
        found.pop()
    return found


def beside(whole: Json) -> Json:
    """Everything of a layout that is no part of the model."""
    kept: Json = {n: v for n, v in whole.items() if n not in ("fullName", "layoutSections")}
    links = [s for s in whole.get("layoutSections") or [] if s.get("style") == _LINKS]
    found: Json = _said(kept | ({"layoutSections": links} if links else {}))
    return found


def _said(value: Any) -> Any:
    """The same without elements that are there and empty."""
    if isinstance(value, dict):
        return {n: _said(v) for n, v in value.items() if v not in ("", None)}
    return [_said(each) for each in value] if isinstance(value, list) else value


def sections(found: Json, entry: Json, called: Callable[[str], str]) -> list[Json]:
    """The sections of a layout, as its YAML has them; `called`: the file's name of a field."""
    return [_back(section, entry, called) for section in found["layoutSections"]]


def _back(section: Json, entry: Json, called: Callable[[str], str]) -> Json:
    here: Json = {"label": section["label"]}
    here |= {name: False for there, name in _FLAGS if section[there] == "false"}
    columns = [column["layoutItems"] for column in section["layoutColumns"]]
    if len(columns) == 1:
        here["columns"] = 1
    if section["style"] == "TwoColumnsTopToBottom":
        here["down"] = True
    here["fields"], shown = [], {}
    known = {**(entry.get("fields") or {}), **(entry.get("relationships") or {})}
    for row in range(max((len(c) for c in columns), default=0)):
        for column in columns:
            item = column[row] if row < len(column) else _EMPTY
            key = called(item["field"]) if "field" in item else BLANK
            here["fields"].append(key)
            if key != BLANK and _BACK.get(item["behavior"]) != _usual(known.get(key) or {}, key):
                shown[key] = _BACK.get(item["behavior"], "edit")
    while here["fields"] and here["fields"][-1] == BLANK:
        here["fields"].pop()
    return here | ({"shown": shown} if shown else {})
