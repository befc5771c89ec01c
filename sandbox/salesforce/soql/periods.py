"""Date literals: `LAST_N_DAYS:30` to the first day and the day after the last."""

from __future__ import annotations

from datetime import date, timedelta

_UNITS = {"DAYS": "DAY", "WEEKS": "WEEK", "MONTHS": "MONTH", "QUARTERS": "QUARTER", "YEARS": "YEAR"}


def _start(today: date, unit: str) -> date:
    """The first day of the unit that holds the day; weeks begin on Sunday, as in the US locale."""
    if unit == "WEEK":
        return today - timedelta(days=(today.weekday() + 1) % 7)
    if unit == "MONTH":
        return today.replace(day=1)
    if unit == "QUARTER":
        return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return today.replace(month=1, day=1) if unit == "YEAR" else today


def _shift(start: date, unit: str, count: int) -> date:
    if unit in ("DAY", "WEEK"):
        return start + timedelta(days=count * (7 if unit == "WEEK" else 1))
    months = count * {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, 1)


def bounds(literal: str, today: date) -> tuple[date, date]:
    """First day, and the day after the last, of the period a literal names."""
    name, _, number = literal.partition(":")
    count = int(number) if number else 1
    name = name.replace("FISCAL_", "")  # the fiscal year is the calendar's
    if name.endswith("_AGO"):
        ago = _UNITS[name.removeprefix("N_").removesuffix("_AGO")]
        first = _shift(_start(today, ago), ago, -count)
        return first, _shift(first, ago, 1)
    if name in ("TODAY", "YESTERDAY", "TOMORROW"):
        start = today + timedelta(days={"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[name])
        return start, start + timedelta(days=1)
    if name in ("LAST_90_DAYS", "NEXT_90_DAYS"):
        name, count = name.replace("90", "N"), 90
    direction, _, unit = name.partition("_")
    numbered = unit.startswith("N_")
    unit = _UNITS[unit[2:]] if numbered else unit
    start = _start(today, unit)
    if direction == "THIS":
        return start, _shift(start, unit, 1)
    if direction == "NEXT":
        first = _shift(start, unit, 1)
        return first, _shift(first, unit, count)
    # LAST_N_DAYS:n reaches up to today itself; the longer units end where the running one begins.
    end = start + timedelta(days=1) if numbered and unit == "DAY" else start
    return _shift(start, unit, -count), end
