"""Apex without running it: does a class or trigger parse, which tests would cover it, how many of its lines.

Nothing here runs Apex. A trigger counts as covered by a test that inserts, updates or deletes its object, a
class by a test that names it; `/_sandbox/org` can say another percentage. That is enough to meet
Salesforce's 75 % from both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.fields import SObject
from sandbox.salesforce.metadata.fields import Problem
from sandbox.salesforce.metadata.package import Component

NEEDED = 75
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|'(?:[^'\\\n]|\\.)*'", re.S)
_TRIGGER = re.compile(r"^\s*trigger\s+(\w+)\s+on\s+(\w+)\s*\(([^)]*)\)\s*\{", re.I)
_CLASS = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s*)*(?:(?:public|private|global|virtual|abstract|with|without|inherited|"
    r"sharing)\s+)*(?:class|interface|enum)\s+(\w+)",
    re.I,
)
_EVENT = re.compile(r"(before|after)\s+(insert|update|delete|undelete)", re.I)
Json = dict[str, Any]


@dataclass(frozen=True)
class Tested:
    """What running tests came to."""

    run: int
    coverage: dict[str, int]
    """Percent of each class and trigger that is no test."""
    warnings: list[Json]
    failures: list[Json]


def bare(source: str) -> str:
    """Source without comments and strings, with its lines."""
    return _COMMENT.sub(lambda found: "''" if found[0][0] == "'" else "\n" * found[0].count("\n"), source)


def compile_(component: Component, objects: dict[str, SObject]) -> None:
    """Raise Problem for source that does not parse as far as this looks."""
    text = bare(component.source)
    status = str(component.content.get("status") or "")
    if not component.content.get("apiVersion") or status not in ("Active", "Inactive", "Deleted"):
        raise Problem("Required fields are missing: [apiVersion, status]")
    if component.kind == "ApexTrigger":
        _trigger(component, text, objects)
    else:
        head = _CLASS.match(text)
        if head is None:
            component.line = 1
            raise Problem("Unexpected token at the start: a class, interface or enum is expected")
        if head[1] != component.name:
            raise Problem(f"Class name must be the same as the file's: {head[1]} and {component.name}")
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        depth += line.count("{") - line.count("}")
        if depth < 0:
            component.line = number
            raise Problem("Extra '}', at line " + str(number))
    if depth:
        component.line = len(text.splitlines())
        raise Problem("Missing '}' at 'EOF'")


def _trigger(component: Component, text: str, objects: dict[str, SObject]) -> None:
    head = _TRIGGER.match(text)
    if head is None:
        raise Problem("Unexpected token: trigger NAME on OBJECT (events) { is expected")
    if head[1] != component.name:
        raise Problem(f"Trigger name must be the same as the file's: {head[1]} and {component.name}")
    if head[2].lower() not in {name.lower() for name in objects}:
        raise Problem(f"Invalid type: {head[2]}")
    if not all(_EVENT.fullmatch(event.strip()) for event in head[3].split(",")):
        raise Problem(f"Invalid trigger event: {head[3].strip()}")


def is_test(source: str) -> bool:
    return re.search(r"@istest", source, re.I) is not None


def test(
    units: Iterable[Json], wanted: list[str] | None, said: dict[str, int], failing: Iterable[str]
) -> Tested:
    """`units`: kind, name and source of everything; `wanted` tests, or all of them."""
    listed = list(units)
    tests = [u for u in listed if is_test(u["source"]) and (wanted is None or u["name"] in wanted)]
    code = [u for u in listed if not is_test(u["source"])]
    coverage = {unit["name"]: said.get(unit["name"], _percent(unit, tests)) for unit in code}
    warnings = [
        {"id": "", "name": unit["name"], "namespace": None,
         "message": f"Test coverage of selected Apex {unit['kind']} is {coverage[unit['name']]}%, at least "
                    f"{NEEDED}% test coverage is required"}
        for unit in code
        if coverage[unit["name"]] < NEEDED
    ]  # fmt: skip
    named = {unit["name"] for unit in tests}
    failures = [
        {"name": name, "methodName": "test", "message": "System.AssertException: Assertion Failed",
         "stackTrace": f"Class.{name}.test: line 1, column 1", "type": "Class"}
        for name in failing
        if name in named
    ]  # fmt: skip
    return Tested(len(tests), coverage, warnings, failures)


def _percent(unit: Json, tests: list[Json]) -> int:
    texts = [bare(each["source"]) for each in tests]
    if unit["kind"] == "Class":
        return 100 if any(re.search(rf"\b{unit['name']}\b", text) for text in texts) else 0
    head = _TRIGGER.match(bare(unit["source"]))
    made = rf"\bnew\s+{head[2] if head else unit['name']}\b"
    verb = r"\b(insert|update|upsert|delete)\b"
    return 100 if any(re.search(made, t, re.I) and re.search(verb, t, re.I) for t in texts) else 0
