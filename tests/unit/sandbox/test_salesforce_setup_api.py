"""What tools ask about an org, not of its records: page layouts, the Tooling API, anonymous Apex, plans."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import API, Running
from .metadata import HEAD, SPACE, deployed, package

_CLASS = "// What sorts.\npublic class Sorts { public static void go() { } }"


@pytest.fixture(scope="module")
def given(shared: Running) -> Running:
    """An org into which a page layout and a class were deployed."""
    items = "".join(
        f"<layoutColumns>{''.join(f'<layoutItems><field>{f}</field></layoutItems>' for f in column)}"
        "</layoutColumns>"
        for column in (("Name", "ParentId"), ("Status",))
    )
    section = f"<layoutSections><label>Plan</label>{items}</layoutSections>"
    meta = f"{HEAD}<ApexClass {SPACE}><apiVersion>62.0</apiVersion><status>Active</status></ApexClass>"
    files = {
        "package.xml": package(Layout=["Campaign-Campaign Layout"], ApexClass=["Sorts"]),
        "layouts/Campaign-Campaign Layout.layout": f"{HEAD}<Layout {SPACE}>{section}</Layout>",
        "classes/Sorts.cls": _CLASS,
        "classes/Sorts.cls-meta.xml": meta,
    }
    done = deployed(shared, files)
    assert done["success"], done
    return shared


def _told(shared: Running, path: str, **params: str) -> Any:
    answer = shared.salesforce.get(f"{API}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_page_layout_is_told_as_it_was_deployed_or_put_together_of_the_fields(given: Running) -> None:
    of_all = _told(given, "sobjects/Campaign/describe/layouts")
    (layout,) = of_all["layouts"]
    assert of_all["recordTypeMappings"][-1]["layoutId"] == layout["id"]
    (section,) = layout["detailLayoutSections"]
    assert (section["heading"], section["columns"], section["rows"]) == ("Plan", 2, 2)
    shown = [
        [[c["value"] for c in item["layoutComponents"]] for item in row["layoutItems"]]
        for row in section["layoutRows"]
    ]
    assert shown == [[["Name"], ["Status"]], [["ParentId"], []]]
    assert section["layoutRows"][1]["layoutItems"][1]["placeholder"] is True
    assert _told(given, "sobjects/Campaign/describe/layouts/012000000000000AAA") == layout
    made = _told(given, "sobjects/Contact/describe/layouts")["layouts"][0]["editLayoutSections"][0]
    items = [i for row in made["layoutRows"] for i in row["layoutItems"] if not i["placeholder"]]
    assert {i["layoutComponents"][0]["value"] for i in items if i["required"]} == {"LastName"}
    assert all(i["editableForNew"] for i in items)
    for path in ("OpportunityHistory/describe/layouts", "Contact/describe/layouts/012000000000001AAA"):
        assert given.salesforce.get(f"{API}/sobjects/{path}").status_code == 404


def test_tooling_is_described_and_asked_in_soql(given: Running) -> None:
    names = {each["name"] for each in _told(given, "tooling/sobjects")["sobjects"]}
    for name in names:
        described = _told(given, f"tooling/sobjects/{name}/describe")
        fields = ", ".join(field["name"] for field in described["fields"])
        assert _told(given, "tooling/query", q=f"SELECT {fields} FROM {name} LIMIT 3")["done"], name
    query = "SELECT Id, Body, CreatedBy.Username FROM ApexClass WHERE Name = 'Sorts'"
    (row,) = _told(given, "tooling/query", q=query)["records"]
    assert row["Body"] == _CLASS
    assert row["CreatedBy"]["Username"] == given.ready["salesforce"]["username"]
    one = given.salesforce.get(row["attributes"]["url"]).json()
    assert (one["Id"], one["ApiVersion"]) == (row["Id"], 62.0)
    described = {f["name"] for f in _told(given, "sobjects/Lead/describe")["fields"]}
    of_lead = "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinitionId = 'Lead'"
    assert {r["QualifiedApiName"] for r in _told(given, "tooling/query", q=of_lead)["records"]} == described
    packages = "SELECT SubscriberPackage.Name FROM InstalledSubscriberPackage"
    assert _told(given, "tooling/query", q=packages)["totalSize"] == 0
    wrong = given.salesforce.get(f"{API}/tooling/query", params={"q": "SELECT Nope FROM ApexClass"})
    assert wrong.json()[0]["errorCode"] == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("code", "compiled", "success"),
    [
        ("System.debug('one; two'); // three", True, True), ("insert new Lead();", True, False),
        ("System.debug(1)", False, False), ("if (true) { ", False, False),
    ],
)  # fmt: skip
def test_anonymous_apex_is_parsed_and_never_said_to_have_done_what_it_has_not(
    given: Running, code: str, *, compiled: bool, success: bool
) -> None:
    leads = given.soql("SELECT count() FROM Lead")["totalSize"]
    told = _told(given, "tooling/executeAnonymous", anonymousBody=code)
    assert (told["compiled"], told["success"]) == (compiled, success)
    assert (told["compileProblem"] is None) is compiled
    assert (told["exceptionMessage"] is None) is (success or not compiled)
    token = given.salesforce.headers["Authorization"].removeprefix("Bearer ")
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="http://soap.sforce.com/2006/08/apex"><e:Header><SessionHeader><sessionId>SESSION</sessionId>'
        f"</SessionHeader></e:Header><e:Body><executeAnonymous><String>{code}</String></executeAnonymous>"
        "</e:Body></e:Envelope>"
    )
    url, headers = "/services/Soap/s/59.0", {"Content-Type": "text/xml"}
    soap = given.salesforce.post(url, content=envelope.replace("SESSION", token), headers=headers)
    assert f"<success>{str(success).lower()}</success>" in soap.text
    assert "INVALID_SESSION_ID" in given.salesforce.post(url, content=envelope).text
    assert given.soql("SELECT count() FROM Lead")["totalSize"] == leads


def test_a_plan_and_the_counts_of_records_are_told_without_a_query(given: Running) -> None:
    counted = {e["name"]: e["count"] for e in _told(given, "limits/recordCount", sObjects="User")["sObjects"]}
    assert counted == {"User": given.soql("SELECT count() FROM User")["totalSize"]}
    plan = _told(given, "query", explain="SELECT Id FROM User WHERE Name LIKE 'A%'")
    assert plan["plans"][0]["sobjectCardinality"] == counted["User"]
    wrong = given.salesforce.get(f"{API}/query", params={"explain": "SELECT Nope FROM User"})
    assert wrong.json()[0]["errorCode"] == "INVALID_FIELD"


def test_headers_are_spelled_as_the_vendors_spell_them(shared: Running) -> None:
    """Airbyte's source looks for them by their case."""
    raw = shared.salesforce.get("/services/data").headers.raw
    assert {b"Content-Type", b"Sforce-Limit-Info"} <= {name for name, _ in raw}
    raw = shared.hubspot.get("/crm/v3/objects/contacts", params={"limit": 1}).headers.raw
    assert {b"Content-Type", b"X-HubSpot-RateLimit-Max"} <= {name for name, _ in raw}
