"""Answers as pictures: places and widths in percent, which `pictures.html.j2` draws as HTML and SVG.

Belongs here: geometry, ticks and labels. Colours, sizes and fonts are the page's style sheet, so that a
picture needs no script, fits any width and follows from light to dark by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from dashboards.answers import Answer
from dashboards.pictures.charts import Chart, bars, lines
from dashboards.pictures.flows import Flow, flow
from dashboards.pictures.rows import Across, Heat, across, heat

Picture = Chart | Across | Heat | Flow
_DRAWN: dict[str, Callable[[Answer], Picture]] = {
    "bars": bars, "stacked bars": bars, "lines": lines, "stacked areas": lines, "heat": heat, "flow": flow,
}  # fmt: skip


def picture(answer: Answer) -> Picture | None:
    """None for what is shown as tiles or a table, or has no rows."""
    panel = answer.panel
    if panel.kind not in _DRAWN or not answer.rows:
        return None
    return across(answer) if panel.across else _DRAWN[panel.kind](answer)
