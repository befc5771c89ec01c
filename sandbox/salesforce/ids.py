"""Salesforce record ids: fifteen characters that mind case, three more that make them safe without."""

from __future__ import annotations

import re

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
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i, c in enumerate(short[start : start + 5]) if "A" <= c <= "Z")
        suffix += _SUFFIX[bits]
    return short[:15] + suffix


def normal(text: str) -> str | None:
    """The eighteen characters of an id given with fifteen or eighteen; None when it cannot be an id."""
    if not _ID.fullmatch(text):
        return None
    return full(text)
