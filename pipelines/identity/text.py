"""Names and companies as they are compared: one value in, one value out.

Belongs here: what a spelling comes to. Values that are nobody's (one letter, emoji, a telephone's
placeholder) come to nothing. No value grows a comparison: what is too long is cut.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

LONGEST = 120
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_DIGITS = re.compile(r"\d")
_NOBODY = frozenset(
    {"unknown", "none", "null", "na", "test", "tester", "notprovided", "undefined", "anonymous", "noname"}
)


def words(value: str | None) -> str | None:
    """Latin letters and digits in lower case, one space between words: `Łukasz` is `lukasz`."""
    if not value:
        return None
    plain = _NOT_LETTERS.sub(" ", _latin(value[:LONGEST]).lower().replace("'", "")).strip()
    return plain[:LONGEST] or None


def _latin(value: str) -> str:
    """anyascii looks at each letter, of what is spelled so already too."""
    if value.isascii():
        return value
    from anyascii import anyascii

    return str(anyascii(value))


def name(value: str | None) -> str | None:
    """A first or last name, without what stands for no name."""
    if value and not any(character.isalpha() for character in value[:LONGEST]):
        return None  # anyascii spells emoji out, and a face is no name
    found = words(value)
    if found is None or len(found) < 2 or found.replace(" ", "") in _NOBODY or _DIGITS.search(found):
        return None
    return found.replace(" ", "")


def initial(value: str | None) -> str | None:
    found = words(value)
    return found[0] if found and found[0].isalpha() else None


@cache
def _nicknames() -> dict[str, frozenset[str]]:
    from nicknames import NickNamer

    namer = NickNamer()
    return {short: frozenset(full) for short, full in namer._canonical_lookup.items()}


def known_as(first: str | None) -> list[str] | None:
    """A first name and the full names it is short for: two first names may be one when these overlap."""
    if first is None:
        return None
    return sorted({first, *_nicknames().get(first, frozenset())})


def company(value: str | None) -> str | None:
    """A company's name without its legal form."""
    if not value or not any(character.isalnum() for character in value[:LONGEST]):
        return None
    found = words(_without_legal_form(value[:LONGEST])) or words(value)
    if found is None or found.replace(" ", "") in _NOBODY or len(found) < 2:
        return None
    return found


@cache
def _cleanco() -> tuple[Any, dict[str, list[tuple[int, int, list[str]]]]]:
    """The library, and the legal forms by their last word, each with its place in the order in which they are
    tried."""
    from cleanco import clean

    terms: dict[str, list[tuple[int, int, list[str]]]] = {}
    for place, (size, parts) in enumerate(clean.prepare_default_terms()):
        terms.setdefault(parts[-1], []).append((place, size, parts))
    return clean, terms


def _without_legal_form(name: str) -> str:
    """Without `GmbH & Co. KG`, `S.p.A.`, `Sp.z o.o.`; a name that is nothing else stays as it is."""
    spaced = _RUN_TOGETHER.sub(". ", name.replace("S.à r.l.", "SARL"))
    once = _without_last_terms(spaced)
    return once if once == spaced else _without_last_terms(once) or name


def _without_last_terms(name: str) -> str:
    """One pass of cleanco, over the forms that end in a word of the name: most names have none. What is ASCII
    is compared as it is, in lower case, where cleanco looks at each letter."""
    clean, terms = _cleanco()
    kept = clean.strip_tail(name)
    lower = kept.lower() if kept.isascii() else clean.normalized(kept)
    compared = [word.translate(_PUNCTUATION) for word in lower.split()]
    found = sorted(term for word in terms.keys() & compared for term in terms[word])
    if not found:
        return name
    if not kept.isascii():
        return str(clean.custom_basename(name, [(size, parts) for _, size, parts in found]))
    for _, size, parts in found:
        if compared[-size:] == parts:
            del compared[-size:]
    return str(clean.strip_tail(" ".join(kept.split()[: len(compared)])))


_PUNCTUATION = str.maketrans("", "", ".,-")
_RUN_TOGETHER = re.compile(r"(?<=\w\w)\.(?=\w)")
