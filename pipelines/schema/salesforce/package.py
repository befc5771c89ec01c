"""What is deployed: a zip of package.xml, objects, layouts, rights and Apex, and what is destroyed.

Belongs here: files. The order of elements is the Metadata WSDL's: the full name first, then the alphabet.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from pipelines.schema.items import Item, Json
from pipelines.schema.salesforce import destruction

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
TYPES = {
    "object": "CustomObject", "field": "CustomField", "record type": "RecordType",
    "validation rule": "ValidationRule", "layout": "Layout", "permission set": "PermissionSet",
    "apex class": "ApexClass", "apex trigger": "ApexTrigger",
}  # fmt: skip
KINDS = {there: here for here, there in TYPES.items()}
_CHILDREN = {"field": "fields", "record type": "recordTypes", "validation rule": "validationRules"}
_FOLDERS = {"layout": ("layouts", "layout", "Layout"),
            "permission set": ("permissionsets", "permissionset", "PermissionSet")}  # fmt: skip
_APEX = {
    "apex class": ("classes", "cls", "ApexClass"),
    "apex trigger": ("triggers", "trigger", "ApexTrigger"),
}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def archive(
    deployed: Iterable[Item], destroyed: Iterable[Item], version: str, replaced: Iterable[Item] = ()
) -> bytes:
    """The zip; the same items make the same bytes. `replaced`: what is changed, as the org has it yet."""
    found = files(list(deployed), list(destroyed), version, list(replaced))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(found):
            packed.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), found[name])
    return target.getvalue()


def files(
    deployed: Sequence[Item], destroyed: Sequence[Item], version: str, replaced: Sequence[Item] = ()
) -> dict[str, str]:
    found = {"package.xml": _package(_sorted(deployed), version)}
    for when, some in zip(("Pre", "Post"), destruction.halves(_sorted(destroyed), replaced), strict=True):
        if some:
            found[f"destructiveChanges{when}.xml"] = _package(some, version)
    for owner in dict.fromkeys(i.of for i in deployed if i.kind in ("object", *_CHILDREN)):
        parts = [i for i in deployed if i.of == owner and i.kind in ("object", *_CHILDREN)]
        found[f"objects/{owner}.object"] = _document("CustomObject", _object(parts))
    for item in deployed:
        if item.kind in _FOLDERS:
            folder, suffix, root = _FOLDERS[item.kind]
            found[f"{folder}/{item.name}.{suffix}"] = _document(root, _whole(item))
        elif item.kind in _APEX:
            folder, suffix, root = _APEX[item.kind]
            path = f"{folder}/{item.name}.{suffix}"
            found[path] = str(item.content["Body"])
            about = {n: item.content[n] for n in ("apiVersion", "status")}
            found[f"{path}-meta.xml"] = _document(root, about)
    return found


def _sorted(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda i: (TYPES.get(i.kind, ""), i.name))


def _whole(item: Item) -> Json:
    """The content with what stays beside it; a list that both have is one list."""
    both = [n for n, value in item.beside.items() if isinstance(value, list) and n in item.content]
    return item.beside | item.content | {n: [*item.content[n], *item.beside[n]] for n in both}


def _package(items: Iterable[Item], version: str) -> str:
    """The manifest of things, in the order they have."""
    named: dict[str, list[str]] = {}
    for item in items:
        if item.kind in TYPES:
            named.setdefault(TYPES[item.kind], []).append(item.name)
    types = [{"members": members, "name": kind} for kind, members in named.items()]
    return _document("Package", {"types": types, "version": version})


def _object(parts: Sequence[Item]) -> Json:
    found: Json = {}
    for item in parts:
        if item.kind == "object":
            found |= item.content
    if found:
        found.setdefault("deploymentStatus", "Deployed")
    for kind, element in _CHILDREN.items():
        listed = [
            {"fullName": item.name.partition(".")[2], **item.content} for item in parts if item.kind == kind
        ]
        if listed:
            found[element] = listed
    return found


def _document(root: str, content: Json) -> str:
    inner = "".join(_element(name, content[name], 1) for name in ordered(content))
    return f'{_HEAD}<{root} xmlns="{NAMESPACE}">\n{inner}</{root}>\n'


def ordered(content: Json) -> list[str]:
    """The full name, as the type it extends says, then the alphabet with capitals first."""
    return sorted(content, key=lambda name: (name != "fullName", name))


def _element(name: str, value: Any, depth: int) -> str:
    indent = "    " * depth
    if isinstance(value, list):
        return "".join(_element(name, each, depth) for each in value)
    if isinstance(value, dict):
        inner = "".join(_element(n, value[n], depth + 1) for n in ordered(value))
        return f"{indent}<{name}>\n{inner}{indent}</{name}>\n"
    return f"{indent}<{name}>{escape(str(value))}</{name}>\n"
