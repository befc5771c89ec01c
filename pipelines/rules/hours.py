"""Working hours as files write them: `{mon-fri: ["09:00-12:30", "13:30-17:30"]}`, and the zone they are kept
in.

Belongs here: reading and checking them. Arithmetic in them is `pipelines.decisions.hours`.
"""

from __future__ import annotations

import itertools
import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Block = tuple[int, int]
"""Minutes from midnight; one that ends after 1440 runs into the next day."""
Week = tuple[tuple[Block, ...], ...]
"""The blocks of each weekday, Monday first."""
_BLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def zone(name: str) -> str:
    """The name of a time zone, if there is one of that name. Raises ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        raise ValueError(f"{name} is no time zone; use a name such as Europe/London") from None
    return name


def week(value: Any) -> Week:
    """Blocks by weekday. `always` is open at all times. Raises ValueError with a sentence."""
    if value == "always":
        return ((((0, 1440)),),) * 7
    if not isinstance(value, dict) or not value:
        raise ValueError('write hours as {mon-fri: ["09:00-17:00"]}, or always')
    found: list[tuple[Block, ...]] = [()] * 7
    for days, blocks in value.items():
        listed = [blocks] if isinstance(blocks, str) else blocks
        for day in _days(str(days)):
            if found[day]:
                raise ValueError(f"{DAYS[day]} is named twice")
            found[day] = _blocks(listed)
    return tuple(found)


def _days(text: str) -> list[int]:
    first, _, last = text.lower().partition("-")
    if first not in DAYS or (last and last not in DAYS):
        raise ValueError(f"{text} is no day; write mon, or mon-fri")
    start, end = DAYS.index(first), DAYS.index(last or first)
    if end < start:
        raise ValueError(f"{text} runs backwards")
    return list(range(start, end + 1))


def _blocks(texts: Any) -> tuple[Block, ...]:
    if not isinstance(texts, list) or not texts:
        raise ValueError('write the blocks of a day as ["09:00-12:30", "13:30-17:30"]')
    found = []
    for text in texts:
        parts = _BLOCK.fullmatch(str(text).replace(" ", ""))
        if not parts:
            raise ValueError(f"{text} is no block of hours; write 09:00-17:00")
        opens, closes = int(parts[1]) * 60 + int(parts[2]), int(parts[3]) * 60 + int(parts[4])
        if opens == closes or closes > 1440:
            raise ValueError(f"{text} is no block of hours; write always for the whole day")
        found.append((opens, closes if closes > opens else closes + 1440))
    found.sort()
    for before, after in itertools.pairwise(found):
        if after[0] < before[1]:
            raise ValueError("two blocks of a day overlap")
    return tuple(found)


Zone = Annotated[str, AfterValidator(zone)]
Hours = Annotated[Week, BeforeValidator(lambda value: value if isinstance(value, tuple) else week(value))]
