"""The budget is planned before the first row is read, and said in words."""

from __future__ import annotations

import math

import pytest

from pipelines.clients.rate_limit import Window
from pipelines.run import Run, silent
from pipelines.sources import fetch as fetching
from pipelines.sources.forecast import Forecast, duration
from pipelines.sources.hubspot import calls
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
        return calls.of_first_load(10_000, properties, with_history=with_history, linked_to=())

    assert of(["a"], False) == 100 + calls.ENDS
    assert of(["a"], True) == 200 + calls.ENDS
    assert of([f"property_{n:060}" for n in range(400)], False) == 200 + calls.ENDS


def test_large_salesforce_objects_are_counted_by_bulk() -> None:
    assert of_query(9_999, 30) == math.ceil(9_999 / 2_000)
    assert of_query(1_000_000, 40) == 23


def _said(loop) -> list[str]:
    said: list[str] = []
    rows: list[tuple[int, list[str]]] = []

    def progress(item: str, done: int, total: int | None, calls: int | None = None) -> None:
        rows.append((done, list(said)))

    fetching.fetch(loop.settings, Run(), known_from(loop.connection), progress, tell=said.append)
    assert all(before for _, before in rows), "rows were read before the budget was said"
    return sorted(said)


def test_both_vendors_say_it_before_the_first_row_and_it_is_what_they_take(loop) -> None:
    for number in range(450):
        loop.hubspot.put("contacts", str(number + 1), email=f"{number}@x.example")
    for number in range(4_100):
        loop.salesforce.put("Lead", f"00Q{number:015}", LastName="L")
    hubspot, salesforce = _said(loop)
    assert hubspot.startswith("HubSpot: this load needs about ")
    assert salesforce.startswith("Salesforce: this load needs about ")
    foreseen = [
        int(each.split("about ")[1].split(" call")[0].replace(",", "")) for each in (hubspot, salesforce)
    ]
    lists = [path for _, path in loop.hubspot.seen if path.endswith("/objects/2026-03/contacts")]
    leads = [path for _, path in loop.salesforce.seen if "/query" in path and "composite" not in path]
    assert foreseen[0] >= len(lists) >= 9  # with history 50 a page
    assert foreseen[1] >= 3
    assert len(leads) >= 3


def test_what_an_interrupted_load_has_already_is_not_counted_again(loop) -> None:
    for number in range(5_200):
        loop.hubspot.put("contacts", str(number + 1), email=f"{number}@x.example")
    before = _said(loop)[0]
    after = _said(loop)[0]  # nothing was loaded: the spool holds it all
    count = [int(each.split("about ")[1].split(" call")[0].replace(",", "")) for each in (before, after)]
    assert count[0] - count[1] >= 5_200 // 50


def test_nobody_listening_is_fine(loop) -> None:
    assert fetching.fetch(loop.settings, Run(), known_from(loop.connection), silent).tables
