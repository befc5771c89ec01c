"""What the functions of Salesforce's formulas make of values that are worked out already.

Belongs here: functions of values alone. Those that look at the row, or not at all their arguments, are
`formulas`.
"""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sandbox import times
from sandbox.salesforce import ids


def true(value: Any) -> bool:
    return value is True


def number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def blank(value: Any) -> bool:
    return value is None or value == ""


def rounded(value: Any, digits: Any = 0.0) -> float:
    """Halves go away from nought."""
    scale = 10 ** int(number(digits))
    return math.copysign(math.floor(abs(number(value)) * scale + 0.5) / scale, number(value))


def _to_number(value: Any) -> float | None:
    return float(value) if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text(value)) else None


def _day_of(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(text(value)[:10])


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "NOT": lambda value: not true(value),
    "ISBLANK": blank,
    "ISNULL": blank,
    "BLANKVALUE": lambda value, other: other if blank(value) else value,
    "NULLVALUE": lambda value, other: other if blank(value) else value,
    "ISPICKVAL": lambda value, wanted: text(value) == text(wanted),
    "INCLUDES": lambda value, wanted: text(wanted) in text(value).split(";"),
    "TEXT": text,
    "VALUE": _to_number,
    "ISNUMBER": lambda value: _to_number(value) is not None,
    "LEN": lambda value: float(len(text(value))),
    "CONTAINS": lambda value, part: text(part) in text(value),
    "BEGINS": lambda value, part: text(value).startswith(text(part)),
    "LEFT": lambda value, count: text(value)[: int(count)],
    "RIGHT": lambda value, count: text(value)[-int(count) :] if count >= 1 else "",
    "MID": lambda value, start, count: text(value)[int(start) - 1 : int(start) - 1 + int(count)],
    "UPPER": lambda value: text(value).upper(),
    "LOWER": lambda value: text(value).lower(),
    "TRIM": lambda value: text(value).strip(),
    "SUBSTITUTE": lambda value, old, new: text(value).replace(text(old), text(new)),
    "FIND": lambda part, value, start=1.0: float(text(value).find(text(part), int(start) - 1) + 1),
    "REGEX": lambda value, pattern: re.fullmatch(text(pattern), text(value)) is not None,
    "ABS": lambda value: abs(number(value)),
    "ROUND": rounded,
    "CEILING": lambda value: float(math.ceil(number(value))),
    "FLOOR": lambda value: float(math.floor(number(value))),
    "SQRT": lambda value: math.sqrt(number(value)),
    "MOD": lambda value, by: number(value) % number(by) if number(by) else None,
    "MAX": lambda *values: max(number(each) for each in values),
    "MIN": lambda *values: min(number(each) for each in values),
    "DATE": lambda year, month, day: date(int(year), int(month), int(day)),
    "DATEVALUE": _day_of,
    "YEAR": lambda value: float(value.year) if isinstance(value, date) else None,
    "MONTH": lambda value: float(value.month) if isinstance(value, date) else None,
    "DAY": lambda value: float(value.day) if isinstance(value, date) else None,
    "WEEKDAY": lambda value: float(value.isoweekday() % 7 + 1) if isinstance(value, date) else None,
}


def _months(value: Any, count: Any) -> Any:
    """The same day some months later; the last day of a month stays the last."""
    if not isinstance(value, date):
        return None
    year, month = divmod(value.year * 12 + value.month - 1 + int(number(count)), 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_last = value.day == calendar.monthrange(value.year, value.month)[1]
    return value.replace(year=year, month=month + 1, day=last if is_last else min(value.day, last))


def _padded(value: Any, length: Any, pad: Any, *, left: bool) -> str:
    own, size = text(value), int(number(length))
    fill = (text(pad) * size)[: max(0, size - len(own))]
    return (fill + own if left else own + fill)[:size]


def _moment_of(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else times.from_ms(times.parse(text(value)))


def _clock(value: Any, unit: str) -> float | None:
    return float(getattr(value, unit)) if isinstance(value, datetime) else None


def _initials(value: Any) -> str:
    return re.sub(r"[^\W_]+", lambda found: found[0][:1].upper() + found[0][1:].lower(), text(value))


FUNCTIONS |= {
    "CASESAFEID": lambda value: ids.normal(text(value)) or text(value),
    "HYPERLINK": lambda url, label, target="": (
        f'<a href="{text(url)}" target="{text(target) or "_blank"}">{text(label)}</a>'
    ),
    "IMAGE": lambda url, alt, *_: f'<img src="{text(url)}" alt="{text(alt)}">',
    "BR": lambda: "\n",
    "LPAD": lambda value, length, pad=" ": _padded(value, length, pad, left=True),
    "RPAD": lambda value, length, pad=" ": _padded(value, length, pad, left=False),
    "REVERSE": lambda value: text(value)[::-1],
    "INITCAP": _initials,
    "ASCII": lambda value: float(ord(text(value)[0])),
    "CHR": lambda value: chr(int(number(value))),
    "TRUNC": lambda value, digits=0.0: math.trunc(number(value) * 10 ** int(digits)) / 10 ** int(digits),
    "MCEILING": lambda value: float(math.ceil(number(value))),
    "MFLOOR": lambda value: float(math.floor(number(value))),
    "EXP": lambda value: math.exp(number(value)),
    "LN": lambda value: math.log(number(value)),
    "LOG": lambda value: math.log10(number(value)),
    "PI": lambda: math.pi,
    "ADDMONTHS": _months,
    "DATETIMEVALUE": _moment_of,
    "HOUR": lambda value: _clock(value, "hour"),
    "MINUTE": lambda value: _clock(value, "minute"),
    "SECOND": lambda value: _clock(value, "second"),
    "DAYOFYEAR": lambda value: float(value.timetuple().tm_yday) if isinstance(value, date) else None,
    "ISOWEEK": lambda value: float(value.isocalendar().week) if isinstance(value, date) else None,
    "ISOYEAR": lambda value: float(value.isocalendar().year) if isinstance(value, date) else None,
    "UNIXTIMESTAMP": lambda value: (value - times.EPOCH) / timedelta(seconds=1),
    "FROMUNIXTIME": lambda value: times.from_ms(int(number(value) * 1000)),
}
