"""Answers as figures of Plotly's JSON schema. Colours are left to the page, which knows light from dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dashboards.answers import Answer

Json = dict[str, Any]
_FORMATS = {
    "money": "~s",
    "count": ",d",
    "share": ".0%",
    "times": ",~r",
    "days": ".1f",
    "hours": ".1f",
    "text": "",
}
_TICKS = {"days": "~g", "hours": "~g"}
_SERIES_HEIGHT, _LONGEST_NAME = 22, 34
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def picture(answer: Answer) -> Json | None:
    """`data` and `layout` of a figure; None for what is shown as tiles or a table, or has no rows."""
    panel = answer.panel
    if panel.kind in ("table", "tiles", "scores") or not answer.rows:
        return None
    if panel.kind == "flow":
        return _flow(answer)
    if panel.kind == "heat":
        return _heat(answer)
    series = list(_series(answer))
    traces = [_trace(answer, name, x, y) for name, x, y in series]
    names = {str(value) for value in answer.column(panel.x)}
    values: Json = {"tickformat": _TICKS.get(panel.unit, _FORMATS[panel.unit]), "rangemode": "tozero"}
    if panel.unit == "times":
        values["ticksuffix"] = " ×"
    is_dated = all(_DATE.fullmatch(name) for name in names)
    labels: Json = {"automargin": True}
    if "bars" in panel.kind:
        labels |= {"type": "date", "tickformat": "%b %Y"} if is_dated else {"type": "category"}
    if not any(y for _, _, y_of in series for y in y_of):
        values["tickvals"] = [0]  # an axis of nothing is not one of thousandths
    layout: Json = {
        "barmode": "stack" if panel.kind == "stacked bars" else "group",
        "showlegend": len(traces) > 1,
        "xaxis": values if panel.across else labels,
        "yaxis": labels if panel.across else values,
    }
    if panel.across:
        bars = len(names) * (len(traces) if layout["barmode"] == "group" else 1)
        layout["height"] = max(240, 90 + _SERIES_HEIGHT * bars)
    return {"data": traces, "layout": layout}


def _series(answer: Answer) -> Iterator[tuple[str, list[Any], list[Any]]]:
    panel = answer.panel
    x = answer.column(panel.x)
    if not panel.group:
        for name in panel.y:
            yield name, x, answer.column(name)
        return
    groups, y = answer.column(panel.group), answer.column(panel.y[0])
    everywhere = list(dict.fromkeys(x))
    for group in dict.fromkeys(groups):
        found = {at: value for at, value, of in zip(x, y, groups, strict=True) if of == group}
        # A stack needs each series at every point.
        filler = 0 if panel.kind.startswith("stacked") else None
        yield str(group), everywhere, [found.get(at, filler) for at in everywhere]


def _trace(answer: Answer, name: str, x: list[Any], y: list[Any]) -> Json:
    panel = answer.panel
    spoken = name.replace("_", " ")
    number = _FORMATS[panel.unit]
    if "bars" in panel.kind:
        short = [_short(str(each)) for each in x] if panel.across else x
        along = {"x": y, "y": short, "orientation": "h"} if panel.across else {"x": x, "y": y}
        value = "x" if panel.across else "y"
        hover = f"%{{hovertext}}<br>{spoken}: %{{{value}:{number}}}<extra></extra>"
        return {"type": "bar", "name": spoken, **along, "hovertext": x, "hovertemplate": hover}
    stack = {"stackgroup": "all"} if panel.kind == "stacked areas" else {}
    mode = "lines" if stack or len(x) > 40 else "lines+markers"
    return {"type": "scatter", "mode": mode, "name": spoken, "x": x, "y": y, **stack,
            "hovertemplate": f"%{{x}}<br>{spoken}: %{{y:{number}}}<extra></extra>"}  # fmt: skip


def _heat(answer: Answer) -> Json:
    """A field for each x and group, the darker the more; its colours are the page's."""
    panel = answer.panel
    columns = list(dict.fromkeys(answer.column(panel.x)))
    lines = list(dict.fromkeys(answer.column(panel.group)))
    found = {
        (at, of): value
        for at, of, value in zip(
            answer.column(panel.x), answer.column(panel.group), answer.column(panel.y[0]), strict=True
        )
    }
    number = _FORMATS[panel.unit]
    trace: Json = {
        "type": "heatmap", "showscale": False, "xgap": 2, "ygap": 2,
        "x": [name.replace("_", " ") for name in columns],
        "y": [_short(name.replace("_", " ")) for name in lines],
        "z": [[found.get((at, of)) for at in columns] for of in lines],
        "texttemplate": f"%{{z:{'.2~s' if panel.unit == 'money' else number}}}",
        "hovertemplate": f"%{{y}}, %{{x}}: %{{z:{number}}}<extra></extra>",
    }  # fmt: skip
    height = max(240, 110 + 30 * len(lines))
    axis: Json = {"automargin": True, "type": "category", "showgrid": False}
    return {"data": [trace], "layout": {"height": height, "xaxis": axis, "yaxis": axis, "showlegend": False}}


def _flow(answer: Answer) -> Json:
    """A Sankey diagram. Its places are named without the number that tells them apart."""
    panel = answer.panel
    sources, targets = answer.column(panel.x), answer.column(panel.group)
    places = list(dict.fromkeys([*sources, *targets]))
    number = {place: index for index, place in enumerate(places)}
    link: Json = {
        "source": [number[each] for each in sources], "target": [number[each] for each in targets],
        "value": answer.column(panel.y[0]), "color": "rgba(128, 128, 128, 0.35)",
        "hovertemplate": "%{source.label} → %{target.label}: %{value}<extra></extra>",
    }  # fmt: skip
    names = [str(place).partition(". ")[2] or str(place) for place in places]
    node: Json = {
        "label": [_short(name.replace("_", " ")) for name in names], "pad": 12, "thickness": 14,
        "hovertemplate": "%{label}: %{value}<extra></extra>",
    }  # fmt: skip
    trace: Json = {"type": "sankey", "arrangement": "snap", "node": node, "link": link}
    return {"data": [trace], "layout": {"height": 460, "showlegend": False}}


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
