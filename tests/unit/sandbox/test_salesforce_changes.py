"""Change Data Capture over CometD, and rules against duplicates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.conftest import API, Running


class Listener:
    """A client that shook hands."""

    def __init__(self, org: Running) -> None:
        self.org = org
        self.id = self.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]})[0][
            "clientId"
        ]

    def send(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        known = {"clientId": self.id} if hasattr(self, "id") else {}
        answer = self.org.salesforce.post("/cometd/67.0", json=[{**known, "id": "1", **message}])
        found: list[dict[str, Any]] = answer.json()
        return found

    def subscribe(self, channel: str, replay: int) -> dict[str, Any]:
        ext = {"replay": {channel: replay}}
        return self.send({"channel": "/meta/subscribe", "subscription": channel, "ext": ext})[0]

    def events(self) -> list[dict[str, Any]]:
        answers = self.send({"channel": "/meta/connect", "connectionType": "long-polling"})
        assert answers[-1]["successful"]
        return [each["data"] for each in answers[:-1]]


def _lead(org: Running, name: str) -> str:
    body = {"LastName": name, "Company": "CDC"}
    made: str = org.salesforce.post(f"{API}/sobjects/Lead", json=body).json()["id"]
    return made


def test_every_change_is_told_in_order_and_replayed_from_where_one_was(shared: Running) -> None:
    listener = Listener(shared)
    assert listener.subscribe("/data/LeadChangeEvent", -1)["successful"]
    lead = _lead(shared, "Told")
    url = f"{API}/sobjects/Lead/{lead}"
    shared.salesforce.patch(url, json={"City": "Oslo", "Phone": None})
    shared.salesforce.delete(url)
    shared.salesforce.post(f"{API}/sobjects/Account", json={"Name": "Not a lead"})
    events = listener.events()
    headers = [event["payload"]["ChangeEventHeader"] for event in events]
    assert [h["changeType"] for h in headers] == ["CREATE", "UPDATE", "DELETE"]
    assert {tuple(h["recordIds"]) for h in headers} == {(lead,)}
    assert events[0]["payload"]["LastName"] == "Told"
    assert events[1]["payload"]["City"] == "Oslo"
    assert "City" in headers[1]["changedFields"]
    again = Listener(shared)
    assert again.subscribe("/data/LeadChangeEvent", events[0]["event"]["replayId"])["successful"]
    assert [e["event"]["replayId"] for e in again.events()] == [e["event"]["replayId"] for e in events[1:]]
    everything = Listener(shared)
    assert everything.subscribe("/data/ChangeEvents", -2)["successful"]
    told: set[str] = set()  # others have changed this org too: the oldest come first, some at a time
    while not told >= {"Lead", "Account"}:
        batch = everything.events()
        assert batch, "all was told, and not that of the lead and the account"
        told |= {each["payload"]["ChangeEventHeader"]["entityName"] for each in batch}


def test_a_gap_says_only_that_a_record_changed(shared: Running) -> None:
    lead, listener = _lead(shared, "Gap"), Listener(shared)
    listener.subscribe("/data/LeadChangeEvent", -1)
    for kind in ("update", "overflow"):
        wish = {"do": "gap", "object": "Lead", "ids": [lead], "kind": kind}
        assert shared.salesforce.post("/_sandbox/org", json=wish).status_code == 200
    payloads = [event["payload"] for event in listener.events()]
    assert [p["ChangeEventHeader"]["changeType"] for p in payloads] == ["GAP_UPDATE", "GAP_OVERFLOW"]
    assert all(set(p) == {"ChangeEventHeader"} for p in payloads)


def test_what_is_older_than_three_days_is_not_replayed(shared: Running) -> None:
    before = shared.salesforce.get("/_sandbox/clock").json()["now"]
    listener = Listener(shared)
    listener.subscribe("/data/LeadChangeEvent", -1)
    _lead(shared, "Old")
    replay = listener.events()[-1]["event"]["replayId"]
    try:
        shared.salesforce.post("/_sandbox/clock", json={"advance_seconds": 73 * 3600})
        refused = Listener(shared).subscribe("/data/LeadChangeEvent", replay - 1)
        assert refused["successful"] is False
        assert "was invalid" in refused["error"]
        assert Listener(shared).subscribe("/data/LeadChangeEvent", -2)["successful"]
    finally:
        shared.salesforce.post("/_sandbox/clock", json={"now": before})


def test_who_did_not_shake_hands_or_sign_in_is_told_so(shared: Running) -> None:
    stranger = shared.salesforce.post(
        "/cometd/67.0", json=[{"channel": "/meta/connect", "clientId": "x"}]
    ).json()
    assert (stranger[0]["successful"], stranger[0]["advice"]["reconnect"]) == (False, "handshake")
    answer = shared.salesforce.post("/cometd/67.0", json=[], headers={"Authorization": "Bearer no"})
    assert answer.status_code == 401
    assert shared.salesforce.post("/cometd/67.0", content=b"{").status_code == 400
    listener = Listener(shared)
    assert listener.subscribe("/data/NothingChangeEvent", -1)["successful"] is False
    assert listener.send({"channel": "/meta/disconnect"})[0]["successful"]


@pytest.mark.parametrize("header", [None, "allowSave=true"])
def test_a_duplicate_rule_refuses_what_the_client_does_not_insist_on(
    shared: Running, header: str | None
) -> None:
    wish = {"do": "duplicate_rule", "object": "Lead", "field": "Email"}
    shared.salesforce.post("/_sandbox/org", json=wish)
    try:
        body = {"LastName": "Twin", "Company": "T", "Email": f"twin{bool(header)}@dup.example"}
        assert shared.salesforce.post(f"{API}/sobjects/Lead", json=body).status_code == 201
        headers = {"Sforce-Duplicate-Rule-Header": header} if header else {}
        again = shared.salesforce.post(f"{API}/sobjects/Lead", json=body, headers=headers)
        if header:
            assert again.status_code == 201
        else:
            [said] = again.json()
            assert said["errorCode"] == "DUPLICATES_DETECTED"
            [found] = said["duplicateResut"]["matchResults"][0]["matchRecords"]
            assert found["record"]["attributes"]["type"] == "Lead"
    finally:
        shared.salesforce.post("/_sandbox/org", json=wish | {"on": False})
    assert shared.salesforce.post(f"{API}/sobjects/Lead", json=body).status_code == 201


def test_a_transactions_changes_of_records_alike_are_one_event(shared: Running) -> None:
    ids = [_lead(shared, f"Alike {n}") for n in range(3)]
    listener = Listener(shared)
    assert listener.subscribe("/data/LeadChangeEvent", -1)["successful"]
    cities = ("Bergen", "Bergen", "Turku")
    records = [{"attributes": {"type": "Lead"}, "Id": i, "City": c} for i, c in zip(ids, cities, strict=True)]
    shared.salesforce.patch(f"{API}/composite/sobjects", json={"records": records})
    alike, other = listener.events()
    assert alike["payload"]["ChangeEventHeader"]["recordIds"] == ids[:2]
    assert other["payload"]["ChangeEventHeader"]["recordIds"] == ids[2:]
    headers = [each["payload"]["ChangeEventHeader"] for each in (alike, other)]
    assert [each["sequenceNumber"] for each in headers] == [1, 2]
    assert len({each["transactionKey"] for each in headers}) == 1
    made = {"allOrNone": True, "compositeRequest": [
        {"method": "POST", "url": f"{API}/sobjects/Lead", "referenceId": "new",
         "body": {"LastName": "Both", "Company": "CDC"}},
        {"method": "PATCH", "url": f"{API}/sobjects/Lead/@{{new.id}}", "referenceId": "then",
         "body": {"City": "Oslo"}},
    ]}  # fmt: skip
    assert shared.salesforce.post(f"{API}/composite", json=made).status_code == 200
    (one,) = listener.events()
    assert one["payload"]["ChangeEventHeader"]["changeType"] == "CREATE"
    assert (one["payload"]["LastName"], one["payload"]["City"]) == ("Both", "Oslo")
