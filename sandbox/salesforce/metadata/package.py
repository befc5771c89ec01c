"""A zip on its way in: its files, what package.xml lists, and the components both come to.

Belongs here: reading, and refusing a package that does not hold together. What a component does is
`components`.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.metadata import xml
from sandbox.salesforce.metadata.kept import CHILDREN

Json = dict[str, Any]
MOST_FILES, MOST_BYTES = 10_000, 39 * 1024 * 1024
FOLDERS = {
    "objects": ("CustomObject", ".object"), "layouts": ("Layout", ".layout"),
    "permissionsets": ("PermissionSet", ".permissionset"), "classes": ("ApexClass", ".cls"),
    "triggers": ("ApexTrigger", ".trigger"),
    "assignmentRules": ("AssignmentRules", ".assignmentRules"), "settings": ("Settings", ".settings"),
}  # fmt: skip
ORDER = (
    "Settings", "CustomObject", "CustomField", "RecordType", "ValidationRule", "Layout", "PermissionSet",
    "ApexClass", "ApexTrigger", "AssignmentRules",
)  # fmt: skip


class BadPackage(Exception):
    """A zip that is refused before any component is looked at."""


@dataclass
class Component:
    """One thing that is deployed or deleted. `source` is Apex; everything else is `content`."""

    kind: str
    name: str
    file: str
    content: Json = field(default_factory=dict)
    source: str = ""
    line: int = 1
    deleted: bool = False


@dataclass
class Package:
    components: list[Component] = field(default_factory=list)
    before: list[Component] = field(default_factory=list)
    after: list[Component] = field(default_factory=list)
    problems: list[tuple[Component, str]] = field(default_factory=list)


def opened(data: bytes) -> Package:
    """Read a zip. Raises BadPackage."""
    if len(data) > MOST_BYTES:
        raise BadPackage(f"The zip file is larger than {MOST_BYTES} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.namelist()) > MOST_FILES:
                raise BadPackage(f"The zip file has more than {MOST_FILES} files")
            files = {n: archive.read(n) for n in archive.namelist() if not n.endswith("/")}
    except zipfile.BadZipFile:
        raise BadPackage("The zip file is not valid") from None
    if "package.xml" not in files:
        raise BadPackage("No package.xml found")
    package = Package()
    found = _found(package, files)
    _listed(package, _members(files["package.xml"], "package.xml"), found)
    for name, listed in (("Pre", package.before), ("Post", package.after), ("", package.after)):
        file = f"destructiveChanges{name}.xml"
        if file in files:
            for kind, members in _members(files[file], file).items():
                listed += [Component(kind, each, file, deleted=True) for each in members]
    package.components.sort(key=lambda each: (ORDER.index(each.kind), _later(each)))
    return package


def _later(component: Component) -> int:
    """Fields that are worked out of others come after them."""
    return int("formula" in component.content or component.content.get("type") == "Summary")


def _members(text: bytes, file: str) -> dict[str, list[str]]:
    try:
        root, content = xml.read(text)
        xml.check(content)
    except xml.BadXml as problem:
        raise BadPackage(f"{file}: {problem}") from None
    if root != "Package":
        raise BadPackage(f"{file}: the root element is {root}, not Package")
    return {str(each.get("name")): list(each.get("members") or []) for each in content.get("types") or []}


def _found(package: Package, files: dict[str, bytes]) -> dict[tuple[str, str], Component]:
    """Components by type and full name, as the files have them."""
    found: dict[tuple[str, str], Component] = {}
    for file, data in files.items():
        folder, _, name = file.rpartition("/")
        kind, suffix = FOLDERS.get(folder, ("", ""))
        if not kind or not name.endswith(suffix):
            continue
        own = Component(kind, name.removesuffix(suffix), file)
        if kind in ("ApexClass", "ApexTrigger"):
            own.source = data.decode("utf-8", "replace")
            if f"{file}-meta.xml" not in files:
                package.problems.append((own, f"No {suffix}-meta.xml file found for {own.name}"))
                continue
        try:
            own.content = xml.read(files.get(f"{file}-meta.xml", data))[1]
            xml.check(own.content)
        except xml.BadXml as problem:
            package.problems.append((own, f"Error parsing file: {problem}"))
            continue
        found[kind, own.name] = own
        if kind == "CustomObject":
            _children(own, data.decode("utf-8", "replace"), found)
    return found


def _children(own: Component, text: str, found: dict[tuple[str, str], Component]) -> None:
    for kind, element in CHILDREN.items():
        for child in own.content.pop(element, []):
            name = str(child.get("fullName", ""))
            place = re.search(rf"<fullName>{re.escape(name)}</fullName>", text)
            line = text.count("\n", 0, place.start()) + 1 if place else 1
            found[kind, f"{own.name}.{name}"] = Component(
                kind, f"{own.name}.{name}", own.file, child, line=line
            )


def _listed(package: Package, members: dict[str, list[str]], found: dict[tuple[str, str], Component]) -> None:
    """What package.xml names is deployed; a name without a file is a problem, a file without a name too.
    `*` is every file of its type."""
    named = {(kind, name) for kind, names in members.items() for name in names if name != "*"}
    named |= {(kind, name) for kind, name in found if "*" in members.get(kind, ())}
    for kind, name in sorted(named):
        if (kind, name) not in found:
            said = f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped "
            package.problems.append((Component(kind, name, "package.xml"), said + "directory"))
    whole = {name for kind, name in named if kind == "CustomObject"}
    for key, component in found.items():
        part_of = key[1].partition(".")[0] if key[0] in CHILDREN else ""
        only_holder = key[0] == "CustomObject" and not component.content
        if key in named or part_of in whole:
            package.components.append(component)
        elif not only_holder and key[0] != "CustomObject":
            said = f"{component.file} is not named in package.xml: {key[0]} {key[1]}"
            package.problems.append((component, said))
