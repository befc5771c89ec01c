"""Phone numbers as they are compared: E.164, by the country that goes with them.

Belongs here: which country that is, and what `phonenumbers` makes of a number. Most numbers are plain: they
have no prefix of any network, so that their digits and the lengths which their country has say it all.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from pipelines.identity.text import words

_PLAIN = re.compile(r"(\+?)\(?([0-9][0-9 ().-]{4,30}[0-9])(?: ext\. [0-9]{1,7})?")
_PUNCTUATION = str.maketrans("", "", " ().-")
_LEAST = 4
_GLOBAL = "001"  # the region of numbers that are of no country


def phone(value: str | None, country: str | None) -> str | None:
    """E.164, or None for what is no number. Without `+` the country decides; the US if unknown."""
    if not value:
        return None
    text = value.strip()[:40]
    if text.startswith("00"):
        text = "+" + text[2:]
    found = _of_digits(text, region(country) or "US")
    return None if len(set(found[-7:])) <= 1 else found


def _of_digits(text: str, where: str) -> str:
    """E.164 or nothing."""
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return _parsed(text, where)
    digits = plain[2].translate(_PUNCTUATION)
    if plain[1]:
        plan = begun = _plan(_code_of(digits))
        rest = digits[len(plan.code) :] if plan else ""
    else:
        begun = _dialled_in(where)
        plan, rest = _plan(begun.code) if begun else None, digits
    if not plan or not begun or begun.has_prefix(rest) or len(rest) < _LEAST or not rest.strip("0"):
        return _parsed(text, where)
    return f"+{plan.code}{rest}" if len(rest) in plan.lengths else ""


def _parsed(text: str, where: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, where)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class _Plan(NamedTuple):
    """What a country's numbers are like: their code, their lengths, what may stand before them."""

    code: str
    lengths: frozenset[int]
    prefixes: re.Pattern[str]

    def has_prefix(self, digits: str) -> bool:
        return self.prefixes.match(digits) is not None


def _code_of(digits: str) -> str:
    """The country's code that a number with all its digits begins with, if there is one."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    codes = (digits[:n] for n in (1, 2, 3) if digits[0] != "0")
    return next((code for code in codes if int(code) in COUNTRY_CODE_TO_REGION_CODE), "")


@cache
def _plan(code: str) -> _Plan | None:
    """Of a country's code, as the first of its regions has it."""
    from phonenumbers import PhoneMetadata, region_code_for_country_code

    region = region_code_for_country_code(int(code)) if code else _GLOBAL
    data = PhoneMetadata.metadata_for_region(region, None) if region != _GLOBAL else None
    if data is None or data.general_desc is None:
        return None
    lengths = (*data.general_desc.possible_length, *data.general_desc.possible_length_local_only)
    return _Plan(code, frozenset(lengths), _any_of(data.national_prefix_for_parsing))


@cache
def _dialled_in(region: str) -> _Plan | None:
    """What a number without `+` may begin with there: the way abroad, the code itself, a prefix."""
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region, None)
    if data is None:
        return None
    code = str(data.country_code)
    prefixes = _any_of(data.international_prefix, code, data.national_prefix_for_parsing)
    return _Plan(code, frozenset(), prefixes)


def _any_of(*patterns: str | None) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns if pattern) or "(?!)")


@lru_cache(maxsize=1024)
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
