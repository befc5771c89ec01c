"""The page as one HTML text, for the server and the report alike: it needs no other file.

Belongs here: what the template is given, and how values are written for people.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from dashboards.answers import Answer, ask, tables
from dashboards.filters import Choices, Filters
from dashboards.panels import Panel, sections
from dashboards.pictures import Picture, picture
from dashboards.pictures.scales import in_percent

HERE = Path(__file__).parent
_SPOKEN = "select max(currency_converted) from marts.opportunities"
_MONEY = {"amount", "weighted", "closed", "commit", "best_case", "pipeline", "quota", "won", "open",
          "revenue", "per_day", "average_deal_size", "cost", "came", "by_category", "created", "slipped",
          "cac", "numerator", "denominator"}  # fmt: skip
_SHARES = {"coverage", "attainment", "advanced", "lost", "won", "of_all", "of_the_step_before", "mql", "sql",
           "opportunity", "customer", "of_target", "open_rate", "uptime"}  # fmt: skip
_LONG = 40
_SHOWN = 50
"""Rows of a table that is shown as such; the CSV has all of them."""
_IN_PERCENT, _COUNTS = {"share", "rate"}, {"beyond_share"}


@dataclass(frozen=True)
class Shown:
    """A panel as the template sees it."""

    answer: Answer
    picture: Picture | None
    scores: list[dict[str, str]]
    heads: list[str]
    rows: list[list[str]]
    numbers: list[bool]
    long: list[bool]
    ignored: list[str]
    is_narrowed: bool


def render(
    connection: duckdb.DuckDBPyConnection, filters: Filters, known: Choices | None, *, as_of: str
) -> str:
    """The page. With `known`, it has filters and links to CSV files; without, it stands alone."""
    there = tables(connection)
    answered = [
        (
            section,
            [
                _shown(ask(connection, panel, filters, there, most(panel)), filters)
                for panel in section.panels
            ],
        )
        for section in sections()
    ]
    (currency,) = connection.execute(_SPOKEN).fetchone() or (None,)
    text: str = _template().render(
        sections=answered, filters=filters, known=known, as_of=as_of, currency=currency or "",
        style=Markup((HERE / "page.css").read_text()),  # noqa: S704 - a file of this folder
        script=Markup((HERE / "page.js").read_text()),  # noqa: S704 - a file of this folder
    )  # fmt: skip
    return text


@functools.cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=select_autoescape(default=True), trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html.j2")


def most(panel: Panel) -> int | None:
    """How many rows of a panel are shown at most."""
    return _SHOWN if panel.kind == "table" else None


def _shown(answer: Answer, filters: Filters) -> Shown:
    columns = answer.columns
    return Shown(
        answer, picture(answer), _scores(answer),
        [name.replace("_", " ") for name in columns],
        [
            [written(name, value, answer.panel.unit) for name, value in zip(columns, row, strict=True)]
            for row in answer.rows
        ],
        [all(isinstance(v, int | float) or v is None for v in answer.column(name)) for name in columns],
        [any(len(v) > _LONG for v in answer.column(name) if isinstance(v, str)) for name in columns],
        filters.ignored_by(answer.panel.sql), filters.narrow(answer.panel.sql),
    )  # fmt: skip


def _scores(answer: Answer) -> list[dict[str, str]]:
    """What was reached beside what was aimed at, in the unit of each row."""
    if answer.panel.kind != "scores":
        return []
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return [
        {
            "label": row["label"], "state": row["state"], "value": _measured(row["value"], row["unit"]),
            "aim": f"{'at least' if row['direction'] == 'above' else 'at most'} "
            f"{_measured(row['target'], row['unit'])}",
            "beside": ""
            if row["unit"] == "share" or row["value"] is None
            else ("fewer than nine of ten answered" if row["p90"] is None
                  else f"nine of ten within {_measured(row['p90'], row['unit'])}")
            + f", {_measured(row['share_in_time_or_good'], 'share')} in time",
        }
        for row in rows
    ]  # fmt: skip


def _measured(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "share":
        return in_percent(value).replace(".0%", "%")
    return f"{value:,.1f} h".replace(".0 h", " h")


def written(name: str, value: Any, unit: str = "") -> str:
    """A value for people: money without cents, shares in percent, a dash for nothing. `unit`: the panel's."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        # The same word may be an amount in one panel and a share in another.
        is_share = name in _SHARES and not (name in _MONEY and unit == "money")
        if isinstance(value, float) and (
            is_share or (_IN_PERCENT & set(name.split("_")) and name not in _COUNTS)
        ):
            return in_percent(value)
        if name in _MONEY or name.split("_")[-1] in _MONEY or isinstance(value, int) or value.is_integer():
            return f"{value:,.0f}"
        return f"{value:,.3g}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)
