"""`$filter` and `$orderBy` of a rowset as SQL: comparisons joined by and, or, in brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sandbox.marketing_cloud import errors, extensions
from sandbox.marketing_cloud.extensions import Extension, RowError

_SQL = {"eq": "=", "ne": "<>", "neq": "<>", "gt": ">", "gte": ">=", "ge": ">=", "lt": "<", "lte": "<=",
        "le": "<=", "like": "like"}  # fmt: skip
_NAME = r"(?:\[([^\[\]]+)\]|(\w[\w.-]*(?: [\w.-]+)*?))"
_COMPARED = re.compile(rf"\s*{_NAME}\s+({'|'.join(_SQL)})\s+(?:'((?:[^']|'')*)'|([^\s()']+))\s*", re.I)
_JOINED = re.compile(r"\s*(and|or)\b", re.I)
_DEEPEST, _MOST, _LONGEST_LIKE = 50, 500, 4_000
"""Brackets in brackets, comparisons, characters of a pattern: SQLite reads no more than some."""


@dataclass
class _Reading:
    """A filter and how far it is read."""

    extension: Extension
    text: str
    at: int = 0
    values: list[str | float] = field(default_factory=list)

    def refuse(self) -> Exception:
        return errors.invalid(f"The filter cannot be read: {self.text[:200]}")

    def joined(self, depth: int) -> str:
        out = self.one(depth)
        while found := _JOINED.match(self.text, self.at):
            self.at = found.end()
            out += f" {found[1].lower()} {self.one(depth)}"
        return out

    def one(self, depth: int) -> str:
        opened = re.compile(r"\s*\(").match(self.text, self.at)
        if opened is None:
            return self.comparison()
        if depth > _DEEPEST:
            raise self.refuse()
        self.at = opened.end()
        inside = self.joined(depth + 1)
        closed = re.compile(r"\s*\)\s*").match(self.text, self.at)
        if closed is None:
            raise self.refuse()
        self.at = closed.end()
        return f"({inside})"

    def comparison(self) -> str:
        part = _COMPARED.match(self.text, self.at)
        known = self.extension.fields.get((part[1] or part[2]).lower()) if part else None
        if part is None or known is None or len(self.values) == _MOST:
            raise self.refuse()
        self.at = part.end()
        told = part[5] if part[4] is None else part[4].replace("''", "'")
        operator = part[3].lower()
        like = operator == "like"
        if like and len(told) > _LONGEST_LIKE:
            raise self.refuse()
        try:
            self.values.append(told if like else extensions.comparable(known, told))
        except RowError as problem:
            raise errors.invalid(problem.message, problem.code) from None
        compared = extensions.kept_sql(known) if like else extensions.compared_sql(known)
        return f"{compared} {_SQL[operator]} ?"


def where(found: Extension, chosen: str) -> tuple[str, list[str | float]]:
    """A further condition, and its values."""
    if not chosen.strip():
        return "", []
    reading = _Reading(found, chosen)
    clause = reading.joined(0)
    if reading.at < len(chosen):
        raise reading.refuse()
    return f" and ({clause})", reading.values


def order(found: Extension, wanted: str) -> str:
    """Rows in the order that is asked for; those that are alike as they came."""
    parts = []
    for each in (part.strip() for part in wanted.split(",")):
        name, _, direction = (
            each.rpartition(" ") if re.search(r" (asc|desc)$", each, re.I) else (each, "", "")
        )
        known = found.fields.get(name.strip().lower())
        if not each:
            continue
        if known is None:
            raise errors.invalid(f"The rows cannot be ordered by {each[:100]}")
        parts.append(f"{extensions.compared_sql(known)} {direction.lower() or 'asc'}")
    return ", ".join([*parts, "seq"])
