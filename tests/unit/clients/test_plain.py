"""Values of CRMs compared whatever their type."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.clients.plain import plain


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (3, "3.0"), (3.0, "3"), (Decimal("1.50"), 1.5), (True, "true"), (None, ""), ("1200000", 1.2e6),
        (0.1 + 0.2, "0.3"), ("NaN", "NaN"),
    ],
)  # fmt: skip
def test_the_same_value_of_another_type_is_the_same(left: object, right: object) -> None:
    assert plain(left) == plain(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1_234_567, 1_234_568), ("+493012345678", "+493012345679"), (1_234_567.89, "1234567.88"),
        ("00QSB000000000G2AQ", "00QSB000000000H2AQ"), ("a ", "a"), (False, ""),
    ],
)  # fmt: skip
def test_what_differs_in_any_digit_is_not(left: object, right: object) -> None:
    assert plain(left) != plain(right)
