"""A component's metadata in JSON, as the Tooling API takes and tells it, and as text in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.salesforce.metadata import shown, xml
from sandbox.salesforce.metadata.changes import Refusal

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_WORDS = ("label", "description", "formula", "valueName", "errorMessage", "inlineHelpText", "defaultValue")
"""Elements that are text whatever stands in them."""
_NUMBERS = ("length", "precision", "scale", "visibleLines")


def content(wish: Json) -> Json:
    """Metadata in JSON as it stands in files: text, without what is null; values by their full names."""
    if not isinstance(wish.get("Metadata"), dict):
        raise Refusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]")
    found: Json = spelled(wish["Metadata"])
    try:
        xml.check(found)
    except xml.BadXml as problem:
        raise Refusal("JSON_PARSER_ERROR", str(problem)) from None
    definition = (found.get("valueSet") or {}).get("valueSetDefinition") or {}
    for value in definition.get("value") or []:
        if "valueName" in value:
            value["fullName"] = value.pop("valueName")
    return found


def metadata(sf: Salesforce, kind: str, name: str) -> Json:
    """A component as the Tooling API's column `Metadata` has it."""
    found = dict(shown.component(sf, kind, name) or {})
    found.pop("fullName", None)
    definition = (found.get("valueSet") or {}).get("valueSetDefinition") or {}
    if definition:
        values = [{**{k: v for k, v in each.items() if k != "fullName"}, "valueName": each["fullName"]}
                  for each in definition.get("value") or []]  # fmt: skip
        found["valueSet"] = {**found["valueSet"], "valueSetDefinition": {**definition, "value": values}}
    plain: Json = _plain(found)
    return plain


def _plain(value: Any) -> Any:
    """Text as JSON has it: booleans are booleans, whole numbers numbers."""
    if isinstance(value, dict):
        return {key: each if key in _WORDS else _number(key, _plain(each)) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value in ("true", "false"):
        return value == "true"
    return value


def _number(key: str, value: Any) -> Any:
    return int(value) if key in _NUMBERS and str(value).isdecimal() else value


def spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: spelled(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [spelled(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
