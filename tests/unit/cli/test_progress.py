"""One line per object that is being read: rows, rate, calls and time left."""

from __future__ import annotations

import io

from rich.console import Console

from cli.progress import Readings
from cli.screen import Screen
from pipelines.run import StepResult


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_line_has_rows_rate_calls_and_time_left() -> None:
    clock = Clock()
    readings = Readings(clock)
    readings.heard("hubspot contacts", 100, 100_000, 1)
    clock.now += 5
    reading = readings.heard("hubspot contacts", 50_100, 100_000, 501)
    assert reading.line(clock.now) == (
        "hubspot contacts: 50,100 of 100,000 rows, 10,000/s, 501 calls, 5 s left"
    )


def test_a_resumed_load_is_as_fast_as_it_is_now() -> None:
    clock = Clock()
    readings = Readings(clock)
    readings.heard("hubspot contacts", 90_000, 100_000, 1)
    clock.now += 10
    assert "100/s" in readings.heard("hubspot contacts", 91_000, 100_000, 11).line(clock.now)


def _screen(*, terminal: bool) -> tuple[Screen, Clock, io.StringIO]:
    out, clock = io.StringIO(), Clock()
    screen = Screen(Console(file=out, force_terminal=terminal, width=120, highlight=False))
    screen._readings = Readings(clock)
    return screen, clock, out


def test_where_lines_stay_a_slow_object_is_spoken_of_now_and_then_and_a_quick_one_never() -> None:
    screen, clock, out = _screen(terminal=False)
    with screen:
        screen.started("extract")
        screen.told("HubSpot: this load needs about 10,400 calls, 9% of today's limit, 90 s at the limit")
        screen.progress("hubspot deals", 10, 10, 1)
        for done in range(0, 30_000, 1_000):
            screen.progress("hubspot contacts", done, 30_000, 1 + done // 100)
            clock.now += 1
        screen.progress("hubspot contacts", 30_000, 30_000, 301)
        screen.progress("hubspot contacts", 30_000, 30_000, 302)  # the recycle bin
        screen.ended(StepResult(step="extract", run_id="r", status="done", seconds=30.0))
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert lines == [
        "HubSpot: this load needs about 10,400 calls, 9% of today's limit, 90 s at the limit",
        "hubspot contacts: 10,000 of 30,000 rows, 1,000/s, 101 calls, 20 s left",
        "hubspot contacts: 20,000 of 30,000 rows, 1,000/s, 201 calls, 10 s left",
        "hubspot contacts: 30,000 rows, 1,000/s, 301 calls",
        "✔ extract         30.0 s",
    ]


def test_on_a_terminal_each_object_has_a_line_while_it_is_read() -> None:
    screen, clock, _ = _screen(terminal=True)
    with screen:
        screen.started("extract")
        screen.progress("hubspot contacts", 100, 1_000, 1)
        screen.progress("salesforce Lead", 2_000, 9_000, 1)
        clock.now += 1
        screen.progress("hubspot contacts", 300, 1_000, 3)
        shown = _drawn(screen)
        assert "  hubspot contacts: 300 of 1,000 rows, 200/s, 3 calls, 4 s left" in shown
        assert any(each.startswith("  salesforce Lead: 2,000 of 9,000 rows") for each in shown)
        screen.progress("hubspot contacts", 1_000, 1_000, 10)
        assert not any("contacts" in each for each in _drawn(screen))
        screen.ended(StepResult(step="extract", run_id="r", status="done", seconds=1.0))
        assert _drawn(screen) == []


def test_a_line_of_millions_has_room_on_a_terminal_of_eighty_columns() -> None:
    screen, clock, _ = _screen(terminal=True)
    with screen:
        screen.started("extract")
        screen.progress("hubspot contacts", 0, 1_234_567, 1)
        clock.now += 10
        screen.progress("hubspot contacts", 90_000, 1_234_567, 901)
        step, line = _drawn(screen, width=80)
        assert step.split()[1] == "extract"
        assert line == "  hubspot contacts: 90,000 of 1,234,567 rows, 9,000/s, 901 calls, 2 min left"


def _drawn(screen: Screen, width: int = 120) -> list[str]:
    """The lines that are on the terminal."""
    assert screen._live is not None
    out = io.StringIO()
    Console(file=out, width=width).print(screen._live.get_renderable())
    return [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]
