"""Bars that stand, lines and areas, over an axis of values: 100 by 100, stretched to the place there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from dashboards.answers import Answer
from dashboards.pictures.scales import Number, dated, days, percent, point, series, short, spoken, ticks

_GROUP, _FEWEST, _MOST_DOTS, _MOST_LABELS = 0.76, 4, 40, 9
Series = tuple[str, list[str], list[Number | None]]
Stretch = tuple[Number, Number]
"""Where a bar begins and ends."""


@dataclass(frozen=True)
class Shape:
    """All of a series in one path. `drawn`: filled, a line, or dots."""

    colour: int
    drawn: str
    path: str


@dataclass(frozen=True)
class Label:
    """Words below the axis. On a narrow screen every other one is left out, unless all are needed."""

    at: float
    text: str
    is_spare: bool = False


@dataclass(frozen=True)
class Band:
    """What is said of the values over one place, when it is touched."""

    at: float
    width: float
    says: str


@dataclass(frozen=True)
class Chart:
    names: list[str]
    shapes: list[Shape]
    marks: list[tuple[float, str]]
    labels: list[Label]
    bands: list[Band]
    is_named: bool = False
    """Places are names, each of which is needed, not moments that can be counted on."""
    drawn: str = "chart"


class _Axis:
    """Where a value lies, from the top; and its ticks."""

    def __init__(self, values: Sequence[Number], unit: str) -> None:
        self._ticks, self._unit = ticks(values, unit), unit
        self._low, self._high = self._ticks[0], self._ticks[-1] or 1.0

    def __call__(self, value: float) -> float:
        return 100 * (self._high - value) / (self._high - self._low)

    def marks(self) -> list[tuple[float, str]]:
        return [(percent(self(each)), short(each, self._unit)) for each in self._ticks]


def bars(answer: Answer) -> Chart:
    """A bar for each place and series, side by side or one on the other."""
    found, unit = list(series(answer)), answer.panel.unit
    places = found[0][1]
    is_stacked = answer.panel.kind == "stacked bars"
    stretches = _on_each_other(found) if is_stacked else _from_nothing(found)
    axis = _Axis([end for stretch in stretches for _, end in stretch], unit)
    moments = days(places)
    written = [f"{day:%b %Y}" for day in moments] if moments else places
    is_named = not all(any(letter.isdigit() for letter in place) for place in places)
    slot = 100 / (len(places) if is_named else max(len(places), _FEWEST))
    centres = [50 + (index - (len(places) - 1) / 2) * slot for index in range(len(places))]
    group = _GROUP * min(slot, 100 / _FEWEST)
    width = group / (1 if is_stacked else len(found))
    shapes = []
    for number, stretch in enumerate(stretches):
        aside = (0 if is_stacked else number * width) - group / 2
        path = (
            _box(at + aside, width, axis(begin), axis(end))
            for at, (begin, end) in zip(centres, stretch, strict=True)
            if begin != end
        )
        shapes.append(Shape(number, "filled", "".join(path)))
    return Chart(
        [name for name, _, _ in found], shapes, axis.marks(), _thinned(centres, written, keep_all=is_named),
        [
            Band(percent(at - slot / 2), percent(slot), says)
            for at, says in zip(centres, _said(found, unit), strict=True)
        ],
        is_named,
    )  # fmt: skip


def lines(answer: Answer) -> Chart:
    """A line for each series, or areas one on the other. Days lie as far apart as they are."""
    found, unit = list(series(answer)), answer.panel.unit
    is_stacked = answer.panel.kind == "stacked areas"
    sums = list(_running(found))
    axis = _Axis([each for there in sums for each in there] if is_stacked else _known(found), unit)
    moments = days(found[0][1])
    centres = _in_time(moments) if moments else _evenly(len(found[0][1]))
    shapes = list(_areas(sums, centres, axis) if is_stacked else _drawn(found, centres, axis))
    labels = _in_calendar(moments) if moments else _thinned(centres, found[0][1])
    return Chart(
        [name for name, _, _ in found], shapes, axis.marks(), labels,
        list(_between(centres, _said(found, unit))),
    )  # fmt: skip


def _known(found: Sequence[Series]) -> list[Number]:
    return [value for _, _, values in found for value in values if value is not None]


def _from_nothing(found: Sequence[Series]) -> list[list[Stretch]]:
    return [[(0, value or 0) for value in values] for _, _, values in found]


def _on_each_other(found: Sequence[Series]) -> list[list[Stretch]]:
    """What is less than nothing hangs below it, so that it hides nothing of what stands above."""
    above, below = ([0.0] * len(found[0][1]) for _ in range(2))
    stretches = []
    for _, _, values in found:
        there = []
        for index, value in enumerate(values):
            sums = below if (value or 0) < 0 else above
            begin = sums[index]
            sums[index] += value or 0
            there.append((begin, sums[index]))
        stretches.append(there)
    return stretches


def _running(found: Sequence[Series]) -> Iterator[list[float]]:
    """At each place nothing, and then the sum up to each series."""
    there = [0.0] * len(found[0][1])
    yield there
    for _, _, values in found:
        there = [under + (value or 0) for under, value in zip(there, values, strict=True)]
        yield there


def _box(left: float, width: float, one: float, other: float) -> str:
    return f"M{point(left, one)}H{percent(left + width):g}V{percent(other):g}H{percent(left):g}Z"


def _areas(sums: Sequence[list[float]], at: Sequence[float], axis: _Axis) -> Iterator[Shape]:
    for number, (below, above) in enumerate(pairwise(sums)):
        around = [*zip(at, above, strict=True), *reversed([*zip(at, below, strict=True)])]
        yield Shape(number, "filled", "M" + "L".join(point(x, axis(y)) for x, y in around) + "Z")


def _drawn(found: Sequence[Series], at: Sequence[float], axis: _Axis) -> Iterator[Shape]:
    for number, (_, _, values) in enumerate(found):
        path, is_going_on = [], False
        for x, value in zip(at, values, strict=True):
            if value is not None:
                path.append(("L" if is_going_on else "M") + point(x, axis(value)))
            is_going_on = value is not None
        yield Shape(number, "line", "".join(path))
        around = zip([None, *values], [*values[1:], None], strict=False)
        dots = [
            f"M{point(x, axis(y))}h0"
            for x, y, (before, after) in zip(at, values, around, strict=True)
            if y is not None and (len(at) <= _MOST_DOTS or before is after is None)
        ]
        if dots:  # a line shows nothing of a value alone
            yield Shape(number, "dots", "".join(dots))


def _evenly(count: int) -> list[float]:
    return [50.0] if count == 1 else [100 * index / (count - 1) for index in range(count)]


def _in_time(moments: Sequence[date]) -> list[float]:
    first, last = min(moments), max(moments)
    stretch = (last - first).days
    return [100 * (day - first).days / stretch if stretch else 50.0 for day in moments]


def _in_calendar(moments: Sequence[date]) -> list[Label]:
    first, last = min(moments), max(moments)
    if first == last:
        return [Label(50, f"{first.day} {first:%b %Y}")]
    written = dated(first, last, _MOST_LABELS)
    return [
        Label(percent(100 * (day - first).days / (last - first).days), text, index % 2 == 1)
        for index, (day, text) in enumerate(written)
    ]


def _thinned(at: Sequence[float], texts: Sequence[str], *, keep_all: bool = False) -> list[Label]:
    step = 1 if keep_all else -(-len(texts) // _MOST_LABELS)
    kept = list(zip(at, texts, strict=True))[::step]
    return [
        Label(percent(x), text, not keep_all and len(kept) > 3 and index % 2 == 1)
        for index, (x, text) in enumerate(kept)
    ]


def _said(found: Sequence[Series], unit: str) -> list[str]:
    """At each place what all series are there."""
    return [
        "\n".join([place, *(
            spoken(values[index], unit) if len(found) == 1 else f"{name}: {spoken(values[index], unit)}"
            for name, _, values in found
        )])
        for index, place in enumerate(found[0][1])
    ]  # fmt: skip


def _between(at: Sequence[float], says: Sequence[str]) -> Iterator[Band]:
    """Each place has what is nearer to it than to another."""
    order = sorted(range(len(at)), key=at.__getitem__)
    edges = [0.0, *((at[a] + at[b]) / 2 for a, b in pairwise(order)), 100.0]
    for index, (left, right) in zip(order, pairwise(edges), strict=True):
        yield Band(percent(left), percent(right - left), says[index])
