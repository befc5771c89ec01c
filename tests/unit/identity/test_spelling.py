"""What is spelled by a short way is spelled as the library spells it."""

from __future__ import annotations

import random

import pytest
from cleanco.clean import custom_basename, prepare_default_terms

from pipelines.identity import phones, text

_TRUNKS = (
    *[""] * 3,
    "+1 ",
    "+49",
    "0",
    "00",
    "011",
    "1",
    "+",
    "+49 ",
    "+39 0",
    "+999",
    "+800",
    "0044 ",
    "(0",
)
_WHERE = ("US", "CA", "GB", "DE", "FR", "IT", "MX", "AR", "BR", "CN", "RU", "SG", "ZZ")


def _numbers(many: int) -> list[tuple[str, str]]:
    drawn = random.Random(7)
    found = []
    for _ in range(many):
        digits = "".join(drawn.choices("0123456789", k=drawn.randint(2, 11)))
        cut = drawn.randint(0, len(digits))
        parts = digits[:cut] + drawn.choice(("", " ", "-", ".", ") ", "/", " x")) + digits[cut:]
        number = drawn.choice(_TRUNKS) + parts + drawn.choice(("", "", " ext. 12", " x3", "a"))
        found.append((number, drawn.choice(_WHERE)))
    return found


def test_a_plain_number_is_what_the_library_makes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _numbers(1_500)
    by_library = [phones._parsed(*each) for each in asked]
    left: list[tuple[str, str]] = []
    parsed = phones._parsed
    monkeypatch.setattr(phones, "_parsed", lambda *each: left.append(each) or parsed(*each))
    assert [phones._of_digits(*each) for each in asked] == by_library
    assert 300 < len(left) < 1_300, "both ways must be seen"


@pytest.mark.parametrize(("value", "country", "found"), [
    ("(504) 664-9187", "Canada", "+15046649187"), ("0044 668 3799387", None, "+446683799387"),
    ("+1-562-233-3681 ext. 91", "Germany", "+15622333681"), ("030 901820", "Deutschland", "+4930901820"),
    ("736.897.5942", "France", None), ("555-555-5555", None, None), ("", None, None), ("1", "Germany", None),
])  # fmt: skip
def test_a_number_by_its_country(value: str, country: str | None, found: str | None) -> None:
    assert phones.phone(value, country) == found


def test_a_company_loses_the_legal_form_that_cleanco_takes() -> None:
    terms = prepare_default_terms()
    for name in (
        "Acme GmbH & Co. KG",
        "ACME LTD",
        "Ltd Acme",
        "Acme  Inc. -",
        "Jørgensen S.p.A.",
        "Acme, Co. Ltd",
    ):
        assert text._without_last_terms(name) == custom_basename(name, terms), name
    assert text.company("Tundra Jørgensen Logistics Ltd.") == "tundra jorgensen logistics"
