"""Writing to the Salesforce sandbox: rows, collections, upserts, their errors and what follows from them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.unit.sandbox.conftest import API, Running

COLLECTIONS = f"{API}/composite/sobjects"


def _lead(shared: Running, **fields: Any) -> str:
    answer = shared.salesforce.post(
        f"{API}/sobjects/Lead", json={"LastName": "Test", "Company": "Test Ltd", **fields}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _read(shared: Running, obj: str, record_id: str) -> dict[str, Any]:
    found: dict[str, Any] = shared.salesforce.get(f"{API}/sobjects/{obj}/{record_id}").json()
    return found


def _row(obj: str, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": obj}, **fields}


def test_a_new_lead_has_defaults_stamps_and_a_name(shared: Running) -> None:
    lead = _read(shared, "Lead", _lead(shared, FirstName="Ada", Email="Ada@Lead.example"))
    assert lead["Name"] == "Ada Test"
    assert lead["Status"] == "Open - Not Contacted"
    assert lead["Email"] == "Ada@Lead.example"
    assert lead["OwnerId"] == lead["CreatedById"]
    assert lead["IsConverted"] is False
    assert lead["Lead_Score__c"] is None


def test_collections_keep_their_order_and_fail_row_by_row(shared: Running) -> None:
    good, gone = _lead(shared), _lead(shared)
    assert shared.salesforce.delete(f"{API}/sobjects/Lead/{gone}").status_code == 204
    rows = [
        _row("Lead", Id=good, Lead_Score__c=55),
        _row("Lead", Id=gone, Lead_Score__c=55),
        _row("Lead", Id="00QSB0999999999", Lead_Score__c=1),
        _row("Lead", Id="nonsense", Lead_Score__c=1),
        _row("Lead", Id=_lead(shared), First_Touch_Source__c="x" * 256),
        _row("Lead", Id=_lead(shared), Lead_Status__c="Shiny"),
        _row("Lead", Id=_lead(shared), IsConverted=True),
        _row("Lead", Id=_lead(shared), No_Such__c=1),
        _row("Lead", Id=_lead(shared), Email="not an address"),
        _row("Lead", Id=_lead(shared), Lead_Score__c="many"),
        _row("Lead", Id=_lead(shared), LastName=None),
        _row("Unicorn", Id=good),
    ]
    answer = shared.salesforce.patch(COLLECTIONS, json={"allOrNone": False, "records": rows})
    assert answer.status_code == 200
    codes = [r["errors"][0]["statusCode"] if r["errors"] else "ok" for r in answer.json()]
    assert codes == [
        "ok", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "STRING_TOO_LONG",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_FIELD",
        "INVALID_EMAIL_ADDRESS", "INVALID_TYPE_ON_FIELD_IN_RECORD", "REQUIRED_FIELD_MISSING", "INVALID_TYPE",
    ]  # fmt: skip
    assert answer.json()[0]["id"] == good
    assert _read(shared, "Lead", good)["Lead_Score__c"] == 55.0


def test_all_or_none_takes_everything_back(shared: Running) -> None:
    lead = _lead(shared)
    rows = [_row("Lead", Id=lead, Lead_Score__c=9), _row("Lead", Id=lead[:-3] + "AAA", Lead_Score__c="x")]
    answer = shared.salesforce.patch(COLLECTIONS, json={"allOrNone": True, "records": rows})
    assert [r["success"] for r in answer.json()] == [False, False]
    assert answer.json()[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert _read(shared, "Lead", lead)["Lead_Score__c"] is None
    assert not shared.writes("salesforce", record_id=lead, operation="update")


def test_more_than_two_hundred_rows_are_refused(shared: Running) -> None:
    answer = shared.salesforce.post(
        COLLECTIONS, json={"records": [_row("Lead", LastName="x", Company="y")] * 201}
    )
    assert answer.json()[0]["errorCode"] == "LIMIT_EXCEEDED"


def test_collections_create_read_upsert_and_delete(shared: Running) -> None:
    made = shared.salesforce.post(
        COLLECTIONS, json={"records": [_row("Lead", LastName="C1", Company="C"), _row("Lead", LastName="C2")]}
    ).json()
    assert [r["success"] for r in made] == [True, False]
    assert made[1]["errors"][0]["fields"] == ["Company"]
    wanted = {"ids": [made[0]["id"], "00QSB0999999999"], "fields": ["LastName"]}
    read = shared.salesforce.post(f"{COLLECTIONS}/Lead", json=wanted).json()
    assert (read[0]["LastName"], read[1]) == ("C1", None)
    rows = [_row("Lead", External_Id__c="ext-1", LastName="U", Company="U")]
    both = [
        shared.salesforce.patch(f"{COLLECTIONS}/Lead/External_Id__c", json={"records": rows}).json()[0]
        for _ in "ab"
    ]
    assert [r["created"] for r in both] == [True, False]
    gone = shared.salesforce.delete(COLLECTIONS, params={"ids": f"{made[0]['id']},{both[0]['id']}"}).json()
    assert all(r["success"] for r in gone)


@pytest.mark.parametrize(("version", "status"), [("67.0", 200), ("40.0", 204)])
def test_upsert_by_external_id_answers_by_version(shared: Running, version: str, status: int) -> None:
    url = f"/services/data/v{version}/sobjects/Lead/External_Id__c/one-{version}"
    fields = {"LastName": "Up", "Company": "Sert"}
    first, second = shared.salesforce.patch(url, json=fields), shared.salesforce.patch(url, json=fields)
    assert first.status_code == 201
    assert ("created" in first.json()) == (version == "67.0")
    assert second.status_code == status
    assert shared.salesforce.get(url).json()["LastName"] == "Up"


def test_upsert_refusals(shared: Running) -> None:
    base = f"{API}/sobjects/Lead"
    assert shared.salesforce.patch(f"{base}/Company/x", json={}).status_code == 404
    assert (
        shared.salesforce.patch(f"{base}/External_Id__c/e", json={"External_Id__c": "f"}).status_code == 400
    )
    missing = shared.salesforce.patch(f"{base}/External_Id__c/none", params={"updateOnly": "true"}, json={})
    assert missing.status_code == 404
    _lead(shared, External_Id__c="taken")
    twice = shared.salesforce.post(base, json={"LastName": "a", "Company": "b", "External_Id__c": "TAKEN"})
    assert twice.json()[0]["errorCode"] == "DUPLICATE_VALUE"


def test_every_write_moves_the_stamp_and_only_changes_are_logged(shared: Running) -> None:
    lead = _lead(shared)
    shared.salesforce.post("/_sandbox/clock", json={"advance_seconds": 5})
    before = _read(shared, "Lead", lead)["SystemModstamp"]
    shared.salesforce.patch(f"{API}/sobjects/Lead/{lead}", json={"Company": "Test Ltd"})
    assert _read(shared, "Lead", lead)["SystemModstamp"] > before
    assert not shared.writes("salesforce", record_id=lead, operation="update")
    assert shared.writes("salesforce", record_id=lead, operation="noop", noop=1)


def test_moving_an_opportunity_writes_history_and_what_the_stage_means(shared: Running) -> None:
    fields = {"Name": "Big", "StageName": "Prospecting", "CloseDate": "2026-09-30", "Amount": 1000}
    made = shared.salesforce.post(f"{API}/sobjects/Opportunity", json=fields).json()["id"]
    for change in ({"StageName": "Closed Won"}, {"NextStep": "celebrate"}):
        assert shared.salesforce.patch(f"{API}/sobjects/Opportunity/{made}", json=change).status_code == 204
    now = _read(shared, "Opportunity", made)
    assert (now["IsClosed"], now["IsWon"], now["Probability"], now["ExpectedRevenue"]) == (
        True,
        True,
        100.0,
        1000.0,
    )
    rows = shared.soql(
        f"SELECT StageName FROM OpportunityHistory WHERE OpportunityId = '{made}' ORDER BY Id"
    )["records"]
    assert [r["StageName"] for r in rows] == ["Prospecting", "Closed Won"]
    wrong = shared.salesforce.patch(f"{API}/sobjects/Opportunity/{made}", json={"StageName": "Dreaming"})
    assert wrong.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_members_and_tasks_follow_their_status(shared: Running) -> None:
    campaign = shared.soql("SELECT Id FROM Campaign LIMIT 1")["records"][0]["Id"]
    fields = {"CampaignId": campaign, "LeadId": _lead(shared), "Status": "Sent"}
    member = shared.salesforce.post(f"{API}/sobjects/CampaignMember", json=fields).json()["id"]
    assert _read(shared, "CampaignMember", member)["HasResponded"] is False
    shared.salesforce.patch(f"{API}/sobjects/CampaignMember/{member}", json={"Status": "Attended"})
    shown = _read(shared, "CampaignMember", member)
    assert shown["HasResponded"]
    assert shown["FirstRespondedDate"]
    task = shared.salesforce.post(f"{API}/sobjects/Task", json={"Subject": "Call"}).json()["id"]
    shared.salesforce.patch(f"{API}/sobjects/Task/{task}", json={"Status": "Completed"})
    assert _read(shared, "Task", task)["CompletedDateTime"]


def test_what_the_api_may_not_change(shared: Running) -> None:
    converted = shared.soql("SELECT Id FROM Lead WHERE IsConverted = true LIMIT 1")["records"][0]["Id"]
    answer = shared.salesforce.patch(f"{API}/sobjects/Lead/{converted}", json={"Company": "New"})
    assert answer.json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
    user = shared.soql("SELECT Id FROM User LIMIT 1")["records"][0]["Id"]
    assert shared.salesforce.patch(f"{API}/sobjects/User/{user}", json={"FirstName": "X"}).status_code == 400
    wrong = shared.salesforce.post(f"{API}/sobjects/Contact", json={"LastName": "x", "AccountId": user})
    assert wrong.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_updated_and_deleted_in_a_window(shared: Running) -> None:
    now = shared.salesforce.get("/_sandbox/clock").json()["ms"]
    kept, gone = _lead(shared), _lead(shared)
    shared.salesforce.delete(f"{API}/sobjects/Lead/{gone}")
    window = {"start": _iso(now - 120_000), "end": _iso(now + 120_000)}
    updated = shared.salesforce.get(f"{API}/sobjects/Lead/updated/", params=window).json()
    deleted = shared.salesforce.get(f"{API}/sobjects/Lead/deleted/", params=window).json()
    assert kept in updated["ids"]
    assert gone not in updated["ids"]
    assert gone in [r["id"] for r in deleted["deletedRecords"]]
    assert shared.salesforce.get(f"{API}/sobjects/Lead/updated", params={"start": "x"}).status_code == 400


def _iso(ms: int) -> str:
    from sandbox.times import iso

    return iso(ms)[:-1] + "+00:00"


def test_not_found_in_the_vendors_words(shared: Running) -> None:
    def code(answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()[0]["errorCode"]

    assert code(shared.salesforce.get(f"{API}/sobjects/Unicorn")) == (404, "NOT_FOUND")
    assert code(shared.salesforce.get(f"{API}/sobjects/Lead/00QSB0999999999")) == (404, "NOT_FOUND")
    assert code(shared.salesforce.get("/services/data/v12.0/sobjects")) == (404, "NOT_FOUND")
    assert code(shared.salesforce.post(f"{API}/sobjects/Lead", content=b"{")) == (400, "JSON_PARSER_ERROR")
    gone = _lead(shared)
    shared.salesforce.delete(f"{API}/sobjects/Lead/{gone}")
    assert code(shared.salesforce.get(f"{API}/sobjects/Lead/{gone}")) == (404, "ENTITY_IS_DELETED")


def _node(reference: str, kind: str, **body: Any) -> dict[str, Any]:
    url = f"{API}/sobjects/{kind}"
    return {"method": "POST", "url": url, "referenceId": reference, "body": body}


def test_each_graph_is_stored_as_a_whole_or_not_at_all(shared: Running) -> None:
    good = [
        _node("a", "Account", Name="Graph good"),
        _node("c", "Contact", LastName="G", AccountId="@{a.id}"),
    ]
    bad = [_node("a", "Account", Name="Graph bad"), _node("c", "Contact", FirstName="nobody")]
    graphs = [{"graphId": "1", "compositeRequest": good}, {"graphId": "2", "compositeRequest": bad}]
    told = shared.salesforce.post(f"{API}/composite/graph", json={"graphs": graphs}).json()["graphs"]
    assert [each["isSuccessful"] for each in told] == [True, False]
    codes = [each["body"][0]["errorCode"] for each in told[1]["graphResponse"]["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert [
        r["Name"] for r in shared.soql("select Name from Account where Name like 'Graph %'")["records"]
    ] == ["Graph good"]
    rows = shared.soql("select Account.Name from Contact where LastName = 'G'")["records"]
    assert rows[0]["Account"]["Name"] == "Graph good"


def test_after_many_failed_graphs_the_rest_is_left(shared: Running) -> None:
    bad = [{"graphId": str(n), "compositeRequest": [_node("a", "Account")]} for n in range(17)]
    told = shared.salesforce.post(f"{API}/composite/graph", json={"graphs": bad}).json()["graphs"]
    last = told[-1]["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"]
    assert last == "PROCESSING_HALTED"
    assert shared.salesforce.post(f"{API}/composite/graph", json={"graphs": bad * 5}).status_code == 400


def test_a_tree_is_planted_with_its_children_or_not_at_all(shared: Running) -> None:
    def record(reference: str, kind: str, **fields: Any) -> dict[str, Any]:
        return {"attributes": {"type": kind, "referenceId": reference}, **fields}

    child = record("c1", "Contact", LastName="Leaf")
    tree = {"records": [record("a1", "Account", Name="Tree", Contacts={"records": [child]})]}
    told = shared.salesforce.post(f"{API}/composite/tree/Account", json=tree)
    assert (told.status_code, [r["referenceId"] for r in told.json()["results"]]) == (201, ["a1", "c1"])
    (row,) = shared.soql("select Account.Name from Contact where LastName = 'Leaf'")["records"]
    assert row["Account"]["Name"] == "Tree"
    tree["records"][0]["Name"] = "Tree two"
    tree["records"][0]["Contacts"]["records"] = [record("c2", "Contact", FirstName="x")]
    refused = shared.salesforce.post(f"{API}/composite/tree/Account", json=tree)
    assert refused.status_code == 400
    assert refused.json()["results"][0]["referenceId"] == "c2"
    assert shared.soql("select count() from Account where Name = 'Tree two'")["totalSize"] == 0
