"""The budget is planned before the first row is read, and said in words."""

from __future__ import annotations

import math

import pytest

from pipelines.clients.rate_limit import Window
from pipelines.run import Run, silent
from pipelines.sources import fetch as fetching
from pipelines.sources.forecast import Forecast, duration
from pipelines.sources.hubspot import calls
from pipelines.sources.hubspot.pairs import Ends
from pipelines.sources.hubspot.stretches import AT_ONCE
from pipelines.sources.known import known_from
from pipelines.sources.salesforce.calls import of_query


def test_it_is_said_as_people_would_say_it() -> None:
    found = Forecast(
        vendor="hubspot", calls=10_412, day=(110_000, 100_000), window=Window(1_150, 10.0), stop_at=0.9
    )  # fmt: skip
    assert found.sentence() == (
        "HubSpot: this load needs about 10,400 calls, 9% of today's limit, 91 s at the limit"
    )


def test_a_load_larger_than_what_is_left_of_the_day_says_that_it_will_stop() -> None:
    found = Forecast(vendor="salesforce", calls=2_000, day=(15_000, 2_500), stop_at=0.9)
    assert found.sentence() == (
        "Salesforce: this load needs about 2,000 calls, 13% of today's limit, more than are left: "
        "it stops at 90% of the limit, the next run goes on"
    )


def test_where_nothing_is_left_to_ask_that_is_said() -> None:
    found = Forecast(vendor="salesforce", calls=0, day=(15_000, 2_500))
    assert found.sentence() == "Salesforce: nothing has changed, no more calls are needed"


def test_searches_have_a_limit_of_their_own() -> None:
    found = Forecast(
        vendor="hubspot", calls=60, searches=50, window=Window(100, 10.0), search_window=Window(5, 1.0)
    )
    assert found.seconds == 10.0


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "1 s"), (90, "90 s"), (600, "10 min"), (9_000, "2.5 h")])
def test_times_are_said_in_the_unit_that_fits(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_history_halves_the_pages_and_a_wide_object_asks_twice() -> None:
    def of(properties: list[str], with_history: bool) -> int:
        return calls.pages_of_first_load(10_000, properties, with_history=with_history)

    again = AT_ONCE - 1  # pages that are read twice where a list is cut
    assert of(["a"], False) == 100 + again + 1
    assert of(["a"], True) == 200 + again + 1
    assert of([f"property_{n:060}" for n in range(400)], False) == 200 + again + 1


def test_associations_are_counted_by_the_share_of_records_that_shows_any() -> None:
    pairs = Ends(
        asked=("teams",), listed=("companies", "deals", "products"), known=("teams", "companies", "deals")
    )
    seen = {"companies": 0.5, "products": 0.01}
    # 12,000 rows in parts of 5,000: every record of teams, half of them of companies, a few of products
    assert calls.of_associations(12_000, pairs, seen) == (5 + 5 + 2) + (3 + 3 + 1) + 3
    assert calls.of_associations(12_000, pairs, None) == 3 * 12  # unseen: what is known, of every record


def test_what_nobody_counts_is_named_and_added_when_it_is_read() -> None:
    found = Forecast(vendor="hubspot", calls=500, window=Window(100, 10.0), uncounted=("events", "consent"))
    assert found.sentence() == (
        "HubSpot: this load needs about 500 calls, 50 s at the limit, "
        "and more calls for what it does not count beforehand: events, consent"
    )
    assert found.with_counted(100) == (
        "HubSpot: events, consent are read; this load needs about 600 calls in all, 60 s at the limit"
    )


def test_large_salesforce_objects_are_counted_by_bulk() -> None:
    assert of_query(9_999, 30) == math.ceil(9_999 / 2_000)
    assert of_query(40_000, 40) == 3
    assert of_query(1_000_000, 40) == 22


def _said(loop) -> list[tuple[str, int]]:
    """What was said, with how many calls HubSpot had seen by then."""
    said: list[tuple[str, int]] = []
    rows: list[tuple[int, int]] = []

    def tell(sentence: str) -> None:
        said.append((sentence, len(loop.hubspot.seen)))

    def progress(item: str, done: int, total: int | None, calls: int | None = None) -> None:
        rows.append((done, len(said)))

    fetching.fetch(loop.settings, Run(), known_from(loop.connection), progress, tell=tell)
    assert all(before for _, before in rows), "rows were read before the budget was said"
    return said


def _of_hubspot(said: list[tuple[str, int]]) -> str:
    return next(sentence for sentence, _ in said if sentence.startswith("HubSpot: this"))


def _count(sentence: str) -> int:
    return int(sentence.split("about ")[1].split(" call")[0].replace(",", ""))


def test_both_vendors_say_it_before_the_first_row_and_it_is_what_they_take(loop) -> None:
    for number in range(900):
        loop.hubspot.put("contacts", str(number + 1), email=f"{number}@x.example")
        loop.hubspot.linked["contacts", "companies", str(number + 1)] = ["7"]
    for number in range(1_450):
        loop.hubspot.put("deals", str(number + 1), dealname="D")
    for number in range(4_100):
        loop.salesforce.put("Lead", f"00Q{number:015}", LastName="L")
    said = _said(loop)
    [(first, at), (last, _)] = [each for each in said if each[0].startswith("HubSpot")]
    [(salesforce, _)] = [each for each in said if each[0].startswith("Salesforce")]
    assert first.startswith("HubSpot: this load needs about ")
    assert "and more calls for what it does not count beforehand: e-mail events" in first
    assert last.startswith("HubSpot: e-mail events are read")
    made = len(loop.hubspot.seen)
    assert at < made
    assert abs(_count(last) - made) <= 0.02 * made
    assert abs(_count(salesforce) - len(loop.salesforce.seen)) <= 1


def test_what_an_interrupted_load_has_already_is_not_counted_again(loop) -> None:
    for number in range(5_200):
        loop.hubspot.put("contacts", str(number + 1), email=f"{number}@x.example")
    before = _of_hubspot(_said(loop))
    after = _of_hubspot(_said(loop))  # nothing was loaded: the spool holds it all
    assert _count(before) - _count(after) >= 5_200 // 50


def test_nobody_listening_is_fine(loop) -> None:
    assert fetching.fetch(loop.settings, Run(), known_from(loop.connection), silent).tables
