"""What people look at in a Salesforce org: list views, what was looked at last, suggestions of a search."""

from __future__ import annotations

from typing import Any, cast

import pytest

from sandbox.call import Call
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.list_views import View
from sandbox.salesforce.reports import Report
from tests.unit.sandbox.conftest import API, Running


def _told(shared: Running, path: str, **params: str) -> Any:
    answer = shared.salesforce.get(f"{API}{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def lead(shared: Running) -> str:
    row = {"LastName": "Zyxquist", "Company": "Looked at"}
    return str(shared.salesforce.post(f"{API}/sobjects/Lead", json=row).json()["id"])


def test_a_list_view_shows_what_it_says_that_it_asks(shared: Running, lead: str) -> None:
    views = {each["developerName"]: each for each in _told(shared, "/sobjects/Lead/listviews")["listviews"]}
    assert {"AllLeads", "MyLeads", "NewThisWeek", "RecentlyViewedLeads"} == set(views)
    rows = _told(shared, f"/sobjects/Lead/listviews/{views['NewThisWeek']['id']}/results", limit="2000")
    shown = [{c["fieldNameOrPath"]: c["value"] for c in row["columns"]} for row in rows["records"]]
    assert {row["Id"] for row in shown} == {
        row["Id"] for row in shared.soql("SELECT Id FROM Lead WHERE CreatedDate = THIS_WEEK")["records"]
    }
    own = next(row for row in shown if row["Id"] == lead)
    assert (own["Name"], own["Company"]) == ("Zyxquist", "Looked at")
    for name, view in views.items():
        told = _told(shared, f"/sobjects/Lead/listviews/{view['id']}/describe")
        assert (told["scope"] == "mine") == (name == "MyLeads")
        shared.soql(told["query"])
    page = _told(shared, f"/sobjects/Lead/listviews/{views['AllLeads']['id']}/results", limit="2", offset="1")
    assert (page["size"], page["done"]) == (2, False)
    more = [{"attributes": {"type": "Lead"}, "LastName": f"L{n}", "Company": "C"} for n in range(60)]
    shared.salesforce.post(f"{API}/composite/sobjects", json={"records": more})
    whole = shared.salesforce.get(
        f"{API}/sobjects/Lead/listviews/{views['AllLeads']['id']}/results?limit=2000",
        headers={"Sforce-Query-Options": "batchSize=200"},
    ).json()
    assert whole["size"] == min(2000, shared.soql("SELECT COUNT() FROM Lead")["totalSize"]) > 200
    told = _told(shared, f"/sobjects/Lead/listviews/{views['RecentlyViewedLeads']['id']}/describe")
    assert told["orderBy"][0]["sortDirection"] == "descending"
    recent = _told(shared, "/sobjects/Lead/listviews/recent")["listviews"]
    assert {each["developerName"] for each in recent} >= {"AllLeads", "NewThisWeek"}
    plan = _told(shared, "/query", explain=views["AllLeads"]["id"])["plans"][0]
    assert plan["sobjectType"] == "Lead"
    assert (
        shared.salesforce.get(f"{API}/sobjects/Account/listviews/{views['AllLeads']['id']}").status_code
        == 404
    )


def test_a_list_view_is_what_it_was_when_its_object_is_called_otherwise() -> None:
    bill = SObject("Bill__c", "Invoice", "Invoices", "a01", {})
    assert View("", "All Bills", "AllBills", bill).filtered == ("", False)


def test_what_was_looked_at_last_comes_first_and_no_stamp_moves_by_it(shared: Running, lead: str) -> None:
    before = shared.soql(f"SELECT SystemModstamp, LastViewedDate FROM Lead WHERE Id = '{lead}'")["records"][0]
    assert before["LastViewedDate"] is None
    shared.salesforce.get(f"{API}/sobjects/Lead/{lead}")
    assert lead not in [each["Id"] for each in _told(shared, "/recent")]
    shared.soql(f"SELECT Id FROM Lead WHERE Id = '{lead}' FOR REFERENCE")
    assert lead not in [each["Id"] for each in _told(shared, "/recent")]
    shared.soql(f"SELECT Name FROM Lead WHERE Id = '{lead}' FOR VIEW")
    found = _told(shared, "/recent", limit="1")
    assert (found[0]["Id"], found[0]["Name"]) == (lead, "Zyxquist")
    account = shared.soql("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"]
    shared.salesforce.get(f"{API}/sobjects/Account/{account}", headers={"Sforce-Mru": "updateMru=true"})
    assert [each["Id"] for each in _told(shared, "/recent")][:2] == [account, lead]
    assert _told(shared, "/sobjects/Lead")["recentItems"][0]["Id"] == lead
    viewed = shared.soql("SELECT Id, Type FROM RecentlyViewed ORDER BY LastViewedDate DESC")["records"]
    assert {(lead, "Lead"), (account, "Account")} <= {(row["Id"], row["Type"]) for row in viewed}
    after = shared.soql(f"SELECT SystemModstamp, LastViewedDate FROM Lead WHERE Id = '{lead}'")["records"][0]
    assert (after["SystemModstamp"], bool(after["LastViewedDate"])) == (before["SystemModstamp"], True)
    shared.salesforce.delete(f"{API}/sobjects/Lead/{lead}")
    assert lead not in [each["Id"] for each in _told(shared, "/recent")]
    assert not shared.soql(f"SELECT Name FROM RecentlyViewed WHERE Id = '{lead}'")["records"]


def test_records_are_suggested_by_how_their_names_begin(shared: Running, lead: str) -> None:
    found = _told(shared, "/search/suggestions", q="zyxq", sobject="Account,Lead", fields="Phone", limit="50")
    assert lead in [each["Id"] for each in found["autoSuggestResults"]]
    assert found["autoSuggestResults"][0]["attributes"]["type"] == "Lead"
    layout = _told(shared, "/search/layout", q="Lead")[0]
    assert [each["name"] for each in layout["searchColumns"]][:2] == ["Name", "Title"]
    for params in ({"q": "z", "sobject": "Lead"}, {"q": "zy", "sobject": "Nothing"}, {"q": "zy"}):
        assert shared.salesforce.get(f"{API}/search/suggestions", params=params).status_code == 400


def test_a_report_adds_up_to_what_a_query_says(shared: Running) -> None:
    reports = {each["name"]: each for each in _told(shared, "/analytics/reports")}
    ran = _told(shared, f"/analytics/reports/{reports['Pipeline by Stage']['id']}", includeDetails="true")
    groups = ran["groupingsDown"]["groupings"]
    asked = shared.soql("SELECT StageName, COUNT(Id) n, SUM(Amount) s FROM Opportunity GROUP BY StageName")[
        "records"
    ]
    facts = {g["label"]: ran["factMap"][f"{g['key']}!T"]["aggregates"] for g in groups}
    assert {stage: [cell["value"] for cell in cells] for stage, cells in facts.items()} == {
        row["StageName"]: [row["s"], row["n"]] for row in asked
    }
    total = ran["factMap"]["T!T"]["aggregates"][1]["value"]
    rows = sum(len(fact["rows"]) for fact in ran["factMap"].values())
    assert total == rows == sum(row["n"] for row in asked)
    assert len(ran["factMap"]["0!T"]["rows"][0]["dataCells"]) == 4
    plan = _told(shared, "/query", explain=reports["Leads"]["id"])["plans"][0]
    assert plan["sobjectType"] == "Lead"
    assert shared.soql("SELECT Id FROM Report WHERE LastRunDate != null")["totalSize"] >= 1


@pytest.mark.parametrize(("there", "is_all"), [(2_000, True), (2_001, False)])
def test_a_report_says_whether_it_is_all(there: int, is_all: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    report = object.__new__(Report)
    report.sobject, report.metadata, report.where = SObject("Lead", "Lead", "Leads", "00Q", {}), {}, ""
    report.sums, report.groups, report.columns = ["RowCount"], [], ["Lead.Id"]
    monkeypatch.setattr(Report, "extended", lambda self: {})
    monkeypatch.setattr(Report, "_asked", lambda self, _, soql: [{"n1": there}] if "COUNT" in soql else [])
    assert report.run(cast("Call", None), details=True)["allData"] is is_all


def test_nought_is_a_value_of_a_filter(shared: Running) -> None:
    some = {"column": "Opportunity.Amount", "operator": "greaterThan", "value": 0}
    wish = {"reportType": {"type": "Opportunity"}, "reportFilters": [some]}
    ran = shared.salesforce.post(f"{API}/analytics/reports/query", json={"reportMetadata": wish}).json()
    assert ran["factMap"]["T!T"]["aggregates"][0]["value"] > 0


def test_a_report_is_made_filtered_kept_as_an_instance_and_refused(shared: Running) -> None:
    wish = {"name": "Found", "reportFormat": "TABULAR", "reportType": {"type": "Lead"},
            "detailColumns": ["Lead.LastName", "Lead.Owner.Name"],
            "reportFilters": [{"column": "Lead.LastName", "operator": "equals", "value": "Rep'ort,Other"}],
            }  # fmt: skip
    for name in ("Rep'ort", "Else"):
        shared.salesforce.post(f"{API}/sobjects/Lead", json={"LastName": name, "Company": "C"})
    made = shared.salesforce.post(f"{API}/analytics/reports", json={"reportMetadata": wish})
    own = made.json()["reportMetadata"]["id"]
    run = shared.salesforce.post(f"{API}/analytics/reports/{own}", json={}).json()
    (row,) = run["factMap"]["T!T"]["rows"]
    assert (row["dataCells"][0]["label"], run["factMap"]["T!T"]["aggregates"][0]["value"]) == ("Rep'ort", 1)
    other = {"reportFilters": [{"column": "Lead.LastName", "operator": "startsWith", "value": "Els"}]}
    instance = shared.salesforce.post(
        f"{API}/analytics/reports/{own}/instances?includeDetails=true", json={"reportMetadata": other}
    ).json()
    kept = shared.salesforce.get(instance["url"]).json()
    assert (kept["attributes"]["status"], kept["factMap"]["T!T"]["rows"][0]["dataCells"][0]["label"]) == (
        "Success", "Else",
    )  # fmt: skip
    assert len(_told(shared, f"/analytics/reports/{own}/instances")) == 1
    copy = shared.salesforce.post(
        f"{API}/analytics/reports?cloneId={own}", json={"reportMetadata": {"name": "Copy"}}
    ).json()["reportMetadata"]
    assert (copy["id"] != own, copy["detailColumns"]) == (True, wish["detailColumns"])
    refused = ({"reportFormat": "MATRIX"}, {"detailColumns": ["Lead.Nope"]}, {"reportType": {"type": "Nope"}},
               {"aggregates": ["s!Lead.LastName"]}, {"reportFilters": "x"}, {"topRows": {"rowLimit": 1}},
               {"scope": "user"}, {"sortBy": [{"sortColumn": "Lead.LastName", "sortOrder": "Asc"}]},
               {"reportFormat": "SUMMARY",
                "groupingsDown": [{"name": "Lead.CreatedDate", "dateGranularity": "Month"}]})  # fmt: skip
    for each in refused:
        answer = shared.salesforce.post(
            f"{API}/analytics/reports/query", json={"reportMetadata": wish | each}
        )
        assert answer.status_code == 400, each
    for told in ({"name": ""}, {"description": []}):
        changed = shared.salesforce.patch(f"{API}/analytics/reports/{own}", json={"reportMetadata": told})
        assert changed.status_code == 400, told
    instances = f"{API}/analytics/reports/{copy['id']}/instances"
    assert shared.salesforce.post(instances).status_code == 200
    assert shared.salesforce.delete(f"{API}/analytics/reports/{own}").status_code == 204
    assert shared.salesforce.post(instances).status_code == 200, "an id of its own"
    assert shared.salesforce.get(f"{API}/analytics/reports/{own}").status_code == 404
    assert _told(shared, "/analytics/reportTypes/Lead")["reportTypeMetadata"]["categories"][0]["columns"]
