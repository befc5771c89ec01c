"""Removal effects agree with exact rational arithmetic, with published figures, and with themselves."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.attribution import markov
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
    """Bryl, "Attribution model with R: Markov chains concept", 2016: 33.3 % convert, effects 0.5, 1 and 1."""
    paths = Paths.of([(["C1", "C2", "C3"], 1, 0), (["C1"], 0, 1), (["C2", "C3"], 0, 1)])
    effects = markov.removal_effects(paths)
    assert effects.tolist() == [0.5, 1.0, 1.0]
    assert markov.shares(effects).tolist() == [0.2, 0.4, 0.4]


@settings(max_examples=60, deadline=None)
@given(JOURNEYS, st.integers(1, 3))
def test_effects_equal_those_of_exact_rational_elimination(journeys: Journeys, order: int) -> None:
    paths = Paths.of(journeys)
    found = markov.removal_effects(paths, order)
    exact = [float(_exact_effect(journeys, name, order)) for name in paths.names]
    assert np.allclose(found, exact, atol=1e-11)


@given(JOURNEYS, st.integers(1, 3), st.randoms(use_true_random=False))
def test_the_order_of_journeys_changes_no_digit(journeys: Journeys, order: int, random: object) -> None:
    shuffled = list(journeys)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first = markov.removal_effects(Paths.of(journeys), order)
    assert first.tolist() == markov.removal_effects(Paths.of(shuffled), order).tolist()


@given(JOURNEYS, st.integers(1, 3), st.integers(2, 9))
def test_more_of_the_same_journeys_changes_nothing(journeys: Journeys, order: int, times: int) -> None:
    more = [(path, won * times, lost * times) for path, won, lost in journeys]
    assert np.allclose(
        markov.removal_effects(Paths.of(journeys), order),
        markov.removal_effects(Paths.of(more), order),
        atol=1e-11,
    )


def test_nobody_converted_gives_zero_and_no_division() -> None:
    paths = Paths.of([(["a", "b"], 0, 3)])
    assert markov.removal_effects(paths).tolist() == [0.0, 0.0]
    assert markov.shares(markov.removal_effects(paths)).tolist() == [0.0, 0.0]


def test_many_states_are_solved_as_an_independent_elimination_solves_them() -> None:
    """Order 3 of ten channels: more states than are eliminated directly, counted and solved once more."""
    random = np.random.default_rng(7)
    journeys: Journeys = [
        (list(random.choice(list("abcdefghij"), size)), int(won), int(not won))
        for size, won in zip(
            random.geometric(0.25, 1_500).clip(1, 12), random.random(1_500) < 0.3, strict=True
        )
    ]
    paths = Paths.of(journeys)
    assert len(markov.chain_of(paths, 3).win) > markov._DENSE_STATES
    found = markov.removal_effects(paths, 3)
    everything = _dense_conversion(journeys, 3, None)
    assert everything == pytest.approx(sum(won for _, won, _ in journeys) / len(journeys), abs=1e-12)
    for channel in "j":
        expected = 1 - _dense_conversion(journeys, 3, channel) / everything
        assert found[paths.names.index(channel)] == pytest.approx(expected, abs=1e-12)


def test_a_chain_that_goes_in_circles_for_long_is_eliminated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand times the same channel: no few rounds find that end, and the answer is the same."""
    journeys: Journeys = [(["a"] * 1000 + ["b"], 1, 0), (["a", "b", "c"], 1, 1), (["c", "a"], 0, 2)]
    paths = Paths.of(journeys)
    monkeypatch.setattr(markov, "_DENSE_STATES", 0)
    monkeypatch.setattr(markov, "_ROUNDS", 0)
    exact = [float(_exact_effect(journeys, name, 2)) for name in paths.names]
    assert np.allclose(markov.removal_effects(paths, 2), exact, atol=1e-11)


