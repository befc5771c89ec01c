"""Faults on request: what goes wrong, for which requests, how often. Counted, never random."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

BREAKS = ("reset", "drop_answer", "cut_body", "short_page", "truncated_page")


@dataclass
class Fault:
    """A fault meets requests whose `METHOD path` matches, from the `after`-th on, `times` times.

    `status`: an HTTP status, `reset` (the connection ends before anything is done), `drop_answer` (it
    is done and stored, its answer lost), `cut_body` (the connection ends amid the answer), `short_page` (rows
    are missing from the page) or `truncated_page` (and it says to be the last). `slow` waits that many
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
    seen: int = 0
    met: int = 0

    @classmethod
    def parse(cls, spec: dict[str, Any]) -> Fault:
        status = spec.get("status")
        if isinstance(status, str) and status not in BREAKS:
            raise ValueError(f"status must be a number, {' or '.join(BREAKS)}, not {status!r}")
        if status is None and not spec.get("slow"):
            raise ValueError("a fault needs a status or slow")
        retry_after = spec.get("retry_after")
        return cls(
            re.compile(str(spec.get("match", "."))),
            status,
            int(spec.get("slow", 0)),
            int(spec.get("times", 1)),
            int(spec.get("after", 0)),
            None if retry_after is None else str(retry_after),
            str(spec.get("limit", "")),
        )

    def shown(self) -> dict[str, Any]:
        return {
            "match": self.match.pattern, "status": self.status, "slow": self.slow, "times": self.times,
            "after": self.after, "retry_after": self.retry_after,
            "limit": self.limit, "seen": self.seen, "met": self.met,
        }  # fmt: skip


class Faults:
    """The faults that are switched on, in order; the first that meets a request wins."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def replace(self, specs: list[dict[str, Any]]) -> None:
        self._faults = [Fault.parse(spec) for spec in specs]

    def meet(self, method: str, path: str) -> Fault | None:
        """The fault this request meets, counted; None for a request that goes well."""
        for fault in self._faults:
            if fault.met < fault.times and fault.match.search(f"{method} {path}"):
                fault.seen += 1
                if fault.seen > fault.after:
                    fault.met += 1
                    return fault
        return None

    def shown(self) -> list[dict[str, Any]]:
        return [fault.shown() for fault in self._faults]
