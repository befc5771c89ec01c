"""One spelling for each value, in SQL and in Python."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reverse_sync.values import canonical, canonical_sql, for_json, for_text
from pipelines.rules.syncs import FieldType
from pipelines.settings import Paths
from pipelines.warehouse import Warehouse

_MONEY = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
_MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
_CASES = st.one_of(
    st.tuples(st.just("integer"), st.integers(-(10**12), 10**12)),
    st.tuples(st.just("number"), st.integers(-(10**9), 10**9).map(lambda n: n / 1000)),
    st.tuples(st.just("money"), _MONEY),
    st.tuples(st.just("boolean"), st.booleans()),
    st.tuples(st.just("date"), st.dates(date(1900, 1, 1), date(2200, 1, 1))),
    st.tuples(st.just("timestamp"), _MOMENTS),
    st.tuples(st.just("text"), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)),
)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Any:
    warehouse = Warehouse(Paths(tmp_path_factory.mktemp("values")))
    with warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as opened:
            yield opened


@given(case=_CASES)
@settings(max_examples=200, deadline=None)
def test_sql_and_python_spell_a_value_alike(connection: Any, case: tuple[FieldType, Any]) -> None:
    kind, value = case
    (in_sql,) = connection.execute(
        f"select {canonical_sql(kind, 'v')} from (select ? as v)", [value]
    ).fetchone()
    assert in_sql == canonical(kind, value)


@pytest.mark.parametrize(
    ("kind", "said", "text"),
    [
        ("integer", 42.0, "42"),
        ("integer", "42.6", "43"),
        ("number", 0.1 + 0.2, "0.3"),
        ("number", -0.0, "0"),
        ("number", "100", "100"),
        ("money", 1234.5, "1234.50"),
        ("money", math.nan, None),
        ("money", "much", None),
        ("boolean", "TRUE", "true"),
        ("boolean", False, "false"),
        ("date", "2026-06-30T22:00:00Z", "2026-06-30"),
        ("timestamp", "2026-06-30T12:00:00.000+0000", "2026-06-30T12:00:00.000Z"),
        ("timestamp", "1782820800000", "2026-06-30T12:00:00.000Z"),
        ("timestamp", "soon", None),
        ("text", "  padded\n", "padded"),
        ("text", "   ", None),
        ("reference", "", None),
    ],
)
def test_what_vendors_answer_is_read_as_they_mean_it(kind: FieldType, said: Any, text: str | None) -> None:
    assert canonical(kind, said) == text


def test_values_go_out_as_each_api_takes_them() -> None:
    assert for_json("integer", "42") == 42
    assert for_json("money", "1234.50") == 1234.5
    assert for_json("boolean", "true") is True
    assert for_json("text", None) is None
    assert (for_text("42"), for_text(None)) == ("42", "")
    assert canonical("money", for_json("money", str(Decimal("99999999999.99")))) == "99999999999.99"
