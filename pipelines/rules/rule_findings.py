"""What rules do to one another: which can never decide, which overlap, and who meets none of them.

Belongs here: answers found without any data, from the values at which conditions turn. All combinations of
those values are asked when they are few enough; else a fixed sample of them, and then nothing is called
unreachable.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.rules.condition_values import question, turning_points
from pipelines.rules.conditions import ColumnKind

_MOST_ASKED = 200_000
"""Cases times rules."""
_MOST_SHOWN = 10

Asked = tuple[str, str, Sequence[str]]
"""A rule: its name, its condition as SQL, and what it is asked about (`on`)."""


@dataclass(frozen=True)
class Finding:
    """One sentence about a rule. `kind`: unreachable, overlap or gap."""

    kind: str
    rule: str
    where: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.sentence} ({self.where})."


def findings_of(
    file: str, rules: Sequence[Asked], lines: Sequence[int], columns: Mapping[str, ColumnKind]
) -> list[Finding]:
    """Unreachable rules, overlaps and gaps, in the order of the file."""
    ours = _Rules(file, rules, lines)
    found: list[Finding] = []
    for trigger in dict.fromkeys(on for rule in rules for on in rule[2]):
        found += ours.of_trigger(trigger, columns)
    return list(dict.fromkeys(found))


class _Rules:
    def __init__(self, file: str, rules: Sequence[Asked], lines: Sequence[int]) -> None:
        self.file, self.rules, self.lines = file, rules, lines
        self.questions = [question(when) for _, when, _ in rules]

    def of_trigger(self, trigger: str, columns: Mapping[str, ColumnKind]) -> Iterator[Finding]:
        there = [n for n, rule in enumerate(self.rules) if trigger in rule[2]]
        cases, is_exhaustive = _cases([self.rules[n][1] for n in there], columns)
        first: set[int] = set()
        overlaps: dict[tuple[int, int], dict[str, Any]] = {}
        gap: dict[str, Any] | None = None
        for case in cases:
            holding = [n for n in there if self.questions[n](case | {"trigger": trigger}) is True]
            if not holding:
                gap = case if gap is None else gap
                continue
            first.add(holding[0])
            for other in holding[1:]:
                overlaps.setdefault((holding[0], other), case)
        if is_exhaustive:
            yield from (self._unreachable(n, there, trigger) for n in there if n not in first)
        for (one, other), case in itertools.islice(overlaps.items(), _MOST_SHOWN):
            if other in first:
                yield self._about(
                    "overlap",
                    other,
                    (
                        f"rules {self.rules[one][0]} and {self.rules[other][0]} both hold for a lead "
                        f"with {_said(case)}; "
                        f"{self.rules[one][0]} comes first and decides"
                    ),
                )
        if gap is not None:
            yield Finding(
                "gap",
                "",
                self.file,
                (
                    f"no rule holds for a {trigger} with {_said(gap)}; such a lead is held with "
                    "the reason no rule matches"
                ),
            )

    def _unreachable(self, n: int, there: Sequence[int], trigger: str) -> Finding:
        before = [self.rules[m][0] for m in there if m < n]
        why = f"those before it ({', '.join(before[:5])}) take every lead it could" if before else (
            "its condition never holds"
        )  # fmt: skip
        return self._about(
            "unreachable", n, f"rule {self.rules[n][0]} can never decide about a {trigger}: {why}"
        )

    def _about(self, kind: str, n: int, sentence: str) -> Finding:
        return Finding(kind, self.rules[n][0], f"{self.file} line {self.lines[n]}", sentence)


def _cases(
    predicates: Iterable[str], columns: Mapping[str, ColumnKind]
) -> tuple[Iterator[dict[str, Any]], bool]:
    """Rows that stand for all others, and whether they are all there are."""
    points: dict[str, list[Any]] = {}
    asked = list(predicates)
    for predicate in asked:
        for column, values in turning_points(predicate).items():
            known = points.setdefault(column, [None])
            known += [value for value in values if value not in known]
    for column, values in points.items():
        values += [value for value in _more(columns.get(column), values) if value not in values]
    names = list(points)
    most = _MOST_ASKED // max(1, len(asked))
    if math.prod(len(values) for values in points.values()) <= most:
        return (dict(zip(names, row, strict=True)) for row in itertools.product(*points.values())), True
    drawn = random.Random(0)  # noqa: S311 - a sample that is the same each time
    return ({name: drawn.choice(points[name]) for name in names} for _ in range(most)), False


def _more(kind: ColumnKind | None, values: list[Any]) -> list[Any]:
    """A column that is only asked for null has other values too."""
    if any(value is not None for value in values):
        return []
    more: dict[str, list[Any]] = {"number": [0], "boolean": [True, False], "timestamp": ["2026-01-01"]}
    return more.get(kind or "", ["something"])


def _said(case: Mapping[str, Any]) -> str:
    parts = [
        f"{name} {'empty' if value is None else value}" for name, value in case.items() if name != "trigger"
    ]
    return ", ".join(parts) or "any values"
