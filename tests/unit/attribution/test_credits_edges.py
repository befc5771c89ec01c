"""What of a deal counts, from when to when, and what money of it is known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.fixtures.credits import JOURNEY, Deal, Touch, credits, parts, rules, warehouse

BAD = (
    Touch("late", "06-03"),
    Touch("future", "2031-01-01 00:00:00+00"),
    Touch("of_nobody", "05-01", person="nobody"),
    Touch("timeless", "never"),
    Touch("copy", "05-01", counted=False),
)


@pytest.mark.parametrize("deal", [Deal(BAD), Deal(BAD, closed=None, won=False), Deal(())])
def test_touches_that_cannot_count_earn_nothing(deal: Deal) -> None:
    if deal.won:
        assert credits([{"model": "linear"}], deal)["linear"] == {}
    else:  # The deal is open: what came after 1 June counts, what has not happened yet does not.
        assert credits([{"model": "linear"}], deal)["linear"] == parts("late 1000")


@pytest.mark.parametrize(
    "closed", ["2026-06-01 00:00:00+00", "2026-06-01 15:00:00+00", "2026-05-31 23:30:00+00"]
)
def test_the_closing_day_ends_where_the_business_is(closed: str) -> None:
    """By London's summer time 23:30 UTC is tomorrow; a day without an hour is what was written."""
    late = (Touch("late", "2026-06-01 22:30:00+00"), Touch("past", "2026-06-01 23:30:00+00"))
    assert credits([{"model": "last"}], Deal(late, closed=closed))["last"] == {"late": 1000}


def test_a_closing_date_in_the_future_counts_until_now() -> None:
    deal = Deal((Touch("a", "05-01"), Touch("b", "07-15")), closed="2026-08-01 00:00:00+00")
    assert credits([{"model": "linear"}], deal)["linear"] == parts("a 1000")


@pytest.mark.parametrize(
    ("deal", "revenue", "converted"),
    [
        (Deal(JOURNEY[:2], None), None, None),
        (Deal(JOURNEY[:2], currency=None), Decimal(1000), None),
        (Deal(JOURNEY[:3], Decimal("100.00"), Decimal("110.02"), "EUR"), Decimal(100), Decimal("110.02")),
    ],
)
def test_money_that_is_not_known_is_not_made_up(
    deal: Deal, revenue: Decimal | None, converted: Decimal | None
) -> None:
    with warehouse(rules([{"model": "linear"}]), deal) as connection:
        found = connection.execute(
            "select sum(share), sum(revenue), sum(revenue_converted) from attribution_credits"
        ).fetchone()
    assert found == (Decimal(1), revenue, converted)
