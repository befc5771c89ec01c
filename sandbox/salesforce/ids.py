"""Salesforce record ids: fifteen characters that mind case, three more that make them safe without."""

from __future__ import annotations

import re
from functools import lru_cache

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?")
INSTANCE = "SB0"


def make(prefix: str, number: int) -> str:
    """The `number`-th id of an object, eighteen characters."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    return full(f"{prefix}{INSTANCE}{digits:0>9}")


def full(short: str) -> str:
    """Eighteen characters from fifteen."""
    return short[:15] + _mark(short[:5]) + _mark(short[5:10]) + _mark(short[10:15])


@lru_cache(maxsize=65_536)
def _mark(five: str) -> str:
    """The character that says which of five are capitals."""
    return _SUFFIX[sum(1 << i for i, c in enumerate(five) if "A" <= c <= "Z")]


def normal(text: str) -> str | None:
    """The eighteen characters of an id given with fifteen or eighteen; None when it cannot be an id."""
    if not _ID.fullmatch(text):
        return None
    return full(text)
