"""Fairness of the rotation: bounds that hold for every history, and what is measured over random ones."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.decisions.rounds import Round, Seat

TEN = [f"p{n}" for n in range(10)]
members = st.lists(st.integers(1, 5), min_size=1, max_size=8)
histories = st.lists(st.tuples(st.sets(st.integers(0, 7)), st.integers(1, 30)), min_size=1, max_size=12)


def seats(weights: list[int]) -> list[Seat]:
    return [Seat(f"p{n}", n, weight) for n, weight in enumerate(weights)]


def names(some: set[int], count: int) -> frozenset[str]:
    return frozenset(f"p{n}" for n in some if n < count)


@given(count=st.integers(1, 8), history=histories, catch_up=st.booleans())
def test_in_a_stretch_no_two_available_members_differ_by_more_than_one_lead(
    count: int, history: list[tuple[set[int], int]], catch_up: bool
) -> None:
    rotation = Round(seats([1] * count), catch_up=catch_up)
    for some, leads in history:
        available = names(some, count)
        rotation.reopen(available)
        got: Counter[str] = Counter(dict.fromkeys(available, 0))
        for _ in range(leads):
            picked = rotation.pick()
            assert (picked is None) == (not available)
            if picked is not None and not picked[1]:  # what they were owed from an absence comes on top
                got[picked[0]] += 1
            if got:
                assert max(got.values()) - min(got.values()) <= 1


@given(weights=members, leads=st.integers(1, 200))
def test_with_weights_everybody_has_floor_or_ceiling_of_their_share(weights: list[int], leads: int) -> None:
    rotation = Round(seats(weights))
    rotation.reopen(frozenset(rotation.seats))
    got: Counter[str] = Counter()
    for done in range(1, leads + 1):
        picked = rotation.pick()
        assert picked is not None
        got[picked[0]] += 1
        for n, weight in enumerate(weights):
            share = done * weight / sum(weights)
            assert share - 1 < got[f"p{n}"] < share + 1


@given(weights=members, history=histories, gone=st.lists(st.sets(st.integers(0, 7)), max_size=12))
def test_the_deviation_shown_is_leads_got_minus_the_sum_of_shares_since_they_joined(
    weights: list[int], history: list[tuple[set[int], int]], gone: list[set[int]]
) -> None:
    """`gone`: who is no member at each time. Whoever joins, again too, begins with nothing."""
    rotation = Round(seats(weights))
    share: Counter[str] = Counter()
    for place, (some, leads) in enumerate(history):
        away = names(gone[place] if place < len(gone) else set(), len(weights))
        there = [seat for seat in seats(weights) if seat.email not in away]
        rotation = Round(there, kept=rotation.kept())
        share = Counter({member: share[member] for member in rotation.seats})
        available = names(some, len(weights)) - away
        rotation.reopen(available)
        for _ in range(leads):
            if rotation.pick() is None:
                continue
            for member in available:
                whole = sum(rotation.seats[m].weight for m in available)
                share[member] += rotation.seats[member].weight / whole  # type: ignore[assignment]
    for member in rotation.seats:
        assert abs(rotation.deviation(member) - (rotation.total.get(member, 0) - share[member])) < 1e-6


@given(weights=members, history=histories, catch_up=st.booleans(), cut=st.integers(0, 60))
def test_a_rotation_that_is_kept_and_taken_up_again_goes_on_as_if_it_had_not_been(
    weights: list[int], history: list[tuple[set[int], int]], catch_up: bool, cut: int
) -> None:
    whole, parted = Round(seats(weights), catch_up=catch_up), Round(seats(weights), catch_up=catch_up)
    done = 0
    for some, leads in history:
        for _ in range(leads):
            available = names(some, len(weights))
            whole.reopen(available)
            parted.reopen(available)
            assert whole.pick() == parted.pick()
            done += 1
            if done == cut:
                parted = Round(seats(weights), catch_up=catch_up, kept=parted.kept())
    assert whole.kept() == parted.kept()


def deviations_of(history: random.Random, *, catch_up: bool) -> tuple[float, float]:
    """The greatest deviation of anybody at the end of a history and at any moment of it, apart from what
    somebody is owed from an absence. Of ten people each comes or goes now and then, in one history of three
    the team changes too: how often, and how many leads there are, is drawn."""
    rotation, available, greatest = Round(seats([1] * 10), catch_up=catch_up), set(TEN), 0.0
    flip, joins = 10 ** history.uniform(-3.3, -0.3), history.choice((0.0, 0.0, 0.05))

    def deviation(name: str) -> float:
        return abs(rotation.deviation(name) + rotation.owed.get(name, 0))

    for _ in range(history.randint(10, 240)):
        if history.random() < joins:
            team = {*history.sample(TEN, 9), *history.sample(TEN, 1)}
            there = [seat for seat in seats([1] * 10) if seat.email in team]
            rotation = Round(there, catch_up=catch_up, kept=rotation.kept())
        available ^= {name for name in TEN if history.random() < flip}
        rotation.reopen(frozenset(available & rotation.seats.keys()))
        rotation.pick()
        greatest = max(greatest, *map(deviation, rotation.seats))
    return max(map(deviation, rotation.seats)), greatest


@pytest.mark.parametrize("catch_up", [False, True])
def test_in_99_of_100_random_histories_of_ten_nobody_is_more_than_one_lead_from_their_share(
    catch_up: bool,
) -> None:
    ended = [deviations_of(random.Random(seed), catch_up=catch_up) for seed in range(400)]
    assert sum(last <= 1 for last, _ in ended) / len(ended) >= 0.99
    assert max(greatest for _, greatest in ended) < 1.5


@given(missed=st.integers(2, 40), leads=st.integers(50, 120))
def test_catching_up_gives_what_was_missed_one_more_lead_in_a_round(missed: int, leads: int) -> None:
    rotation = Round(seats([1, 1, 1]), catch_up=True)
    rotation.reopen(frozenset({"p0", "p1"}))
    for _ in range(missed):
        rotation.pick()
    rotation.reopen(frozenset(rotation.seats))
    extra, since = 0, 0
    for _ in range(leads):
        picked = rotation.pick()
        assert picked is not None
        if picked[1]:
            assert picked[0] == "p2"
            assert since >= 3 or extra == 0
            extra, since = extra + 1, 0
        else:
            since += 1
    assert extra == min(int(missed / 3 + 1e-9), extra + rotation.owed.get("p2", 0))
    assert rotation.owed.get("p2", 0) == 0 or extra > 0


@given(missed=st.integers(1, 60))
def test_keeping_the_place_gives_the_returner_no_more_than_the_others(missed: int) -> None:
    rotation = Round(seats([1, 1, 1]))
    rotation.reopen(frozenset({"p0", "p1"}))
    for _ in range(missed):
        rotation.pick()
    rotation.reopen(frozenset(rotation.seats))
    got = Counter(picked[0] for _ in range(30) if (picked := rotation.pick()))
    assert set(got.values()) == {10}


def test_a_lead_that_came_to_nothing_is_given_back() -> None:
    rotation = Round(seats([1, 1]))
    rotation.reopen(frozenset({"p0", "p1"}))
    assert [rotation.pick(), rotation.pick()] == [("p0", False), ("p1", False)]
    rotation.credit("p1")
    assert rotation.pick() == ("p1", True)
    assert rotation.pick() == ("p0", False)


@settings(max_examples=50)
@given(weights=st.lists(st.integers(1, 4), min_size=2, max_size=6), leads=st.integers(1, 60), data=st.data())
def test_whoever_is_excluded_does_not_get_the_lead(
    weights: list[int], leads: int, data: st.DataObject
) -> None:
    rotation = Round(seats(weights))
    rotation.reopen(frozenset(rotation.seats))
    for _ in range(leads):
        excluded = data.draw(st.sampled_from(sorted(rotation.seats)))
        picked = rotation.pick(excluded)
        assert picked is not None
        assert picked[0] != excluded


def test_only_who_is_absent_misses_leads_and_not_who_is_full_or_outside_their_hours() -> None:
    rotation = Round(seats([1, 1, 1, 1]), catch_up=True)
    two = frozenset({"p0", "p1"})
    for absent in ((), ("p2",), ("p2",), ("p0", "p3")):  # p0 cannot be, for it is given leads
        rotation = Round(seats([1, 1, 1, 1]), catch_up=True, kept=rotation.kept())
        rotation.reopen(two, frozenset(absent))
        for _ in range(6):
            rotation.pick()
    assert rotation.given == 24, "it is one stretch"
    rotation.reopen(frozenset(rotation.seats), frozenset())
    assert (rotation.owed.get("p2"), rotation.owed.get("p3")) == (4, 2)
