"""Finding people in texts: one pattern for all that means them, spelled for DuckDB and for Python.

Belongs here: the patterns. A match is a whole word: `ann@x.org` is not in `joann@x.org` nor `ann@x.org.au`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

STRUCK = "erased"
_AT_ONCE = 200  # needles in one pattern: beyond that RE2 runs out of the memory it allows itself


def patterns(needles: Sequence[str]) -> Iterator[str]:
    """For RE2, in which nothing can be looked ahead: group 1 stands before the match, group 3 after it."""
    for some in _pieces(needles):
        yield (
            rf"(?i)(^|[^\pL\pN_.+-]|[^\pL\pN_+-]\.)({'|'.join(some)})"
            r"($|[^\pL\pN_.-]|\.$|\.[^\pL\pN])"
        )


def prefilters(needles: Sequence[str]) -> Iterator[str]:
    """The same without its borders, which is quick."""
    for some in _pieces(needles):
        yield f"(?i)({'|'.join(some)})"


def struck(text: str, needles: Sequence[str]) -> str:
    """A text with every match replaced."""
    for some in _pieces(needles):
        pattern = rf"(?i)(?<![\w+-])({'|'.join(some)})(?![\w-]|\.\w)"
        text = re.sub(pattern, STRUCK, text)
    return text


def _pieces(needles: Sequence[str]) -> Iterator[list[str]]:
    escaped = [re.escape(each) for each in sorted(set(needles), key=lambda each: (-len(each), each))]
    for start in range(0, len(escaped), _AT_ONCE):
        yield escaped[start : start + _AT_ONCE]
