"""What models read from all journeys: Markov's and Shapley's values, by the SQL of the dbt models."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pipelines.attribution import markov
from pipelines.attribution.paths import Paths
from tests.fixtures.credits import Deal, Touch, credits, parts, rules, warehouse


def test_markov_credit_follows_the_removal_effects_of_all_journeys() -> None:
    """Won: a>b. Lost: a. Two of three start... P(win) = 1/2; without b nothing is won, nor without a.

    A refund booked as a won deal of its own is no conversion: it takes back what it
    credits, and moves no effect.
    """
    known = rules([{"model": "markov"}])
    won = Deal((Touch("1", "04-02", "a"), Touch("2", "04-03", "b")), Decimal(100), id="won")
    lost = Deal((Touch("3", "04-02", "a", "ben"),), won=False, id="lost", people=("ben",))
    only_b = Deal((Touch("4", "04-02", "b", "cat"),), Decimal(100), id="only_b", people=("cat",))
    refund = Deal((Touch("5", "04-02", "a", "dan"),), Decimal(-1000), id="refund", people=("dan",))
    with warehouse(known, won, lost, only_b, refund) as connection:
        effects = dict(connection.execute("select channel, effect from int_channel_values").fetchall())
        # Start: a 2/3, b 1/3. a -> b 1/2, a -> lost 1/2, b -> won. P = 2/3; without a 1/3, without b 0.
        assert effects == {"a": pytest.approx(0.5), "b": pytest.approx(1.0)}
        found = connection.execute(
            "select touchpoint_id, revenue from attribution_credits where opportunity_id = 'won' order by 1"
        ).fetchall()
        assert found == [("1", Decimal("33.33")), ("2", Decimal("66.67"))]
        given_back = "select revenue from attribution_credits where opportunity_id = 'refund'"
        assert connection.execute(given_back).fetchall() == [(Decimal(-1000),)]


def test_the_order_that_config_says_is_that_of_the_chain() -> None:
    """a > b > a wins, b > a and a > b lose: by the last touch that is another chain than by the last two."""
    ways = [("aba", True), ("ba", False), ("ab", False), ("b", True)]
    deals = [
        Deal([Touch(f"{way}{n}", f"04-0{n}", channel, way) for n, channel in enumerate(way, 2)],
             Decimal(100), id=way, won=won, people=(way,))
        for way, won in ways
    ]  # fmt: skip
    paths = Paths.of([(list(way), int(won), int(not won)) for way, won in ways])
    models: list[dict[str, Any]] = [
        {"model": f"of_{order}", "variant": "markov", "order": order} for order in (1, 2, 3)
    ]
    with warehouse(rules(models), *deals) as connection:
        found = connection.execute("select model, channel, effect from int_channel_values").fetchall()
    expected = {order: markov.removal_effects(paths, order).tolist() for order in (1, 2, 3)}
    assert expected[1] != expected[2]
    assert sorted(found) == [
        (f"of_{order}", channel, effect)
        for order, effects in expected.items()
        for channel, effect in zip("ab", effects, strict=True)
    ]


def test_shapley_credit_follows_what_channels_add_to_the_rate_of_all_journeys() -> None:
    """With a alone 1 of 2 was won, with b alone 1 of 3, of all 3 of 6: a adds 1/3 and b 1/6."""
    told = [("both", "ab", True), ("a1", "a", True), ("a2", "a", False), ("b1", "b", True),
            ("b2", "b", False),
            ("b3", "b", False)]  # fmt: skip
    deals = [
        Deal([Touch(f"{id}{channel}", f"04-0{n}", channel, id) for n, channel in enumerate(channels, 2)],
             Decimal(100), id=id, won=won, people=(id,))
        for id, channels, won in told
    ]  # fmt: skip
    with warehouse(rules([{"model": "shapley_rate"}]), *deals) as connection:
        effects = dict(connection.execute("select channel, effect from int_channel_values").fetchall())
        assert effects == {"a": pytest.approx(1 / 3), "b": pytest.approx(1 / 6)}
        found = connection.execute(
            "select touchpoint_id, revenue from attribution_credits where opportunity_id = 'both' order by 1"
        ).fetchall()
    assert found == [("botha", Decimal("66.67")), ("bothb", Decimal("33.33"))]


def test_an_unknown_channel_is_a_channel() -> None:
    found = credits(
        [{"model": "markov"}], Deal((Touch("a", "05-01", "unknown"), Touch("b", "05-02", "email")))
    )
    assert found["markov"] == parts("a 500 b 500")
