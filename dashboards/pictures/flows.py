"""Flows from place to place (a Sankey diagram): as wide as they are large, in columns, little crossed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.answers import Answer
from dashboards.pictures.scales import Number, percent, point

_THICK, _GAP = 1.4, 3.0


@dataclass(frozen=True)
class Node:
    x: float
    y: float
    height: float
    name: str
    says: str
    is_last: bool


@dataclass(frozen=True)
class Link:
    path: str
    says: str


@dataclass(frozen=True)
class Flow:
    nodes: list[Node]
    links: list[Link]
    drawn: str = "flow"


Pair = tuple[str, str]


def flow(answer: Answer) -> Flow:
    """Places are named without the number that tells them apart."""
    panel = answer.panel
    asked = (answer.column(name) for name in (panel.x, panel.group, panel.y[0]))
    wide: dict[Pair, Number] = {(source, target): value for source, target, value in zip(*asked, strict=True)}
    columns = _columns(list(wide))
    size = {place: _size(place, wide) for column in columns for place in column}
    most = max(len(column) for column in columns)
    gap = _GAP if most < 2 else min(_GAP, 40 / (most - 1))
    scale = min((100 - gap * (len(column) - 1)) / sum(size[each] for each in column) for column in columns)
    height = {place: size[place] * scale for place in size}
    top = _tops(columns, wide, height, gap)
    across = (100 - _THICK) / max(1, len(columns) - 1)
    left = {place: number * across for number, column in enumerate(columns) for place in column}
    nodes = [
        Node(percent(left[place]), percent(top[place]), percent(height[place]), _named(place),
             f"{_named(place)}\n{size[place]:,}", place in columns[-1])
        for column in columns for place in column
    ]  # fmt: skip
    return Flow(nodes, _links(wide, left, top, scale))


def _columns(pairs: Sequence[Pair]) -> list[list[str]]:
    """Each place as far right as its longest way there is long; where ways end, last of all."""
    places = list(dict.fromkeys(place for pair in pairs for place in pair))
    depth = dict.fromkeys(places, 0)
    for _ in places:
        for source, target in pairs:
            depth[target] = min(max(depth[target], depth[source] + 1), len(places))
    last = max(depth.values())
    for place in places:
        if not any(source == place for source, _ in pairs):
            depth[place] = last
    columns: dict[int, list[str]] = defaultdict(list)
    for place in places:
        columns[depth[place]].append(place)
    return [columns[number] for number in sorted(columns)]


def _size(place: str, wide: dict[Pair, Number]) -> Number:
    came = sum(value for (_, target), value in wide.items() if target == place)
    went = sum(value for (source, _), value in wide.items() if source == place)
    return max(came, went)


def _tops(
    columns: Sequence[list[str]], wide: dict[Pair, Number], height: dict[str, float], gap: float
) -> dict[str, float]:
    """The largest first, then each place near those it comes from."""
    top: dict[str, float] = {}
    for number, column in enumerate(columns):
        if number == 0:
            column.sort(key=lambda place: -height[place])
        else:
            column.sort(key=lambda place: _middle(place, wide, top, height))
        used = sum(height[place] for place in column) + gap * (len(column) - 1)
        at = (100 - used) / 2
        for place in column:
            top[place] = at
            at += height[place] + gap
    return top


def _middle(place: str, wide: dict[Pair, Number], top: dict[str, float], height: dict[str, float]) -> float:
    before = [
        (source, value) for (source, target), value in wide.items() if target == place and source in top
    ]
    total = sum(value for _, value in before)
    return (
        sum((top[source] + height[source] / 2) * value for source, value in before) / total if total else 0.0
    )


def _links(
    wide: dict[Pair, Number], left: dict[str, float], top: dict[str, float], scale: float
) -> list[Link]:
    """They leave and arrive in the order of their other ends, so that few cross."""
    leaves, arrives = dict(top), dict(top)
    begin: dict[Pair, float] = {}
    for source, target in sorted(wide, key=lambda pair: top[pair[1]]):
        begin[source, target] = leaves[source]
        leaves[source] += wide[source, target] * scale
    links = []
    for source, target in sorted(wide, key=lambda pair: top[pair[0]]):
        thick = wide[source, target] * scale
        path = _ribbon(left[source] + _THICK, begin[source, target], left[target], arrives[target], thick)
        links.append(Link(path, f"{_named(source)} → {_named(target)}\n{wide[source, target]:,}"))
        arrives[target] += thick
    return links


def _ribbon(x: float, y: float, to_x: float, to_y: float, thick: float) -> str:
    half = (x + to_x) / 2
    there = f"M{point(x, y)}C{point(half, y)} {point(half, to_y)} {point(to_x, to_y)}"
    back = f"v{percent(thick):g}C{point(half, to_y + thick)} {point(half, y + thick)} {point(x, y + thick)}Z"
    return there + back


def _named(place: str) -> str:
    return (str(place).partition(". ")[2] or str(place)).replace("_", " ")
