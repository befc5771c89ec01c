"""The pools that leads are drawn for: a team, or those of a team with certain skills, by one method.

Belongs here: who of a pool is available as time goes on, and asking its rotation or its loads. Work is done
for who changes, not for everyone at each lead, so the cost of a lead stays flat as teams grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import Any, NamedTuple

from pipelines.decisions.hours import FOREVER
from pipelines.decisions.people import Worker
from pipelines.decisions.rounds import Round, Seat

_WHY = {
    "inactive": "nobody of them is active in a CRM",
    "away": "all are away",
    "asleep": "all are outside their hours",
    "full": "all are full",
}
_HOW = {
    "round-robin": "next in the round", "weighted": "next in the weighted round",
    "capacity-based": "most room", "load-balanced": "fewest open leads",
}  # fmt: skip
_BY_LOAD = ("capacity-based", "load-balanced")


class TeamRule(NamedTuple):
    """A team as the fold sees it."""

    name: str
    seats: tuple[Seat, ...]
    outside_hours: str = "hold"
    catch_up: bool = False
    everyone_away: str = "hold"
    backup: str | None = None


class Pick(NamedTuple):
    """Who was picked and how; or nobody, why, and when somebody's hours open."""

    email: str | None
    how: str
    opens_at: float = FOREVER
    pool: str = ""


NOBODY = Pick(None, "there is nobody")


class _Pool:
    """One team, method and set of skills."""

    def __init__(self, key: str, team: TeamRule, members: list[Worker], method: str, kept: Mapping[str, Any]):
        self.key, self.team, self.method, self.members = key, team, method, members
        there = {member.email for member in members}
        weighted = method == "weighted"
        self.seats = [s if weighted else s._replace(weight=1) for s in team.seats if s.email in there]
        self.rank = {seat.email: place for place, seat in enumerate(self.seats)}
        self.round = Round(self.seats, catch_up=team.catch_up, kept=kept)
        self.is_stale = True
        self.mind_hours = team.outside_hours != "ignore"
        self.available: frozenset[str] = frozenset()
        self.loads: list[tuple[float, int, int, str]] = []
        self.only_absent = False
        """Who is available is absent: they are given what no backup could take (`everyone_away: ignore`)."""
        self.nobody: dict[str | None, Pick] = {}
        """Why nobody is available, by who is left out; it holds until somebody changes."""

    def freshen(self) -> None:
        """Who is available now; the rotation hears of it."""
        if not self.is_stale:
            return
        self.is_stale = False
        self.nobody = {}
        there = frozenset(m.email for m in self.members if not m.why_not(mind_hours=self.mind_hours))
        ignores = self.team.everyone_away == "ignore"
        self.only_absent = not there and ignores and all(m.is_away for m in self.members if m.active)
        if self.only_absent:
            there = frozenset(
                m.email for m in self.members if not m.why_not(mind_hours=False, mind_absence=False)
            )
        if self.method in _BY_LOAD:
            for member in self.members:
                if member.email in there - self.available:
                    self.weigh(member)
        else:
            self.round.reopen(there, frozenset(m.email for m in self.members if m.is_away))
        self.available = there

    def weigh(self, worker: Worker) -> None:
        """Put a person's load of now where the least is looked for; older entries of theirs are stale."""
        heappush(self.loads, (self._score(worker), worker.turn, self.rank[worker.email], worker.email))

    def least(self, workers: Mapping[str, Worker], exclude: str | None) -> str | None:
        left_out, found = [], None
        while self.loads:
            entry = heappop(self.loads)
            worker = workers[entry[3]]
            if entry[3] not in self.available or entry[:2] != (self._score(worker), worker.turn):
                continue
            left_out.append(entry)
            if entry[3] != exclude:
                found = entry[3]
                break
        for entry in left_out:
            heappush(self.loads, entry)
        return found

    def _score(self, worker: Worker) -> float:
        return worker.share_of_cap if self.method == "capacity-based" else worker.load


