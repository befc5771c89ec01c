"""What a panel is: a question in SQL, a sentence that explains the answer, and how it is drawn.

Belongs here: reading `sections.yml` and `sql/`. The questions are there, and are written in the marts' words.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

HERE = Path(__file__).parent
Kind = Literal["tiles", "scores", "bars", "stacked bars", "lines", "stacked areas", "heat", "flow", "table"]
Unit = Literal["count", "money", "share", "times", "days", "hours", "text"]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture with its table.

    `x`, `y` and `group` name columns of the answer: a bar or point for each x, a series for each `group` (or
    for each of several `y`). `across`: bars lie on their side, for long names. `wide`: it stands
    alone in its line. `reads`: the tables it needs.
    A heat map has a column for each x and a row for each group. Scores are rows of `label, unit, value,
    target, direction, state`, and what else there is to say. A flow runs from `x` to `group`, as wide as `y`;
    a number and a dot before a name tell places apart. `empty`: why there may well be no
    rows.
    The parameters of the question are those of `dashboards.filters.Filters`.
    """

    key: str
    title: str
    says: str
    kind: Kind
    reads: Sequence[str]
    unit: Unit = "count"
    x: str = ""
    y: Sequence[str] = ()
    group: str = ""
    across: bool = False
    wide: bool = False
    empty: str = ""

    @property
    def sql(self) -> str:
        return (HERE / "sql" / f"{self.key}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Section:
    """Panels about one question people have."""

    key: str
    title: str
    panels: Sequence[Panel]


@functools.cache
def sections() -> tuple[Section, ...]:
    """All of the page."""
    found: list[dict[str, Any]] = yaml.safe_load((HERE / "sections.yml").read_text(encoding="utf-8"))
    return tuple(
        Section(each["key"], each["title"], [Panel(**panel) for panel in each["panels"]]) for each in found
    )


def panel(key: str) -> Panel | None:
    """By its key."""
    return next((each for section in sections() for each in section.panels if each.key == key), None)
