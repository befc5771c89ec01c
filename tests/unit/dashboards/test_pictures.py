"""Pictures are as high, as wide and as dark as the numbers they are of."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from jinja2 import Environment, FileSystemLoader

from dashboards.answers import Answer
from dashboards.panels import HERE, Kind, Panel, sections
from dashboards.pictures import picture
from dashboards.pictures.charts import Chart, Label
from dashboards.pictures.flows import Flow
from dashboards.pictures.rows import Across, Heat
from dashboards.pictures.scales import short, ticks


def _of(kind: Kind, rows: list[tuple[Any, ...]], **more: Any) -> Any:
    columns = ("x", "one", "other")
    asked: dict[str, Any] = {"x": "x", "y": ["one", "other"], **more}
    panel = Panel(key="k", title="t", says="s", kind=kind, reads=[], **asked)
    return picture(Answer(panel, columns, rows))


def test_every_kind_of_panel_is_shown() -> None:
    kinds = {panel.kind for section in sections() for panel in section.panels}
    assert kinds == set(get_args(Kind))
    assert _of("bars", []) is None
    assert _of("table", [("a", 1, 2)]) is None


def test_bars_side_by_side_stand_on_nothing_and_are_as_high_as_their_numbers() -> None:
    drawn = _of("bars", [("won", 50, 25), ("lost", None, 100)])
    assert isinstance(drawn, Chart)
    assert drawn.marks == [(100.0, "0"), (75.0, "25"), (50.0, "50"), (25.0, "75"), (0.0, "100")]
    one, other = ([tuple(map(float, re.findall(r"[\d.]+", bar))) for bar in shape.path.split("Z")[:-1]]
                  for shape in drawn.shapes)  # fmt: skip
    assert [(bottom, top) for _, bottom, _, top, _ in one] == [(100, 50)]
    assert [(bottom, top) for _, bottom, _, top, _ in other] == [(100, 75), (100, 0)]
    assert one[0][2] == other[0][0], "the second begins where the first ends"
    assert (drawn.is_named, drawn.bands[1].says) == (True, "lost\none: –\nother: 100")


def test_stacked_bars_stand_on_each_other() -> None:
    drawn = _of("stacked bars", [("2026 Q1", 10, 30)])
    lower, upper = (re.findall(r"[\d.]+", shape.path) for shape in drawn.shapes)
    assert (lower[1], lower[3], upper[1], upper[3]) == ("100", "75", "75", "0")
    assert not drawn.is_named


def test_what_is_less_than_nothing_hangs_below_it_and_all_of_a_stack_is_on_the_axis() -> None:
    drawn = _of("stacked bars", [("2026-01-01", -40, 100), ("2026-02-01", 10, -50)])
    assert [text for _, text in drawn.marks] == ["-50", "0", "50", "100"]
    hung, stood = ([tuple(map(float, re.findall(r"[\d.]+", bar))) for bar in shape.path.split("Z")[:-1]]
                   for shape in drawn.shapes)  # fmt: skip
    zero = 66.67
    assert [(begin, end) for _, begin, _, end, _ in hung] == [(zero, 93.33), (zero, 60)]
    assert [(begin, end) for _, begin, _, end, _ in stood] == [(zero, 0), (zero, 100)]
    areas = _of("stacked areas", [("2026-01-01", 100, -40), ("2026-02-01", -50, 20)])
    assert [text for _, text in areas.marks] == ["-50", "0", "50", "100"], "also what is in between"


@pytest.mark.parametrize(
    ("names", "at", "as_wide"), [("ab", [25, 75], 19), ("abc", [16.67, 50, 83.33], 19), ("abcde", [10], 15.2)]
)
def test_a_bar_stands_where_its_name_is(names: str, at: list[float], as_wide: float) -> None:
    drawn = _of("bars", [(name, 1, 1) for name in names], y=["one"])
    left, *_, right = map(float, re.findall(r"[\d.]+", drawn.shapes[0].path.split("V")[0]))
    assert [label.at for label in drawn.labels][: len(at)] == at
    assert (left + right) / 2 == pytest.approx(at[0], abs=0.01)
    assert right - left == pytest.approx(as_wide, abs=0.02)
    assert [(band.at, band.width) for band in drawn.bands][1][0] == pytest.approx(100 / len(names), abs=0.01)


def test_a_line_is_broken_where_nothing_is_known_and_days_lie_as_far_apart_as_they_are() -> None:
    rows = [("2026-01-01", 0, 1), ("2026-01-02", None, 1), ("2026-01-03", 1, 1), ("2026-01-11", 1, 2)]
    line, dots, *_ = _of("lines", rows).shapes
    assert (line.drawn, line.path) == ("line", "M0 100M20 50L100 50")
    assert (dots.drawn, dots.path.count("h0")) == ("dots", 3)
    many = [(str(at), None if at in (7, 9, 49) else at, at) for at in range(50)]
    many[48] = ("48", None, 48)
    line, alone, other = _of("lines", many).shapes
    assert (alone.path.count("h0"), other.drawn) == (1, "line"), "a value alone shows among many too"
    [only] = _of("lines", rows[:1]).labels
    assert only == Label(50, "1 Jan 2026")


def test_years_of_days_have_few_labels_and_each_is_where_its_month_begins() -> None:
    rows = [(f"{year}-{month:02}-01", 1, 1) for year in (2024, 2025) for month in range(1, 13)]
    labels = _of("stacked areas", rows).labels
    assert [label.text for label in labels][:3] == ["Jan 2024", "Apr 2024", "Jul 2024"]
    assert (labels[0].at, len(labels)) == (0, 8)
    assert [label.is_spare for label in labels[:3]] == [False, True, False]


def test_areas_lie_on_each_other_also_where_a_series_has_nothing() -> None:
    rows = [("a", "1 Jan", 4), ("b", "2 Jan", 2)]
    drawn = _of("stacked areas", rows, x="one", y=["other"], group="x")
    assert [shape.path for shape in drawn.shapes] == [
        "M0 0L100 100L100 100L0 100Z", "M0 0L100 50L100 100L0 0Z",
    ]  # fmt: skip


def test_bars_that_lie_go_both_ways_from_nothing_and_the_last_row_is_above() -> None:
    drawn = _of("bars", [("loss", -1.0, 0), ("gain", 3.0, 0)], y=["one"], across=True, unit="times")
    assert isinstance(drawn, Across)
    (above, [gain]), (_, [loss]) = drawn.rows
    assert (above, drawn.zero) == ("gain", 25)
    assert ((gain.left, gain.width), (loss.left, loss.width)) == ((25, 75), (0, 25))
    assert (gain.text, loss.text) == ("3 ×", "-1 ×")
    macros: Any = Environment(loader=FileSystemLoader(HERE)).get_template("pictures.html.j2").module
    assert 'class="across both" style="--zero:25.0%"' in macros.across(drawn)
    assert "both" not in macros.across(_of("bars", [("gain", 1, 2)], across=True))


def test_a_field_of_a_heat_map_is_as_dark_as_its_share_of_the_most() -> None:
    rows = [("first", "e_mail", 50), ("last", "event", 200)]
    drawn = _of("heat", rows, y=["other"], group="one")
    assert isinstance(drawn, Heat)
    assert drawn.columns == ["first", "last"]
    assert [(name, [dark for dark, _, _ in fields]) for name, fields in drawn.rows] == [
        ("event", [0, 1]), ("e mail", [0.25, 0]),
    ]  # fmt: skip


def test_a_flow_is_as_wide_as_its_deals_and_places_of_one_name_are_told_apart() -> None:
    rows = [("1. email", "2. email", 3), ("1. email", "won", 1), ("2. email", "won", 3)]
    drawn = _of("flow", rows, y=["other"], group="one")
    assert isinstance(drawn, Flow)
    assert [(node.name, node.x, node.height, node.is_last) for node in drawn.nodes] == [
        ("email", 0, 100, False), ("email", 49.3, 75, False), ("won", 98.6, 100, True),
    ]  # fmt: skip
    assert [link.says for link in drawn.links] == ["email → email\n3", "email → won\n1", "email → won\n3"]
    thick = [float(re.findall(r"v([\d.]+)C", link.path)[0]) for link in drawn.links]
    assert thick == [75, 25, 75]


@pytest.mark.parametrize(
    ("values", "unit", "said"),
    [
        ([0, 0], "money", ["0"]),
        ([1, 2], "count", ["0", "1", "2"]),
        ([10], "count", ["0", "5", "10"]),
        ([10], "days", ["0", "2.5", "5", "7.5", "10"]),
        ([100], "count", ["0", "25", "50", "75", "100"]),
        ([-0.4, 0.9], "share", ["-50%", "0%", "50%", "100%"]),
        ([999_999, 1_700_000], "money", ["0", "500k", "1M", "1.5M", "2M"]),
        ([1234], "times", ["0 ×", "500 ×", "1,000 ×", "1,500 ×"]),
    ],
)
def test_ticks_are_round_and_few(values: list[float], unit: str, said: list[str]) -> None:
    assert [short(each, unit) for each in ticks(values, unit)] == said
