"""Marketing Cloud: tokens, data extensions, journeys, tracking, and what is refused."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox import times
from sandbox.limits import RollingWindow
from sandbox.marketing_cloud import auth
from tests.fixtures import marketing_cloud as mcs

ROWS = f"/hub/v1/dataevents/key:{mcs.PEOPLE}/rowset"
ASYNC = f"/data/v1/async/dataextensions/key:{mcs.PEOPLE}/rows"
READ = f"/data/v1/customobjectdata/key/{mcs.PEOPLE}/rowset"


@pytest.fixture
def mc(world: Path, tmp_path: Path) -> Iterator[Any]:
    with mcs.account(mcs.copy_of(world, tmp_path / "mc")) as found:
        yield found


def person(key: str, **values: Any) -> dict[str, Any]:
    return {"keys": {"ContactKey": key}, "values": {"EmailAddress": f"{key}@example.com", **values}}


def test_a_token_lives_twenty_minutes_of_the_machines_time_and_no_longer(mc: Any) -> None:
    assert mc.http.get("/platform/v1/tokenContext").status_code == 200
    mc.store.db.execute("update tokens set ends = ends - ?", (auth.LIFE - times.MINUTE,))
    assert mc.http.get("/platform/v1/tokenContext").status_code == 200
    mc.store.db.execute("update tokens set ends = ends - ?", (times.MINUTE,))
    refused = mc.http.get("/platform/v1/tokenContext")
    assert (refused.status_code, refused.json()["errorcode"], refused.json()["message"]) == (
        401, 0, "Not Authorized",
    )  # fmt: skip
    assert "Token Expired" in "".join(mc.retrieve("List", ["ID"]).itertext())


def test_an_expired_package_gets_no_token(mc: Any) -> None:
    mc.do(do="expire_package")
    wish = {"grant_type": "client_credentials", "client_id": mc.store.get_meta("client_id"),
            "client_secret": mc.store.get_meta("client_secret")}  # fmt: skip
    answer = mc.http.post("/v2/token", json=wish)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_too_many_calls_in_a_minute_are_refused_with_50100_and_when_to_come_back(mc: Any) -> None:
    assert mc.server.rest.limit == 2_500
    mc.server.rest = RollingWindow(3, 60_000)
    answers = [mc.http.get("/hub/v1/campaigns/145") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["errorcode"] == 50100
    assert answers[-1].headers["Retry-After"] == "5"


def test_a_rowset_is_stored_whole_or_not_at_all(mc: Any) -> None:
    good = [person("003A", LeadScore=7), person("003B")]
    assert mc.http.post(ROWS, json=good).json() == good
    bad = [person("003C"), person("003D", FirstName="x" * 81), person("003E", Nothing="1")]
    refused = mc.http.post(ROWS, json=bad)
    assert refused.status_code == 400
    assert len(refused.json()["additionalErrors"]) == 2
    kept = {row["keys"]["contactkey"] for row in mc.http.get(READ).json()["items"]}
    assert {"003A", "003B"} <= kept
    assert not {"003C", "003D", "003E"} & kept


def test_an_async_request_tells_what_became_of_each_row(mc: Any) -> None:
    mc.do(do="delay_async", milliseconds=10_000_000)
    items = [{"ContactKey": "003A"}, {"ContactKey": "003B", "LeadScore": "many"}]
    taken = mc.http.put(ASYNC, json={"items": items})
    assert taken.status_code == 202
    request = taken.json()["requestId"]
    assert mc.http.get(f"/data/v1/async/{request}/status").json()["status"]["requestStatus"] == "Pending"
    mc.store.db.execute("update async_requests set ready = 0")
    status = mc.http.get(f"/data/v1/async/{request}/status").json()["status"]
    assert (status["requestStatus"], status["hasErrors"]) == ("Complete", True)
    results = mc.http.get(f"/data/v1/async/{request}/results").json()["items"]
    assert [each["status"] for each in results] == ["OK", "Error"]


def test_more_than_32000_items_are_refused(mc: Any) -> None:
    answer = mc.http.put(ASYNC, json={"items": [{"ContactKey": str(n)} for n in range(32_001)]})
    assert answer.status_code == 400


def test_rows_are_read_in_pages_behind_one_token_and_chosen_by_filter(mc: Any) -> None:
    mc.http.post(ROWS, json=[person(f"003{n}", LeadScore=n % 2) for n in range(9)])
    first = mc.http.get(READ, params={"$pageSize": "4"}).json()
    second = mc.http.get("/data" + first["links"]["next"]).json()
    third = mc.http.get("/data" + second["links"]["next"]).json()
    assert [len(page["items"]) for page in (first, second, third)] == [4, 4, 1]
    assert "next" not in third["links"]
    chosen = mc.http.get(READ, params={"$filter": "LeadScore eq '1'"}).json()
    assert chosen["count"] == 4


def test_a_synchronized_extension_and_one_without_a_key_take_no_rows(mc: Any) -> None:
    for key in ("Lead_Salesforce_1", "crm_complaints"):
        answer = mc.http.post(f"/hub/v1/dataevents/key:{key}/rowset", json=[person("003A")])
        assert answer.status_code == 400, key


def test_tracking_comes_in_pages_of_2500_until_nothing_is_left(mc: Any) -> None:
    now = mc.clock.now()
    rows = [("OpenEvent", now + n, 1, "003A", 1, 1) for n in range(6_000)]
    mc.store.db.executemany(
        "insert into tracking (kind, at, subscriber, subscriber_key, send, batch) values (?, ?, ?, ?, ?, ?)",
        rows,
    )
    since = (
        '<Filter xsi:type="SimpleFilterPart"><Property>EventDate</Property>'
        f"<SimpleOperator>greaterThanOrEqual</SimpleOperator><DateValue>{times.iso(now)}</DateValue></Filter>"
    )
    page = mc.retrieve("OpenEvent", ["SubscriberKey", "EventDate"], since)
    sizes, seen = [], []
    while True:
        found = page.findall(f".//{mcs.API}Results")
        sizes.append(len(found))
        seen += [mcs.text(each, "EventDate") for each in found]
        if mcs.text(page, "OverallStatus") != "MoreDataAvailable":
            break
        request = mcs.text(page, "RequestID")
        page = mc.soap(
            '<RetrieveRequestMsg xmlns="http://exacttarget.com/wsdl/partnerAPI"><RetrieveRequest>'
            f"<ContinueRequest>{request}</ContinueRequest></RetrieveRequest></RetrieveRequestMsg>"
        )
    assert sizes == [2_500, 2_500, 1_000]
    assert len(set(seen)) == 6_000


def test_an_entry_event_lets_a_contact_in_by_the_journeys_rule(mc: Any) -> None:
    """`crm-nurture` takes a contact again once they have left it; its e-mail leaves at the entry."""
    assert mc.fire("003NEW", "one").status_code == 201
    assert mc.fire("003NEW", "two").status_code == 201  # said to be taken, and nobody enters
    assert [e["state"] for e in mc.do(do="entries", journey=mcs.NURTURE)["entries"]] == ["active"]
    exits = [
        {"ContactKey": "003NEW", "DefinitionKey": mcs.NURTURE},
        {"ContactKey": "x", "DefinitionKey": "no"},
    ]
    answer = mc.http.post("/interaction/v1/interactions/contactexit", json=exits)
    assert answer.status_code == 202
    assert [each["definitionKey"] for each in answer.json()["errors"]] == ["no"]
    mc.fire("003NEW", "three")
    states = [e["state"] for e in mc.do(do="entries", journey=mcs.NURTURE)["entries"]]
    assert sorted(states) == ["active", "exited"]
    sent = mc.store.value("select count(*) from tracking where subscriber_key = '003NEW'")
    assert sent == 2


@pytest.mark.parametrize(
    "wish",
    [
        {"ContactKey": "003", "EventDefinitionKey": "nobody-knows", "Data": {}},
        {"ContactKey": "003", "EventDefinitionKey": "a.b", "Data": {}},
        {"ContactKey": "003", "EventDefinitionKey": mcs.ENTRY, "Data": {"EntryId": "1", "Unknown": "x"}},
        {"ContactKey": "003", "EventDefinitionKey": mcs.ENTRY, "Data": {"ContactKey": "no entry id"}},
        {"EventDefinitionKey": mcs.ENTRY}, [], "text", None,
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_is_a_400(mc: Any, wish: Any) -> None:
    assert mc.http.post("/interaction/v1/events", json=wish).status_code == 400


def test_an_inactive_contact_is_refused(mc: Any) -> None:
    mc.fire("003GONE", "one")
    mc.do(do="deactivate", contact="003GONE")
    assert mc.fire("003GONE", "two").status_code == 400


def test_a_paused_journey_takes_the_event_and_lets_nobody_in(mc: Any) -> None:
    journey = mc.http.get(f"/interaction/v1/interactions/key:{mcs.NURTURE}").json()
    assert mc.http.post(f"/interaction/v1/interactions/pause/{journey['id']}").status_code == 202
    assert mc.fire("003NEW", "one").status_code == 201
    assert mc.do(do="entries", journey=mcs.NURTURE)["entries"] == []
    kept = mc.http.get(f"/data/v1/customobjectdata/key/{mcs.ENTRY}/rowset").json()
    assert [row["keys"]["entryid"] for row in kept["items"]] == ["one"]


def test_a_query_activity_fills_its_extension_and_can_do_nothing_but_read(mc: Any) -> None:
    perform = (
        '<PerformRequestMsg xmlns="http://exacttarget.com/wsdl/partnerAPI"><Action>start</Action>'
        '<Definitions><Definition xsi:type="QueryDefinition"><CustomerKey>{}</CustomerKey></Definition>'
        "</Definitions></PerformRequestMsg>"
    )
    mc.fire("003NEW", "one")
    assert mcs.text(mc.soap(perform.format("crm_journey_activity"), "Perform"), "OverallStatus") == "OK"
    page = mc.http.get("/data/v1/customobjectdata/key/crm_journey_activity/rowset",
                       params={"$filter": "SubscriberKey eq '003NEW'"}).json()  # fmt: skip
    assert [row["values"]["journeykey"] for row in page["items"]] == [mcs.NURTURE]
    mc.store.db.execute(
        "update queries set statement = 'delete from subscribers' where key = 'crm_complaints'"
    )
    assert mcs.text(mc.soap(perform.format("crm_complaints"), "Perform"), "OverallStatus") == "Error"
    assert mc.store.value("select count(*) from subscribers") > 0


@pytest.mark.parametrize(
    "body", [b"", b"<a/>", b"<!DOCTYPE x [<!ENTITY y 'z'>]><x/>", b"\xff\xfe", b"<a><b></a>"]
)
def test_soap_that_cannot_be_read_is_a_fault_of_the_vendors(mc: Any, body: bytes) -> None:
    answer = mc.http.post("/Service.asmx", content=body)
    assert answer.status_code == 500
    assert b"soap:Fault" in answer.content


def test_subscribers_are_the_crms_people_and_some_are_there_twice(world: Path) -> None:
    key = sqlite3.connect(f"file:{world}/answer_key.sqlite?mode=ro", uri=True)
    people = dict(key.execute("select record_id, person from persons where vendor = 'salesforce'").fetchall())
    subscribers = key.execute("select person, subscriber_key from subscribers").fetchall()
    key.close()
    by_id = [(p, k) for p, k in subscribers if "@" not in k]
    assert len(by_id) > 80
    assert all(len(k) == 18 and people[k] == p for p, k in by_id)
    assert len({p for p, _ in by_id}) < len(by_id)
    assert any("@" in k for _, k in subscribers)
    with closing(sqlite3.connect(f"file:{world}/marketing_cloud.sqlite?mode=ro", uri=True)) as account:
        never_mailed = account.execute(
            "select key from contacts where key not in (select key from subscribers)"
        )
        keys = [key for (key,) in never_mailed.fetchall()]
    assert len(keys) > 10
    assert all(k in people for k in keys)


def test_a_list_whose_number_is_longer_than_any_is_not_there(mc: Any) -> None:
    key = mc.store.value("select key from subscribers order by key")
    said = mc.soap(
        '<UpdateRequest xmlns="http://exacttarget.com/wsdl/partnerAPI"><Objects xsi:type="Subscriber">'
        f"<SubscriberKey>{key}</SubscriberKey><Lists><ID>{'9' * 30}</ID></Lists></Objects></UpdateRequest>",
        "Update",
    )
    assert mcs.text(said, "ErrorCode") == "13003"


def test_what_is_done_is_told_in_the_log_of_writes(mc: Any) -> None:
    mc.http.post(ROWS, json=[person("003A", LeadScore=7)])
    writes = mc.http.get("/_sandbox/writes", params={"object": mcs.PEOPLE}).json()["writes"]
    assert {(w["field"], w["after"]) for w in writes} >= {("LeadScore", "7"), ("ContactKey", "003A")}
    assert json.dumps(writes)
