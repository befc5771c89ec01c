"""Shapley values agree with the definition, worked out over all orders of arrival."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.attribution import shapley
from pipelines.attribution.paths import Paths

Journeys = list[tuple[list[str], int, int]]
JOURNEYS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=6), st.integers(0, 3), st.integers(0, 3)
    ),
    min_size=1,
    max_size=8,
)


def test_the_published_example_of_three_channels() -> None:
    """The journeys of Bryl, "Attribution model with R: Markov chains concept", 2016: all three convert."""
    paths = Paths.of([(["C1", "C2", "C3"], 1, 0), (["C1"], 0, 1), (["C2", "C3"], 0, 1)])
    assert shapley.volume(paths).tolist() == pytest.approx([1 / 3] * 3)
    assert shapley.rate(paths).tolist() == pytest.approx([1 / 9] * 3)  # a third of the journeys convert


@settings(max_examples=50, deadline=None)
@given(JOURNEYS)
def test_volume_is_the_average_gain_over_all_orders_of_arrival(journeys: Journeys) -> None:
    def worth(coalition: frozenset[str]) -> float:
        return sum(won for path, won, _ in journeys if coalition.issuperset(path))

    paths = Paths.of(journeys)
    assert np.allclose(shapley.volume(paths), _by_definition(paths.names, worth), atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(JOURNEYS)
def test_rate_is_the_average_gain_over_all_orders_of_arrival(journeys: Journeys) -> None:
    def worth(coalition: frozenset[str]) -> float:
        inside = [(won, won + lost) for path, won, lost in journeys if coalition.issuperset(path)]
        travelled = sum(total for _, total in inside)
        return sum(won for won, _ in inside) / travelled if travelled else 0.0

    paths = Paths.of(journeys)
    assert np.allclose(shapley.rate(paths), _by_definition(paths.names, worth), atol=1e-9)


@given(JOURNEYS)
def test_volume_sums_to_the_conversions_and_its_positions_sum_to_it(journeys: Journeys) -> None:
    paths = Paths.of(journeys)
    assert shapley.volume(paths).sum() == pytest.approx(sum(won for _, won, _ in journeys))
    assert np.allclose(shapley.ordered_volume(paths).sum(axis=1), shapley.volume(paths))


def test_a_channel_met_again_keeps_the_place_of_its_first_coming() -> None:
    found = shapley.ordered_volume(Paths.of([(["b", "a", "b", "c"], 3, 0)]))
    assert found.tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]


def test_too_many_channels_for_rates_are_refused_with_the_way_out() -> None:
    paths = Paths.of([([f"channel {number}" for number in range(21)], 1, 1)])
    with pytest.raises(
        ValueError, match="exact up to 20 channels, and there are 21; use the variant shapley,"
    ):
        shapley.rate(paths)
    assert shapley.volume(paths).sum() == pytest.approx(1.0)


def _by_definition(names: tuple[str, ...], worth: Callable[[frozenset[str]], float]) -> list[float]:
    values = dict.fromkeys(names, 0.0)
    orders = list(itertools.permutations(names))
    for order in orders:
        before: frozenset[str] = frozenset()
        for name in order:
            values[name] += (worth(before | {name}) - worth(before)) / len(orders)
            before |= {name}
    return [values[name] for name in names]
