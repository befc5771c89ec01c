"""Salesforce's formulas, as far as a file can be wrong about them: the names they use, and whether they end.

Belongs here: reading. What the names mean is asked in `checks`, what a formula comes to only the org knows.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<comment>/\*.*?\*/)|(?P<call>[A-Za-z_]\w*(?=\s*\())"""
    r"""|(?P<name>\$?[A-Za-z_][\w.:]*)|(?P<open>["'])|(?P<bracket>[()])""",
    re.S,
)


def names_in(formula: str) -> list[str]:
    """The fields a formula names, in order, each once."""
    found = [match["name"] for match in _TOKEN.finditer(formula) if match["name"]]
    return list(dict.fromkeys(found))


def unbalanced(formula: str) -> str:
    """What is not closed; empty when everything is."""
    depth = 0
    for match in _TOKEN.finditer(formula):
        if match["open"]:
            return "has a text that does not end"
        depth += {"(": 1, ")": -1}.get(match["bracket"] or "", 0)
        if depth < 0:
            return "closes a bracket that is not open"
    return "has a bracket that is not closed" if depth else ""
