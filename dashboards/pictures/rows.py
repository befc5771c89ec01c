"""Bars that lie beside their names, and heat maps: a row for each name, so that names have room."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.answers import Answer
from dashboards.pictures.scales import percent, series, short, spoken


@dataclass(frozen=True)
class Bar:
    """From `left`, `width` wide, in percent; what it stands for is written at `end`."""

    colour: int
    left: float
    width: float
    end: float
    text: str
    says: str


@dataclass(frozen=True)
class Across:
    names: list[str]
    rows: list[tuple[str, list[Bar]]]
    zero: float
    """Where nothing is: from the left, unless there is less than nothing."""
    drawn: str = "across"


@dataclass(frozen=True)
class Heat:
    """Fields are how dark they are, from 0 to 1, what is written there and what is said of it."""

    columns: list[str]
    rows: list[tuple[str, list[tuple[float, str, str]]]]
    drawn: str = "heat"


def across(answer: Answer) -> Across:
    """The last row of the answer stands above the others."""
    found, unit = list(series(answer)), answer.panel.unit
    known = [value for _, _, values in found for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    stretch = (high - low) or 1.0

    def at(value: float) -> float:
        return percent(100 * (value - low) / stretch)

    rows = []
    for index, place in reversed(list(enumerate(found[0][1]))):
        lying = []
        for number, (name, _, values) in enumerate(found):
            value = values[index]
            said = f"{place}\n{name}: {spoken(value, unit)}"
            left, end = sorted((at(0), at(value or 0)))
            written = "–" if value is None else short(value, unit)
            lying.append(Bar(number, left, percent(end - left), end, written, said))
        rows.append((place, lying))
    return Across([name for name, _, _ in found], rows, at(0))


def heat(answer: Answer) -> Heat:
    """A column for each `x`, a row for each group, the last above; the darker a field, the more it is."""
    panel = answer.panel
    columns = list(dict.fromkeys(answer.column(panel.x)))
    lines = list(dict.fromkeys(answer.column(panel.group)))
    asked = (answer.column(name) for name in (panel.x, panel.group, panel.y[0]))
    found = {(at, of): value for at, of, value in zip(*asked, strict=True)}
    most = max((value for value in found.values() if value), default=0) or 1
    rows = []
    for of in reversed(lines):
        fields = []
        for at in columns:
            value = found.get((at, of))
            written = "" if value is None else short(float(f"{value:.2g}"), panel.unit)
            says = f"{_words(of)}, {_words(at)}\n{spoken(value, panel.unit)}"
            fields.append((percent(max(0.0, value or 0) / most), written, says))
        rows.append((_words(of), fields))
    return Heat([_words(each) for each in columns], rows)


def _words(name: object) -> str:
    return str(name).replace("_", " ")
