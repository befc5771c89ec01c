"""Each fault a vendor knows, by command and by header: it comes over what it can, once, and tells itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox import fault_specs, spoil
from sandbox.faults import PAGES
from tests.unit.sandbox.conftest import API, Running

CONTACTS = "/crm/v3/objects/contacts"
ROWSET = "/data/v1/customobjectdata/key/Lead_Salesforce_1/rowset?$pageSize=4"
SOAP = """<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>
<fueloauth xmlns="http://exacttarget.com">{token}</fueloauth></s:Header><s:Body>
<RetrieveRequestMsg xmlns="http://exacttarget.com/wsdl/partnerAPI"><RetrieveRequest>
<ObjectType>Subscriber</ObjectType><Properties>SubscriberKey</Properties>
</RetrieveRequest></RetrieveRequestMsg></s:Body></s:Envelope>"""
ROWS = ("row_error", "half_batch", "lock", "noop", "late_rows")
Send = Callable[[dict[str, str]], httpx.Response]


class Side:
    """One vendor: how it is read and written, and how many rows there are in an answer and stored."""

    def __init__(self, client: httpx.Client) -> None:
        self.client, self.count = client, 0

    def write(self, headers: dict[str, str]) -> httpx.Response:
        self.count += 1
        return self.written(f"f{self.count}{id(self) % 9999}", headers)

    def read(self, headers: dict[str, str]) -> httpx.Response:
        raise NotImplementedError

    def written(self, name: str, headers: dict[str, str]) -> httpx.Response:
        raise NotImplementedError

    def failed(self, answer: httpx.Response) -> int:
        """How many of four rows were refused."""
        raise NotImplementedError


class HubSpotSide(Side):
    def read(self, headers: dict[str, str]) -> httpx.Response:
        return self.client.get(CONTACTS, params={"limit": 4}, headers=headers)

    def written(self, name: str, headers: dict[str, str]) -> httpx.Response:
        emails = [f"{name}.{n}@fault.example" for n in range(4)]
        inputs = [{"properties": {"email": e}, "objectWriteTraceId": e} for e in emails]
        return self.client.post(f"{CONTACTS}/batch/create", json={"inputs": inputs}, headers=headers)

    def failed(self, answer: httpx.Response) -> int:
        return 4 if answer.status_code == 423 else answer.json().get("numErrors", 0)


class SalesforceSide(Side):
    def read(self, headers: dict[str, str]) -> httpx.Response:
        soql = {"q": "select Id from CampaignMember limit 400"}
        return self.client.get(
            f"{API}/query", params=soql, headers=headers | {"Sforce-Query-Options": "batchSize=200"}
        )

    def written(self, name: str, headers: dict[str, str]) -> httpx.Response:
        rows = [{"attributes": {"type": "Lead"}, "LastName": f"{name}{n}", "Company": "F"} for n in range(4)]
        return self.client.post(f"{API}/composite/sobjects", json={"records": rows}, headers=headers)

    def failed(self, answer: httpx.Response) -> int:
        return sum(not row["success"] for row in answer.json())


class MarketingSide(Side):
    def read(self, headers: dict[str, str]) -> httpx.Response:
        return self.client.get(ROWSET, headers=headers)

    def written(self, name: str, headers: dict[str, str]) -> httpx.Response:
        items = [{"ContactKey": f"{name}{n}", "EmailAddress": f"{name}@x.example"} for n in range(4)]
        path = "/data/v1/async/dataextensions/key:crm_people/rows"
        return self.client.put(path, json={"items": items}, headers=headers)

    def failed(self, answer: httpx.Response) -> int:
        results = self.client.get(f"/data/v1/async/{answer.json()['requestId']}/results").json()["items"]
        return sum(row["status"] == "Error" for row in results)


@pytest.fixture(scope="module")
def sides(shared: Running) -> Iterator[dict[str, Side]]:
    known = shared.ready["marketing_cloud"]
    with httpx.Client(base_url=known["url"], timeout=30) as cloud:
        wish = {n: known[n] for n in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
        token = cloud.post("/v2/token", json=wish).json()["access_token"]
        cloud.headers["Authorization"] = f"Bearer {token}"
        yield {
            "hubspot": HubSpotSide(shared.hubspot),
            "salesforce": SalesforceSide(shared.salesforce),
            "marketing_cloud": MarketingSide(cloud),
        }


def _came(side: Side, kind: str, send: Send) -> bool:
    """Whether a fault of this kind came over the answer."""
    what = fault_specs.KINDS[kind].get("status")
    if what in ("reset", "drop_answer", "cut_body"):
        with pytest.raises(httpx.TransportError):
            send({})
        return True
    answer = send({})
    if kind in ROWS:
        wanted = {"half_batch": 2, "noop": 0, "late_rows": 0}.get(kind, 4)
        return side.failed(answer) == wanted and (wanted > 0 or answer.is_success)
    if what in PAGES:
        page = answer.json()
        rows = next(page[n] for n in ("results", "records", "items") if n in page)
        goes_on = "paging" in page or "nextRecordsUrl" in page or "next" in page.get("links", {})
        return len(rows) in (2, 100) and goes_on == (what == "short_page") != page.get("done", not goes_on)
    wanted = {"expired_token": (401,), "daily_limit": (403, 429), "outage": (503,), None: (200,)}
    return answer.status_code in (wanted.get(what) or (what,))  # type: ignore[call-overload]


@pytest.mark.parametrize("vendor", ["hubspot", "salesforce", "marketing_cloud"])
@pytest.mark.parametrize("switch", ["command", "header"])
def test_every_kind_a_vendor_tells_of_comes_over_what_it_can_and_ends(
    sides: dict[str, Side], vendor: str, switch: str
) -> None:
    side = sides[vendor]
    kinds = side.client.get("/_sandbox/faults").json()["kinds"]
    assert {"429", "row_error", "half_batch", "noop", "short_page", "truncated_page", "daily_limit"} <= set(
        kinds
    )
    for kind in kinds:
        if kind == "rotated_token":  # ends the session that is shared
            continue
        spec = {"kind": kind, "slow": 1, "times": 1, "late": 1}
        ask = side.write if kind in ROWS else side.read
        if switch == "command":
            assert side.client.post("/_sandbox/faults", json=spec).status_code == 200
            if kind in ROWS:
                assert side.read({}).status_code == 200, "a read is nothing that rows are refused in"
            elif kind in PAGES:
                assert side.write({}).is_success
        said = {"X-Sandbox-Fault": json.dumps(spec)} if switch == "header" else {}
        assert _came(side, kind, lambda _, ask=ask, said=said: ask(said)), (vendor, kind, switch)  # type: ignore[misc]
        assert side.failed(side.write({})) == 0, (vendor, kind)
        assert side.read({}).status_code == 200, (vendor, kind)
        if switch == "command":
            told = side.client.get("/_sandbox/faults").json()["faults"]
            assert [each["met"] for each in told] == [1], (vendor, kind)
            side.client.delete("/_sandbox/faults")


def test_what_is_told_of_faults_can_be_posted_back(shared: Running) -> None:
    client = shared.salesforce
    for spec in ({"kind": "half_batch", "times": 3}, {"kind": "503", "from": "2031-01-01T00:00:00Z"},
                 {"kind": "late_rows"}, {"kind": "slow", "match": "nowhere"}):  # fmt: skip
        client.post("/_sandbox/faults", json=spec)
    told = client.get("/_sandbox/faults").json()
    try:
        assert client.post("/_sandbox/faults", json=told["faults"]).json() == told
        assert client.post("/_sandbox/faults", json=told).json() == told
    finally:
        client.delete("/_sandbox/faults")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"kind": "lokc"}, "there is no fault 'lokc' here; kind is one of 429, "),
        ({"kind": "500", "times": "many"}, "times is a whole number from 1 on, not 'many'"),
        ({"kind": "500", "times": 0}, "times is a whole number from 1 on, not 0"),
        ({"kind": "slow", "slow": -5}, "slow is a whole number from 0 on, not -5"),
        ({"kind": "500", "from": "tomorrow"}, "from is an instant of the world's time like 2026-07-01T00:00"),
        ({"kind": "500", "from": "2031-01-02T00:00:00Z", "until": "2031-01-01T00:00:00Z"}, "until is an ins"),
        ({"kind": "500", "match": "("}, "match is no pattern: "),
        ({"status": 700}, "status is 400 to 599 or one of "),
        ({"kind": "500", "tims": 1}, "'tims' is nothing that a fault has; it has kind, match, "),
        ({"kind": None}, "a fault needs a status or slow"),
        ("429", "a fault is an object with a kind or a status, not '429'"),
        ([3], "a fault is an object with a kind or a status, not 3"),
    ],
)
def test_a_fault_that_is_none_is_refused_in_a_sentence(shared: Running, spec: Any, words: str) -> None:
    answer = shared.hubspot.post("/_sandbox/faults", json=spec)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(words)


def test_what_a_vendor_cannot_have_is_refused_by_name(sides: dict[str, Side]) -> None:
    for name in ("lock", "late_rows"):
        answer = sides["marketing_cloud"].client.post("/_sandbox/faults", json={"kind": name})
        assert f"there is no fault '{name}' here" in answer.json()["error"]


def test_a_days_calls_stay_used_up_until_the_day_of_the_world_ends() -> None:
    fault = fault_specs.parse({"kind": "daily_limit"})
    noon, day = 12 * 3_600_000, 86_400_000
    assert [fault.is_due("GET", "/x", now) for now in (noon, noon + 1, day - 1, day)] == [True] * 3 + [False]
    assert not fault_specs.parse({"kind": "daily_limit"}).is_due("POST", "/token", noon, is_open=True)


def test_a_header_of_a_bulk_job_reaches_its_rows(shared: Running) -> None:
    client, ingest = shared.salesforce, f"{API}/jobs/ingest"
    for kind, failed, stored in (("half_batch", 2, 2), ("noop", 0, 0), ("503", 0, 4)):
        last = f"Bulk{kind}"
        wish = {"object": "Lead", "operation": "insert"}
        job = client.post(ingest, json=wish).json()["id"]
        rows = "".join(f"{last}{n},B\n" for n in range(4))
        client.put(f"{ingest}/{job}/batches", content=f"LastName,Company\n{rows}".encode())
        said = {"X-Sandbox-Fault": f"{kind}; match=jobs/ingest.*(?<!{job})$|/services/async"}
        client.patch(f"{ingest}/{job}", json={"state": "UploadComplete"}, headers=said)
        while (told := client.get(f"{ingest}/{job}").json())["state"] == "InProgress":
            continue
        assert told["numberRecordsFailed"] == failed
        assert shared.soql(f"select count() from Lead where LastName like '{last}%'")["totalSize"] == stored


def test_pages_lose_rows_in_csv_and_soap_too(sides: dict[str, Side], shared: Running) -> None:
    client, jobs = shared.salesforce, f"{API}/jobs/query"
    job = client.post(jobs, json={"operation": "query", "query": "select Id from CampaignMember"}).json()[
        "id"
    ]
    while client.get(f"{jobs}/{job}").json()["state"] != "JobComplete":
        continue
    for kind, locator in (("short_page", "NA"), ("truncated_page", "null")):
        page = client.get(f"{jobs}/{job}/results?maxRecords=4", headers={"X-Sandbox-Fault": kind})
        assert (page.headers["Sforce-NumberOfRecords"], len(page.text.splitlines())) == ("2", 3)
        assert page.headers["Sforce-Locator"] == locator
    cloud = sides["marketing_cloud"].client
    soap = {"content": SOAP.format(token=cloud.headers["Authorization"][7:]),
            "headers": {"Content-Type": "text/xml"}}  # fmt: skip
    whole = cloud.post("/Service.asmx", **soap).text.count("<Results ")  # type: ignore[arg-type]
    soap["headers"] = {"Content-Type": "text/xml", "X-Sandbox-Fault": "truncated_page"}
    assert cloud.post("/Service.asmx", **soap).text.count("<Results ") == whole // 2  # type: ignore[arg-type]
    soap["headers"] = {"Content-Type": "text/xml", "X-Sandbox-Fault": "expired_token"}
    refused = cloud.post("/Service.asmx", **soap)  # type: ignore[arg-type]
    assert (refused.status_code, "Token Expired" in refused.text) == (500, True)


def test_elements_inside_others_and_quoted_lines_are_no_rows() -> None:
    nested = b"<r><records><records/><records>a</records></records><records>b</records></r>"
    assert [nested[a:b] for a, b in spoil._elements(nested, b"records")] == [nested[3:52], nested[52:72]]
    assert spoil._rows_of(b'a,b\n"x\ny",1\nz,2\n') == [b"a,b\n", b'"x\ny",1\n', b"z,2\n"]