@pytest.mark.parametrize("order", [4, 9, 80])
def test_any_order_is_exact_and_beyond_the_longest_journey_the_same(order: int) -> None:
    journeys: Journeys = [
        (list("abcabcabdab"), 3, 1), (list("bcabcabdabc"), 1, 2), (list("abdd"), 2, 0), (list("dcb"), 0, 4),
    ]  # fmt: skip
    paths = Paths.of(journeys)
    exact = [float(_exact_effect(journeys, name, order)) for name in paths.names]
    assert np.allclose(markov.removal_effects(paths, order), exact, atol=1e-12)
    assert markov.removal_effects(paths, 11).tolist() == markov.removal_effects(paths, 80).tolist()


def test_an_impossible_order_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        markov.removal_effects(Paths.of([(["a"], 1, 0)]), 0)


def _dense_conversion(journeys: Journeys, order: int, removed: str | None) -> float:
    """P(conversion) of a chain counted in dictionaries, solved as one matrix: no code is shared."""
    number: dict[tuple[str, ...], int] = {}
    moves: dict[tuple[int, int], int] = {}
    won_at: dict[int, int] = {}
    for path, won, lost in journeys:
        states = [("start",), *(tuple(path[max(0, i - order + 1) : i + 1]) for i in range(len(path)))]
        places = [number.setdefault(state, len(number)) for state in states]
        for before, after in pairwise(places):
            moves[before, after] = moves.get((before, after), 0) + won + lost
        won_at[places[-1]] = won_at.get(places[-1], 0) + won
        moves[places[-1], -1] = moves.get((places[-1], -1), 0) + won + lost
    leaving = np.zeros(len(number))
    for (before, _), weight in moves.items():
        leaving[before] += weight
    system, right = np.eye(len(number)), np.zeros(len(number))
    gone = {place for state, place in number.items() if state[-1] == removed}
    for (before, after), weight in moves.items():
        if after >= 0 and after not in gone:
            system[before, after] -= weight / leaving[before]
    for place, weight in won_at.items():
        right[place] = weight / leaving[place]
    return float(np.linalg.solve(system, right)[number["start",]])


def _exact_effect(journeys: Journeys, channel: str, order: int) -> Fraction:
    everything = _exact_conversion(journeys, order, None)
    if everything == 0:
        return Fraction(0)
    return 1 - _exact_conversion(journeys, order, channel) / everything


def _exact_conversion(journeys: Journeys, order: int, removed: str | None) -> Fraction:
    """P(conversion) by Gauss-Jordan elimination over fractions, sharing nothing with the code."""
    counts: dict[tuple[str, ...], dict[object, int]] = {}
    for path, won, lost in journeys:
        state: tuple[str, ...] = ("start",)
        for index in range(len(path)):
            following = tuple(path[max(0, index - order + 1) : index + 1])
            counts.setdefault(state, {}).setdefault(following, 0)
            counts[state][following] += won + lost
            state = following
        for end, weight in (("won", won), ("lost", lost)):
            counts.setdefault(state, {}).setdefault(end, 0)
            counts[state][end] += weight
    states = [state for state in counts if state == ("start",) or state[-1] != removed]
    rows = []
    for state in states:
        total = sum(counts[state].values())
        chance = {
            to: Fraction(weight, total) if total else Fraction(0) for to, weight in counts[state].items()
        }
        rows.append(
            [int(state == to) - chance.get(to, Fraction(0)) for to in states]
            + [chance.get("won", Fraction(0))]
        )
    for pivot in range(len(states)):
        swap = next(row for row in range(pivot, len(states)) if rows[row][pivot] != 0)
        rows[pivot], rows[swap] = rows[swap], rows[pivot]
        rows[pivot] = [value / rows[pivot][pivot] for value in rows[pivot]]
        for row in range(len(states)):
            if row != pivot and rows[row][pivot] != 0:
                factor = rows[row][pivot]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[pivot], strict=True)]
    return Fraction(rows[states.index(("start",))][-1])
