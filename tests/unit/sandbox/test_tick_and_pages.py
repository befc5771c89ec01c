"""Days that pass, faults by every way they are asked for, and the pages people look at."""

from __future__ import annotations

import fcntl
import html
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.fault_specs import KINDS, NoFault, of_header
from sandbox.store import Store
from sandbox.tick_upkeep import Done, Upkeep
from sandbox.vendor import ACTOR_HEADER, BUSINESS
from sandbox.worlds.draw import rng_for
from tests.unit.sandbox.conftest import API, Running

CONTACTS = "/crm/v3/objects/contacts"
Start = Callable[..., Any]


_ENDS = """
select json_extract(d.props, '$.dealstage') = 'closedwon',
    json_extract(d.props, '$.dealstage') = 'closedlost',
    o.StageName = 'Closed Won', o.StageName = 'Closed Lost'
from answer_key.deals h join answer_key.deals s using (deal)
join deals d on d.id = cast(h.record_id as int) join salesforce.Opportunity o on o.Id = s.record_id
where h.vendor = 'hubspot' and s.vendor = 'salesforce'
"""
"""Of each deal that both CRMs have: won and lost here, won and lost there."""


def _tick(home: Path, days: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "sandbox", "tick", "--home", str(home), "--days", str(days)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _told(running: Running) -> tuple[list[Any], list[Any]]:
    """What a reader sees of both CRMs."""
    people = running.hubspot.post(
        f"{CONTACTS}/search", json={"limit": 200, "properties": ["email", "phone", "jobtitle"],
                                    "sorts": [{"propertyName": "lastmodifieddate",
                                    "direction": "DESCENDING"}]}
    ).json()["results"]  # fmt: skip
    deals = running.soql("select Id, StageName, CloseDate, SystemModstamp from Opportunity order by Id")
    return people, deals["records"]


def test_days_bring_the_same_business_to_two_copies_of_a_world(
    fresh: Path, world: Path, tmp_path: Path, start: Start
) -> None:
    import shutil

    other = Path(shutil.copytree(world, tmp_path / "other"))
    told = []
    for home in (fresh, other):
        with start(home, "--no-limits") as running:
            before = _told(running)
            done = _tick(home, 6)
            told.append((done, _told(running)))
            assert told[-1][1] != before
            histories = running.soql(
                "select count() from OpportunityHistory where CreatedDate > 2026-06-30T12:30:00Z"
            )
            assert histories["totalSize"] > 0
    assert told[0] == told[1]
    with closing(sqlite3.connect(fresh / "hubspot.sqlite")) as both:
        for name in ("salesforce", "answer_key"):
            both.execute(f"attach ? as {name}", (str(fresh / f"{name}.sqlite"),))
        ends = both.execute(_ENDS).fetchall()
    assert {won for won, lost, _, _ in ends if won} == {1}
    assert not [each for each in ends if (each[0] and each[3]) or (each[1] and each[2])], "one deal, one end"
    assert told[0][0]["now"] == "2026-07-06T12:00:00.000Z"
    happened = told[0][0]["happened"]
    assert {"new contacts in HubSpot", "new leads in Salesforce", "replies"} <= set(happened)


def test_days_pass_only_in_a_world_that_is_served(fresh: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "tick", "--home", str(fresh)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "No sandbox serves" in done.stderr
    assert done.stderr.strip().count("\n") == 0


@pytest.fixture
def faulty(shared: Running) -> Iterator[Callable[..., None]]:
    def switch(client: httpx.Client, *faults: dict[str, Any]) -> None:
        assert client.post("/_sandbox/faults", json=list(faults)).status_code == 200

    yield switch
    for client in (shared.hubspot, shared.salesforce):
        assert client.delete("/_sandbox/faults").json()["faults"] == []


@pytest.mark.parametrize("kind", [k for k in KINDS if k[0].isdigit()])
def test_every_status_comes_in_the_vendors_own_shape(shared: Running, kind: str) -> None:
    hubspot = shared.hubspot.get(CONTACTS, headers={"X-Sandbox-Fault": kind})
    salesforce = shared.salesforce.get(f"{API}/limits", headers={"X-Sandbox-Fault": kind})
    assert hubspot.status_code == salesforce.status_code == int(kind[:3])
    assert hubspot.json()["status"] == "error"
    assert "errorCode" in salesforce.json()[0]
    assert ("Retry-After" in hubspot.headers) == (kind == "429")


@pytest.mark.parametrize(
    ("kind", "hubspot", "salesforce"),
    [
        ("expired_token", (401, "EXPIRED_AUTHENTICATION"), (401, "INVALID_SESSION_ID")),
        ("daily_limit", (429, "DAILY"), (403, "REQUEST_LIMIT_EXCEEDED")),
        ("outage", (503, "Service Unavailable"), (503, "Service Unavailable")),
    ],
)
def test_kinds_that_each_vendor_words_itself(
    shared: Running, kind: str, hubspot: tuple[int, str], salesforce: tuple[int, str]
) -> None:
    header = {"X-Sandbox-Fault": kind}
    for answer, wanted in (
        (shared.hubspot.get(CONTACTS, headers=header), hubspot),
        (shared.salesforce.get(f"{API}/limits", headers=header), salesforce),
    ):
        assert (answer.status_code, wanted[1] in answer.text) == (wanted[0], True)


def test_rows_of_a_write_are_seen_late(shared: Running, faulty: Callable[..., None]) -> None:
    header = {"X-Sandbox-Fault": "kind=late_rows;late=3600"}
    made = shared.hubspot.post(CONTACTS, json={"properties": {"email": "late@fault.example"}}, headers=header)
    assert made.status_code == 201
    url = f"{CONTACTS}/{made.json()['id']}"
    lead = shared.salesforce.post(f"{API}/sobjects/Lead", json={"LastName": "Late", "Company": "F"},
                                  headers=header).json()["id"]  # fmt: skip
    soql = f"select Id from Lead where Id = '{lead}'"
    assert shared.hubspot.get(url).status_code == 404
    assert shared.soql(soql)["totalSize"] == 0
    before = shared.hubspot.get("/_sandbox/clock").json()["now"]
    shared.hubspot.post("/_sandbox/clock", json={"advance_seconds": 3601})
    try:
        assert shared.hubspot.get(url).status_code == 200
        assert shared.soql(soql)["totalSize"] == 1
    finally:
        shared.hubspot.post("/_sandbox/clock", json={"now": before})


def test_when_tokens_rotate_sessions_end_and_a_refresh_token_is_good_once(fresh: Path, start: Start) -> None:
    with start(fresh) as running:
        faults = [{"kind": "rotated_token", "match": "GET .*/limits", "times": 1}]
        assert running.salesforce.post("/_sandbox/faults", json=faults).status_code == 200
        assert running.salesforce.get(f"{API}/limits").status_code == 401
        assert running.salesforce.get(f"{API}/limits").status_code == 401, "the session has ended for good"
        ready = running.ready["salesforce"]
        form = {n: ready[n] for n in ("client_id", "client_secret", "refresh_token")}
        form["grant_type"] = "refresh_token"
        told = running.salesforce.post("/services/oauth2/token", data=form).json()
        assert told["refresh_token"] != form["refresh_token"]
        assert running.salesforce.post("/services/oauth2/token", data=form).status_code == 400
        oauth = running.ready["hubspot"]
        grant = {"grant_type": "client_credentials"} | {n: oauth[n] for n in ("client_id", "client_secret")}
        token = running.hubspot.post("/oauth/v3/token", data=grant).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert running.hubspot.get(CONTACTS, headers=bearer).status_code == 200
        rotated = running.hubspot.get(CONTACTS, headers=bearer | {"X-Sandbox-Fault": "rotated_token"})
        assert rotated.status_code == 401
        assert running.hubspot.get(CONTACTS, headers=bearer).status_code == 401


def test_people_merge_delete_and_note_installations_as_days_pass(fresh: Path, start: Start) -> None:
    with start(fresh, "--no-limits") as running:
        stores = [Store(fresh / f"{name}.sqlite", read_only=True) for name in ("hubspot", "salesforce")]
        headers = {ACTOR_HEADER: BUSINESS}
        done = Done()
        double = {"firstname": "Dora", "lastname": "Double", "email": "dora@x.example"}
        for email in ("dora@x.example", "dora@y.example"):
            wish = {"properties": double | {"email": email}}
            assert running.hubspot.post(CONTACTS, json=wish).status_code == 201
        with (
            httpx.Client(base_url=running.ready["hubspot"]["url"], headers=headers) as hubspot,
            httpx.Client(base_url=running.ready["salesforce"]["url"], headers=headers) as salesforce,
        ):
            upkeep, rng = Upkeep(hubspot, salesforce, *stores, done), rng_for(7, "upkeep")
            for _ in range(8):
                for deed in (upkeep.merge, upkeep.delete, upkeep.install):
                    deed(rng)
        for store in stores:
            store.close()
    assert {"contacts merged in HubSpot", "contacts deleted in HubSpot", "leads deleted in Salesforce",
            "installations changed", "installations made"} <= set(done.counts)  # fmt: skip


def test_a_silent_no_op_says_it_did_and_did_not(shared: Running) -> None:
    body = {"properties": {"email": "noop@fault.example"}}
    answer = shared.hubspot.post(CONTACTS, json=body, headers={"X-Sandbox-Fault": "noop"})
    assert answer.status_code == 201
    assert shared.hubspot.get(f"{CONTACTS}/{answer.json()['id']}").status_code == 404


def test_half_of_a_batch_fails_and_the_other_half_is_stored(
    shared: Running, faulty: Callable[..., None]
) -> None:
    faulty(
        shared.salesforce, {"kind": "half_batch", "match": "composite/sobjects", "code": "UNABLE_TO_LOCK_ROW"}
    )
    rows = [{"attributes": {"type": "Lead"}, "LastName": f"Half{n}", "Company": "H"} for n in range(4)]
    results = shared.salesforce.post(f"{API}/composite/sobjects", json={"records": rows}).json()
    assert [r["success"] for r in results] == [True, False, True, False]
    assert results[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert shared.soql("select count() from Lead where LastName like 'Half%'")["totalSize"] == 2


def test_a_row_error_reaches_hubspot_batches_and_bulk_jobs(
    shared: Running, faulty: Callable[..., None]
) -> None:
    made = shared.hubspot.post(CONTACTS, json={"properties": {"email": "row@fault.example"}}).json()["id"]
    faulty(shared.hubspot, {"kind": "row_error", "match": "batch/update", "code": "CUSTOM"})
    inputs = {"inputs": [{"id": made, "properties": {"city": "x"}}]}
    assert shared.hubspot.post(f"{CONTACTS}/batch/update", json=inputs).status_code in (207, 400)
    faulty(shared.salesforce, {"kind": "lock", "match": "async/Lead/insert"})
    job = shared.salesforce.post(f"{API}/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()[
        "id"
    ]
    shared.salesforce.put(f"{API}/jobs/ingest/{job}/batches", content=b"LastName,Company\nLocked,L\n")
    shared.salesforce.patch(f"{API}/jobs/ingest/{job}", json={"state": "UploadComplete"})
    while shared.salesforce.get(f"{API}/jobs/ingest/{job}").json()["state"] == "InProgress":
        continue
    assert "UNABLE_TO_LOCK_ROW" in shared.salesforce.get(f"{API}/jobs/ingest/{job}/failedResults").text


def test_a_fault_has_a_schedule(shared: Running, faulty: Callable[..., None]) -> None:
    now = shared.hubspot.get("/_sandbox/clock").json()["now"]
    faulty(shared.hubspot, {"kind": "503", "from": "2031-01-01T00:00:00Z", "until": "2031-01-02T00:00:00Z"})
    try:
        assert shared.hubspot.get(CONTACTS).status_code == 200
        shared.hubspot.post("/_sandbox/clock", json={"now": "2031-01-01T08:00:00Z"})
        assert [shared.hubspot.get(CONTACTS).status_code for _ in range(3)] == [503] * 3
        shared.hubspot.post("/_sandbox/clock", json={"now": "2031-01-02T08:00:00Z"})
        assert shared.hubspot.get(CONTACTS).status_code == 200
    finally:
        shared.hubspot.post("/_sandbox/clock", json={"now": now})


def test_a_fault_meets_each_so_many_th_request(shared: Running, faulty: Callable[..., None]) -> None:
    faulty(shared.hubspot, {"kind": "500", "every": 3})
    statuses = [shared.hubspot.get(CONTACTS).status_code for _ in range(7)]
    assert statuses == [500, 200, 200, 500, 200, 200, 500]


@pytest.mark.parametrize(
    "text", ["nonsense", "status=999", "{", "kind=", "slow=abc", '{"status": []}', "500; tims=2", "lokc"]
)
def test_a_header_that_asks_for_no_fault_is_answered_so(shared: Running, text: str) -> None:
    with pytest.raises(NoFault):
        of_header(text)
    answer = shared.hubspot.get(CONTACTS, headers={"X-Sandbox-Fault": text})
    assert (answer.status_code, answer.text.startswith("X-Sandbox-Fault: ")) == (400, True)


def test_a_header_may_say_a_whole_fault() -> None:
    found = of_header("row_error; code=STRING_TOO_LONG; row_every=3")
    assert (found.status, found.code, found.row_every) == ("row_error", "STRING_TOO_LONG", 3)
    json_one = of_header('{"status": 429, "retry_after": 7}')
    assert json_one.retry_after == "7"


def test_each_vendors_page_shows_contents_requests_a_record_and_its_faults(
    shared: Running, faulty: Callable[..., None]
) -> None:
    made = shared.hubspot.post(
        CONTACTS, json={"properties": {"email": "page@x.example", "city": "<b>"}}
    ).json()["id"]
    shared.hubspot.patch(f"{CONTACTS}/{made}", json={"properties": {"city": "Oslo"}})
    chosen = shared.hubspot.get("/", params={"object": "contacts"}).text
    assert chosen.count(f"id={made}#record") == 2, "among the newest and among those that changed last"
    page = shared.hubspot.get("/", params={"object": "contacts", "id": made}).text
    for words in ("page@x.example", "Oslo", "&lt;b&gt;", f"PATCH {CONTACTS}/{made}", "None is on"):
        assert words in page, words
    done = shared.hubspot.post("/_sandbox/switch", data={"kind": "429", "match": "nowhere", "times": "2"})
    assert done.status_code == 303
    assert "nowhere" in shared.hubspot.get("/").text
    shared.hubspot.post("/_sandbox/switch", data={"off": "1"})
    assert "None is on" in shared.hubspot.get("/").text
    assert shared.hubspot.post("/_sandbox/switch", data={"kind": "nope"}).status_code == 400
    lead = shared.soql("select Id from Lead limit 1")["records"][0]["Id"]
    org = shared.salesforce.get("/", params={"object": "Lead", "id": lead[:15]}).text
    assert lead in org
    assert "There is no Lead nope" in shared.salesforce.get("/", params={"object": "Lead", "id": "nope"}).text


def test_what_is_no_record_is_shown_too_and_nothing_of_the_servers_own(shared: Running) -> None:
    client = shared.hubspot
    one = client.post("/crm/v3/lists/search", json={"count": 1}).json()["lists"][0]
    page = client.get("/", params={"object": "lists", "id": one["listId"]}).text
    assert html.escape(one["name"]) in page
    assert f"<h3>lists {one['listId']}</h3>" in page
    cloud = httpx.Client(base_url=shared.ready["marketing_cloud"]["url"], timeout=30)
    for kind in ("Contact", "SentEvent", "Lead_Salesforce_1"):
        shown = cloud.get("/", params={"object": kind}).text
        own = re.search(rf"object={kind}&amp;id=(\w+)#record", shown)
        assert own, kind
        assert f"<h3>{kind} {own[1]}</h3>" in cloud.get("/", params={"object": kind, "id": own[1]}).text
    for name in ("tokens", "meta"):
        assert f"object={name}#record" not in shown
        assert "There is no" in cloud.get("/", params={"object": name, "id": "1"}).text
    cloud.close()


def test_days_that_are_cut_short_leave_nothing_beyond_their_moment_and_one_tick_runs_at_a_time(
    fresh: Path, start: Start
) -> None:
    command = [sys.executable, "-m", "sandbox", "tick", "--home", str(fresh), "--days"]

    def now(running: Running) -> str:
        return str(running.hubspot.get("/_sandbox/clock").json()["now"])

    with start(fresh, "--no-limits") as running:
        living = subprocess.Popen([*command, "300"], stdout=subprocess.DEVNULL)
        while now(running) < "2026-07-02":
            assert living.poll() is None
        other = subprocess.run([*command, "1"], capture_output=True, text=True, check=False)
        assert (other.returncode, "Days are passing already" in other.stderr) == (2, True)
        living.kill()
        living.wait()
        newest = {"limit": 1, "sorts": [{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}]}
        (last,) = running.hubspot.post(f"{CONTACTS}/search", json=newest).json()["results"]
        stamps = running.soql("select max(SystemModstamp) at from Lead")["records"][0]["at"]
        moment = now(running)
        assert "2026-07-02" < max(last["updatedAt"], stamps) <= moment
        told = _tick(fresh, 1)["now"]
        assert (told[10:], moment < told) == ("T12:00:00.000Z", True)


def test_the_button_lets_a_day_pass(fresh: Path, start: Start) -> None:
    with start(fresh, "--no-limits") as running:
        assert running.hubspot.post("/_sandbox/tick", data={"days": "1"}).status_code == 303
        assert running.hubspot.get("/_sandbox/clock").json()["now"].startswith("2026-07-01T12:00")
        told = running.salesforce.post("/_sandbox/tick", json={"days": 1}).json()
        assert told["now"].startswith("2026-07-02T12:00")
        assert running.hubspot.post("/_sandbox/tick", json={"days": 0}).status_code == 400
        page = running.hubspot.get("/").text
        assert "Days that passed: 1. What they brought: " in page
        assert f'<a href="{running.ready["salesforce"]["url"]}">Salesforce</a>' in page
        with (fresh / "world.json").open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            refused = running.hubspot.post("/_sandbox/tick", data={"days": "1"})
        assert (refused.status_code, "Days are passing already" in refused.text) == (409, True)
        running.hubspot.post("/_sandbox/faults", json={"kind": "503", "until": "2031-01-01T00:00:00Z"})
        assert "until 2031-01-01T00:00:00.000Z" in running.hubspot.get("/").text
