"""Salesforce record ids: fifteen characters that mind case, three more that make them safe without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CAPITALS = [int("A" <= c <= "Z") for c in _DIGITS]
_EACH = list(zip(_DIGITS, _CAPITALS, strict=True))
_PAIRS = [(a + b, first | second << 1) for a, first in _EACH for b, second in _EACH]
_ID = re.compile(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?")
INSTANCE = "SB0"


def make(prefix: str, number: int) -> str:
    """The `number`-th id of an object, eighteen characters."""
    # Two digits at a time, because worlds make tens of millions of ids. The checksum takes characters by
    # fives: the last five digits are one and two pairs, those before change once in 916 million ids.
    rest, (last, last_capitals) = number // 3_844, _PAIRS[number % 3_844]
    rest, (middle, middle_capitals) = rest // 3_844, _PAIRS[rest % 3_844]
    rest, digit = divmod(rest, 62)
    mark = _SUFFIX[_CAPITALS[digit] | middle_capitals << 1 | last_capitals << 3]
    head, marks = _head(prefix, rest)
    return f"{head}{_DIGITS[digit]}{middle}{last}{marks}{mark}"


def following(prefix: str, first: int = 1) -> Iterator[str]:
    """Ids of an object from the `first` on, one after the other: what many of them share is made once."""
    at = first
    while True:
        start = make(prefix, at - at % 3_844)
        shared, marks = start[:13], start[15:17]
        capitals = sum(_CAPITALS[_DIGITS.index(c)] << i for i, c in enumerate(start[10:13]))
        for last, last_capitals in _PAIRS[at % 3_844 :]:
            yield f"{shared}{last}{marks}{_SUFFIX[capitals | last_capitals << 3]}"
        at += 3_844 - at % 3_844


@lru_cache(maxsize=1_024)
def _head(prefix: str, number: int) -> tuple[str, str]:
    """The first ten characters, with the four digits of `number`, and their checksum."""
    if number >= 62**4:
        raise ValueError(f"no id for {number}")
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    head = f"{prefix}{INSTANCE}{digits:0>4}"
    return head, _mark(head[:5]) + _mark(head[5:10])


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
