"""Composite calls, rows that name a parent, and bodies too deep to keep, in an empty org."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce import bulk_v1_formats
from tests.unit.sandbox.empty_org.conftest import Ask, made, queried


def test_a_parent_named_by_what_is_no_key_fails_its_row_alone(ask: Ask) -> None:
    rows = [
        {"attributes": {"type": "Contact"}, "LastName": "x", "Account": {"External_Id__c": key}}
        for key in ([1], {"a": 1}, True, 2**63, None)
    ]
    told = ask("POST", "/services/data/v67.0/composite/sobjects", {"records": rows}).json()
    assert [each["success"] for each in told] == [False, False, False, False, True]
    assert {each["errors"][0]["statusCode"] for each in told[:4]} == {"INVALID_FIELD"}


def _composite(ask: Ask, *parts: tuple[str, str, Any], **more: Any) -> list[tuple[int, Any, Any]]:
    listed = [
        {"method": method, "url": f"/services/data/v67.0{url}", "referenceId": f"r{n}", "body": body}
        for n, (method, url, body) in enumerate(parts)
    ]
    answer = ask("POST", "/services/data/v67.0/composite", {"compositeRequest": listed, **more})
    assert answer.status_code == 200, answer.text
    return [(e["httpStatusCode"], e["body"], e["httpHeaders"]) for e in answer.json()["compositeResponse"]]


def test_a_composite_that_is_all_or_none_says_of_every_part_that_it_is_not_there(ask: Ask) -> None:
    account, nameless = ("POST", "/sobjects/Account", {"Name": "Undone"}), ("POST", "/sobjects/Lead", {})
    told = _composite(ask, account, nameless, account, allOrNone=True)
    assert [status for status, _, _ in told] == [400, 400, 400]
    codes = [body[0]["errorCode"] for _, body, _ in told]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert queried(ask, "SELECT Id FROM Account") == []


def test_a_part_that_refers_to_a_failed_one_fails_alone(ask: Ask) -> None:
    lead = ("POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "@{r0.id}"})
    told = _composite(
        ask, ("POST", "/sobjects/Account", {}), lead, ("POST", "/sobjects/Account", {"Name": "Y"})
    )
    assert [status for status, _, _ in told] == [400, 400, 201]
    assert told[1][1][0]["errorCode"] == "PROCESSING_HALTED"
    assert told[2][2]["Location"] == f"/services/data/v67.0/sobjects/Account/{told[2][1]['id']}"


def test_a_parent_is_named_by_its_external_id_and_found_by_the_name_of_the_relationship(ask: Ask) -> None:
    account = made(ask, "Account", Name="Parent Co", External_Id__c="p-1")
    contact = made(ask, "Contact", LastName="Child", Account={"External_Id__c": "p-1"})
    there = f"/services/data/v67.0/sobjects/Contact/{contact}/Account"
    assert ask("GET", there).json()["Id"] == account
    children = ask("GET", f"/services/data/v67.0/sobjects/Account/{account}/Contacts?fields=LastName").json()
    assert [each["LastName"] for each in children["records"]] == ["Child"]
    wrong = ask(
        "PATCH", f"/services/data/v67.0/sobjects/Contact/{contact}", {"Account": {"External_Id__c": "?"}}
    )
    assert "Foreign key external ID: ? not found" in wrong.json()[0]["message"]


def test_a_key_that_comes_twice_in_one_upsert_is_refused_the_second_time(ask: Ask) -> None:
    rows = [
        {"attributes": {"type": "Account"}, "External_Id__c": key, "Name": key} for key in ("k", "K", "l")
    ]
    path = "/services/data/v67.0/composite/sobjects/Account/External_Id__c"
    told = ask("PATCH", path, {"records": rows}).json()
    assert [each["success"] for each in told] == [True, False, True]
    assert told[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_a_body_too_deep_to_keep_is_malformed_everywhere(ask: Ask) -> None:
    deep = "[" * 300 + "]" * 300
    told = ask("POST", "/cometd/67.0", f'[{{"channel": "/meta/handshake", "id": {deep}}}]')
    assert (told.status_code, told.json()[0]["error"]) == (400, "400::The message is not JSON")
    assert ask("POST", "/services/data/v67.0/sobjects/Account", f'{{"Name": {deep}}}').status_code == 400
    with pytest.raises(ValueError, match="Unable to parse JSON"):
        bulk_v1_formats.rows_of("JSON", f'[{{"Name": {deep}}}]'.encode())
