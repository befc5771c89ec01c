"""The fold over random teams, calendars and leads: nothing is lost, doubled, or given to who is not there."""

from __future__ import annotations

import copy
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.decisions.assignment import Assignment, Fold, Land, Lead, Way
from pipelines.decisions.hours import ALWAYS, FOREVER, Schedule
from pipelines.decisions.people import Worker
from pipelines.decisions.pools import TeamRule
from pipelines.decisions.rounds import Seat
from pipelines.rules.hours import week

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)
DAY = 86400.0
METHODS = ("round-robin", "weighted", "capacity-based", "load-balanced")
SHIFTS = (
    None,
    week({"mon-fri": ["09:00-17:00"]}),
    week({"mon-sat": ["08:00-12:00", "14:00-20:00"]}),
    week({"sun": ["22:00-06:00"], "wed": ["00:00-24:00"]}),
)


def at(hours: float) -> float:
    return (MONDAY + timedelta(hours=hours)).timestamp()


def lead(number: int, hours: float = 0.0, rule: int | None = 0, **known: object) -> Lead:
    moment = at(hours)
    return Lead(f"p{number:04d}", "new", moment, moment, rule, **known)  # type: ignore[arg-type]


def team(*workers: Worker, method: str = "round-robin", **rule: object) -> Fold:
    seats = tuple(Seat(w.email, n) for n, w in enumerate(workers))
    rules = {"t": TeamRule("t", seats, **rule)}  # type: ignore[arg-type]
    return Fold([Way("r", "t", "team", method)], [], rules, {w.email: w for w in workers})


@st.composite
def offices(draw: st.DrawFn) -> tuple[dict[str, Worker], dict[str, TeamRule], list[Way]]:
    workers = {}
    for n in range(draw(st.integers(1, 7))):
        start = draw(st.integers(-48, 200))
        away = [(at(start), at(start + draw(st.integers(1, 100))))] if draw(st.booleans()) else []
        zone = draw(st.sampled_from(("UTC", "America/New_York", "Asia/Tokyo")))
        workers[f"w{n}"] = Worker(
            f"w{n}", Schedule(draw(st.sampled_from(SHIFTS)), zone, (), away), draw(st.integers(0, 9)) > 0,
            cap=draw(st.sampled_from((None, 0, 3, 20))), per_day=draw(st.sampled_from((None, None, 2))),
            load=float(draw(st.integers(0, 4))),
        )  # fmt: skip
    teams = {}
    for name in ("a", "b"):
        some = draw(st.lists(st.sampled_from(sorted(workers)), min_size=1, unique=True))
        teams[name] = TeamRule(
            name, tuple(Seat(w, n, draw(st.integers(1, 3))) for n, w in enumerate(some)),
            draw(st.sampled_from(("hold", "pass", "ignore"))), draw(st.booleans()), "hold",
            draw(st.sampled_from((None, "a", "b"))),
        )  # fmt: skip
    ways = [Way(f"r-{t}-{m}", t, "team", m) for t in teams for m in METHODS]
    return workers, teams, [*ways, Way("queue", "q", "queue", "auto-enroll")]


leads_of = st.lists(
    st.tuples(st.integers(0, 240), st.one_of(st.none(), st.integers(0, 8)), st.booleans()), max_size=60
)


