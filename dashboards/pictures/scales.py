"""Series of an answer, ticks along an axis, and how a number is said beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from datetime import date

from dashboards.answers import Answer

Number = int | float
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_PARTS, _MONTHS, _DAYS_OF_DAYS = 4, (1, 2, 3, 6, 12, 24, 60), 75
_THOUSANDS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def series(answer: Answer) -> Iterator[tuple[str, list[str], list[Number | None]]]:
    """Name, places and values: one for each `y`, or for each value of `group` at the same places."""
    panel = answer.panel
    places = [str(each) for each in answer.column(panel.x)]
    if not panel.group:
        for name in panel.y:
            yield name.replace("_", " "), places, answer.column(name)
        return
    groups, values = answer.column(panel.group), answer.column(panel.y[0])
    everywhere = list(dict.fromkeys(places))
    for group in dict.fromkeys(groups):
        found = {at: value for at, value, of in zip(places, values, groups, strict=True) if of == group}
        yield str(group).replace("_", " "), everywhere, [found.get(at) for at in everywhere]


def ticks(values: Iterable[Number], unit: str) -> list[float]:
    """Round numbers from below the least value, or nothing, to above the largest."""
    found = [0.0, *map(float, values)]
    low, high = min(found), max(found)
    if low == high:
        return [0.0]
    step = (high - low) / _PARTS
    step = _round(max(1.0, step), is_whole=True) if unit == "count" else _round(step)
    return [each * step for each in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _round(step: float, *, is_whole: bool = False) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    rounded = (power * nice for nice in (1, 2, 2.5, 5, 10))
    return next(each for each in rounded if each >= step * 0.999 and not (is_whole and each % 1))


def short(value: Number, unit: str) -> str:
    """A number in the room that a tick or a field has."""
    if unit == "share":
        return in_percent(value).replace(".0%", "%")
    if unit in ("money", "count"):
        for size, letter in _THOUSANDS:
            if abs(value) >= size * 0.9995:
                return f"{value / size:.3g}{letter}"
        return f"{value:.3g}"
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return number + (" ×" if unit == "times" else "")


def spoken(value: Number | None, unit: str) -> str:
    """A number where there is room for the whole of it."""
    if value is None:
        return "–"
    if unit == "share":
        return in_percent(value)
    if unit in ("money", "count"):
        return f"{value:,.0f}"
    return f"{value:,.1f}" + (" ×" if unit == "times" else "")


def in_percent(share: float) -> str:
    """What is not all of something is not said to be."""
    return f"{0.999 if 0.999 < share < 1 else share:.1%}"


def days(places: Iterable[str]) -> list[date] | None:
    """The days that places are, or None when they are anything else."""
    named = list(places)
    if not all(_DATE.fullmatch(each) for each in named):
        return None
    return [date.fromisoformat(each) for each in named]


def dated(first: date, last: date, most: int) -> list[tuple[date, str]]:
    """Days to write below a stretch of time: beginnings of months, or days where those are few."""
    if (last - first).days < _DAYS_OF_DAYS:
        apart = max(1, math.ceil((last - first).days / most))
        every = range(first.toordinal(), last.toordinal() + 1, apart)
        return [(day, f"{day.day} {day:%b}") for day in map(date.fromordinal, every)]
    begun = first.year * 12 + first.month - (1 if first.day == 1 else 0)
    ended = last.year * 12 + last.month - 1
    step = next((each for each in _MONTHS if (ended - begun) // each < most), _MONTHS[-1])
    months = (each for each in range(begun, ended + 1) if each % step == 0)
    return [(day, f"{day:%b %Y}") for day in (date(each // 12, each % 12 + 1, 1) for each in months)]


def percent(value: float) -> float:
    """As precise as a screen is."""
    return round(value, 2)


def point(x: float, y: float) -> str:
    return f"{percent(x):g} {percent(y):g}"
