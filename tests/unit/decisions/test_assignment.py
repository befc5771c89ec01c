"""Whose turn it is: properties of the round, over random teams, leads and histories."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.decisions.assignment import Lead, Round, Turn, assign

START = datetime(2026, 6, 1, tzinfo=UTC)
MEMBERS = tuple(Turn(f"rep{n}@northwind.example", n) for n in range(1, 8))

_leads = st.lists(st.tuples(st.integers(0, 50), st.one_of(st.none(), st.integers(0, 1))), max_size=60).map(
    lambda drawn: [
        Lead(f"p{n:03d}", START + timedelta(minutes=minutes), rule) for n, (minutes, rule) in enumerate(drawn)
    ]
)
_sizes = st.tuples(st.integers(1, 7), st.integers(1, 7))
_away = st.sets(st.sampled_from([turn.email for turn in MEMBERS]))


def _rounds(sizes: tuple[int, int]) -> list[Round]:
    return [Round(f"rule{n}", f"team{n}", MEMBERS[:size]) for n, size in enumerate(sizes)]


def _available(away: set[str]) -> frozenset[str]:
    return frozenset(turn.email for turn in MEMBERS) - away


@given(leads=_leads, sizes=_sizes, away=_away)
def test_no_lead_is_lost_and_none_is_assigned_twice(
    leads: list[Lead], sizes: tuple[int, int], away: set[str]
) -> None:
    made = assign(leads, _rounds(sizes), _available(away), {})
    assert sorted(a.person_id for a in made) == sorted(lead.person_id for lead in leads)
    assert all(a.reason for a in made)


@given(leads=_leads, sizes=_sizes, away=_away)
def test_only_available_members_of_the_rule_s_team_are_given_leads(
    leads: list[Lead], sizes: tuple[int, int], away: set[str]
) -> None:
    rounds = _rounds(sizes)
    rules = {lead.person_id: lead.rule for lead in leads}
    for a in assign(leads, rounds, _available(away), {}):
        rule = rules[a.person_id]
        there = [] if rule is None else [m for m in rounds[rule].members if m.email not in away]
        assert (a.owner_email in [m.email for m in there]) if there else a.owner_email is None


@given(leads=_leads, sizes=_sizes, away=_away, cut=st.integers(0, 60))
def test_members_of_a_team_differ_by_at_most_one_also_over_several_runs(
    leads: list[Lead], sizes: tuple[int, int], away: set[str], cut: int
) -> None:
    rounds, available = _rounds(sizes), _available(away)
    ordered = sorted(leads, key=lambda lead: (lead.created_at, lead.person_id))
    first = assign(ordered[:cut], rounds, available, {})
    last = {a.team: a.owner_email for a in first if a.owner_email is not None}
    made = [*first, *assign(ordered[cut:], rounds, available, last)]
    for turn in rounds:
        there = [m.email for m in turn.members if m.email in available]
        given_out = Counter(a.owner_email for a in made if a.team == turn.team and a.owner_email)
        counts = [given_out[email] for email in there]
        assert not counts or max(counts) - min(counts) <= 1


@given(leads=_leads, sizes=_sizes, away=_away, cut=st.integers(0, 60))
def test_in_two_runs_or_in_one_everybody_gets_the_same_leads(
    leads: list[Lead], sizes: tuple[int, int], away: set[str], cut: int
) -> None:
    rounds, available = _rounds(sizes), _available(away)
    ordered = sorted(leads, key=lambda lead: (lead.created_at, lead.person_id))
    first = assign(ordered[:cut], rounds, available, {})
    last = {a.team: a.owner_email for a in first if a.owner_email is not None}
    assert [*first, *assign(ordered[cut:], rounds, available, last)] == assign(leads, rounds, available, {})


@given(leads=_leads, sizes=_sizes, away=_away, random=st.randoms())
def test_the_order_in_which_leads_are_given_does_not_matter(
    leads: list[Lead], sizes: tuple[int, int], away: set[str], random: object
) -> None:
    shuffled = list(leads)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    rounds = _rounds(sizes)
    assert assign(shuffled, rounds, _available(away), {}) == assign(leads, rounds, _available(away), {})


def test_the_round_goes_on_after_whoever_had_the_latest_lead_even_if_they_left() -> None:
    leads = [Lead("p1", START, 0), Lead("p2", None, 0)]
    rounds = [Round("rule0", "team0", MEMBERS[:3])]
    available = _available({"rep2@northwind.example"})
    made = assign(leads, rounds, available, {"team0": "rep2@northwind.example"})
    assert [(a.person_id, a.owner_email) for a in made] == [
        ("p1", "rep3@northwind.example"),
        ("p2", "rep1@northwind.example"),  # of unknown age: last
    ]


def test_what_nobody_can_take_is_held_with_the_reason() -> None:
    leads = [Lead("p1", START, None), Lead("p2", START, 0)]
    made = assign(leads, [Round("rule0", "team0", MEMBERS[:1])], frozenset(), {})
    assert [(a.owner_email, a.reason) for a in made] == [
        (None, "no rule matches"),
        (None, "nobody on team team0 is available"),
    ]
