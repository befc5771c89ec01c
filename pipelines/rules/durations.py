"""Durations as people write them: `30m`, `4h`, `2d`, `1w`.

Belongs here: reading them. Whether a clock runs in business time is said where it is used.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter

_ISO = TypeAdapter(timedelta)
_KEPT = r"P(?=[\dT])[\dDTHMS.]+"
"""As rules are kept in the state: a rule that was confirmed is read back from there."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse(value: Any) -> timedelta:
    """`4h` as a timedelta. Raises ValueError with a sentence."""
    if isinstance(value, timedelta):
        return value
    if re.fullmatch(_KEPT, str(value)):
        return _ISO.validate_python(value)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", str(value).strip())
    if not found or float(found[1]) <= 0:
        raise ValueError(f"{value!r} is no duration; write 30s, 30m, 4h, 2d or 1w")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def text(duration: timedelta) -> str:
    """The duration as a person writes it."""
    minutes = round(duration.total_seconds() / 60)
    for unit, size in (("w", 7 * 24 * 60), ("d", 24 * 60), ("h", 60)):
        if minutes and minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


Duration = Annotated[timedelta, BeforeValidator(parse)]
