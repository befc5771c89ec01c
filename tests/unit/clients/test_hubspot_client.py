"""Requests HubSpot gets, pages it gives, and what its refusals mean."""

from __future__ import annotations

import httpx
import orjson
import pytest

from pipelines.clients import errors
from pipelines.clients.hubspot.pages import next_of
from pipelines.clients.hubspot.paths import Paths


def page(*ids: str, after: str | None = None, **extra: object) -> httpx.Response:
    paging = {"paging": {"next": {"after": after, "link": "http://elsewhere.example/"}}} if after else {}
    return httpx.Response(200, json={"results": [{"id": each} for each in ids], **paging, **extra})


def test_paths_follow_the_version_of_the_connection():
    assert Paths("2026-09")("objects", "contacts") == "/crm/objects/2026-09/contacts"
    assert (
        Paths("v3")("associations", "deals", "contacts") == "/crm/v4/associations/deals/contacts/batch/read"
    )


def test_a_list_page_asks_for_history_in_smaller_pages(hubspot):
    bench = hubspot(page("1", after="2"))
    found = bench.client.list_page("deals", ["amount"], history=["dealstage"], archived=True)
    sent = dict(bench.script.requests[0].url.params)
    assert (found.after, sent["limit"], sent["propertiesWithHistory"], sent["archived"]) == (
        "2",
        "50",
        "dealstage",
        "true",
    )


def test_small_lists_are_read_to_their_last_page(hubspot):
    bench = hubspot(page("1", after="1"), page(after="2"), page("3"))
    assert [each["id"] for each in bench.client.owners()] == ["1", "3"]
    assert {request.url.host for request in bench.script.requests} == {"127.0.0.1"}


def test_long_associations_are_asked_for_again_from_where_they_stopped(hubspot):
    first = {"from": {"id": "1"}, "to": [{"toObjectId": 5}], "paging": {"next": {"after": "500"}}}
    rest = {"from": {"id": "1"}, "to": [{"toObjectId": 6}]}
    bench = hubspot(
        httpx.Response(200, json={"results": [first]}), httpx.Response(207, json={"results": [rest]})
    )
    found = list(bench.client.associations("contacts", "companies", ["1", "2"]))
    assert [each["to"][0]["toObjectId"] for each in found] == [5, 6]
    assert orjson.loads(bench.script.requests[1].content) == {"inputs": [{"id": "1", "after": "500"}]}


def test_batch_read_cuts_ids_into_what_hubspot_takes(hubspot):
    bench = hubspot(page("1"))
    bench.client.batch_read("deals", [str(n) for n in range(120)], ["amount"])
    bench.client.batch_read("deals", [str(n) for n in range(120)], ["amount"], history=["dealstage"])
    assert [len(orjson.loads(r.content)["inputs"]) for r in bench.script.requests] == [100, 20, 50, 50, 20]


def test_a_page_that_is_no_page_is_a_truncated_fetch(hubspot):
    for body in (b"<html>", b'{"status": "fine"}'):
        bench = hubspot(httpx.Response(200, content=body))
        with pytest.raises(errors.Truncated):
            bench.client.list_page("contacts", [])


def test_a_missing_scope_is_named(hubspot):
    body = {
        "category": "MISSING_SCOPES", "message": "no",
        "errors": [{"message": "m", "context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}],
    }  # fmt: skip
    bench = hubspot(httpx.Response(403, json=body))
    with pytest.raises(errors.MissingScope, match=r"lacks a scope: crm\.objects\.deals\.read"):
        bench.client.list_page("deals", [])


def test_what_is_not_there_is_not_found(hubspot):
    bench = hubspot(
        httpx.Response(404, json={"category": "OBJECT_NOT_FOUND", "message": "Unable to infer type"})
    )
    with pytest.raises(errors.NotFound, match="HubSpot has no such thing: Unable to infer type"):
        bench.client.properties("goals")


@pytest.mark.parametrize(
    ("answer", "following"),
    [
        (b'{"results":[],"paging":{"next":{"after":"1051","link":"https://x/?a=1&after=1051"}}}', "1051"),
        (b'{"results":[],"paging":{"next":{"after":"NTI1Cg%3D%3D"}}}\n', "NTI1Cg%3D%3D"),
        (b'{"results":[]}', None),
        (b'{"paging":{"next":{"after":"1051"}},"results":[]}', None),  # reading it tells
        (b'{"results":[{"p":"\\"paging\\":{\\"next\\":{\\"after\\":\\"7\\"}}}"}]}', None),
        (b'{"results":[],"paging":{"next":{"after":"1051","li', None),
    ],
)
def test_the_end_of_an_unread_page_tells_where_the_next_begins(answer, following):
    assert next_of(answer) == following


def _absent(identifier: str) -> dict[str, object]:
    return {
        "status": "error", "category": "OBJECT_NOT_FOUND", "message": "No companies associations found",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND", "context": {"fromObjectId": [identifier]},
    }  # fmt: skip


def test_records_without_associations_are_an_answer_and_the_others_arrive(hubspot):
    linked = {"from": {"id": "2"}, "to": [{"toObjectId": 5}]}
    for results, errors_ in (([], [_absent("1"), _absent("2")]), ([linked], [_absent("1")])):
        bench = hubspot(httpx.Response(207, json={"results": results, "errors": errors_}))
        assert list(bench.client.associations("contacts", "companies", ["1", "2"])) == results


def test_a_batch_that_hubspot_answers_in_part_is_a_truncated_fetch(hubspot):
    trouble = {"status": "error", "category": "INTERNAL_ERROR", "message": "shard is away"}
    for present in ([], [{"id": "1", "properties": {}}]):
        answer = httpx.Response(207, json={"results": present, "errors": [_absent("2"), trouble]})
        with pytest.raises(errors.Truncated, match="a part of a batch: shard is away"):
            list(hubspot(answer).client.associations("contacts", "companies", ["1", "2", "3"]))
        with pytest.raises(errors.Truncated, match="a part of a batch: shard is away"):
            hubspot(answer).client.batch_read("contacts", ["1", "2", "3"], [])


def test_a_pair_that_hubspot_does_not_tie_among_others_is_a_refusal(hubspot):
    problem = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "no such company"}
    answer = {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [problem]}
    bench = hubspot(httpx.Response(207, json=answer), httpx.Response(207, json=answer))
    with pytest.raises(errors.Rejected, match="1 of 2 pairs: no such company") as caught:
        bench.client.associate("contacts", "companies", [("1", "2"), ("3", "4")])
    assert caught.value.code == "OBJECT_NOT_FOUND"
    with pytest.raises(errors.Rejected):
        bench.client.associate_as("contacts", "companies", [("1", "2", [])])
