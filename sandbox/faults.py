"""Faults on request: what goes wrong, for which requests, how often, when. Counted, never random.

They are switched on by control (`/_sandbox/faults`, `crm sandbox faults`), by a request's own header
(`X-Sandbox-Fault`), and by schedule (`from` and `until` in the world's time, `every` so many requests).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox import times

HEADER = "x-sandbox-fault"
BREAKS = ("reset", "drop_answer", "cut_body", "short_page", "truncated_page")
INSTEAD = ("expired_token", "rotated_token", "daily_limit", "outage", "noop", "row_error", "late_rows")
KINDS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "retry_after": "1"}, "429_without_retry_after": {"status": 429},
    "500": {"status": 500}, "502": {"status": 502}, "503": {"status": 503}, "504": {"status": 504},
    "423": {"status": 423}, "403": {"status": 403}, "404": {"status": 404}, "slow": {"slow": 3_000},
    **{each: {"status": each} for each in (*BREAKS, "expired_token", "rotated_token", "daily_limit",
                                     "outage", "noop", "late_rows")},
    "lock": {"status": "row_error", "code": "UNABLE_TO_LOCK_ROW"},
    "row_error": {"status": "row_error"}, "half_batch": {"status": "row_error", "row_every": 2},
}  # fmt: skip
"""Every kind by name, for the command, the page and the header."""
NAMES = (
    "match",
    "status",
    "slow",
    "times",
    "after",
    "retry_after",
    "limit",
    "every",
    "from",
    "until",
    "code",
    "row_every",
    "late",
)
"""What may be said of a fault, besides its `kind`."""
UNLIMITED = 1_000_000_000
ROW_CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


@dataclass
class Fault:
    """A fault meets requests whose `METHOD path` matches, from the `after`-th on, each `every`-th,
    `times` times.

    `status`: an HTTP status, `reset` (the connection ends before anything is done), `drop_answer` (it
    is done and stored, its answer lost), `cut_body` (the connection ends amid the answer), `short_page` (rows
    are missing from the page), `truncated_page` (and it says to be the last), `expired_token`,
    `rotated_token` (and all sessions end, refresh tokens are good once from now on), `daily_limit`,
    `outage` (503 without the vendor's words), `noop` (answered as if done, nothing is stored) or `row_error`
    (each `row_every`-th row of a write is refused with `code`), or `late_rows` (what the request makes is
    seen `late` seconds later only). `slow` waits that many milliseconds first.
    `limit` names the limit that an answer of too many calls is about: HubSpot's policy, or what
    Salesforce counts.
    """

    match: re.Pattern[str]
    status: int | str | None
    slow: int
    times: int
    after: int
    retry_after: str | None
    limit: str = ""
    every: int = 1
    start: int | None = None
    end: int | None = None
    code: str = ROW_CODE
    row_every: int = 1
    late: int = 60
    seen: int = 0
    met: int = 0
    rows: int = 0

    @classmethod
    def parse(cls, spec: dict[str, Any]) -> Fault:
        if "kind" in spec:
            known = KINDS.get(str(spec["kind"]))
            if known is None:
                raise ValueError(f"kind must be one of {', '.join(KINDS)}")
            spec = known | {name: value for name, value in spec.items() if name != "kind"}
        unknown = sorted(set(spec) - set(NAMES))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is nothing that a fault has; it has {', '.join(NAMES)}")
        status = spec.get("status")
        if isinstance(status, str) and status not in (*BREAKS, *INSTEAD):
            raise ValueError(f"status must be a number, {' or '.join((*BREAKS, *INSTEAD))}, not {status!r}")
        if (
            status is not None
            and not isinstance(status, str)
            and not (isinstance(status, int) and 400 <= status <= 599)
        ):
            raise ValueError("a status is 400 to 599")
        if status is None and not spec.get("slow"):
            raise ValueError("a fault needs a status or slow")
        retry_after = spec.get("retry_after")
        start, end = (times.parse(str(spec[n])) if spec.get(n) else None for n in ("from", "until"))
        lasting = start is not None or end is not None or "every" in spec or status == "outage"
        return cls(
            re.compile(str(spec.get("match", "."))),
            status,
            int(spec.get("slow", 0)),
            int(spec.get("times", UNLIMITED if lasting else 1)),
            int(spec.get("after", 0)),
            None if retry_after is None else str(retry_after),
            str(spec.get("limit", "")),
            max(1, int(spec.get("every", 1))),
            start,
            end,
            str(spec.get("code", ROW_CODE)),
            max(1, int(spec.get("row_every", 1))),
            max(0, int(spec.get("late", 60))),
        )

    def is_due(self, method: str, path: str, now: int) -> bool:
        """Whether a request meets it; counted."""
        if self.met >= self.times or (self.start is not None and now < self.start):
            return False
        if (self.end is not None and now >= self.end) or not self.match.search(f"{method} {path}"):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.seen - self.after - 1) % self.every:
            return False
        self.met += 1
        return True

    def refuses_row(self) -> bool:
        """Whether the next row of a write is refused: the last of each `row_every`."""
        self.rows += 1
        return self.rows % self.row_every == 0

    def shown(self) -> dict[str, Any]:
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


class NoFault(Exception):
    """A request's header that asks for no fault there is; it says why."""


def of_header(text: str) -> Fault:
    """The fault a request asks for itself: a kind, `name=value;...` or JSON. Raises NoFault."""
    try:
        if text.lstrip().startswith("{"):
            return Fault.parse(orjson.loads(text))
        first, *rest = [part.strip() for part in text.split(";")]
        spec: dict[str, Any] = {} if "=" in first else {"kind": first}
        for part in rest if "kind" in spec else [first, *rest]:
            name, _, value = part.partition("=")
            spec[name.strip()] = int(value) if value.strip().isdecimal() else value.strip()
        return Fault.parse(spec)
    except (ValueError, TypeError, AttributeError, re.error) as problem:
        raise NoFault(str(problem)) from None


class Faults:
    """The faults that are switched on, in order; the first that meets a request wins."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def replace(self, specs: list[dict[str, Any]]) -> None:
        self._faults = [Fault.parse(spec) for spec in specs]

    def add(self, spec: dict[str, Any]) -> None:
        self._faults.append(Fault.parse(spec))

    def meet(self, method: str, path: str, now: int = 0, header: str = "") -> Fault | None:
        """The fault this request meets, counted; None for a request that goes well. Raises NoFault."""
        if header:
            own = of_header(header)
            if own.is_due(method, path, now):
                return own
        for fault in self._faults:
            if fault.is_due(method, path, now):
                return fault
        return None

    def shown(self) -> list[dict[str, Any]]:
        return [fault.shown() for fault in self._faults]