@settings(max_examples=100)
@given(office=offices(), arriving=leads_of, seed=st.integers(0, 5))
def test_no_lead_is_lost_or_doubled_hours_are_kept_and_nobody_is_given_more_than_they_can_take(
    office: tuple[dict[str, Worker], dict[str, TeamRule], list[Way]],
    arriving: list[tuple[int, int | None, bool]], seed: int,
) -> None:  # fmt: skip
    workers, teams, ways = office
    leads = [
        lead(n // 2, h, rule, may_be_enrolled=ok)._replace(event_key=f"e{n}")  # two events of each person
        for n, (h, rule, ok) in enumerate(arriving)
    ]
    start = {name: worker.load for name, worker in workers.items()}
    random.Random(seed).shuffle(leads)
    until = at(260)
    made = Fold(ways, [], teams, workers).run(leads, until)
    assert sorted((a.person_id, a.event_key) for a in made) == sorted(
        (x.person_id, x.event_key) for x in leads
    )
    arrived = {x.event_key: x for x in leads}
    given = Counter((a.person_id, a.decided_at) for a in made if a.state == "assigned")
    assert set(given.values()) <= {1}, "one person is given to one at a moment"
    given_on: Counter[tuple[str, object]] = Counter()
    for a in made:
        known = arrived[a.event_key]
        assert a.reason
        assert known.arrived_at <= a.decided_at <= until
        if a.state == "queued":
            assert known.may_be_enrolled
        if a.owner_email is None:
            assert a.state in ("held", "queued")
            assert a.held_until is None or a.held_until > until
            continue
        if a.state == "kept":
            assert given[a.person_id, a.decided_at]
            continue
        worker = workers[a.owner_email]
        assert worker.active
        assert not worker.schedule.is_away(a.decided_at)
        minds_hours = teams[a.team].outside_hours != "ignore"
        assert worker.schedule.is_open(a.decided_at) or not minds_hours
        assert a.owner_email in {seat.email for seat in teams[a.team].seats}
        given_on[a.owner_email, datetime.fromtimestamp(a.decided_at, worker.schedule.zone).date()] += 1
    for name, worker in workers.items():
        taken = sum(a.owner_email == name for a in made if a.state == "assigned")
        assert worker.load == start[name] + taken
        assert worker.cap is None or worker.load <= max(worker.cap, start[name])
        if worker.per_day is not None:
            assert all(n <= worker.per_day for (who, _), n in given_on.items() if who == name)


def there(worker: Worker, at: float, given: Counter[str], on_day: Counter[tuple[str, object]]) -> bool:
    """Whether somebody can take a lead, by what they were given before."""
    name, day = worker.email, datetime.fromtimestamp(at, worker.schedule.zone).date()
    has_room = worker.cap is None or worker.load + given[name] < worker.cap
    has_time = worker.per_day is None or on_day[name, day] < worker.per_day
    return worker.active and worker.schedule.is_open(at) and has_room and has_time


@settings(max_examples=60)
@given(office=offices(), hours=st.lists(st.integers(0, 240), max_size=120))
def test_as_long_as_the_same_members_can_take_leads_no_two_differ_by_more_than_one(
    office: tuple[dict[str, Worker], dict[str, TeamRule], list[Way]], hours: list[int]
) -> None:
    """Over hours, absences, caps and full days. What somebody is owed from an absence comes on top."""
    workers, teams, ways = office
    teams["a"] = teams["a"]._replace(outside_hours="hold", backup=None)
    leads = [lead(n, hour) for n, hour in enumerate(hours)]
    assert (ways[0].target, ways[0].method) == ("a", "round-robin")
    made = Fold(ways, [], teams, copy.deepcopy(workers)).run(leads, at(260))
    given, stretch, on_day = Counter[str](), Counter[str](), Counter[tuple[str, object]]()
    before: set[str] = set()
    for a in (a for a in made if a.owner_email):
        who = str(a.owner_email)
        members = (workers[seat.email] for seat in teams["a"].seats)
        available = {w.email for w in members if there(w, a.decided_at, given, on_day)}
        assert who in available
        if available != before:
            stretch, before = Counter(dict.fromkeys(available, 0)), available
        stretch[who] += "owed" not in a.reason
        assert max(stretch.values()) - min(stretch.values()) <= 1
        given[who] += 1
        on_day[who, datetime.fromtimestamp(a.decided_at, workers[who].schedule.zone).date()] += 1


@settings(max_examples=60)
@given(office=offices(), arriving=leads_of, cut=st.integers(0, 240), data=st.data())
def test_the_order_in_which_leads_are_handed_over_changes_nothing(
    office: tuple[dict[str, Worker], dict[str, TeamRule], list[Way]],
    arriving: list[tuple[int, int | None, bool]], cut: int, data: st.DataObject,
) -> None:  # fmt: skip
    workers, teams, ways = office
    leads = [lead(n, h, rule) for n, (h, rule, _) in enumerate(arriving)]
    shuffled = data.draw(st.permutations(leads))
    one = Fold(ways, [], teams, copy.deepcopy(workers)).run(leads, at(300))
    other = Fold(ways, [], teams, copy.deepcopy(workers)).run(shuffled, at(300))
    assert one == other


@settings(max_examples=60)
@given(office=offices(), arriving=leads_of, cut=st.integers(0, 240))
def test_two_runs_that_go_on_from_kept_state_decide_as_one_would(
    office: tuple[dict[str, Worker], dict[str, TeamRule], list[Way]],
    arriving: list[tuple[int, int | None, bool]], cut: int,
) -> None:  # fmt: skip
    workers, teams, ways = office
    leads = [lead(n, h, rule) for n, (h, rule, _) in enumerate(arriving)]
    whole = Fold(ways, [], teams, copy.deepcopy(workers)).run(leads, at(300))
    people = copy.deepcopy(workers)
    early = [x for x in leads if x.at <= at(cut)]
    first = Fold(ways, [], teams, people)
    made = first.run(early, at(cut))
    again = {x.person_id: x for x in early}
    held = [
        again[a.person_id]._replace(at=max(again[a.person_id].at, a.held_until or FOREVER))
        for a in made
        if opens(a)
    ]
    later = Fold(ways, [], teams, people, first.kept())
    rest = later.run([*held, *(x for x in leads if x.at > at(cut))], at(300))
    both = [*(a for a in made if not opens(a)), *rest]
    assert sorted(map(who, both)) == sorted(map(who, whole))


def opens(a: Assignment) -> bool:
    """Whether a later run decides about it again: it is held, and not for longer than leads arrive here."""
    return a.state == "held" and a.held_until is not None and a.held_until <= at(300)


def who(a: Assignment) -> tuple[str, str, str]:
    return a.person_id, a.owner_email or "", a.state


def test_capacity_goes_to_the_most_room_and_load_balancing_to_the_fewest() -> None:
    def staff() -> list[Worker]:
        return [Worker("big", ALWAYS, cap=10, load=4), Worker("small", ALWAYS, cap=4, load=2)]

    by_room = team(*staff(), method="capacity-based").run([lead(n) for n in range(3)], at(1))
    assert [a.owner_email for a in by_room] == ["big", "small", "big"]
    fewest = team(*staff(), method="load-balanced").run([lead(n) for n in range(3)], at(1))
    assert [a.owner_email for a in fewest] == ["small", "small", "big"]


def test_when_all_are_full_the_backup_team_is_asked_and_then_the_lead_is_held() -> None:
    full, other = Worker("full", ALWAYS, cap=1, load=1), Worker("other", ALWAYS, cap=1)
    teams = {"t": TeamRule("t", (Seat("full", 0),), backup="u"), "u": TeamRule("u", (Seat("other", 0),))}
    fold = Fold([Way("r", "t", "team", "round-robin")], [], teams, {"full": full, "other": other})
    first, second = fold.run([lead(1), lead(2)], at(1))
    assert (first.owner_email, first.team) == ("other", "u")
    assert first.reason == "rule r: next in the round of team u as backup of team t"
    assert second.owner_email is None
    assert second.reason == "nobody on team t is available, nor of its backup u: all are full"


def test_who_has_had_a_week_s_or_a_day_s_leads_is_full_until_it_ends_where_they_are() -> None:
    far = Worker("far", Schedule(None, "Asia/Tokyo"), per_week=2, per_day=1)
    made = team(far).run([lead(n) for n in range(3)], at(150))
    # midnight in Tokyo is 15:00 UTC, and its week ends so on Sunday
    assert [a.decided_at for a in made] == [at(0), at(6), at(150)]
    by_load = team(Worker("free", ALWAYS, per_day=1), method="capacity-based")
    assert [a.owner_email for a in by_load.run([lead(0), lead(1, 24)], at(25))] == ["free", "free"]
    office = Schedule(week({"mon-fri": ["09:00-17:00"]}))
    weekly = Worker("weekly", office, per_week=1, per_day=9)
    _, held = team(weekly).run([lead(1), lead(2)], at(1))
    assert (held.owner_email, held.held_until) == (None, at(7 * 24))
    assert held.reason == "nobody on team t is available: all are full"
    _, kept = team(Worker("laden", office, cap=1, per_day=1)).run([lead(1), lead(2)], at(200))
    assert (kept.state, kept.held_until) == ("held", None)


@pytest.mark.parametrize(
    ("everyone_away", "backup_cap", "owner", "reason"),
    [
        ("hold", 1, "other", "rule r: next in the round of team u as backup of team t"),
        ("ignore", 1, "other", "rule r: next in the round of team u as backup of team t"),
        ("hold", 0, None, "nobody on team t is available, nor of its backup u: all are away"),
        ("ignore", 0, "out", "rule r: next in the round, though all are away, of team t"),
    ],
)
def test_when_everyone_is_away_the_backup_team_is_asked_before_the_lead_waits_or_is_theirs_anyway(
    everyone_away: str, backup_cap: int, owner: str | None, reason: str
) -> None:
    away = Schedule(None, away=[(at(-1), at(9))])
    people = {"out": Worker("out", away), "other": Worker("other", cap=backup_cap)}
    teams = {
        "t": TeamRule("t", (Seat("out", 0),), everyone_away=everyone_away, backup="u"),
        "u": TeamRule("u", (Seat("other", 0),)),
    }
    fold = Fold([Way("r", "t", "team", "round-robin")], [], teams, people)
    (made,) = fold.run([lead(1)], at(1))
    assert (made.owner_email, made.reason) == (owner, reason)
    assert made.held_until == (at(9) if owner is None else None)


def test_a_lead_at_night_waits_until_somebody_s_hours_open_or_goes_to_who_is_awake() -> None:
    night = 12.0  # Monday 21:00
    office, tokyo = week({"mon-fri": ["09:00-17:00"]}), week({"mon-fri": ["05:00-14:00"]})
    day, far = Worker("day", Schedule(office)), Worker("far", Schedule(tokyo, "Asia/Tokyo"))
    (held,) = team(day).run([lead(1, night)], at(night))
    assert (held.state, held.held_until) == ("held", at(24))
    assert held.reason == "nobody on team t is available: all are outside their hours"
    (opened,) = team(day).run([lead(1, night)], at(25))
    assert (opened.owner_email, opened.decided_at) == ("day", at(24))
    teams = {"t": TeamRule("t", (Seat("day", 0),), "pass", backup="u"), "u": TeamRule("u", (Seat("far", 0),))}
    passing = Fold([Way("r", "t", "team", "round-robin")], [], teams, {"day": day, "far": far})
    (passed,) = passing.run([lead(1, night)], at(night))
    assert (passed.owner_email, passed.team) == ("far", "u")


@pytest.mark.parametrize(
    ("known", "owner", "reason"),
    [
        ({"account_owner": "ann"}, "ann", "rule r: ann owns the account"),
        ({"account_owner": "out"}, "ann", "rule r: out owns the account; ann stands in"),
        ({"account_owner": "gone"}, "bob", "rule r: gone had this lead before; bob stands in"),
        ({"previous_owner": "ann"}, "ann", "rule r: ann had this lead before"),
        ({}, "bob", "rule r: next in the round of team t"),
    ],
)
def test_account_owner_first_then_whoever_had_the_lead_then_the_team(
    known: dict[str, str], owner: str, reason: str
) -> None:
    people = {
        "ann": Worker("ann"), "bob": Worker("bob"),
        "out": Worker("out", Schedule(None, away=[(at(-1), at(9))]), backup="ann"),
        "gone": Worker("gone", active=False),
    }  # fmt: skip
    way = Way("r", "t", "team", "round-robin", ("account-owner", "sticky-owner"))
    fold = Fold([way], [], {"t": TeamRule("t", (Seat("bob", 0),))}, people)
    if "gone" in known.values():
        people["gone"].backup = "bob"
        people["gone"].active = False
        known, reason = {"previous_owner": "gone"}, reason
    (made,) = fold.run([lead(1, **known)], at(1))
    assert (made.owner_email, made.reason) == (owner, reason)


def test_who_is_asked_for_by_name_is_stood_in_for_by_one_after_the_other_or_waited_for() -> None:
    days = {"cy": 3, "di": 2, "ed": 1}
    backups = {"cy": "di", "di": "ed", "ed": "cy"}
    workers = {
        name: Worker(name, Schedule(week({"sun": ["09:00-10:00"]}), away=[(at(-1), at(24 * n))]),
                     backup=backups[name]) for name, n in days.items()
    }  # fmt: skip
    fold = Fold([Way("r", "cy", "person", "round-robin")], [], {}, workers)
    held = fold.decide(lead(1))
    assert (held.state, held.held_until) == ("held", at(24)), "not before ed is back, and hours do not matter"
    assert held.reason == "rule r: cy cannot take it now, nor di or ed"
    (given,) = fold.run([lead(2)], at(30))
    assert (given.owner_email, given.decided_at) == ("ed", at(24))


def test_a_lead_that_is_worked_stays_unless_the_rule_says_so() -> None:
    worked = lead(1, owner="ann", is_worked=True)
    (kept,) = team(Worker("bob")).run([worked], at(1))
    assert (kept.state, kept.owner_email) == ("kept", "ann")
    moving = Fold([Way("r", "t", "team", "round-robin", moves_worked=True)], [],
                  {"t": TeamRule("t", (Seat("bob", 0),))}, {"bob": Worker("bob")})  # fmt: skip
    (moved,) = moving.run([worked], at(1))
    assert (moved.state, moved.owner_email) == ("assigned", "bob")


def test_territories_go_to_their_owner_or_their_team_and_skills_are_minded() -> None:
    people = {"ann": Worker("ann", skills=frozenset({"de"})), "bob": Worker("bob")}
    teams = {"t": TeamRule("t", (Seat("bob", 0), Seat("ann", 1)))}
    ways = [
        Way("land", "", "territory", "territory"),
        Way("german", "t", "team", "round-robin", (), frozenset({"de"})),
        Way("greek", "t", "team", "round-robin", (), frozenset({"el"})),
    ]
    lands = [Land("north", None, "ann", "round-robin"), Land("south", "t", None, "round-robin")]
    fold = Fold(ways, lands, teams, people)
    leads = [
        lead(1, 0, 0, territory=0),
        lead(2, 0, 0, territory=1),
        lead(3, 0, 0),
        lead(4, 0, 1),
        lead(5, 0, 2),
    ]
    made = fold.run(leads, at(1))
    assert [a.owner_email for a in made] == ["ann", "bob", None, "ann", None]
    assert made[0].reason == "rule land: ann (territory north)"
    assert made[2].reason == "rule land: no territory matches"
    assert made[4].reason == "nobody on team t is available: nobody of them has el"


def test_a_lead_without_a_score_meets_no_rule_and_that_is_the_reason() -> None:
    (made,) = team(Worker("bob")).run([lead(1, rule=None, has_score=False)], at(1))
    assert (made.state, made.reason) == ("held", "no rule matches: it has no score")
