"""Salesforce's formulas, worked out for a row."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import times
from sandbox.salesforce import formulas
from sandbox.salesforce.fields import Field

NOW = times.parse("2026-06-30T12:00:00Z")
ROW = {"Amount": 250.0, "Name": "Big Deal", "Stage": "Closed Won", "Closed": "true", "Close": "2026-07-04",
       "Made": "2026-06-01T12:00:00.000Z", "Empty": None, "Owner.Name": "Ada", "Kinds": "a;b"}  # fmt: skip
TYPES = {"Amount": "currency", "Closed": "boolean", "Close": "date", "Made": "datetime"}


def _worked(text: str, *, before: dict[str, Any] | None = None, new: bool = False) -> Any:
    def reader(values: dict[str, Any]) -> Any:
        return lambda path: (values.get(path), Field(path, TYPES.get(path, "string")))

    row = formulas.Row(reader(ROW), reader(ROW | (before or {})), new, NOW)
    return formulas.work_out(formulas.parse(text), row)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Amount * 2 + 1 > 500", True),
        ("1 + 2 * 3 ^ 2 - -1", 20.0),
        ("Amount / 0", None),
        ('ISPICKVAL(Stage, "Closed Won") && Closed', True),
        ("NOT(Closed) || ISBLANK(Empty)", True),
        ('Empty = ""', True),
        ("Empty > 3", False),
        ('IF(Amount >= 250, "big", "small") & "!"', "big!"),
        ('CASE(Stage, "Open", 1, "Closed Won", 2, 3)', 2.0),
        (
            'CONTAINS(Name, "Deal") && BEGINS(Name, "Big") && RIGHT(LEFT(Name, 3), 2) = "ig"',
            True,
        ),
        ('SUBSTITUTE(UPPER(MID(Name, 5, 2)), "D", "x")', "xE"),
        ("Close - TODAY()", 4.0),
        ("TODAY() + 4 = Close", True),
        ("Made < NOW() && YEAR(DATEVALUE(Made)) = 2026", True),
        ('REGEX(Name, "[A-Z][a-z]+ .*")', True),
        ("ROUND(2.345, 2) + ROUND(-2.5, 0)", -0.65),
        ("MAX(1, Amount, 3) - MIN(4, 2) + MOD(7, 4)", 251.0),
        ('VALUE("12") + BLANKVALUE(Empty, 3) + LEN("ab")', 17.0),
        ('TEXT(Amount) & " " & Owner.Name', "250 Ada"),
        ('INCLUDES(Kinds, "b") && !INCLUDES(Kinds, "c")', True),
        ("DAYOFYEAR(Close) + ISOWEEK(Close) + ISOYEAR(Close)", 185 + 27 + 2026.0),
        ("ISBLANK(DAYOFYEAR(Empty)) && ISBLANK(ISOWEEK(Empty)) && ISBLANK(ISOYEAR(Empty))", True),
        ("0 ^ (0 - 1)", None),
        ("(0 - 8) ^ 0.5", None),
        ("10 ^ 99 ^ 9", None),
        ('Name <> "x" /* said */ && Name != "y"', True),
    ],
)
def test_a_formula_comes_out_as_salesforce_has_it(text: str, wanted: object) -> None:
    found = _worked(text)
    assert found == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)


def test_what_a_field_was_before_is_known() -> None:
    assert _worked('ISCHANGED(Stage) && PRIORVALUE(Stage) = "Open"', before={"Stage": "Open"}) is True
    assert _worked("ISCHANGED(Stage)") is False
    assert _worked("ISCHANGED(Stage)", before={"Stage": "Open"}, new=True) is False
    assert _worked("ISNEW()", new=True) is True


@pytest.mark.parametrize("text", ["VLOOKUP(a, b, c)", "1 +", "(1", "1 2", "#", "IF("])
def test_what_is_not_known_says_so(text: str) -> None:
    with pytest.raises(formulas.Unknown):
        _worked(text)
