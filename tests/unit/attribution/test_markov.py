"""Removal effects agree with exact rational arithmetic, with published figures, and with themselves."""

from __future__ import annotations

from fractions import Fraction

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


def test_large_chains_use_the_sparse_solver_and_agree_with_the_dense_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(7)
    lengths = random.geometric(0.25, 4_000).clip(1, 12)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    won = (random.random(4_000) < 0.3).astype(float)
    paths = Paths(tuple("abcdefghij"), random.integers(0, 10, offsets[-1]), offsets, won, 1 - won)
    sparse = markov.removal_effects(paths, 3)
    monkeypatch.setattr(markov, "_DENSE_STATES", 10_000)
    assert np.allclose(sparse, markov.removal_effects(paths, 3), atol=1e-11)
    monkeypatch.setattr(markov, "_COUNTED_DIRECTLY", 1)
    assert markov.removal_effects(paths, 2).tolist() == pytest.approx(
        markov.removal_effects(paths, 2).tolist(), abs=1e-12
    )


def test_an_impossible_order_is_refused_in_words() -> None:
    paths = Paths.of([(["a"], 1, 0)])
    with pytest.raises(ValueError, match="1 or more"):
        markov.removal_effects(paths, 0)
    with pytest.raises(ValueError, match="too many states"):
        markov.removal_effects(paths, 80)


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
