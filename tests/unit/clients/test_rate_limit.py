"""The budget holds in every window, and learns what the vendor says."""

from __future__ import annotations

import httpx
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clients.hubspot.client import SEARCH_SECONDS
from pipelines.clients.rate_limit import RateBudget, Window, shared


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.integers(1, 7), st.lists(st.floats(0, 3), max_size=40))
def test_no_window_ever_holds_more_calls_than_allowed(limit, pauses):
    clock = Clock()
    budget = RateBudget({"calls": Window(limit, 2.0)}, clock)
    sent = []
    for pause in pauses:
        clock.now += pause
        budget.wait("calls")
        sent.append(clock.now)
    for start in sent:
        assert sum(start <= at < start + 2.0 - 1e-9 for at in sent) <= limit


def test_calls_within_the_budget_do_not_wait():
    clock = Clock()
    budget = RateBudget({"search": Window(5, 1.0)}, clock)
    for _ in range(5):
        budget.wait("search")
    assert clock.now == 0
    budget.wait("search")
    assert clock.now == 1.0


def test_what_others_spend_of_the_quota_is_waited_for():
    clock = Clock()
    budget = RateBudget({"calls": Window(100, 10.0)}, clock)
    budget.wait("calls")
    budget.learn("calls", limit=190, seconds=10.0, remaining=0)
    budget.wait("calls")
    assert 10.0 <= clock.now < 10.2


def test_others_who_spend_less_again_hold_nobody_up_and_ours_on_the_way_are_not_taken_for_theirs():
    clock = Clock()
    budget = RateBudget({"calls": Window(100, 10.0)}, clock)
    budget.learn("calls", limit=100, seconds=10.0, remaining=1)
    for _ in range(50):
        clock.now += 0.001
        budget.windows["calls"].sent.append(clock.now)  # sent, and not yet where the vendor counts
    budget.learn("calls", limit=100, seconds=10.0, remaining=1)
    assert budget.windows["calls"].others == 99, "fewer are believed after a while only"
    clock.now += 3
    budget.learn("calls", limit=100, seconds=10.0, remaining=50)
    budget.wait("calls")
    assert clock.now < 4


def test_the_window_is_learned_from_hubspots_headers(hubspot):
    headers = {
        "X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Remaining": "189",
    }  # fmt: skip
    bench = hubspot(httpx.Response(200, json={}, headers=headers))
    for _ in range(150):
        bench.client.account()
    assert bench.clock.slept == []


def test_search_has_its_own_window(hubspot):
    bench = hubspot(httpx.Response(200, json={"results": [], "total": 0}))
    for _ in range(11):
        bench.client.search_page("contacts", (), ())
    assert bench.clock.now == 2 * SEARCH_SECONDS


def test_readers_and_writers_of_a_connection_share_one_budget():
    assert shared("a connection", {}) is shared("a connection", {})
    assert shared("a connection", {}) is not shared("another", {})
