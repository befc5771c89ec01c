"""The sandbox's own door: one clock for both vendors, logs that tell the truth, faults that are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from sandbox.fault_specs import parse
from sandbox.faults import Fault, Faults
from sandbox.limits import DailyCount, RollingWindow
from tests.unit.sandbox.conftest import API, Running

CONTACTS = "/crm/objects/2026-03/contacts"


@pytest.fixture
def faulty(shared: Running) -> Iterator[Callable[..., None]]:
    """Switches faults on, for HubSpot or Salesforce; they are off again after the test."""

    def switch(client: httpx.Client, *faults: dict[str, Any]) -> None:
        assert client.post("/_sandbox/faults", json=list(faults)).status_code == 200

    yield switch
    for client in (shared.hubspot, shared.salesforce):
        switch(client)


@pytest.fixture
def clock(shared: Running) -> Iterator[None]:
    """Puts the shared sandbox's clock back after the test."""
    before = shared.hubspot.get("/_sandbox/clock").json()["now"]
    yield
    shared.hubspot.post("/_sandbox/clock", json={"now": before})


@pytest.mark.usefixtures("clock")
def test_both_vendors_tell_the_same_time_in_the_date_header(shared: Running) -> None:
    shared.hubspot.post("/_sandbox/clock", json={"now": "2026-12-24T18:00:00Z"})
    dates = [
        parsedate_to_datetime(answer.headers["Date"])
        for answer in (shared.hubspot.get(CONTACTS), shared.salesforce.get(f"{API}/limits"))
    ]
    assert [f"{d:%Y-%m-%d %H:%M}" for d in dates] == ["2026-12-24 18:00"] * 2
    shared.salesforce.post("/_sandbox/clock", json={"advance_seconds": 86_400})
    assert shared.hubspot.get("/_sandbox/clock").json()["now"].startswith("2026-12-25T18:00")
    assert shared.hubspot.post("/_sandbox/clock", json={"later": 1}).status_code == 400


def test_the_write_log_names_the_request_that_wrote(shared: Running) -> None:
    made = shared.hubspot.post(CONTACTS, json={"properties": {"email": "log@control.example"}}).json()["id"]
    rows = shared.writes("hubspot", record_id=made)
    assert {r["operation"] for r in rows} == {"create"}
    assert {r["field"]: r["after"] for r in rows}["email"] == "log@control.example"
    (request_id,) = {r["request_id"] for r in rows}
    (request,) = shared.hubspot.get("/_sandbox/requests", params={"request_id": request_id}).json()[
        "requests"
    ]
    assert (request["method"], request["path"], request["status"]) == ("POST", CONTACTS, 201)
    assert (request["effect"], request["records"], request["changes"]) == ("write", 1, len(rows))


def test_logs_come_in_pages(shared: Running) -> None:
    first = shared.hubspot.get("/_sandbox/requests", params={"limit": 2}).json()
    second = shared.hubspot.get("/_sandbox/requests", params={"limit": 2, "after": first["next"]}).json()
    numbers = [r["seq"] for page in (first, second) for r in page["requests"]]
    assert numbers == sorted(set(numbers))


def test_the_write_log_equals_what_changed_in_the_store(shared: Running) -> None:
    records = shared.hubspot.get(CONTACTS, params={"limit": 20, "properties": "jobtitle,city"}).json()[
        "results"
    ]
    state = {(r["id"], n): r["properties"][n] for r in records for n in ("jobtitle", "city")}
    seen = shared.writes("hubspot")[-1]["seq"]
    for turn in ("Buyer", "", "Buyer", "Analyst"):
        inputs = [{"id": r["id"], "properties": {"jobtitle": turn, "city": "Oslo"}} for r in records]
        assert shared.hubspot.post(f"{CONTACTS}/batch/update", json={"inputs": inputs}).status_code == 200
    for row in shared.writes("hubspot", after=seen):
        assert row["before"] == state[row["record_id"], row["field"]]
        assert row["before"] != row["after"]
        state[row["record_id"], row["field"]] = row["after"]
    after = shared.hubspot.get(CONTACTS, params={"limit": 20, "properties": "jobtitle,city"}).json()[
        "results"
    ]
    assert state == {(r["id"], n): r["properties"][n] for r in after for n in ("jobtitle", "city")}


