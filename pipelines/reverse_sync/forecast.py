"""What a plan costs in API calls, before the first one is made.

Belongs here: the formula. For n records of one object: the writes; where the vendor's answer does not echo
what it stored, the read-backs; once per sync one call for the fields and one for what others have changed
since it was read (with `look_before_writing: each` one for each batch); and one per vendor for the identity
of the portal or org (sign-in comes on top where the session is new). What only trouble makes necessary
(batches cut in pieces, lost answers, a job that takes longer, records to look at that others have changed) is
counted apart when it happens.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import ceil, inf
from typing import Any

BATCH = {"hubspot": 100, "salesforce": 200, "marketing_cloud": 32_000}
_AT_ONCE, _KEYS, _ROWS_PAGE = 50, 20, 2_500
_LOOK = {"hubspot": 100, "salesforce": 2_000}
"""Records of which one call tells what they hold."""
_TELL = ("hubspot", "salesforce")
"""They can be asked which records changed since a moment."""
_BULK_ABOVE, _JOB_ROWS, _JOB_CALLS, _READ_BACK = 2_000, 10_000, 4, 2_000


TRACKED = (
    "sent_events", "open_events", "click_events", "bounce_events", "unsubscribe_events", "journey_history",
    "complaints",
)  # fmt: skip
"""Tables of Marketing Cloud that `crm listen` reads with each refresh; the others it reads now and then."""


@dataclass(frozen=True)
class Listening:
    """What `crm listen` reads of a vendor in a day, whose quota is to hold that too: `refreshes`, of which
    `wholes` take everything (`whole` calls), the others what is `tracked`."""

    whole: int = 0
    tracked: int = 0
    wholes: int = 24
    refreshes: int = 288

    def calls(self, writings: int = 0) -> int:
        """Of a day in which something is written so often: the refresh after each takes everything."""
        wholes = min(max(self.wholes, writings), self.refreshes)
        return wholes * self.whole + (self.refreshes - wholes) * self.tracked

    def __str__(self) -> str:
        rest = self.refreshes - self.wholes
        whole = f"{self.wholes:,} times all with {self.whole:,} calls"
        return f"{whole}, {rest:,} times what is tracked with {self.tracked:,}"


NOTHING_READ = Listening()


@dataclass(frozen=True)
class Forecast:
    """Calls of one sync. `formula` says in words how they come about."""

    write: int
    read_back: int
    check: int
    formula: str
    reading: Listening = NOTHING_READ
    """No part of `total`; of nothing where the vendor's quota need not hold it."""

    @property
    def total(self) -> int:
        return self.write + self.read_back + self.check

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def forecast(
    vendor: str, records: int, *, consent: bool = False, object_name: str = "", rows: int | None = None,
    is_dated: bool = False, looks_at_each: bool = False,
) -> Forecast:  # fmt: skip
    """The calls that writing `records` records of one object takes. HubSpot keeps consent by address, so a
    batch of opt-outs reads the addresses first. `rows`: those that a data extension has afterwards.
    `is_dated`: it is known when they were read, so that it is asked who has changed any since.
    `looks_at_each`: instead of that, each batch is read before it is written."""
    found = _forecast(vendor, records, consent, object_name, rows)
    if not (records and is_asked(vendor, object_name, consent=consent)):
        return found
    if looks_at_each:
        looks = ceil(records / _LOOK[vendor])
        formula = f"{found.formula}; {looks:,} to look at each record right before"
        return replace(found, check=found.check + looks, formula=formula)
    if not is_dated:
        return found
    return replace(found, check=found.check + 1, formula=f"{found.formula}; one for what changed since")


def is_asked(vendor: str, object_name: str, *, consent: bool) -> bool:
    """Whether it is looked into who changed records since they were read: refusals are written whatever
    others say, and not every CRM can be asked."""
    return vendor in _TELL and not consent and (vendor, object_name) != ("hubspot", "campaigns")


def _forecast(vendor: str, records: int, consent: bool, object_name: str, rows: int | None) -> Forecast:
    if (vendor, object_name) == ("hubspot", "campaigns"):
        formula = f"{records:,} campaigns / 50 a call, the answer is the proof"
        return Forecast(write=ceil(records / 50), read_back=0, check=0, formula=formula)
    batch = BATCH[vendor]
    writes = ceil(records / batch)
    if consent and vendor == "hubspot":
        formula = f"{records:,} addresses / {batch} a call, as many to read them; one call for the fields"
        return Forecast(write=writes, read_back=writes, check=1 if records else 0, formula=formula)
    if vendor == "marketing_cloud":
        return _subscribers(records, object_name) if consent else _extension_rows(records, rows)
    if vendor == "salesforce":
        return _salesforce(records)
    return Forecast(
        write=writes, read_back=0, check=1 if records else 0,
        formula=f"{records:,} records / {batch} a call, the answer is the proof; one call for the fields",
    )  # fmt: skip


def _salesforce(records: int) -> Forecast:
    """Collections, read back 2,000 at a time; above 2,000 records jobs, each of four calls."""
    check = 1 if records else 0
    if records <= _BULK_ABOVE:
        formula = f"{records:,} records / 200 a call, read back 2,000 a call; one call for the fields"
        read_backs = ceil(records / _READ_BACK)
        return Forecast(ceil(records / BATCH["salesforce"]), read_backs, check, formula)
    jobs, rest = divmod(records, _JOB_ROWS)
    last = 0 if not rest else 1 if rest <= BATCH["salesforce"] else _JOB_CALLS
    read_backs = jobs * ceil(_JOB_ROWS / _READ_BACK) + ceil(rest / _READ_BACK)
    formula = (
        f"{records:,} records / 10,000 a job (begun, given its rows, started, asked after once), read back "
        "2,000 a call; one call for the fields"
    )
    return Forecast(_JOB_CALLS * jobs + last, read_backs, check, formula)


def _subscribers(records: int, object_name: str) -> Forecast:
    """Their field needs no asking after, which lists there are does; what the answer took is read back."""
    calls = ceil(records / 200)
    formula = f"{records:,} subscribers / 200 a call, and as many to read back"
    if object_name != "ListSubscriber" or not records:
        return Forecast(write=calls, read_back=calls, check=0, formula=formula)
    return Forecast(write=calls, read_back=calls, check=1, formula=f"{formula}; one for the lists")


def _extension_rows(records: int, rows: int | None) -> Forecast:
    """Up to 50 rows go at once and are echoed; more go by request: sent, asked after, and read back by the
    fewer calls."""
    check = 1 if records else 0
    if records <= _AT_ONCE:
        formula = "one call, the answer is the proof; one for the fields"
        return Forecast(write=min(records, 1), read_back=0, check=check, formula=formula)
    requests, rest = divmod(records, BATCH["marketing_cloud"])
    sizes = [BATCH["marketing_cloud"]] * requests + [rest] * (rest > _AT_ONCE)
    pages = inf if rows is None else ceil(rows / _ROWS_PAGE)
    read_back = sum(int(min(pages, 1 + ceil(size / _KEYS))) for size in sizes)
    write = 2 * len(sizes) + (0 < rest <= _AT_ONCE)
    formula = (
        f"{records:,} rows / 32,000 a request, asked after; each read back by 20 keys a call, or with the "
        "whole by 2,500, whichever is less; one for the fields"
    )
    return Forecast(write=write, read_back=read_back, check=check, formula=formula)
