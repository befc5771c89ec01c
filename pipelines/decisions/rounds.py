"""Whose turn it is among the members of one pool: weighted round-robin that is fair in every stretch.

A *stretch* is a run of leads during which the same members are available. In a stretch the quota method gives
each lead: after k leads a member of weight w among W has floor or ceiling of k*w/W of them, so with equal
weights no two differ by more than one. What a stretch leaves uneven is the member's *balance* (ideal share
minus what they got); it is carried over, and orders the next stretch: who is furthest behind comes first.
Pure: no clock, no chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

_DIGITS = 9


class Seat(NamedTuple):
    """A member's place in a pool."""

    email: str
    position: int
    weight: int = 1


class Round:
    """The rotation of one pool. `reopen` when availability changes, `pick` for each lead."""

    def __init__(
        self, seats: Iterable[Seat], *, catch_up: bool = False, kept: Mapping[str, Any] | None = None
    ):
        self.seats = {seat.email: seat for seat in seats}
        self.catch_up = catch_up
        known = kept or {}
        there = set(self.seats)
        self.balance: dict[str, float] = {m: v for m, v in known.get("balance", {}).items() if m in there}
        self.missed: dict[str, float] = {m: v for m, v in known.get("missed", {}).items() if m in there}
        self.owed: dict[str, int] = {m: v for m, v in known.get("owed", {}).items() if m in there}
        self.total: dict[str, int] = {m: v for m, v in known.get("total", {}).items() if m in there}
        self.available: frozenset[str] = frozenset()
        self.absent: frozenset[str] = frozenset()
        """Who misses what is given meanwhile. Whoever is full or outside their hours does not."""
        self._given: int = 0
        self._begin(())
        same = known.get("weights") == {
            m: self.seats[m].weight for m in known.get("available", ()) if m in there
        }
        if same and there.issuperset(known.get("available", ())):
            self._go_on(known)
        elif known.get("given"):
            self._settle(known["available"], known["given"], known["got"], known["weights"])
            gone = known.get("absent", there - set(known["available"]))
            self._miss(gone, known["given"] - known.get("missed_of", 0), sum(known["weights"].values()))

    @property
    def given(self) -> int:
        """Leads of this stretch."""
        return self._given

    def reopen(self, available: frozenset[str], absent: frozenset[str] | None = None) -> None:
        """From now on these members are available, and these absent: all others unless said. The same as
        before: nothing happens."""
        gone = frozenset(self.seats) - available if absent is None else absent - available
        if gone != self.absent:
            self._count_missed()
            self.absent = gone
        if available == self.available:
            return
        self.close()
        if self.catch_up:
            for member in available - self.available:
                self._return(member)
        self.available = available
        self._begin(available)

    def close(self) -> None:
        """End the stretch: what it left uneven goes into the balances."""
        weights = {m: self.seats[m].weight for m in self.available}
        self._count_missed()
        self._settle(self.available, self._given, self._got, weights)
        self._begin(())
        self._given = 0

    def pick(self, exclude: str | None = None) -> tuple[str, bool] | None:
        """The next member, and whether it is a lead they were owed. None when nobody else is available."""
        owed = self._owed_one(exclude)
        if owed is not None:
            self.owed[owed] -= 1
            self._paid[owed] = self._given // self._weight
            self.balance[owed] = round(self.balance.get(owed, 0.0) - 1, _DIGITS)
            self.total[owed] = self.total.get(owed, 0) + 1
            return owed, True
        member = self._next(exclude)
        if member is None:
            return None
        self._take(member)
        return member, False

    def credit(self, member: str) -> None:
        """A lead of theirs came to nothing that was their doing: it does not count, they are owed one."""
        if member in self.seats:
            self.owed[member] = self.owed.get(member, 0) + 1
            self.balance[member] = round(self.balance.get(member, 0.0) + 1, _DIGITS)

    def debit(self, member: str) -> None:
        """The lead came to something after all: what they were owed for it and have not had is taken back."""
        if member in self.seats:
            self.owed[member] = max(0, self.owed.get(member, 0) - 1)
            self.balance[member] = round(self.balance.get(member, 0.0) - 1, _DIGITS)

    def deviation(self, member: str) -> float:
        """What a member got beyond their ideal share, in leads (negative: behind)."""
        behind = self.balance.get(member, 0.0)
        if member in self.available:
            behind += self._given * self.seats[member].weight / self._weight - self._got.get(member, 0)
        return round(-behind, _DIGITS)

    def kept(self) -> dict[str, Any]:
        """Everything that the next run needs, as plain values."""
        return {
            "balance": dict(sorted(self.balance.items())),
            "missed": dict(sorted(self.missed.items())),
            "owed": {m: n for m, n in sorted(self.owed.items()) if n},
            "total": dict(sorted(self.total.items())),
            "available": sorted(self.available),
            "absent": sorted(self.absent),
            "given": self._given,
            "missed_of": self._missed_of,
            "got": dict(sorted(self._got.items())),
            "weights": {m: self.seats[m].weight for m in sorted(self.available)},
            "paid": dict(sorted(self._paid.items())),
            "order": [member for *_, member in sorted(self._first)],
        }

    # -- a stretch -------------------------------------------------------------------------------------

    def _begin(self, available: Iterable[str]) -> None:
        self._given = 0
        self._missed_of = 0
        """Of so many leads of this stretch it is counted who missed them."""
        self._got: dict[str, int] = {}
        self._paid: dict[str, int] = {}
        self._weight: int = max(1, sum(self.seats[m].weight for m in available))
        self._first: list[tuple[float, int, str]] = [
            (self.owed.get(m, 0) - self.balance.get(m, 0.0), self.seats[m].position, m) for m in available
        ]
        self._rank = {m: rank for rank, (*_, m) in enumerate(sorted(self._first))}
        self._ready = [(1 / self.seats[m].weight, rank, m) for m, rank in self._rank.items()]
        heapify(self._ready)
        self._later: list[tuple[int, int, str]] = []

    def _go_on(self, known: Mapping[str, Any]) -> None:
        """Go on with a stretch that an earlier run began: the same order, the same counts."""
        self.available = frozenset(known["available"])
        self._begin(self.available)
        order = {m: rank for rank, m in enumerate(known["order"])}
        if set(order) == set(self._rank):
            self._rank = order
        self._first = [(float(rank), rank, m) for m, rank in self._rank.items()]
        self._given = known["given"]
        self._missed_of = known.get("missed_of", 0)
        self.absent = frozenset(known.get("absent", frozenset(self.seats) - self.available)) & set(self.seats)
        self._got = dict(known["got"])
        self._paid = dict(known.get("paid", {}))
        self._ready, self._later = [], []
        for member in self.available:
            self._wait(member, self._got.get(member, 0))

    def _next(self, exclude: str | None) -> str | None:
        step = self._given + 1
        while self._later and self._later[0][0] <= step:
            _, _, member = heappop(self._later)
            self._make_ready(member, self._got.get(member, 0))
        left_out: list[tuple[float, int, str]] = []
        while self._ready:
            entry = heappop(self._ready)
            if entry[2] != exclude:
                for again in left_out:
                    heappush(self._ready, again)
                return entry[2]
            left_out.append(entry)
        for again in left_out:
            heappush(self._ready, again)
        return self._other_than(exclude)

    def _other_than(self, exclude: str | None) -> str | None:
        """Only who is excluded is due: the next of those who wait takes the lead early."""
        waiting = [entry for entry in sorted(self._later) if entry[2] != exclude]
        if not waiting:
            return None
        self._later.remove(waiting[0])
        heapify(self._later)
        return waiting[0][2]

    def _take(self, member: str) -> None:
        self._given += 1
        got = self._got.get(member, 0) + 1
        self._got[member] = got
        self.total[member] = self.total.get(member, 0) + 1
        self._wait(member, got)

    def _wait(self, member: str, got: int) -> None:
        due = got * self._weight // self.seats[member].weight + 1
        if due <= self._given + 1:
            self._make_ready(member, got)
        else:
            heappush(self._later, (due, self._rank[member], member))

    def _make_ready(self, member: str, got: int) -> None:
        heappush(self._ready, ((got + 1) / self.seats[member].weight, self._rank[member], member))

    # -- between stretches -----------------------------------------------------------------------------

    def _settle(
        self, available: Iterable[str], given: int, got: Mapping[str, int], weights: Mapping[str, int]
    ) -> None:
        if not given:
            return
        whole = sum(weights.values())
        for member in available:
            if member in self.seats:
                share = given * weights[member] / whole - got.get(member, 0)
                self.balance[member] = round(self.balance.get(member, 0.0) + share, _DIGITS)

    def _count_missed(self) -> None:
        """Who is absent has missed what this stretch has given since that was counted."""
        whole = sum(self.seats[m].weight for m in self.available)
        self._miss(self.absent, self._given - self._missed_of, whole)
        self._missed_of = self._given

    def _miss(self, absent: Iterable[str], leads: int, whole: int) -> None:
        for member in absent if self.catch_up and leads else ():
            if member in self.seats:
                weight = self.seats[member].weight
                missed = leads * weight / (whole + weight)
                self.missed[member] = round(self.missed.get(member, 0.0) + missed, _DIGITS)

    def _return(self, member: str) -> None:
        """Back from an absence: whole leads that were missed are owed, one more in a round."""
        whole = int(self.missed.get(member, 0.0))
        if whole:
            self.missed[member] = round(self.missed[member] - whole, _DIGITS)
            self.owed[member] = self.owed.get(member, 0) + whole
            self.balance[member] = round(self.balance.get(member, 0.0) + whole, _DIGITS)

    def _owed_one(self, exclude: str | None) -> str | None:
        """Who is owed a lead and had none of these in this round."""
        now = self._given // self._weight
        due = [
            m for m, n in self.owed.items()
            if n > 0 and m != exclude and m in self.available and self._paid.get(m) != now
        ]  # fmt: skip
        return min(due, key=lambda m: self._rank[m]) if due else None
