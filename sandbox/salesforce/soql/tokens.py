"""SOQL text cut into tokens, and what a quoted text says. What tokens mean together is in `parser`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.salesforce.soql.tree import SoqlError

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))|
    (?P<date>\d{4}-\d\d-\d\d)|
    (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|
    (?P<currency>[A-Z]{3}\d+(?:\.\d+)?(?![A-Za-z0-9_.]))|
    (?P<string>'(?:[^'\\]|\\.)*')|
    (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?::\d+)?)|
    (?P<operator><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "N": "\n", "R": "\r", "T": "\t", "B": "\b",
            "F": "\f"}  # fmt: skip
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """Cut a query into tokens, with an end token after the last."""
    found, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or match.lastgroup is None:
            start = at + len(stripped[at:]) - len(stripped[at:].lstrip())
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{stripped[start : start + 20]}'", start)
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, Token("end", "<EOF>", at)]


def unescaped(token: Token, *, pattern: bool = False) -> str:
    """A quoted text without its quotes; in a pattern a backslash stays before what is meant literally."""

    def plain(match: re.Match[str]) -> str:
        sign = match[2]
        if match[1]:
            return chr(int(match[1], 16))
        if sign in _ESCAPES:
            return _ESCAPES[sign]
        if sign in "_%":
            return f"\\{sign}" if pattern else sign
        if sign not in "'\"\\":
            place = token.at + 1 + match.start()
            raise SoqlError("MALFORMED_QUERY", f"unexpected token: '\\{sign}'", place)
        return "\\\\" if sign == "\\" and pattern else sign

    said = _ESCAPE.sub(plain, token.text[1:-1])
    try:
        return said.encode("utf-16", "surrogatepass").decode("utf-16")  # two halves are one sign
    except UnicodeDecodeError:
        raise SoqlError("MALFORMED_QUERY", "half a sign is no text", token.at) from None
