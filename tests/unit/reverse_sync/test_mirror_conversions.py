"""Every conversion, both ways, as DuckDB works it out."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.objects.sql import text_literal
from pipelines.reverse_sync.mirror.conversions import converted
from pipelines.reverse_sync.values import canonical
from pipelines.rules.mappings.model import Line, Money, Side, ValueMap
from pipelines.rules.syncs import FieldType

PLAIN = Line(left="a", right="b", where="file.yml line 1", source="left")
STAGES = ValueMap(
    (("lead", "Open"), ("customer", "Won"), ("fan", "Won")), (("Open", "lead"), ("Won", "customer"))
)
MONEY = Money("EUR", "USD", False, False, (("EUR", "1.0850"), ("USD", "1")))
LONDON = replace(PLAIN, convert="date", zone="Europe/London")
UK_TEXT = replace(PLAIN, convert="date", format="%d/%m/%Y", zone="Europe/London")
PHONE = replace(PLAIN, convert="phone", country="GB")


def convert(
    line: Line, towards: Side, value: str | None, source: FieldType, target: FieldType, meaning: str = ""
) -> str | None:
    shown = "null::varchar" if value is None else text_literal(value)
    columns = {
        "left": {"a": (shown, source), "b": (shown, source)},
        "right": {"a": (shown, source), "b": (shown, source)},
    }
    sql = converted(line, towards, shown, columns, (source, ""), (target, meaning))  # type: ignore[arg-type]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        row = connection.execute(f"select ({sql})::varchar").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("line", "there", "back", "kinds"),
    [
        (PLAIN, "Ana", "Ana", ("text", "text")),
        (PLAIN, "12", "12", ("integer", "number")),
        (PLAIN, "12.5", "12.50", ("number", "money")),
        (PLAIN, "true", "true", ("boolean", "text")),
        (PLAIN, "a;b", "a;b", ("set", "text")),
        (PLAIN, "2026-07-01", "2026-07-01T00:00:00.000Z", ("date", "timestamp")),
        (LONDON, "2026-07-01", "2026-06-30T23:00:00.000Z", ("date", "timestamp")),
        (UK_TEXT, "2026-07-01", "01/07/2026", ("date", "text")),
        (UK_TEXT, "2026-06-30T23:00:00.000Z", "01/07/2026", ("timestamp", "text")),
        (replace(PLAIN, values=STAGES), "lead", "Open", ("text", "text")),
        (replace(PLAIN, values=STAGES), "customer", "Won", ("text", "text")),
        (replace(PLAIN, values=STAGES), "customer;lead", "Open;Won", ("set", "set")),
        (replace(PLAIN, convert="currency", money=MONEY), "100.00", "108.50", ("money", "money")),
        (replace(PLAIN, to_right="a || '!'", to_left="replace(b, '!', '')"), "Ana", "Ana!", ("text", "text")),
    ],
)
def test_a_value_goes_there_and_comes_back(line, there, back, kinds):
    assert convert(line, "right", there, *kinds) == back
    assert convert(line, "left", back, *kinds[::-1]) == there


@pytest.mark.parametrize(
    ("line", "value", "kinds", "expected"),
    [
        (PLAIN, "many", ("text", "integer"), None),
        (PLAIN, "Yes", ("text", "boolean"), "true"),
        (PLAIN, "perhaps", ("text", "boolean"), None),
        (PLAIN, "b; a;b;", ("text", "set"), "a;b"),
        (PLAIN, "1e99", ("text", "money"), None),
        (LONDON, "2026-06-30T23:30:00.000Z", ("timestamp", "date"), "2026-07-01"),
        (UK_TEXT, "2026-13-01", ("text", "date"), None),
        (replace(PLAIN, values=STAGES), "evangelist", ("text", "text"), None),
        (replace(PLAIN, values=replace(STAGES, unmapped="keep")), "other", ("text", "text"), "other"),
        (replace(PLAIN, values=replace(STAGES, unmapped="use", use="New")), "x", ("text", "text"), "New"),
        (replace(PLAIN, convert="first_name"), "Ana  Maria Lima", ("text", "text"), "Ana Maria"),
        (replace(PLAIN, convert="last_name"), "Ana  Maria Lima", ("text", "text"), "Lima"),
        (replace(PLAIN, convert="first_name"), "Lima", ("text", "text"), None),
        (PHONE, "(020) 7946 0958 ext 12", ("text", "text"), "+442079460958 ext 12"),
        (PHONE, "+442079460958 ext 12", ("text", "text"), "+442079460958 ext 12"),
        (PHONE, "+44 20 7946 0958 Extension 7", ("text", "text"), "+442079460958 ext 7"),
        (PHONE, "+44 20 7946 0958", ("text", "text"), "+442079460958"),
        (PHONE, "+44 (0)20 7946 0958", ("text", "text"), "+442079460958"),
        (PHONE, "0049 30 901820", ("text", "text"), "+4930901820"),
        (PHONE, "call me", ("text", "text"), "call me"),
        (replace(PHONE, country=""), "020 7946 0958", ("text", "text"), "020 7946 0958"),
        (replace(PLAIN, to_right="case when a > 10 then 'big' end"), "12", ("integer", "text"), "big"),
    ],
)  # fmt: skip
def test_one_way(line, value, kinds, expected):
    assert convert(line, "right", value, *kinds) == expected


def test_an_address_is_written_in_lower_case_and_nothing_stays_nothing():
    assert convert(PLAIN, "right", "Ana@X.example", "text", "text", "email") == "ana@x.example"
    for line in (PLAIN, LONDON, PHONE, replace(PLAIN, values=STAGES), replace(PLAIN, convert="email")):
        assert convert(line, "right", None, "text", "text") is None


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40).filter(lambda text: "\0" not in text))
def test_any_text_survives_the_way_there_and_back(text):
    value = canonical("text", text)
    assert convert(PLAIN, "left", convert(PLAIN, "right", value, "text", "text"), "text", "text") == value


@settings(max_examples=30, deadline=None)
@given(st.dates())
def test_any_date_survives_as_a_moment_in_a_zone(day):
    value = day.isoformat()
    if day.year < 1000 or day.year > 9000:
        return
    moment = convert(LONDON, "right", value, "date", "timestamp")
    assert convert(LONDON, "left", moment, "timestamp", "date") == value


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), max_size=6), st.permutations("uvwxyz"))
def test_a_set_survives_a_map_that_is_total(values, images):
    pairs = tuple(zip("abcdef", images, strict=True))
    line = replace(PLAIN, values=ValueMap(pairs, tuple((b, a) for a, b in pairs)))
    value = canonical("set", ";".join(values))
    assert convert(line, "left", convert(line, "right", value, "set", "set"), "set", "set") == value
