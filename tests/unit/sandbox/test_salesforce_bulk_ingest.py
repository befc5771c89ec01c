"""Rows in bulk, by both Bulk APIs: what is stored, what is refused and why, in whichever format."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.sandbox.conftest import API, Running

JOBS = f"{API}/jobs/ingest"
V1 = "/services/async/59.0/job"
Start = Callable[..., Any]


def _until(read: Callable[[], Any], *wanted: str) -> Any:
    deadline = time.monotonic() + 60
    while True:
        found = read()
        if found in wanted:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def _job(org: Running, body: str, **job: Any) -> str:
    made = org.salesforce.post(JOBS, json={"object": "Contact", "operation": "insert", **job})
    assert made.status_code == 200, made.text
    job_id: str = made.json()["id"]
    assert org.salesforce.put(f"{JOBS}/{job_id}/batches", content=body.encode()).status_code == 201
    closed = org.salesforce.patch(f"{JOBS}/{job_id}", json={"state": "UploadComplete"}).json()
    assert closed["state"] == "UploadComplete"
    _until(lambda: org.salesforce.get(f"{JOBS}/{job_id}").json()["state"], "JobComplete", "Failed")
    return job_id


def _file(org: Running, job: str, name: str) -> list[dict[str, str]]:
    answer = org.salesforce.get(f"{JOBS}/{job}/{name}")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_each_row_succeeds_or_fails_alone_and_results_are_in_another_order(shared: Running) -> None:
    rows = "".join(f"Many{n},many{n}@bulk.example\n" for n in range(40))
    job = _job(shared, f"LastName,Email\n{rows}Bad,not an address\n")
    good, bad = _file(shared, job, "successfulResults"), _file(shared, job, "failedResults")
    assert sorted(r["LastName"] for r in good) == sorted(f"Many{n}" for n in range(40))
    assert [r["LastName"] for r in good] != [f"Many{n}" for n in range(40)]
    assert {r["sf__Created"] for r in good} == {"true"}
    assert bad[0]["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:")
    assert bad[0]["sf__Error"].endswith(":Email --")
    info = shared.salesforce.get(f"{JOBS}/{job}").json()
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (41, 1)
    assert _file(shared, job, "unprocessedrecords") == []
    (row,) = shared.soql("select Email from Contact where LastName = 'Many7'")["records"]
    assert row["Email"] == "many7@bulk.example"


def test_an_empty_cell_leaves_alone_and_na_empties(shared: Running) -> None:
    made = _file(shared, _job(shared, "LastName,Phone,Title\nCell,1,Boss\n"), "successfulResults")[0][
        "sf__Id"
    ]
    _job(shared, f"Id,Phone,Title\n{made},,#N/A\n", operation="update")
    (row,) = shared.soql(f"select Phone, Title from Contact where Id = '{made}'")["records"]
    assert (row["Phone"], row["Title"]) == ("1", None)


def test_upsert_and_lookup_by_external_id(shared: Running) -> None:
    _job(shared, "External_Id__c,Name\nbulk-acc,One\n", object="Account", operation="upsert",
         externalIdFieldName="External_Id__c")  # fmt: skip
    again = _job(shared, "External_Id__c,Name\nbulk-acc,Two\n", object="Account", operation="upsert",
                 externalIdFieldName="External_Id__c")  # fmt: skip
    assert _file(shared, again, "successfulResults")[0]["sf__Created"] == "false"
    job = _job(shared, "LastName,Account.External_Id__c\nLooked,bulk-acc\nLost,nobody\n")
    assert "Foreign key external ID: nobody" in _file(shared, job, "failedResults")[0]["sf__Error"]
    (row,) = shared.soql("select Account.Name from Contact where LastName = 'Looked'")["records"]
    assert row["Account"]["Name"] == "Two"


def test_delete_bins_and_hard_delete_purges(shared: Running) -> None:
    made = [r["sf__Id"] for r in _file(shared, _job(shared, "LastName\nA\nB\n"), "successfulResults")]
    _job(shared, f"Id\n{made[0]}\n", operation="delete")
    _job(shared, f"Id\n{made[1]}\n", operation="hardDelete")
    text = f"select Id from Contact where Id in ('{made[0]}', '{made[1]}')"
    assert shared.soql(text)["totalSize"] == 0
    binned = shared.salesforce.get(f"{API}/queryAll", params={"q": text}).json()["records"]
    assert [r["Id"] for r in binned] == [made[0]]


@pytest.mark.parametrize(
    ("body", "job", "message"),
    [
        ("Nope\n1\n", {}, "Field name not found : Nope"),
        ("LastName\r\nA\r\n", {}, "LineEnding is invalid"),
        ("LastName,Phone\nA\n", {}, "does not match the length of the header"),
        ("", {}, "no header"),
        ("Id,Phone\n003,1\n", {"operation": "delete"}, "must contain only ids"),
    ],
)
def test_data_that_cannot_be_read_fails_the_job(
    shared: Running, body: str, job: dict[str, str], message: str
) -> None:
    job_id = _job(shared, body, **job)
    info = shared.salesforce.get(f"{JOBS}/{job_id}").json()
    assert info["state"] == "Failed"
    assert message in info["errorMessage"]


def test_crlf_and_other_delimiters_are_read_and_written(shared: Running) -> None:
    job = _job(shared, 'LastName;Phone\r\n"Semi;colon";5\r\n', lineEnding="CRLF", columnDelimiter="SEMICOLON")
    text = shared.salesforce.get(f"{JOBS}/{job}/successfulResults").text
    assert text.startswith('"sf__Id";"sf__Created";"LastName";"Phone"\r\n')


def test_a_job_takes_one_upload_and_no_state_that_cannot_follow(shared: Running) -> None:
    job = _job(shared, "LastName\nOnce\n")
    assert shared.salesforce.put(f"{JOBS}/{job}/batches", content=b"x").status_code == 400
    assert shared.salesforce.patch(f"{JOBS}/{job}", json={"state": "Aborted"}).status_code == 400
    assert shared.salesforce.delete(f"{JOBS}/{job}").status_code == 204
    assert shared.salesforce.get(f"{JOBS}/{job}").status_code == 404


@pytest.mark.kill
def test_a_kill_amid_a_job_loses_and_repeats_nothing(fresh: Path, start: Start) -> None:
    rows = "".join(f"Kill{n}\n" for n in range(3_000))
    with start(fresh, "--no-limits") as org:
        job = org.salesforce.post(JOBS, json={"object": "Contact", "operation": "insert"}).json()["id"]
        org.salesforce.put(f"{JOBS}/{job}/batches", content=f"LastName\n{rows}".encode())
        org.salesforce.patch(f"{JOBS}/{job}", json={"state": "UploadComplete"})
        read = org.salesforce.get
        deadline = time.monotonic() + 60
        while not read(f"{JOBS}/{job}").json()["numberRecordsProcessed"] and time.monotonic() < deadline:
            time.sleep(0.001)
        os.kill(org.ready["salesforce"]["pid"], signal.SIGKILL)
    with start(fresh, "--no-limits") as org:
        _until(lambda: org.salesforce.get(f"{JOBS}/{job}").json()["state"], "JobComplete")
        assert org.soql("select count() from Contact where LastName like 'Kill%'")["totalSize"] == 3_000
        assert len(_file(org, job, "successfulResults")) == 3_000


def _v1(org: Running) -> httpx.Client:
    token = org.salesforce.headers["Authorization"].removeprefix("Bearer ")
    return httpx.Client(
        base_url=org.ready["salesforce"]["url"], headers={"X-SFDC-Session": token}, timeout=30
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("CSV", b"LastName,Phone\nV1csv,1\n,2\n"),
        ("JSON", b'[{"LastName": "V1json", "Phone": "1"}, {"Phone": "2"}]'),
        (
            "XML",
            b"<sObjects><sObject><LastName>V1xml</LastName></sObject><sObject><Phone>2</Phone></sObject></sObjects>",
        ),
    ],
)
def test_bulk_v1_stores_rows_in_each_format(shared: Running, kind: str, body: bytes) -> None:
    with _v1(shared) as client:
        job = client.post(V1, json={"operation": "insert", "object": "Contact", "contentType": kind}).json()[
            "id"
        ]
        assert client.post(f"{V1}/{job}/batch", content=body).status_code == 201

        def states() -> str:
            text = client.get(f"{V1}/{job}/batch").text
            return "Completed" if "Completed" in text else text

        _until(states, "Completed")
        listed = client.get(f"{V1}/{job}/batch").text
        batch = listed[listed.index("751") :][:18]
        result = client.get(f"{V1}/{job}/batch/{batch}/result").text
        assert "REQUIRED_FIELD_MISSING" in result
        assert client.get(f"{V1}/{job}/batch/{batch}/request").content == body
        assert client.post(f"{V1}/{job}", json={"state": "Closed"}).json()["state"] == "Closed"
        assert client.post(f"{V1}/{job}/batch", content=body).status_code == 400
    assert shared.soql(f"select count() from Contact where LastName = 'V1{kind.lower()}'")["totalSize"] == 1


def test_bulk_v1_cuts_a_query_by_ids(shared: Running) -> None:
    with _v1(shared) as client:
        headers = {"Sforce-Enable-PKChunking": "true; chunkSize=50"}
        asked = {"operation": "query", "object": "Lead", "contentType": "CSV"}
        job = client.post(V1, json=asked, headers=headers).json()["id"]
        client.post(f"{V1}/{job}/batch", content=b"select Id from Lead where LastName != 'zz' order by Id")
        _until(lambda: "InProgress" in client.get(f"{V1}/{job}/batch").text, False)  # type: ignore[arg-type]
        listed = client.get(f"{V1}/{job}/batch").text
        assert listed.count("<state>NotProcessed</state>") == 1
        rows: list[str] = []
        for part in listed.split("<batchInfo>")[2:]:
            batch = part[part.index("<id>") + 4 :][:18]
            found = client.get(f"{V1}/{job}/batch/{batch}/result").text
            result = found[found.index("<result>") + 8 :][:18]
            rows += client.get(f"{V1}/{job}/batch/{batch}/result/{result}").text.splitlines()[1:]
        assert (
            len(rows)
            == len(set(rows))
            == shared.soql("select count() from Lead where LastName != 'zz'")["totalSize"]
        )


def test_bulk_v1_json_has_instants_in_milliseconds(shared: Running) -> None:
    with _v1(shared) as client:
        asked = {"operation": "query", "object": "Lead", "contentType": "JSON"}
        job = client.post(V1, json=asked).json()["id"]
        batch = client.post(f"{V1}/{job}/batch", content=b"select CreatedDate from Lead limit 1").json()["id"]
        _until(lambda: client.get(f"{V1}/{job}/batch/{batch}").json()["state"], "Completed")
        (result,) = client.get(f"{V1}/{job}/batch/{batch}/result").json()
        (row,) = client.get(f"{V1}/{job}/batch/{batch}/result/{result}").json()
        assert isinstance(row["CreatedDate"], int)


def test_bulk_v1_errors_speak_the_clients_format(shared: Running) -> None:
    url = shared.ready["salesforce"]["url"] + V1
    answer = httpx.post(url, content=b"<jobInfo/>", headers={"Content-Type": "application/xml"})
    assert (answer.status_code, "InvalidSessionId" in answer.text) == (400, True)
    assert httpx.post(url, json={}).json()["exceptionCode"] == "InvalidSessionId"
    with _v1(shared) as client:
        assert client.post("/services/async/20.0/job", json={}).json()["exceptionCode"] == "InvalidVersion"
        assert (
            client.post(V1, content=b"<jobInfo", headers={"Content-Type": "application/xml"}).status_code
            == 400
        )
        wrong = {"operation": "insert", "object": "Nope", "contentType": "CSV"}
        assert client.post(V1, json=wrong).json()["exceptionCode"] == "InvalidEntity"


def test_a_job_comes_with_its_data_in_one_request(shared: Running) -> None:
    job = json.dumps({"object": "Contact", "operation": "insert", "contentType": "CSV"})
    parts = {"job": (None, job, "application/json"), "content": ("c.csv", "LastName\nTogether\n", "text/csv")}
    made = shared.salesforce.post(JOBS, files=parts)
    assert made.status_code == 200, made.text
    own = made.json()["id"]
    _until(lambda: shared.salesforce.get(f"{JOBS}/{own}").json()["state"], "JobComplete")
    assert [row["LastName"] for row in _file(shared, own, "successfulResults")] == ["Together"]
    parts["content"] = ("c.csv", "LastName\n" + "x" * 100_000, "text/csv")
    assert shared.salesforce.post(JOBS, files=parts).status_code == 400
    assert shared.salesforce.post(JOBS, files={"job": parts["job"]}).status_code == 400


def test_two_jobs_that_write_children_of_one_parent_at_once_meet_its_lock(shared: Running) -> None:
    account = shared.salesforce.post(f"{API}/sobjects/Account", json={"Name": "Locked"}).json()["id"]
    jobs = []
    for count in (400, 20):
        made = shared.salesforce.post(JOBS, json={"object": "Contact", "operation": "insert"}).json()["id"]
        rows = "".join(f"Lock{n},{account}\n" for n in range(count))
        shared.salesforce.put(f"{JOBS}/{made}/batches", content=f"LastName,AccountId\n{rows}".encode())
        jobs.append(made)
    assert shared.salesforce.post("/_sandbox/org", json={"do": "row_locks"}).status_code == 200
    try:
        # In one request, so that neither job is done before the other begins.
        begin = [{"method": "PATCH", "url": f"v67.0/jobs/ingest/{each}",
                  "richInput": {"state": "UploadComplete"}} for each in jobs]  # fmt: skip
        told = shared.salesforce.post(f"{API}/composite/batch", json={"batchRequests": begin}).json()
        assert [each["statusCode"] for each in told["results"]] == [200, 200], told
        for each in jobs:
            _until(lambda own=each: shared.salesforce.get(f"{JOBS}/{own}").json()["state"], "JobComplete")
    finally:
        shared.salesforce.post("/_sandbox/org", json={"do": "row_locks", "on": False})
    assert _file(shared, jobs[0], "failedResults") == []
    locked = _file(shared, jobs[1], "failedResults")
    assert {row["sf__Error"].partition(":")[0] for row in locked} == {"UNABLE_TO_LOCK_ROW"}
    assert account in locked[0]["sf__Error"]
