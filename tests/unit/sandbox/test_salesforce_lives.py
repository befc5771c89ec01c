"""What happens to an org from outside, on request, and several requests in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import times
from tests.unit.sandbox.conftest import API, Running


@pytest.fixture(scope="module")
def org(
    world: Path, start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """An org of this file's own, with limits."""
    import shutil

    home = Path(shutil.copytree(world, tmp_path_factory.mktemp("lives") / "home"))
    with start(home) as running:
        yield running


def _do(org: Running, do: str, **wish: Any) -> Any:
    answer = org.salesforce.post("/_sandbox/org", json={"do": do, **wish})
    assert answer.status_code == 200, answer.text
    return answer.json()["done"]


def _create(org: Running, sobject: str, **fields: Any) -> str:
    answer = org.salesforce.post(f"{API}/sobjects/{sobject}", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _all(org: Running, soql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.salesforce.get(f"{API}/queryAll", params={"q": soql}).json()["records"]
    return found


def _deleted(org: Running, sobject: str) -> set[str]:
    now = times.parse(org.salesforce.get("/_sandbox/clock").json()["now"])
    window = {
        "start": times.iso_seconds(now - times.HOUR), "end": times.iso_seconds(now + 2 * 60_000),
    }  # fmt: skip
    answer = org.salesforce.get(f"{API}/sobjects/{sobject}/deleted", params=window)
    assert answer.status_code == 200, answer.text
    return {each["id"] for each in answer.json()["deletedRecords"]}


def test_a_merge_bins_the_loser_names_its_master_and_moves_what_it_had(org: Running) -> None:
    master, loser = (_create(org, "Account", Name=name) for name in ("Kept", "Merged"))
    contact = _create(org, "Contact", LastName="Moves", AccountId=loser)
    _do(org, "merge", object="Account", master=master, losers=[loser])
    found = _all(org, f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{loser}'")
    assert (found[0]["IsDeleted"], found[0]["MasterRecordId"]) == (True, master)
    assert (
        org.soql(f"SELECT AccountId FROM Contact WHERE Id = '{contact}'")["records"][0]["AccountId"] == master
    )
    assert loser in _deleted(org, "Account")


def test_only_records_that_can_be_merged_are(org: Running) -> None:
    tasks = [_create(org, "Task", Subject=name) for name in ("a", "b")]
    wish = {"do": "merge", "object": "Task", "master": tasks[0], "losers": tasks[1:]}
    answer = org.salesforce.post("/_sandbox/org", json=wish)
    assert answer.status_code == 400
    assert "mergeable" in answer.json()["error"]


def test_a_lead_is_converted_once(org: Running) -> None:
    lead = _create(org, "Lead", LastName="Buys", Company="Buyers Ltd")
    became = _do(org, "convert", lead=lead)
    [found] = org.soql(
        "SELECT IsConverted, ConvertedAccountId, ConvertedContactId, ConvertedOpportunityId "
        f"FROM Lead WHERE Id = '{lead}'"
    )["records"]
    assert found["IsConverted"] is True
    assert [found[f"Converted{each}Id"] for each in ("Account", "Contact", "Opportunity")] == [
        became["account"], became["contact"], became["opportunity"],
    ]  # fmt: skip
    assert org.salesforce.post("/_sandbox/org", json={"do": "convert", "lead": lead}).status_code == 400


def test_the_bin_gives_back_and_a_purge_does_not(org: Running) -> None:
    kept, gone = (_create(org, "Task", Subject=name) for name in ("kept", "gone"))
    for task in (kept, gone):
        assert org.salesforce.delete(f"{API}/sobjects/Task/{task}").status_code == 204
    _do(org, "undelete", object="Task", ids=[kept])
    _do(org, "purge", object="Task", ids=[gone])
    assert [each["IsDeleted"] for each in _all(org, f"SELECT IsDeleted FROM Task WHERE Id = '{kept}'")] == [
        False
    ]
    assert _all(org, f"SELECT Id FROM Task WHERE Id = '{gone}'") == []
    assert gone in _deleted(org, "Task")
    assert kept not in _deleted(org, "Task")


def test_a_purged_record_takes_its_history_along_and_nobody_is_told(org: Running) -> None:
    lead = _create(org, "Lead", LastName="Had a past", Company="Past Ltd")
    history = f"SELECT Id FROM LeadHistory WHERE LeadId = '{lead}'"
    assert _all(org, history) != []
    _do(org, "purge", object="Lead", ids=[lead])
    assert _all(org, history) == []
    refused = org.salesforce.get(f"{API}/sobjects/LeadHistory/deleted", params={
        "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z"})  # fmt: skip
    assert refused.status_code == 400


def test_a_hidden_field_is_unknown_to_describe_and_query_alike(org: Running) -> None:
    _do(org, "hide", object="Case", field="Reason")
    shown = {each["name"] for each in org.salesforce.get(f"{API}/sobjects/Case/describe").json()["fields"]}
    answer = org.salesforce.get(f"{API}/query", params={"q": "SELECT Reason FROM Case"})
    _do(org, "show", object="Case", field="Reason")
    assert "Reason" not in shown
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD"
    assert org.salesforce.get(f"{API}/query", params={"q": "SELECT Reason FROM Case"}).status_code == 200


def test_a_row_shown_later_is_nowhere_until_then(org: Running) -> None:
    task = _create(org, "Task", Subject="not yet")
    now = times.parse(org.salesforce.get("/_sandbox/clock").json()["now"])
    _do(org, "show_later", object="Task", ids=[task[:15]], at=times.iso_seconds(now + 600_000))
    where = f"SELECT Id FROM Task WHERE Id = '{task}'"
    assert _all(org, where) == []
    seconds = timedelta(minutes=11).total_seconds()
    org.salesforce.post("/_sandbox/clock", json={"advance_seconds": seconds})
    assert [each["Id"] for each in _all(org, where)] == [task]


def test_a_forgotten_delete_log_says_how_far_it_reaches(org: Running) -> None:
    task = _create(org, "Task", Subject="forgotten")
    _do(org, "purge", object="Task", ids=[task])
    assert task in _deleted(org, "Task")
    _do(org, "forget_deletions")
    assert task not in _deleted(org, "Task")


def _together(org: Running, *parts: dict[str, Any], every: bool = False) -> Any:
    body = {"allOrNone": every, "compositeRequest": list(parts)}
    return org.salesforce.post(f"{API}/composite", json=body)


def _part(name: str, method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"method": method, "url": f"{API}{path}", "referenceId": name, **more}


def test_a_composite_refers_to_earlier_answers_and_costs_one_call(org: Running) -> None:
    used = org.salesforce.get(f"{API}/limits").headers["Sforce-Limit-Info"]
    answer = _together(
        org,
        _part("made", "POST", "/sobjects/Account", body={"Name": "Made together"}),
        _part("person", "POST", "/sobjects/Contact", body={"LastName": "Made", "AccountId": "@{made.id}"}),
        _part("read", "GET", "/query?q=SELECT+AccountId+FROM+Contact+WHERE+Id+=+'@{person.id}'"),
    )
    made, _, read = answer.json()["compositeResponse"]
    assert read["body"]["records"][0]["AccountId"] == made["body"]["id"]
    counts = [int(each.partition("=")[2].partition("/")[0]) for each in (
        used, answer.headers["Sforce-Limit-Info"])]  # fmt: skip
    assert counts[1] - counts[0] == 1


def test_a_batch_costs_a_call_for_each_of_its_requests(org: Running) -> None:
    before = org.salesforce.get(f"{API}/limits").json()["DailyApiRequests"]["Remaining"]
    parts = [{"method": "GET", "url": "v67.0/query?q=SELECT+Id+FROM+UserRole"}] * 4
    assert (
        org.salesforce.post(f"{API}/composite/batch", json={"batchRequests": parts}).json()["hasErrors"]
        is False
    )
    after = org.salesforce.get(f"{API}/limits").json()["DailyApiRequests"]["Remaining"]
    assert before - after == 4 + 1


@pytest.mark.parametrize(
    ("count", "path"), [(6, "/query?q=SELECT+Id+FROM+UserRole"), (26, "/sobjects/Lead/describe")]
)
def test_a_composite_has_at_most_25_requests_and_5_queries(org: Running, count: int, path: str) -> None:
    answer = _together(org, *(_part(f"r{n}", "GET", path) for n in range(count)))
    assert answer.status_code == 400


def test_one_request_of_a_composite_fails_alone_or_with_all(org: Running) -> None:
    good = _part("good", "POST", "/sobjects/Account", body={"Name": "Alone or not"})
    bad = _part("bad", "POST", "/sobjects/Account", body={"Nothing__c": 1})
    count = "SELECT COUNT() FROM Account WHERE Name = 'Alone or not'"
    statuses = [each["httpStatusCode"] for each in _together(org, good, bad).json()["compositeResponse"]]
    assert statuses == [201, 400]
    assert org.soql(count)["totalSize"] == 1
    _together(org, good, bad, every=True)
    assert org.soql(count)["totalSize"] == 1


def test_an_address_longer_than_salesforce_takes_is_refused(org: Running) -> None:
    soql = "SELECT Id FROM Lead WHERE Name IN (" + ", ".join(["'someone'"] * 2_000) + ")"
    assert org.salesforce.get(f"{API}/query", params={"q": soql}).status_code == 414
