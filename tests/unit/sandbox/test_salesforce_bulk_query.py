"""Bulk 2.0 queries of the Salesforce sandbox: pages, locators, text, refusals."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import httpx

from tests.unit.sandbox.conftest import API, Running


def _job(shared: Running, soql: str, operation: str = "query") -> dict[str, Any]:
    made = shared.salesforce.post(f"{API}/jobs/query", json={"operation": operation, "query": soql})
    assert made.status_code == 200, made.text
    assert made.json()["state"] == "UploadComplete"
    for _ in range(500):
        job: dict[str, Any] = shared.salesforce.get(f"{API}/jobs/query/{made.json()['id']}").json()
        if job["state"] not in ("UploadComplete", "InProgress"):
            return job
        time.sleep(0.01)
    raise AssertionError("the job did not end")


def _rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_bulk_pages_add_up_to_what_query_gives(shared: Running) -> None:
    soql = "SELECT Id, Subject, IsClosed, CompletedDateTime FROM Task"
    job = _job(shared, soql)
    assert job["state"] == "JobComplete"
    rows, locator = [], ""
    while locator != "null":
        query = {"maxRecords": "170"} | ({"locator": locator} if locator else {})
        answer = shared.salesforce.get(f"{API}/jobs/query/{job['id']}/results", params=query)
        assert int(answer.headers["Sforce-NumberOfRecords"]) == len(_rows(answer))
        rows += _rows(answer)
        locator = answer.headers["Sforce-Locator"]
    assert len(rows) == job["numberRecordsProcessed"] == shared.soql("SELECT COUNT() FROM Task")["totalSize"]
    assert len({row["Id"] for row in rows}) == len(rows)
    assert {row["IsClosed"] for row in rows} == {"true", "false"}
    assert all(row["CompletedDateTime"].endswith(".000Z") for row in rows if row["IsClosed"] == "true")


def test_bulk_result_pages_can_be_read_side_by_side(shared: Running) -> None:
    job = _job(shared, "SELECT Id FROM CampaignMember", "queryAll")
    url = f"{API}/jobs/query/{job['id']}/resultPages?maxRecords=200"
    ids: list[str] = []
    while url:
        listed = shared.salesforce.get(url).json()
        assert len(listed["resultPages"]) <= 5
        for page in listed["resultPages"]:
            ids += [row["Id"] for row in _rows(shared.salesforce.get(page["resultUrl"]))]
        url = "" if listed["done"] else listed["nextRecordUrl"]
    assert len(set(ids)) == len(ids) == job["numberRecordsProcessed"]
    other = shared.salesforce.get(f"/services/data/v60.0/jobs/query/{job['id']}/resultPages")
    assert other.status_code == 409


def test_bulk_text_survives_quotes_commas_and_line_ends(shared: Running) -> None:
    odd = 'He said "yes",\nthen left; ünïcode'
    made = shared.salesforce.post(f"{API}/sobjects/Task", json={"Subject": "odd", "Description": odd}).json()[
        "id"
    ]
    job = _job(shared, f"SELECT Description, WhoId FROM Task WHERE Id = '{made}'")
    answer = shared.salesforce.get(f"{API}/jobs/query/{job['id']}/results")
    assert _rows(answer) == [{"Description": odd, "WhoId": ""}]


def test_bulk_refuses_and_deletes_like_the_vendor(shared: Running) -> None:
    jobs = f"{API}/jobs/query"
    grouped = {"operation": "query", "query": "SELECT COUNT(Id) FROM Lead"}
    assert shared.salesforce.post(jobs, json=grouped).status_code == 400
    assert shared.salesforce.post(jobs, json={"operation": "insert"}).json()[0]["errorCode"] == "INVALIDJOB"
    broken = shared.salesforce.post(jobs, json={"operation": "query", "query": "SELECT Nope FROM Lead"})
    assert broken.json()[0]["errorCode"] == "INVALID_FIELD"
    empty = _job(shared, "SELECT Id FROM Lead WHERE Email = 'nobody@nowhere.example'")
    answer = shared.salesforce.get(f"{jobs}/{empty['id']}/results")
    assert (answer.headers["Sforce-Locator"], answer.headers["Sforce-NumberOfRecords"]) == ("null", "0")
    assert answer.text == '"Id"\n'
    assert shared.salesforce.delete(f"{jobs}/{empty['id']}").status_code == 204
    assert shared.salesforce.get(f"{jobs}/{empty['id']}").status_code == 404
