"""What holds for every model: credits sum to the cent, whatever the order, the run and the amount."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fixtures.credits import INFLUENCE, Deal, Touch, credits, rules, warehouse

ALL = [
    {"model": name} for name in (
        "first", "last", "last_non_direct", "linear", "u_shaped", "u_shaped_marketo", "position_based",
        "w_shaped", "full_path", "j_shaped", "inverse_j_shaped", "time_decay", "step_decay", "markov",
        "shapley", "shapley_ordered", "shapley_rate", "multi_touch",
    )
] + [
    {"model": "weighed", "weights": {"first-touch": "0.55", "closed-won": "0.15", "others": "0.3"}},
    {"model": "placed", "positions": {1: "0.4", 3: "0.33", -2: "0.27"}},
]  # fmt: skip


def test_five_thousand_touches_share_to_the_cent() -> None:
    many = tuple(
        Touch(f"t{i:04}", f"2026-05-{1 + i % 28:02} {i % 24:02}:00:00+00", f"c{i % 7}",
              campaign=f"C{i % 9}", kind="membership") for i in range(5000)
    )  # fmt: skip
    for model, found in credits([*ALL, *INFLUENCE[1:]], Deal(many, Decimal("99.99"))).items():
        assert sum(found.values()) == Decimal("99.99"), model


def random_deals(seed: int, count: int = 60) -> list[Deal]:
    """Deals of one to nine touches over half a year, won, lost and open, of any amount, also negative."""
    dice = random.Random(seed)
    deals = []
    for number in range(count):
        person, won, is_open = f"p{number}", dice.random() < 0.6, dice.random() < 0.3
        touches = [
            Touch(
                f"d{number}t{i}",
                f"2026-{dice.randint(1, 6):02}-{dice.randint(1, 28):02} 09:00:00+00",
                dice.choice(["email", "direct", "webinar", "unknown"]),
                person,
                dice.choice([None, "A", "B", "C"]),
                dice.choice(["conversion", "membership"]),
            )
            for i in range(dice.randint(1, 9))
        ]
        deals.append(
            Deal(
                touches, Decimal(dice.randint(-10_000_000, 10_000_000)) / 100,
                Decimal(dice.randint(-10_000_000, 10_000_000)) / 100, id=f"d{number}", people=(person,),
                closed=None if is_open else "2026-06-01 00:00:00+00", won=won and not is_open,
            )
        )  # fmt: skip
    return deals


@pytest.mark.parametrize("seed", [1, 2])
def test_credits_sum_to_the_cent_under_every_model(seed: int) -> None:
    deals = random_deals(seed)
    with warehouse(rules([*ALL, *INFLUENCE]), *deals) as connection:
        wrong = connection.execute(
            "with credited as (select opportunity_id, model, sum(share) as share, sum(revenue) as revenue, "
            "sum(revenue_converted) as converted, sum(pipeline) as pipeline "
            "from attribution_credits group by all) "
            "select credited.* from credited join int_opportunities as deals using (opportunity_id) "
            "where share != 1 or is_won and (revenue != amount or converted != amount_converted) "
            "or not is_closed and pipeline != amount"
        ).fetchall()
        counted = connection.execute(
            "select count(distinct opportunity_id) from int_credit_journeys"
        ).fetchone()
        credited = connection.execute(
            "select distinct count(distinct opportunity_id) from attribution_credits "
            "where model not like 'salesforce%' group by model"
        ).fetchall()
        influenced = connection.execute(
            "select model, count(distinct opportunity_id) from attribution_credits "
            "where model like 'salesforce%' group by model order by model"
        ).fetchall()
        members = connection.execute(
            "select count(distinct opportunity_id) from int_deal_touches where is_member"
        ).fetchone()
    assert wrong == []
    assert credited == [counted]  # every model gives credit for every deal that was touched
    # and campaign influence for every deal that a member was met of; a primary campaign these deals have not
    assert influenced == [(f"salesforce_{name}", *members) for name in ("even", "first", "last")]


def test_neither_the_order_of_rows_nor_the_run_changes_a_credit() -> None:
    deals = random_deals(3)
    dice = random.Random(4)
    mixed = [replace(deal, touches=dice.sample(deal.touches, len(deal.touches))) for deal in deals]
    dice.shuffle(mixed)
    everything = "from attribution_credits order by all"
    every = rules([*ALL, *INFLUENCE])
    with warehouse(every, *deals) as one, warehouse(every, *mixed) as other:
        assert one.execute(everything).fetchall() == other.execute(everything).fetchall()


def test_shares_do_not_depend_on_the_amount() -> None:
    deals = random_deals(5)
    larger = [replace(deal, amount=(deal.amount or 0) * 37 + 11) for deal in deals]
    shares = "select model, opportunity_id, touchpoint_id, share from attribution_credits order by all"
    with warehouse(rules(ALL), *deals) as one, warehouse(rules(ALL), *larger) as other:
        assert one.execute(shares).fetchall() == other.execute(shares).fetchall()
