"""Names, phones, companies as they are compared: one value in, one value out.

Belongs here: what a spelling comes to. Values that are nobody's (one letter, emoji, a telephone's
placeholder) come to nothing. No value grows a comparison: what is too long is cut.
"""

from __future__ import annotations

import re
from functools import cache

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
    from anyascii import anyascii

    plain = _NOT_LETTERS.sub(" ", anyascii(value[:LONGEST]).lower().replace("'", "")).strip()
    return plain[:LONGEST] or None


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
def _legal_terms() -> dict[str, list[tuple[int, int, list[str]]]]:
    """The legal forms by their last word, each with its place in the order in which they are tried."""
    from cleanco.clean import prepare_default_terms  # type: ignore[import-untyped]

    terms: dict[str, list[tuple[int, int, list[str]]]] = {}
    for place, (size, parts) in enumerate(prepare_default_terms()):
        terms.setdefault(parts[-1], []).append((place, size, parts))
    return terms


def _without_legal_form(name: str) -> str:
    """Without `GmbH & Co. KG`, `S.p.A.`, `Sp.z o.o.`; a name that is nothing else stays as it is."""
    spaced = _RUN_TOGETHER.sub(". ", name.replace("S.à r.l.", "SARL"))
    once = _without_last_terms(spaced)
    return once if once == spaced else _without_last_terms(once) or name


def _without_last_terms(name: str) -> str:
    """One pass of cleanco, over the forms that end in a word of the name: most names have none."""
    from cleanco.clean import custom_basename, normalized, strip_punct, strip_tail

    words = {strip_punct(word) for word in normalized(strip_tail(name)).split()}
    found = sorted(term for word in words & _legal_terms().keys() for term in _legal_terms()[word])
    if not found:
        return name
    return str(custom_basename(name, [(size, parts) for _, size, parts in found]))


_RUN_TOGETHER = re.compile(r"(?<=\w\w)\.(?=\w)")


def region(country: str | None) -> str | None:
    """ISO code of a country as people write it, or None."""
    found = words(country)
    if not found:
        return None
    if len(found) == 2:
        return {"uk": "GB"}.get(found, found.upper())
    return _regions().get(found)


@cache
def _regions() -> dict[str | None, str]:
    return {words(name): code for code, names in _COUNTRIES.items() for name in names.split("|")}


def phone(value: str | None, country: str | None) -> str | None:
    """E.164, or None for what is no number. Without `+` the country decides; the US if unknown."""
    if not value:
        return None
    import phonenumbers

    text = value.strip()[:40]
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, region(country) or "US")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    digits = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None if len(set(digits[-7:])) == 1 else digits


_COUNTRIES = {
    "US": "United States|USA|United States of America",
    "CA": "Canada",
    "GB": "United Kingdom|Great Britain|England|Scotland|Wales",
    "IE": "Ireland",
    "DE": "Germany|Deutschland",
    "AT": "Austria|Österreich",
    "CH": "Switzerland|Schweiz",
    "FR": "France",
    "IT": "Italy|Italia",
    "ES": "Spain|España",
    "PT": "Portugal",
    "NL": "Netherlands|The Netherlands|Nederland",
    "BE": "Belgium|Belgique",
    "LU": "Luxembourg",
    "SE": "Sweden|Sverige",
    "NO": "Norway|Norge",
    "DK": "Denmark",
    "FI": "Finland|Suomi",
    "IS": "Iceland",
    "PL": "Poland|Polska",
    "CZ": "Czechia|Czech Republic",
    "SK": "Slovakia",
    "HU": "Hungary",
    "RO": "Romania",
    "BG": "Bulgaria",
    "GR": "Greece",
    "HR": "Croatia",
    "SI": "Slovenia",
    "EE": "Estonia",
    "LV": "Latvia",
    "LT": "Lithuania",
    "UA": "Ukraine",
    "TR": "Turkey|Türkiye",
    "IL": "Israel",
    "AE": "United Arab Emirates|UAE",
    "SA": "Saudi Arabia",
    "EG": "Egypt",
    "ZA": "South Africa",
    "NG": "Nigeria",
    "KE": "Kenya",
    "IN": "India",
    "CN": "China",
    "JP": "Japan",
    "KR": "South Korea|Korea",
    "SG": "Singapore",
    "HK": "Hong Kong",
    "TW": "Taiwan",
    "TH": "Thailand",
    "VN": "Vietnam",
    "ID": "Indonesia",
    "MY": "Malaysia",
    "PH": "Philippines",
    "AU": "Australia",
    "NZ": "New Zealand",
    "MX": "Mexico|México",
    "BR": "Brazil|Brasil",
    "AR": "Argentina",
    "CL": "Chile",
    "CO": "Colombia",
    "PE": "Peru",
}
