"""docs/pairs-allowed.md has every cell of pair, way and operation once, with a test for each allowed one."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

from pipelines.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "pairs-allowed.md"
OPERATIONS = ("create", "update", "clear", "merge", "conversion", "delete")
PAIRS = (
    "Contact and lead", "Contact and contact", "Company and account", "Deal and opportunity",
    "Deal stage and opportunity stage", "Lifecycle stage and lead status", "Campaign and campaign",
    "Form submission and campaign member", "List membership and campaign membership",
    "Engagement, task and event", "Owner and user", "Refusal of e-mail",
)  # fmt: skip


def sections() -> dict[str, list[list[str]]]:
    """Heading -> the rows of its table."""
    found: dict[str, list[list[str]]] = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, body = part.partition("\n")
        lines = [line for line in body.splitlines() if line.startswith("| ")][2:]
        found[heading] = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return found


@cache
def functions_of(stem: str) -> frozenset[str]:
    """The tests of every file of that name."""
    names = set()
    for path in Path(PROJECT_ROOT / "tests").rglob(f"{stem}.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                names.add(node.name)
    return frozenset(names)


def test_every_cell_of_every_pair_stands_there_once() -> None:
    for pair in PAIRS:
        cells = Counter(
            (way, operation)
            for ways, operations, *_ in sections()[pair]
            for way in ways.split()
            for operation in operations.split(", ")
        )
        assert cells == Counter((way, operation) for way in "→←" for operation in OPERATIONS), pair


def test_every_cell_that_is_allowed_names_a_test_that_is_there() -> None:
    for pair in PAIRS:
        for ways, operations, allowed, shown in sections()[pair]:
            assert shown or allowed.startswith("no: "), f"{pair} {ways} {operations}"
    for stem, name in re.findall(r"`(test_\w+)::(test_\w+)`", PAGE.read_text(encoding="utf-8")):
        assert name in functions_of(stem), f"{stem}::{name} is no test"


def test_the_eight_patterns_are_tests_by_name() -> None:
    patterns = sections()["The eight patterns"]
    assert len(patterns) == 8
    for pattern, shown in patterns:
        assert re.fullmatch(r"`test_\w+::test_\w+`", shown), pattern
