"""What became of marketing e-mails: counts, ratios and intervals of their e-mail events.

Whoever opened or clicked several times counts once; scanners at the recipient's (`filteredEvent`) do not.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox import times
from sandbox.call import Call
from sandbox.hubspot import errors
from sandbox.store import Store

Json = dict[str, Any]
_NAMES = {
    "SENT": "sent", "DELIVERED": "delivered", "OPEN": "open", "CLICK": "click", "BOUNCE": "bounce",
    "DROPPED": "dropped", "SPAMREPORT": "spamreport", "STATUSCHANGE": "unsubscribed",
}  # fmt: skip
_OTHERS = (
    "contactslost",
    "hardbounced",
    "notsent",
    "pending",
    "reply",
    "selected",
    "softbounced",
    "suppressed",
)
_OF_SENT = ("bounce", "delivered", "dropped")
_OF_DELIVERED = ("click", "open", "reply", "spamreport", "unsubscribed")
_WIDTHS = {"MINUTE": times.MINUTE, "HOUR": times.HOUR, "DAY": times.DAY, "WEEK": 7 * times.DAY}
INTERVALS = (*_WIDTHS, "MONTH", "YEAR")
_MONDAY = 4 * times.DAY
"""The first Monday after the beginning of 1970: weeks begin on one."""


def index(store: Store) -> None:
    """Let the events of a campaign be found; whoever never asks for them does without."""
    store.script("create index if not exists email_events_of on email_events (campaign_id, type)")


def shown(counted: Json) -> Json:
    """Counters and ratios, in percent, as HubSpot shows them."""
    counters: Json = dict.fromkeys((*_NAMES.values(), *_OTHERS), 0) | counted
    counters |= {"hardbounced": counters["bounce"], "selected": counters["sent"],
                 "notsent": counters["dropped"]}  # fmt: skip
    ratios = {f"{name}ratio": _ratio(counters[name], counters["sent"]) for name in _OF_SENT}
    ratios |= {f"{name}ratio": _ratio(counters[name], counters["delivered"]) for name in _OF_DELIVERED}
    ratios["clickthroughratio"] = _ratio(counters["click"], counters["open"])
    devices: Json = {"click_device_type": {}, "open_device_type": {}}
    return {"counters": counters, "ratios": ratios, "deviceBreakdown": devices, "qualifierStats": {}}


def _ratio(part: int, whole: int) -> float:
    return round(100 * part / whole, 3) if whole else 0.0


def _events(campaigns: Sequence[int], span: tuple[int, int] | None) -> tuple[str, list[Any]]:
    marks = ", ".join("?" * len(campaigns))
    clause = f"email_events where campaign_id in ({marks})"
    clause += " and coalesce(json_extract(shown, '$.filteredEvent'), 0) = 0"
    return (
        (clause, [*campaigns]) if span is None else (f"{clause} and at between ? and ?", [*campaigns, *span])
    )


def by_campaign(
    store: Store, campaigns: Sequence[int], span: tuple[int, int] | None = None
) -> dict[int, Json]:
    """Of each e-mail campaign what its events count, all of them or those of a span of time."""
    index(store)
    clause, values = _events(campaigns, span)
    found: dict[int, Json] = {each: {} for each in campaigns}
    for campaign, kind, count in store.rows(
        f"select campaign_id, type, count(distinct recipient) from {clause} group by 1, 2", values
    ):
        if kind in _NAMES:
            found[campaign][_NAMES[kind]] = count
    return found


def together(several: Iterable[Json]) -> Json:
    """The sum of counters."""
    found: Json = {}
    for each in several:
        for name, count in each.items():
            found[name] = found.get(name, 0) + count
    return found


def histogram(store: Store, campaigns: Sequence[int], span: tuple[int, int], interval: str) -> list[Json]:
    """The intervals of a span in which something happened."""
    bucket = {"MONTH": "strftime('%Y-%m-01', at / 1000, 'unixepoch')",
              "YEAR": "strftime('%Y-01-01', at / 1000, 'unixepoch')"}.get(interval)  # fmt: skip
    width = _WIDTHS.get(interval, 0)
    shift = _MONDAY if interval == "WEEK" else 0
    bucket = bucket or f"(at - {shift}) / {width} * {width} + {shift}"
    clause, values = _events(campaigns, span)
    found: dict[int, Json] = {}
    for begins, kind, count in store.rows(
        f"select {bucket}, type, count(distinct recipient) from {clause} group by 1, 2 order by 1", values
    ):
        if kind in _NAMES:
            start = begins if width else times.parse(f"{begins}T00:00:00Z")
            found.setdefault(start, {})[_NAMES[kind]] = count
    return [
        {"interval": {"start": times.iso(start), "end": times.iso(_end(start, interval) - 1)},
         "aggregations": shown(counted)}
        for start, counted in found.items()
    ]  # fmt: skip


def _end(start: int, interval: str) -> int:
    if interval in _WIDTHS:
        return start + _WIDTHS[interval]
    begun = times.from_ms(start)
    days = (
        (365 + calendar.isleap(begun.year))
        if interval == "YEAR"
        else calendar.monthrange(begun.year, begun.month)[1]
    )
    return start + days * times.DAY


def span_of(call: Call) -> tuple[int, int]:
    """`startTimestamp` and `endTimestamp` of a query, which are wanted."""
    found = []
    for name in ("startTimestamp", "endTimestamp"):
        try:
            found.append(times.parse(call.query.get(name, "").replace(" ", "+")))
        except ValueError:
            raise errors.validation(call, f"{name} must be an ISO 8601 timestamp") from None
    return found[0], found[1]
