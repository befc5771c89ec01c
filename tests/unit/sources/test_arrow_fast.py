"""Columns are converted as a whole; each value must come out as if it had been read by itself."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.sources import arrow
from pipelines.sources.arrow import ARROW_TYPES, BadValues, column, columns_of, convert

KINDS = sorted(ARROW_TYPES)
DIGITS = st.text("0123456789", min_size=1, max_size=22)
SIGNS = st.sampled_from(["", "-", "+", " ", "0x"])
ENDS = st.sampled_from(["", ".", "e2", ".5", ".005", ".123456789"])
NUMBERS = st.builds("".join, st.tuples(SIGNS, DIGITS, ENDS))
DATES = st.dates().map(str) | st.sampled_from(["0000-01-01", "2026-02-30", "2026-2-3", "20260203"])
TIMES = st.builds(
    "".join,
    st.tuples(
        DATES, st.sampled_from(["T", " "]), st.times().map(lambda at: at.isoformat()) | st.just("24:00:00"),
        st.sampled_from(["", "Z", "+00:00", "+0200", "-05", "+23:59"]),
    ),
)  # fmt: skip
LISTS = st.lists(st.text(max_size=3), max_size=4).map(";".join)
WORDS = st.sampled_from(
    ["true", "FALSE", "yes", "No", "1", "0", "nan", "inf", "-Infinity", "1_000", "\x1c", " a "]
)
TEXTS = st.none() | st.text(max_size=6) | NUMBERS | DATES | TIMES | LISTS | WORDS


def one_by_one(values, kind):
    """The slow way, as the promise is worded: each value by itself."""
    read, bad = [], 0
    for value in values:
        if kind == "list":
            read.append(arrow._listed(value))
        elif kind in ("text", "json"):
            read.append(value or None)
        else:
            found = BadValues()
            read += arrow._one_by_one([value or None], kind, "c", found)
            bad += sum(count for count, _ in found.found.values())
    return read, bad


@pytest.mark.parametrize("kind", KINDS)
@given(values=st.lists(TEXTS, max_size=12))
@example(values=["0x10", "12"])
@example(values=["2026-06-30T12:00:00.000Z", "1782820800000", None, "soon"])
@example(values=["0000-12-31", "2026-06-30"])
@example(values=["a;b", "a; b", ";", None])
def test_a_column_is_read_as_its_values_are(kind, values):
    bad = BadValues()
    built = convert(pa.array(values, pa.string()), kind, "c", bad)
    expected, unreadable = one_by_one(values, kind)
    assert built.type == ARROW_TYPES[kind]
    assert built.to_pylist() == expected
    assert sum(count for count, _ in bad.found.values()) == unreadable


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(KINDS), TEXTS | st.booleans() | st.integers(-9, 9)), max_size=6
    )
)
def test_objects_become_the_columns_that_each_key_by_itself_would(rows):
    together, apart = BadValues(), BadValues()
    types = {kind: kind for kind in KINDS}
    built = columns_of(rows, types, together)
    for kind in KINDS:
        assert built[kind].equals(column([row.get(kind) for row in rows], kind, kind, apart))
    assert together.found == apart.found
