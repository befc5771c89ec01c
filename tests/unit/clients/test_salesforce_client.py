"""Signing in, paging, bulk jobs, collections, and what Salesforce's refusals mean."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pipelines.clients import errors
from pipelines.clients.results import MISSING_FROM_ANSWER
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.clients.salesforce.ingest import failure_of
from pipelines.clients.transport import Call
from pipelines.settings import SalesforceConnection, Secret


def rows(*ids: str, total: int, following: str | None = None, done: bool | None = None) -> httpx.Response:
    body = {
        "totalSize": total,
        "done": following is None if done is None else done,
        "records": [{"Id": i} for i in ids],
    }
    return httpx.Response(200, json=body | ({"nextRecordsUrl": following} if following else {}))


def refusal(status: int, code: str, message: str = "no") -> httpx.Response:
    return httpx.Response(status, json=[{"errorCode": code, "message": message}])


def test_query_pages_are_followed_to_the_last(salesforce):
    bench = salesforce(
        rows("1", "2", total=3, following="/services/data/v67.0/query/q-2"), rows("3", total=3)
    )
    pages = list(bench.client.query_pages("SELECT Id FROM Lead", all_rows=True))
    assert [[each["Id"] for each in page.records] for page in pages] == [["1", "2"], ["3"]]
    assert bench.script.requests[1].url.path == "/services/data/v67.0/queryAll"


@pytest.mark.parametrize("last", [rows("3", total=4), rows("3", total=4, done=False)])
def test_pages_that_do_not_add_up_are_a_truncated_fetch(salesforce, last):
    bench = salesforce(rows("1", "2", total=4, following="/services/data/v67.0/query/q-2"), last)
    with pytest.raises(errors.Truncated, match="Salesforce gave 3 of 4 rows"):
        list(bench.client.query_pages("SELECT Id FROM Lead"))


def test_a_bulk_result_of_one_page_is_asked_for_at_once_and_its_job_not_before_it_can_be_done(salesforce):
    bench = salesforce(
        httpx.Response(200, json={"id": "750x"}),
        httpx.Response(200, json={"state": "JobComplete", "numberRecordsProcessed": 2}),
        httpx.Response(
            200, content=b"Id\n1\n2\n",
            headers={"Sforce-NumberOfRecords": "2", "Sforce-Locator": "null"},
        ),
    )  # fmt: skip
    job = bench.client.bulk_query("SELECT Id FROM Lead", columns=40, expected=30_000)
    assert [(page.rows, page.position) for page in job] == [(2, "")]
    assert [request.url.path.rsplit("/", 1)[1] for request in bench.script.requests[-2:]] == [
        "750x", "results",
    ]  # fmt: skip
    assert bench.clock.slept == [0.12]


def test_a_bulk_result_is_read_page_by_page(salesforce, monkeypatch):
    monkeypatch.setattr("pipelines.clients.salesforce.client.page_rows", lambda columns: 2)
    bench = salesforce(
        httpx.Response(200, json={"id": "750x"}),
        httpx.Response(200, json={"state": "InProgress"}),
        httpx.Response(200, json={"state": "JobComplete", "numberRecordsProcessed": 3}),
        httpx.Response(
            200, content=b"Id\n1\n2\n", headers={"Sforce-NumberOfRecords": "2", "Sforce-Locator": "A/2="}
        ),
        httpx.Response(
            200, content=b"Id\n3\n", headers={"Sforce-NumberOfRecords": "1", "Sforce-Locator": "null"}
        ),
    )
    job = bench.client.bulk_query("SELECT Id FROM Lead", all_rows=True)
    assert [(page.rows, page.position) for page in job] == [(2, "A/2="), (1, "")]
    assert (job.job_id, job.rows) == ("750x", 3)
    assert orjson.loads(bench.script.requests[1].content)["operation"] == "queryAll"
    assert [dict(request.url.params) for request in bench.script.requests[-2:]] == [
        {"maxRecords": "2"}, {"maxRecords": "2", "locator": "A/2="},
    ]  # fmt: skip
    assert len(bench.clock.slept) == 1


class Slow(httpx.SyncByteStream):
    """A body that is not here before its successor was asked for."""

    def __init__(self, body: bytes, awaited: threading.Event) -> None:
        self.body, self.awaited = body, awaited

    def __iter__(self) -> Iterator[bytes]:
        assert self.awaited.wait(20), "the next page was not asked for while this one was on its way"
        yield self.body


def test_the_next_bulk_page_is_asked_for_while_the_one_before_is_on_its_way(salesforce):
    second = threading.Event()

    def last(request: httpx.Request) -> httpx.Response:
        second.set()
        head = {"Sforce-NumberOfRecords": "1", "Sforce-Locator": "null"}
        return httpx.Response(200, content=b"Id\n3\n", headers=head)

    head = {"Sforce-NumberOfRecords": "2", "Sforce-Locator": "b"}
    bench = salesforce(
        httpx.Response(200, json={"id": "750x"}),
        httpx.Response(200, json={"state": "JobComplete", "numberRecordsProcessed": 3}),
        lambda request: httpx.Response(200, stream=Slow(b"Id\n1\n2\n", second), headers=head),
        last,
    )
    pages = list(bench.client.bulk_query("SELECT Id FROM Lead"))
    assert [page.data for page in pages] == [b"Id\n1\n2\n", b"Id\n3\n"]


def test_a_bulk_job_that_failed_says_why(salesforce):
    bench = salesforce(
        httpx.Response(200, json={"id": "750x"}),
        httpx.Response(200, json={"state": "Failed", "errorMessage": "QUERY_TIMEOUT"}),
    )
    with pytest.raises(errors.Unavailable, match="QUERY_TIMEOUT"):
        list(bench.client.bulk_query("SELECT Id FROM Lead"))


def test_a_row_of_a_collection_fails_alone(salesforce):
    failed = {
        "success": False,
        "errors": [{"statusCode": "STRING_TOO_LONG", "message": "too long", "fields": ["Title"]}],
    }
    bench = salesforce(httpx.Response(200, json=[{"id": "00Q1", "success": True, "errors": []}, failed]))
    outcomes = bench.client.update_collection("Lead", [{"Id": "00Q1"}, {"Id": "00Q2"}, {"Id": "00Q3"}])
    assert [(row.ok, row.code, row.fields) for row in outcomes] == [
        (True, "", ()), (False, "STRING_TOO_LONG", ("Title",)), (False, MISSING_FROM_ANSWER, ()),
    ]  # fmt: skip
    assert outcomes.request_id.startswith("write-1")
    sent = bench.script.requests[-1]
    assert sent.headers["Sforce-Auto-Assign"] == "FALSE"
    assert orjson.loads(sent.content)["allOrNone"] is False


def test_upserts_and_creates_say_what_is_new(salesforce):
    answer = [
        {"id": "00Q1", "success": True, "created": True},
        {"id": "00Q2", "success": True, "created": False},
    ]
    bench = salesforce(httpx.Response(200, json=answer))
    assert [row.created for row in bench.client.upsert_collection("Lead", "Ext__c", [{}, {}])] == [
        True,
        False,
    ]
    assert [row.created for row in bench.client.create_collection("Lead", [{}, {}])] == [True, True]


def test_a_collection_is_read_in_the_order_of_its_ids(salesforce):
    found = [None, {"attributes": {"type": "Lead"}, "Id": "00Q2", "Title": "CEO"}]
    bench = salesforce(httpx.Response(200, json=found))
    assert bench.client.read_collection("Lead", ["00Q1", "00Q2"], ["Id", "Title"]) == [
        None, {"Id": "00Q2", "Title": "CEO"},
    ]  # fmt: skip


def test_an_org_that_names_no_currency_has_none(salesforce):
    record = {"Id": "00DSB0000001aZ9EAI", "Name": "Northwind", "TimeZoneSidKey": "Europe/Berlin"}
    bench = salesforce(
        refusal(400, "INVALID_FIELD", "No such column 'DefaultCurrencyIsoCode' on entity 'Organization'"),
        httpx.Response(200, json={"fields": [{"name": name} for name in record]}),
        httpx.Response(200, json={"totalSize": 1, "done": True, "records": [record]}),
    )
    org = bench.client.identity()
    assert (org.org_id, org.name, org.currency) == ("00DSB0000001aZ9EAI", "Northwind", "")


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (
            refusal(400, "INVALID_FIELD", "\nSELECT X\n  ^\nNo such column 'X'"),
            errors.UnknownField,
            "No such column 'X'",
        ),
        (refusal(400, "INVALID_TYPE"), errors.NotFound, "no such thing"),
        (refusal(400, "MALFORMED_QUERY"), errors.Rejected, "rejected"),
        (
            refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
            errors.DailyLimitReached,
            "24 hours",
        ),
        (refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit"), errors.RateLimited, "at once"),
        (refusal(403, "INSUFFICIENT_ACCESS"), errors.Forbidden, "forbids"),
        (httpx.Response(406), errors.Unavailable, "trouble"),
    ],
)
def test_refusals_have_one_meaning_each(salesforce, answer, kind, sentence):
    bench = salesforce(answer)
    with pytest.raises(kind, match=sentence) as caught:
        list(bench.client.query_pages("SELECT X FROM Lead"))
    assert type(caught.value) is kind


def test_a_wrong_secret_is_one_sentence_without_it(salesforce):
    wrong = httpx.Response(
        400, json={"error": "invalid_client", "error_description": "bad client-very-secret"}
    )
    bench = salesforce(httpx.Response(200), token=wrong)
    with pytest.raises(errors.AuthFailed, match="Salesforce does not let us in: bad") as caught:
        bench.client.describe_global()
    assert "very-secret" not in str(caught.value)
    assert "SALESFORCE_CLIENT_ID" in str(caught.value)


def test_the_orgs_usage_is_known_from_the_answers(salesforce):
    usage = {"Sforce-Limit-Info": "api-usage=18/100000"}
    bench = salesforce(httpx.Response(200, json={"sobjects": []}, headers=usage))
    bench.client.describe_global()
    assert bench.client.usage == (18, 100_000)


def test_a_private_key_signs_in_by_jwt(salesforce):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    connection = SalesforceConnection(
        url="http://127.0.0.1:1", client_id="our-app", client_secret=Secret(""), environment="sandbox",
        username="loop@north.example", private_key=Secret(pem.decode()),
    )  # fmt: skip
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        token = {"access_token": "t", "instance_url": "http://127.0.0.1:1", "sobjects": []}
        return httpx.Response(200, json=token)

    with SalesforceClient(connection, True, http=httpx.MockTransport(answer)) as client:
        client.describe_global()
    form = parse_qs(seen[0].content.decode())
    claims = jwt.decode(
        form["assertion"][0], key.public_key(), algorithms=["RS256"], audience="http://127.0.0.1:1"
    )
    assert (claims["iss"], claims["sub"]) == ("our-app", "loop@north.example")
    assert claims["exp"] > datetime.now(UTC).timestamp()


def test_a_broken_private_key_is_one_sentence(tmp_path: Path):
    connection = SalesforceConnection(
        url="http://127.0.0.1:1", client_id="our-app", client_secret=Secret(""), environment="sandbox",
        private_key=Secret("not a key"),
    )  # fmt: skip
    with SalesforceClient(connection, True) as client, pytest.raises(errors.AuthFailed, match="PEM"):
        client.describe_global()


def test_a_job_is_asked_less_and_less_often_and_its_results_are_read_by_name(salesforce):
    bench = salesforce(
        httpx.Response(200, json={"id": "750x"}),
        httpx.Response(201),
        httpx.Response(200, json={"id": "750x", "state": "UploadComplete"}),
        *(httpx.Response(200, json={"id": "750x", "state": "InProgress"}) for _ in range(3)),
        httpx.Response(
            200, json={"state": "JobComplete", "numberRecordsProcessed": 2, "numberRecordsFailed": 1}
        ),
        httpx.Response(
            200, content=b'"sf__Id","sf__Error","Id"\n"","STRING_TOO_LONG:Title: too long:Title --","2"\n',
            headers={"Sforce-NumberOfRecords": "1"},
        ),
    )  # fmt: skip
    ingest = bench.client.ingest
    job_id = ingest.begin("Lead")
    ingest.upload(job_id, b"Id\n1\n2\n")
    ingest.close(job_id)
    before = bench.clock.monotonic()
    job = ingest.wait(job_id, 10_000)
    assert (job.state, job.processed, job.failed) == ("JobComplete", 2, 1)
    assert 2 < bench.clock.monotonic() - before < 12
    (row,) = ingest.failed(job_id)
    assert row["Id"] == "2"
    assert failure_of(row["sf__Error"]) == ("STRING_TOO_LONG", "Title: too long", ("Title",))
    assert "assignmentRuleId" not in orjson.loads(bench.script.requests[1].content)


def test_a_job_whose_start_was_not_answered_is_asked_whether_it_has_started(salesforce):
    begun = httpx.Response(200, json={"id": "750x"})
    bench = salesforce(begun, httpx.Response(502), httpx.Response(200, json={"state": "InProgress"}))
    bench.client.ingest.begin("Lead")
    bench.client.ingest.close("750x")
    bench = salesforce(begun, httpx.Response(502), httpx.Response(200, json={"state": "Open"}))
    bench.client.ingest.begin("Lead")
    with pytest.raises(errors.AnswerLost):
        bench.client.ingest.close("750x")


def test_an_answer_that_nobody_holds_is_gone_without_pythons_looking_for_garbage(salesforce):
    bench = salesforce(rows("1", total=1))
    gc.disable()
    try:
        answer = bench.client._transport.send(Call(method="GET", path="/services/data"))
        kept = weakref.ref(answer)
        del answer
        assert kept() is None
    finally:
        gc.enable()
