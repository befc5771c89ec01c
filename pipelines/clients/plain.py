"""A value of a CRM as text to compare by, whichever type either side gives it.

Belongs here: what is equal though it is spelt otherwise. Types that are known are `reverse_sync.values`.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any


def plain(value: Any) -> str:
    """Nothing is empty, True is true, 3.0 and "3" are 3; every digit counts, so a phone number is itself."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return f"{number.normalize():f}" if number.is_finite() else text