class Pools:
    """Every pool that was asked for, and the people's clock."""

    def __init__(
        self, teams: Mapping[str, TeamRule], workers: Mapping[str, Worker], kept: Mapping[str, Any]
    ) -> None:
        self.teams, self.workers = teams, workers
        self._kept_rounds: Mapping[str, Any] = kept.get("rounds", {})
        self._pools: dict[tuple[str, str, frozenset[str]], _Pool] = {}
        self._of: dict[str, list[_Pool]] = {}
        self.turn = int(kept.get("turn", 0))
        for email, known in kept.get("people", {}).items():
            if email in workers:
                workers[email].turn = known.get("turn", 0)
                workers[email].given = {p: (ends, n) for p, (ends, n) in known.get("given", {}).items()}
        self._changes: list[tuple[float, str]] = []
        self.now = -FOREVER

    def advance(self, at: float) -> None:
        """Bring everybody to a moment. Time does not run backwards."""
        if self.now == -FOREVER:
            for worker in self.workers.values():
                worker.changes_at = -FOREVER
                self._look(worker, at)
            self.now = at
            return
        self.now = max(self.now, at)
        while self._changes and self._changes[0][0] <= self.now:
            _, email = heappop(self._changes)
            worker = self.workers[email]
            if worker.changes_at <= self.now:
                self._look(worker, self.now)

    def pick(
        self, team: str, method: str, skills: frozenset[str], at: float, exclude: str | None,
        *, even_absent: bool = False,
    ) -> Pick:  # fmt: skip
        """`even_absent`: no backup has anybody, so who is absent counts where the team says so."""
        pool = self._pool(team, method, skills)
        if not pool.members:
            wanted = f" has {', '.join(sorted(skills))}" if skills else ""
            return Pick(None, f"nobody of them{wanted}" if skills else _WHY["inactive"])
        pool.freshen()
        if pool.only_absent and not even_absent:
            return self._nobody(pool, at, exclude)
        if method in _BY_LOAD:
            email, is_owed = pool.least(self.workers, exclude), False
        else:
            email, is_owed = pool.round.pick(exclude) or (None, False)
        if email is not None:
            how = _HOW[method] + (", a lead they were owed," if is_owed else "")
            return Pick(
                email, how + (", though all are away," if pool.only_absent else ""), FOREVER, pool.key
            )
        return self._nobody(pool, at, exclude)

    def give(self, email: str, at: float) -> None:
        """A person is given a lead, whoever's turn it was."""
        worker = self.workers[email]
        self.turn += 1
        before = worker.changes_at
        became_full = worker.give(at, self.turn)
        if worker.changes_at < before:
            heappush(self._changes, (worker.changes_at, email))
        for pool in self._of.get(email, ()):
            if became_full:
                pool.is_stale = True
            if pool.method in _BY_LOAD:  # who is full now may have room again before the pool is asked
                pool.weigh(worker)

    def why_not(self, email: str) -> str:
        """Why a person who is asked for by name cannot take a lead now. Hours do not matter: it waits for
        them.
        """
        worker = self.workers.get(email)
        return "unknown" if worker is None else worker.why_not(mind_hours=False)

    def opens_at(self, email: str, at: float) -> float:
        """When a person who is asked for by name can take a lead at the earliest."""
        worker = self.workers.get(email)
        return FOREVER if worker is None or not worker.active else _takes_at(worker, at, mind_hours=False)

    def backup_of(self, team: str, why: str) -> str | None:
        """Whom to ask next. A team that holds leads until it opens passes none for the hour alone."""
        known = self.teams[team]
        return None if why == _WHY["asleep"] and known.outside_hours == "hold" else known.backup

    def credit(self, pool: str, email: str, turns: int = 1) -> None:
        """A lead of this pool came to nothing that was the person's doing; -1: it did after all.

        A team that is gone has no rotation to credit, and who has the least needs no credit.
        """
        team, method, skills = pool.split("|")
        if team not in self.teams or method in _BY_LOAD:
            return
        held = {seat.email for seat in self.teams[team].seats}
        wanted = frozenset(filter(None, skills.split(",")))
        if email in held and held <= self.workers.keys():
            rotation = self._pool(team, method, wanted).round
            rotation.credit(email) if turns > 0 else rotation.debit(email)

    def fairness(self) -> Iterable[tuple[str, str, int, float]]:
        """(pool, person, leads given in turn, leads beyond the ideal share) of every rotation, also of those
        that nobody asked this time."""
        asked = {pool.key: pool.round for pool in self._pools.values() if pool.method not in _BY_LOAD}
        for key, rotation in sorted((self._unasked() | asked).items()):
            for email in rotation.seats:
                yield key, email, rotation.total.get(email, 0), rotation.deviation(email)

    def _unasked(self) -> dict[str, Round]:
        """The rotations of earlier runs, of teams that are there and have the same members still."""
        found = {}
        for key, kept in self._kept_rounds.items():
            team, method, skills = key.split("|")
            rule = self.teams.get(team)
            if rule is not None and all(seat.email in self.workers for seat in rule.seats):
                wanted = frozenset(filter(None, skills.split(",")))
                members = [w for s in rule.seats if wanted <= (w := self.workers[s.email]).skills]
                found[key] = _Pool(key, rule, members, method, kept).round
        return found

    def kept(self) -> dict[str, Any]:
        rounds = dict(self._kept_rounds)
        rounds |= {p.key: p.round.kept() for p in self._pools.values() if p.method not in _BY_LOAD}
        people = {w.email: w.kept() for w in self.workers.values() if w.turn or w.given}
        return {
            "rounds": dict(sorted(rounds.items())),
            "people": dict(sorted(people.items())),
            "turn": self.turn,
        }

    def _nobody(self, pool: _Pool, at: float, exclude: str | None) -> Pick:
        """Why nobody of a pool can take a lead, and when the first of those who could is back at work."""
        known = pool.nobody.get(exclude)
        if known is not None and known.opens_at > at:
            return known
        others = [m for m in pool.members if m.email != exclude]
        whys = {m.why_not(mind_hours=pool.mind_hours) for m in others}
        why = next((w for w in ("asleep", "full", "away", "inactive") if w in whys), "inactive")
        opens = min((_takes_at(m, at, pool.mind_hours) for m in others if m.active), default=FOREVER)
        found = Pick(None, _WHY[why], opens if opens > at else FOREVER)
        pool.nobody[exclude] = found
        return found

    def _look(self, worker: Worker, at: float) -> None:
        if worker.look(at):
            for pool in self._of.get(worker.email, ()):
                pool.is_stale = True
            if worker.changes_at < FOREVER:
                heappush(self._changes, (worker.changes_at, worker.email))

    def _pool(self, team: str, method: str, skills: frozenset[str]) -> _Pool:
        known = self._pools.get((team, method, skills))
        if known is None:
            rule = self.teams[team]
            members = [self.workers[s.email] for s in rule.seats if skills <= self.workers[s.email].skills]
            key = f"{team}|{method}|{','.join(sorted(skills))}"
            known = _Pool(key, rule, members, method, self._kept_rounds.get(key, {}))
            self._pools[team, method, skills] = known
            for member in members:
                self._of.setdefault(member.email, []).append(known)
        return known


def _takes_at(worker: Worker, at: float, mind_hours: bool) -> float:
    """When somebody can take a lead at the earliest, as far as the calendar says."""
    room = worker.room_at(at)
    if room == FOREVER:
        return FOREVER
    return worker.schedule.next_open(room) if mind_hours else worker.schedule.back_at(room)