def test_a_status_fault_meets_as_often_as_it_says(shared: Running, faulty: Callable[..., None]) -> None:
    faulty(
        shared.hubspot,
        {"match": "GET /crm/.*contacts", "status": 429, "times": 2, "after": 1, "retry_after": 3},
    )
    codes = [shared.hubspot.get(CONTACTS) for _ in range(4)]
    assert [a.status_code for a in codes] == [200, 429, 429, 200]
    assert codes[1].headers["Retry-After"] == "3"
    assert codes[1].json()["errorType"] == "RATE_LIMIT"
    assert shared.hubspot.get("/_sandbox/faults").json()["faults"][0]["met"] == 2
    faulty(shared.salesforce, {"match": "/limits", "status": 401}, {"match": "/limits", "status": 503})
    answers = [shared.salesforce.get(f"{API}/limits") for _ in range(3)]
    assert [a.status_code for a in answers] == [401, 503, 200]
    assert answers[0].json()[0]["errorCode"] == "INVALID_SESSION_ID"


def test_a_reset_does_nothing_and_a_dropped_answer_did_it(
    shared: Running, faulty: Callable[..., None]
) -> None:
    body = {"properties": {"email": "lost@control.example"}}
    known = {"idProperty": "email"}
    faulty(
        shared.hubspot,
        {"match": "POST /crm", "status": "reset"},
        {"match": "POST /crm", "status": "drop_answer"},
    )
    with pytest.raises(httpx.TransportError):
        shared.hubspot.post(CONTACTS, json=body)
    assert shared.hubspot.get(f"{CONTACTS}/lost@control.example", params=known).status_code == 404
    with pytest.raises(httpx.TransportError):
        shared.hubspot.post(CONTACTS, json=body)
    assert shared.hubspot.get(f"{CONTACTS}/lost@control.example", params=known).status_code == 200
    effects = [r["effect"] for r in shared.hubspot.get("/_sandbox/requests?limit=100000").json()["requests"]]
    assert "reset" in effects


def test_a_slow_answer_is_slow_and_right(shared: Running, faulty: Callable[..., None]) -> None:
    faulty(shared.hubspot, {"match": "GET /crm", "slow": 150})
    answer = shared.hubspot.get(CONTACTS)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.15


def test_a_fault_that_makes_no_sense_is_refused(shared: Running) -> None:
    for wrong in (
        [{"match": "x"}],
        [{"status": "explode"}],
        [{"match": "(", "status": 500}],
        {"status": 700},
        {"kind": "explode"},
        {"kind": "500", "tims": 3},
        "429",
    ):
        assert shared.hubspot.post("/_sandbox/faults", json=wrong).status_code == 400


def test_faults_are_met_in_order_and_counted() -> None:
    faults = Faults()
    specs = [{"match": "GET", "status": 500}, {"match": ".", "status": 503, "times": 2}]
    faults.replace([parse(spec) for spec in specs])
    met = [faults.meet(m, "/x") for m in ("POST", "GET", "GET", "GET")]
    assert [f.status if isinstance(f, Fault) else None for f in met] == [503, 500, 503, None]


def test_a_rolling_window_forgets_and_a_day_begins_anew() -> None:
    window = RollingWindow(2, 1_000)
    assert [window.take(t) for t in (0, 500, 900, 1_001, 1_400, 1_501)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    day = DailyCount(2, 1, "2026-06-30")
    assert [day.take(d) for d in ("2026-06-30", "2026-06-30", "2026-07-01")] == [True, False, True]
