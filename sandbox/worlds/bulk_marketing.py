"""Tracking events by the million, for measuring: written by SQL, a fifth of them opens and clicks."""

from __future__ import annotations

from sandbox import times
from sandbox.marketing_cloud import account, extensions
from sandbox.store import Store

SPAN = 150 * times.DAY
_PER_SUBSCRIBER = 20
TARGET = "bulk_people"
"""A data extension to write rows into."""


def create(store: Store, events: int, seed: int, now: int) -> None:
    """An account with so many events, evenly over the last months, and one empty data extension."""
    account.prepare(store, seed)
    people = max(1, events // _PER_SUBSCRIBER)
    numbers = "with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n + 1 < ?)"
    store.db.execute(
        f"""{numbers} insert into subscribers (id, key, email, status, created)
        select n + 1, printf('003SB0%012d', n), 'person' || n || '@company' || (n % 3000) || '.example',
            'Active', ? from numbers""",
        (people, now - SPAN - times.DAY),
    )
    store.db.execute(
        f"""{numbers} insert into sends select n + 1, 'Issue ' || n, 'Issue ' || n, ?, null, null
        from numbers""",
        (100, now - SPAN),
    )
    store.db.execute(
        f"""{numbers} insert into tracking (kind, at, subscriber, subscriber_key, send, batch, list, url)
        select case when n % 10 < 8 then 'SentEvent' when n % 10 = 8 then 'OpenEvent' else 'ClickEvent' end,
            ? + cast(n * ? as integer), n % ? + 1, printf('003SB0%012d', n % ?), n % 100 + 1, n + 1, 23,
            case when n % 10 = 9 then 'https://www.northwind.example/' || (n % 50) end
        from numbers""",
        (events, now - SPAN, SPAN / max(1, events), people, people),
    )
    extensions.create(
        store, TARGET, TARGET,
        [
            {"name": "ContactKey", "length": 18, "key": True},
            {"name": "EmailAddress", "type": "EmailAddress", "length": 254},
            {"name": "FirstName", "length": 80}, {"name": "LastName", "length": 80},
            {"name": "LeadScore", "type": "Number"}, {"name": "Stage", "length": 40},
        ], now, send_field="ContactKey",
    )  # fmt: skip
