"""E-mail addresses inside texts, also as JSON and addresses of the web write them.

Belongs here: where an address begins. In `/thanks?email=ann%40x.org`, `CORP\\ann@x.org` and
`\\u003cann@x.org` ann@x.org is; o'neil@x.org and jo+ann@x.org are others', however they are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

_LONGEST = 320
AT = "(?:@|%(?:25)*40)"
"""The at sign, also as an address of the web writes it that stands in another, which stands in another."""
_AT = re.compile(AT + r"([\w-]+(?:\.[\w-]+)+)")
_LOCAL = frozenset(".!#$%&'*+/=?^`{|}~-_\\")
"""What stands in front of the at sign beside letters and digits: of the address, or of what leads to it."""
_SIGN = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|\\([nrtbf]?)|[=?&/#|{}`]")
_OF_ADDRESSES = "+-._"
_OPENING = "'*!$^~.-"
_ONE = re.compile(r"[\w.!$%'*+^~-]{1,320}@[\w-]+(?:\.[\w-]+)+")


def is_one(text: str) -> bool:
    """Whether a text is one address and nothing else: then nothing inside it is another."""
    return _ONE.fullmatch(text.strip()) is not None


def struck(text: str, is_theirs: Callable[[str], bool], instead: str) -> str:
    """A text with another word for each address that is theirs."""
    done: list[str] = []
    end = 0
    for found in _AT.finditer(text):
        begin = _begin(text, max(end, found.start() - _LONGEST), found.start())
        local = text[begin : found.start()]
        for start in _starts(local):
            if start < len(local) and is_theirs(f"{_read(local[start:])}@{found[1]}"):
                done += (text[end : begin + start], instead)
                end = found.end()
                break
    return "".join((*done, text[end:]))


def _begin(text: str, first: int, at: int) -> int:
    """How far back the letters reach that may belong to an address."""
    while at > first and (text[at - 1].isalnum() or text[at - 1] in _LOCAL):
        at -= 1
    return at


def _starts(local: str) -> Iterator[int]:
    """Where the address may begin: at first, behind opening signs, and behind each sign that is of none."""
    for start in (0, *_behind_signs(local)):
        yield start
        rest = local[start:]
        yield start + len(rest) - len(rest.lstrip(_OPENING))


def _behind_signs(local: str) -> Iterator[int]:
    for sign in _SIGN.finditer(local):
        letter = chr(int(sign[1] or sign[2] or "20", 16))
        within = sign.start() > 0 and local[sign.start() - 1].isalnum()
        if letter.isalnum() or letter in _OF_ADDRESSES or (letter == "'" and within):
            continue
        yield sign.end()
        if sign[3]:  # a line break in JSON, or the first letter behind a backslash
            yield sign.end() - 1


def _read(local: str) -> str:
    while (plain := unquote(local)) != local:
        local = plain
    return re.sub(r"\\u([0-9A-Fa-f]{4})", lambda code: chr(int(code[1], 16)), local)
