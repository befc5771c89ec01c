"""Faults on request: what goes wrong, for which requests, how often, when. Counted, never random.

They are switched on by control (`/_sandbox/faults`, `crm sandbox faults`), by a request's own header
(`X-Sandbox-Fault`), and by schedule (`from` and `until` in the world's time, `every` so many requests).
How people write one is read in `fault_specs`; what it looks like is the business of who meets it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox import times

HEADER = "x-sandbox-fault"
BREAKS = ("reset", "drop_answer", "cut_body")
PAGES = ("short_page", "truncated_page")
ROWS = ("row_error", "late_rows", "noop")
SIGNED = ("expired_token", "rotated_token", "daily_limit")
"""What meets those alone who have signed in."""
UNLIMITED = 1_000_000_000
Kinds = dict[str, dict[str, Any]]
"""What a vendor's faults are called, and what each is."""


@dataclass
class Fault:
    """A fault meets requests whose `METHOD path` matches, from the `after`-th on, each `every`-th,
    `times` times. One that came to nothing (no row was written, no page had rows) has met nobody.

    `status`: an HTTP status, `reset` (the connection ends before anything is done), `drop_answer` (it
    is done and stored, its answer lost), `cut_body` (the connection ends amid the answer), `short_page` (rows
    are missing from the page), `truncated_page` (and it says to be the last), `expired_token`,
    `rotated_token` (and all sessions end, refresh tokens are good once from now on), `daily_limit` (until
    the day of the world ends), `outage` (503 without the vendor's words), `noop` (answered as if done,
    nothing is stored), `row_error` (each `row_every`-th row of a write is refused with `code`), or
    `late_rows` (what the request makes is seen `late` seconds later only). `slow` waits that many
    milliseconds first. `limit` names the limit that an answer of too many calls is about: HubSpot's policy,
    or what Salesforce counts.
    """

    match: re.Pattern[str]
    status: int | str | None
    slow: int
    times: int
    after: int
    retry_after: str | None
    limit: str
    every: int
    start: int | None
    end: int | None
    code: str
    row_every: int
    late: int
    seen: int = 0
    met: int = 0
    rows: int = 0
    acted: bool = False

    def is_due(self, method: str, path: str, now: int, *, is_open: bool = False) -> bool:
        """Whether a request meets it; counted."""
        if self.met >= self.times or (self.start is not None and now < self.start):
            return False
        if (self.end is not None and now >= self.end) or not self._may_meet(method, is_open=is_open):
            return False
        if not self.match.search(f"{method} {path}"):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.seen - self.after - 1) % self.every:
            return False
        self.met += 1
        self.acted = self.status not in (*ROWS, *PAGES)
        if self.status == "daily_limit" and self.end is None:
            self.end = now - now % times.DAY + times.DAY
        return True

    def _may_meet(self, method: str, *, is_open: bool) -> bool:
        if self.status in ROWS:
            return method not in ("GET", "HEAD")
        return not (is_open and self.status in SIGNED)

    def refuses_row(self) -> bool:
        """Whether the next row of a write is refused: the last of each `row_every`."""
        if self.status != "row_error":
            return False
        self.rows += 1
        refused = self.rows % self.row_every == 0
        self.acted = self.acted or refused
        return refused

    def settle(self) -> None:
        """The request is over: when nothing came of the fault, it waits for the next one."""
        if not self.acted:
            self.met -= 1
            self.seen -= 1
            self.acted = True

    def shown(self) -> dict[str, Any]:
        """As it is told; whoever posts that back has the same fault again."""
        window = {n: times.iso(v) for n, v in (("from", self.start), ("until", self.end)) if v is not None}
        rows: dict[str, Any] = (
            {"code": self.code, "row_every": self.row_every} if self.status == "row_error" else {}
        )
        if self.status == "late_rows":
            rows = {"late": self.late}
        return {
            "match": self.match.pattern, "status": self.status, "slow": self.slow, "times": self.times,
            "after": self.after, "retry_after": self.retry_after, "every": self.every, **window, **rows,
            "limit": self.limit, "seen": self.seen, "met": self.met,
        }  # fmt: skip


class Faults:
    """The faults that are switched on, in order; the first that meets a request wins."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def replace(self, faults: Sequence[Fault]) -> None:
        self._faults = list(faults)

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def meet(
        self, method: str, path: str, now: int = 0, *, own: Fault | None = None, is_open: bool = False,
        among: Sequence[str] = (),
    ) -> Fault | None:  # fmt: skip
        """The fault this request meets, counted; None for a request that goes well. `own`: what it asks for
        itself; `is_open`: it is asked without a session; `among`: no other statuses than these."""
        for fault in [*([own] if own else []), *self._faults]:
            if among and fault.status not in among:
                continue
            if fault.is_due(method, path, now, is_open=is_open):
                return fault
        return None

    def shown(self) -> list[dict[str, Any]]:
        return [fault.shown() for fault in self._faults]
