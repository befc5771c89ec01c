"""Instants as the sandbox keeps them: whole milliseconds since 1970, and the vendors' spellings of them.

No clock here: whoever needs the time is given it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999
"""The instants there is a date for: those of the years 1 to 9999."""
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
_QUARTER = 15 * MINUTE
_KEPT = 65_536
"""Dates at most: whoever asks for others all the time fills no memory."""
_MINUTES = [f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1_440)]
_SECONDS = [f"{second:02d}." for second in range(60)]
_MILLIS = [f"{ms:03d}Z" for ms in range(1_000)]
_OFFSET = re.compile(r"([+-]\d{2})(\d{2})$")


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def iso(ms: int) -> str:
    """`2026-06-30T12:00:00.000Z`, as both vendors write it (Salesforce's JSON apart)."""
    seconds = ms // 1_000
    rest = seconds % 86_400
    return f"{_DATES[seconds // 86_400]}{_MINUTES[rest // 60]}{_SECONDS[rest % 60]}{_MILLIS[ms % 1_000]}"


def iso_seconds(ms: int) -> str:
    """As `iso`, cut to the second: the precision Salesforce keeps."""
    seconds = ms // 1_000
    rest = seconds % 86_400
    return f"{_DATES[seconds // 86_400]}{_MINUTES[rest // 60]}{_SECONDS[rest % 60]}000Z"


def day(ms: int) -> str:
    return _DATES[ms // DAY]


def midnight(ms: int, zone: str) -> int:
    """When the day of an instant began in a zone."""
    return _midnight(ms // _QUARTER, zone)


def day_in(ms: int, zone: str) -> str:
    """The date of an instant in a zone."""
    return _day_in(ms // _QUARTER, zone)


# What zones of worlds are apart from UTC, and when that changes, is in whole quarters of an hour since 1972.
@lru_cache(maxsize=131_072)
def _midnight(quarter: int, zone: str) -> int:
    local = from_ms(quarter * _QUARTER).astimezone(ZoneInfo(zone))
    return to_ms(local.replace(hour=0, minute=0, second=0, microsecond=0))


@lru_cache(maxsize=131_072)
def _day_in(quarter: int, zone: str) -> str:
    return from_ms(quarter * _QUARTER).astimezone(ZoneInfo(zone)).date().isoformat()


class _Dates(dict[int, str]):
    """ISO dates of days since 1970, kept: a world names the same few hundred days again and again."""

    def __missing__(self, days: int) -> str:
        found = (_EPOCH_DAY + timedelta(days=days)).isoformat()
        if len(self) < _KEPT:
            self[days] = found
        return found


_DATES = _Dates()


def http_date(ms: int) -> str:
    return format_datetime(from_ms(ms).replace(microsecond=0), usegmt=True)


def parse(text: str) -> int:
    """Read an ISO date or datetime, with or without a zone (then UTC). Raises ValueError."""
    value = _OFFSET.sub(r"\1:\2", text.strip())
    if len(value) == 10:
        return to_ms(datetime.combine(date.fromisoformat(value), datetime.min.time()))
    found = to_ms(datetime.fromisoformat(value))
    if not FIRST <= found <= LAST:  # in its own zone it has a date, in UTC it has none
        raise ValueError(f"{text} is outside the years 1 to 9999 in UTC")
    return found
