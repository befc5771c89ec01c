"""Metadata as XML and as plain dictionaries: repeated elements are lists, everything else is text.

Belongs here: reading and writing. Which element means what is in `fields`, `components` and `soap`.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
LISTS = frozenset(
    {
        "fields", "recordTypes", "validationRules", "picklistValues", "values", "value", "valueSettings",
        "controllingFieldValue", "layoutSections", "layoutColumns", "layoutItems", "relatedLists",
        "fieldPermissions", "objectPermissions", "recordTypeVisibilities", "classAccesses", "types",
        "members", "businessProcesses", "listViews", "fullNames", "queries", "summaryFilterItems", "webLinks",
        "compactLayouts", "assignmentRule", "ruleEntry", "criteriaItems",
    }
)  # fmt: skip
"""Elements that may stand several times in what they are in."""
NESTED = frozenset({"valueSet", "valueSetDefinition", "nameField"})
"""Elements that hold others, once."""
TEXTS = frozenset({"members", "fullNames", "controllingFieldValue", "value"})
"""Elements that stand several times and hold text; a `value` of a value set holds elements."""
_WORDS = frozenset(
    {
        "active", "apiVersion", "assignedTo", "assignedToType", "controllingField", "default",
        "defaultValue", "deleteConstraint", "description", "displayFormat", "editable",
        "errorConditionFormula", "errorDisplayField", "errorMessage", "externalId", "field", "formula",
        "fullName", "label", "length", "name", "object", "picklist", "pluralLabel", "precision",
        "readable", "referenceTo", "relationshipName", "required", "scale", "sharingModel", "status",
        "summarizedField", "summaryForeignKey", "summaryOperation", "type", "unique", "valueName",
        "visibleLines",
    }
)  # fmt: skip
"""Elements that hold text, once. What is in none of these is kept and not looked into."""
Json = dict[str, Any]


class BadXml(ValueError):
    """A file that is no XML, or one whose elements hold what they cannot hold."""


def read(text: bytes) -> tuple[str, Json]:
    """The root's name and content."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - expat of today expands no entities without end
    except ElementTree.ParseError as problem:
        raise BadXml(str(problem)) from None
    found = content(root)
    return local(root.tag), found if isinstance(found, dict) else {}


def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def content(element: ElementTree.Element) -> Any:
    """A dictionary of an element's children, or its text."""
    if not len(element):
        return (element.text or "").strip()
    found: Json = {}
    for child in element:
        name, value = local(child.tag), content(child)
        if value == "" and (name in NESTED or name in LISTS - TEXTS):
            value = {}
        if name in LISTS:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def check(content: Json, within: str = "") -> None:
    """Raise BadXml when an element holds text where elements belong, or the other way round."""
    for name, value in content.items():
        each = value if name in LISTS and isinstance(value, list) else [value]
        if name in LISTS and not isinstance(value, list):
            raise BadXml(f"Element {name} invalid at this location")
        if name in NESTED or name in LISTS - TEXTS or (within, name) == ("valueSetDefinition", "value"):
            if not all(isinstance(one, dict) for one in each):
                raise BadXml(f"Element {name} cannot hold text")
            for one in each:
                check(one, name)
        elif (name in TEXTS or name in _WORDS) and not all(isinstance(one, str | bool | int) for one in each):
            raise BadXml(f"Element {name} cannot hold elements")


def written(name: str, value: Any) -> str:
    """An element, or several for a list; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(written(name, each) for each in value)
    if isinstance(value, dict):
        return f"<{name}>" + "".join(written(n, v) for n, v in value.items()) + f"</{name}>"
    if isinstance(value, bool):
        value = "true" if value else "false"
    return f"<{name}>{escape(str(value))}</{name}>"
