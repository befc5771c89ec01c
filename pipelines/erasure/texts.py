"""Finding people in texts: one pattern for all that means them, spelled for DuckDB and for Python.

Belongs here: the patterns, and how a text is spelled in JSON, in a page and in an address of the web. A match
is a whole word: `ann@x.org` is in `\\nann@x.org` and `%3Dann@x.org`, not in `joann@x.org` nor `ann@x.org.au`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, quote_plus

from pipelines.state.addresses import AT

STRUCK = "erased"
_IS_MAIL = re.compile(AT)
_AT_ONCE = 200  # needles in one pattern: beyond that RE2 runs out of the memory it allows itself


_SIGN = "(?:2[0-689acf]|[013467][0-9a-f]|5[0-9a-e])"
"""In hexadecimal a sign that is none of an address: %27 and %2B are, as in o%27neil%40x.org."""


def spelled(needles: Iterable[str]) -> tuple[str, ...]:
    """These texts, and each as JSON, HTML and addresses of the web write it, also one inside another, where
    that is another text."""
    ways = (
        str, lambda text: json.dumps(text)[1:-1], lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape, lambda text: html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        lambda text: quote(text, safe=""), quote_plus, lambda text: quote(quote(text, safe="")),
        lambda text: quote(quote_plus(text)),
    )  # fmt: skip
    return tuple(dict.fromkeys(way(each) for each in needles for way in ways))


def patterns(needles: Sequence[str]) -> Iterator[str]:
    """For RE2, in which nothing can be looked ahead: group 1 stands before the match, group 3 after it."""
    for some, before in _bordered(needles):
        signs = rf"\\[nrtbf]|\\u00{_SIGN}|%(?:25)?{_SIGN}"
        behind = r"$|[^\pL\pN_.-]|\.$|\.[^\pL\pN]"
        yield rf"(?i)(^|{before}|[^\pL\pN_+-]\.|{signs})({'|'.join(some)})({behind})"


def _bordered(needles: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """Some needles, and what may stand before them: neil@x.org is not in o'neil@x.org; a name may be so."""
    mails = [each for each in needles if _IS_MAIL.search(each)]
    others = [each for each in needles if not _IS_MAIL.search(each)]
    for some in _pieces(mails):
        yield some, r"[^\pL\pN_.+'-]|(?:^|[^\pL\pN])'"
    for some in _pieces(others):
        yield some, r"[^\pL\pN_.+-]"


def is_in(folded: str, needles: Sequence[str]) -> str:
    """SQL: a text in lower case holds one of the needles, borders aside. Far quicker than a pattern."""
    tests = (f"contains({folded}, '{each.replace(chr(39), chr(39) * 2)}')" for each in fewest(needles))
    return " or ".join(tests) or "false"


def fewest(needles: Sequence[str]) -> list[str]:
    """In lower case, those that are found wherever any of the needles is: none that holds another."""
    plain = sorted({each.lower() for each in needles})
    return [each for each in plain if not any(other != each and other in each for other in plain)]


def struck(text: str, needles: Sequence[str]) -> str:
    """A text with every match replaced."""
    for some in _pieces(needles):
        border = rf"(?:(?<![\w+-])|(?<=\\[nrtbf])|(?<=\\u00{_SIGN})|(?<=%{_SIGN})|(?<=%25{_SIGN}))"
        each = "|".join(rf"(?<!\w'){one}" if _IS_MAIL.search(one) else one for one in some)
        pattern = rf"(?i){border}({each})(?![\w-]|\.\w)"
        text = re.sub(pattern, STRUCK, text)
    return text


def _pieces(needles: Sequence[str]) -> Iterator[list[str]]:
    escaped = [re.escape(each) for each in sorted(set(needles), key=lambda each: (-len(each), each))]
    for start in range(0, len(escaped), _AT_ONCE):
        yield escaped[start : start + _AT_ONCE]
