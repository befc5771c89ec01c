"""Values to columns: what fits is cast, what does not is null and counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.arrow import ARROW_TYPES, BadValues, column
from pipelines.sources.columns import Columns
from pipelines.sources.schema import RawTable

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "", None),
        ("text", "NA", "NA"),
        ("number", "1.5", 1.5),
        ("number", 3, 3.0),
        ("decimal", "123456789012345678", Decimal("123456789012345678")),
        (
            "decimal",
            "-12345678901234567890.123456789012345678",
            Decimal("-12345678901234567890.123456789012345678"),
        ),
        ("decimal", " 1234567890123456.789e3 ", Decimal("1234567890123456789")),
        ("integer", "12.0", 12),
        ("integer", 12.0, 12),
        ("money", "1234.5650000000001e3", Decimal("1234565.00")),
        ("price", "0.0015", Decimal("0.0015")),
        ("money", 1e3, Decimal("1000.00")),
        ("money", "1E+2", Decimal("100.00")),
        ("boolean", "true", True),
        ("boolean", False, False),
        ("date", "2026-06-30", date(2026, 6, 30)),
        ("date", "2026-06-30T23:00:00Z", date(2026, 6, 30)),
        ("date", "1782777600000", date(2026, 6, 30)),
        ("timestamp", "2026-06-30T12:00:00.000Z", NOON),
        ("timestamp", "2026-06-30T12:00:00.000+0000", NOON),
        ("timestamp", "2026-06-30T14:00:00+02:00", NOON),
        ("timestamp", "2026-06-30 12:00:00", NOON),
        ("timestamp", "1782820800000", NOON),
        ("list", "a; b;;", ["a", "b"]),
        ("list", "", None),
        ("json", [{"b": 1, "a": 2}], '[{"a":2,"b":1}]'),
    ],
)
def test_a_value_becomes_what_the_catalog_promises(kind, value, expected):
    bad = BadValues()
    built = column([value, None], kind, "c", bad)
    assert built.type == ARROW_TYPES[kind]
    assert built.to_pylist() == [expected, None]
    assert bad.found == {}


def test_an_amount_with_more_digits_than_are_kept_is_rounded_and_counted():
    bad = BadValues()
    assert column(["1234.565", "1.5", "0.0015"], "money", "c", bad).to_pylist() == [
        Decimal("1234.57"), Decimal("1.50"), Decimal("0.00")
    ]  # fmt: skip
    assert bad.notes() == ["c: 2 values with more digits than are kept, as '1234.565', rounded"]
    tiny = BadValues()
    column(["1e-19", "0.1"], "decimal", "c", tiny)
    assert tiny.notes() == ["c: 1 value with more digits than are kept, as '1e-19', rounded"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "abc"), ("number", "nan"), ("integer", "1.5"), ("integer", "9" * 30), ("money", "12,50"),
        ("money", "9" * 20), ("decimal", "9" * 21), ("boolean", "perhaps"), ("date", "31.12.2025"),
        ("timestamp", "soon"), ("timestamp", "9" * 25),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_null_counted_and_shown_once(kind, value):
    bad = BadValues()
    built = column([value, "", value, None], kind, "c", bad)
    assert built.null_count == 4
    [note] = bad.notes()
    assert note.startswith("c: 2 unreadable values such as ")
    assert value[:10] in note


@given(
    st.lists(st.none() | st.text(max_size=8) | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.booleans())
)
def test_no_value_of_any_kind_ends_a_run(values):
    for kind in ARROW_TYPES:
        assert len(column(values, kind, "c", BadValues())) == len(values)


def test_a_fingerprint_knows_content_not_order():
    table = RawTable("owners", "owners", {"id": "text", "label": "text"})
    one = Columns(table, {"id": ["1", "2"], "label": ["a", None]})
    turned = Columns(table, {"id": ["2", "1"], "label": [None, "a"]})
    other = Columns(table, {"id": ["1", "2"], "label": ["a", "b"]})
    assert one.fingerprint() == turned.fingerprint() != other.fingerprint()
