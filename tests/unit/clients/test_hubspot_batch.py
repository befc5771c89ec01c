"""Each input of a batch gets its own outcome, whatever the order and the gaps of HubSpot's answer."""

from __future__ import annotations

import httpx
import orjson
import pytest

from pipelines.clients.hubspot.sequences import Sequences
from pipelines.clients.results import MISSING_FROM_ANSWER


def inputs(*ids: str) -> list[dict[str, object]]:
    return [{"id": each, "properties": {"lead_score": each}} for each in ids]


def stored(record_id: str, **extra: object) -> dict[str, object]:
    return {"id": record_id, "properties": {"lead_score": record_id}, **extra}


def test_results_come_back_in_the_order_of_the_inputs(hubspot):
    bench = hubspot(httpx.Response(200, json={"results": [stored("2"), stored("1")]}))
    outcomes = bench.client.batch_update("contacts", inputs("1", "2"))
    assert [(row.ok, row.id, row.values["lead_score"]) for row in outcomes] == [
        (True, "1", "1"),
        (True, "2", "2"),
    ]


def test_a_partial_failure_marks_only_the_failed_rows(hubspot):
    error = {
        "category": "OBJECT_NOT_FOUND", "message": "not found", "context": {"ids": ["2"]},
    }  # fmt: skip
    body = {"results": [stored("3"), stored("1")], "numErrors": 1, "errors": [error]}
    bench = hubspot(httpx.Response(207, json=body, headers={"x-hubspot-correlation-id": "c-1"}))
    outcomes = bench.client.batch_update("contacts", inputs("1", "2", "3"))
    assert [row.ok for row in outcomes] == [True, False, True]
    assert outcomes[1].code == "OBJECT_NOT_FOUND"
    assert outcomes.request_id == "c-1"


def test_a_row_that_was_merged_away_is_missing_not_stored(hubspot):
    bench = hubspot(httpx.Response(200, json={"results": [stored("1")]}))
    outcomes = bench.client.batch_update("contacts", inputs("1", "2"))
    assert [row.code for row in outcomes] == ["", MISSING_FROM_ANSWER]


def test_an_upsert_is_matched_by_its_unique_property(hubspot):
    results = [
        {"id": "11", "new": True, "properties": {"email": "b@x.example"}},
        {"id": "10", "new": False, "properties": {"email": "a@x.example"}},
    ]
    bench = hubspot(httpx.Response(200, json={"results": results}))
    outcomes = bench.client.batch_upsert(
        "contacts",
        [{"id": each, "idProperty": "email", "properties": {}} for each in ("A@x.example", "b@x.example")],
    )
    assert [(row.id, row.created) for row in outcomes] == [("10", False), ("11", True)]


def test_creates_are_matched_by_the_trace_we_gave(hubspot):
    failed = {"message": "exists", "category": "CONFLICT", "context": {"objectWriteTraceId": ["0"]}}
    body = {"results": [stored("77", objectWriteTraceId="1")], "errors": [failed]}
    bench = hubspot(httpx.Response(207, json=body))
    outcomes = bench.client.batch_create("contacts", [{"properties": {}}, {"properties": {}}])
    assert [(row.ok, row.id, row.created, row.code) for row in outcomes] == [
        (False, None, False, "CONFLICT"), (True, "77", True, ""),
    ]  # fmt: skip


def test_one_bad_row_does_not_take_the_batch_with_it(hubspot):
    """HubSpot rejects a whole batch for one invalid value: the bad row is found by halving."""
    bench = hubspot(httpx.Response(200, json={}))

    def answer(request: httpx.Request) -> httpx.Response:
        rows = orjson.loads(request.content)["inputs"]
        if any(row["id"] == "3" for row in rows):
            detail = {
                "code": "INVALID_INTEGER",
                "message": "3 is bad",
                "context": {"propertyName": ["lead_score"]},
            }
            body = {
                "category": "VALIDATION_ERROR",
                "message": "Property values were not valid",
                "errors": [detail],
            }
            return httpx.Response(400, json=body)
        return httpx.Response(200, json={"results": [stored(row["id"]) for row in rows]})

    bench.client._transport.wire._client._transport = httpx.MockTransport(answer)
    outcomes = bench.client.batch_update("contacts", inputs("1", "2", "3", "4", "5"))
    assert [row.ok for row in outcomes] == [True, True, False, True, True]
    assert (outcomes[2].code, outcomes[2].fields) == ("INVALID_INTEGER", ("lead_score",))


def test_more_rows_than_hubspot_takes_are_a_mistake_of_the_caller(hubspot):
    bench = hubspot(httpx.Response(200, json={"results": []}))
    with pytest.raises(ValueError, match="at most 100"):
        bench.client.batch_update("contacts", inputs(*map(str, range(101))))
    assert bench.client.batch_update("contacts", []) == []
    assert bench.client.calls == 0


def test_a_list_may_be_named_by_its_id(hubspot):
    """HubSpot's search of lists goes by names only."""
    bench = hubspot(httpx.Response(200, json={"list": {"listId": "8", "name": "Nurture"}}))
    assert Sequences(bench.client).list_id("8") == "8"
    assert [each.url.path.rpartition("/")[2] for each in bench.script.requests] == ["8"]
