"""What every module of ours is: documented, of a size one can read, without leftovers."""

from __future__ import annotations

import ast
import re

from tests.architecture.conftest import modules, named

LONGEST = 400
# In quotes it is the name HubSpot has for a kind of task.
LEFTOVER = re.compile(r"(?<!\")\b(TODO|FIXME|XXX|HACK)\b")


def test_every_module_says_what_it_is():
    assert [named(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_every_module_can_be_read_in_one_go():
    lines = {named(path): path.read_text().count("\n") for path in modules()}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_no_module_leaves_anything_for_later():
    assert [named(path) for path in modules() if LEFTOVER.search(path.read_text())] == []


def test_no_function_is_empty():
    empty = [
        f"{named(path)}: {node.name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and [type(part) for part in node.body] == [ast.Pass]
    ]
    assert empty == []
