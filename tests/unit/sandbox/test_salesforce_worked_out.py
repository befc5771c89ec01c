"""What an org works out by itself: formulas, summaries, owners by rule, influence, what a deletion takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.conftest import API, Running
from tests.unit.sandbox.metadata import HEAD, SPACE, deployed, field, package

INVOICE = "Bill__c"
_MONEY = "<type>Currency</type><precision>18</precision><scale>2</scale>"


def _formula(kind: str, text: str, more: str = "") -> str:
    return f"<type>{kind}</type><formula>{text}</formula>{more}"


def _summary(operation: str, filtered: str = "") -> str:
    summed = "" if operation == "count" else f"<summarizedField>{INVOICE}.Due__c</summarizedField>"
    return (f"<type>Summary</type><summaryForeignKey>{INVOICE}.Payer__c</summaryForeignKey>"
            f"<summaryOperation>{operation}</summaryOperation>{summed}{filtered}")  # fmt: skip


_OPEN_ONLY = (f"<summaryFilterItems><field>{INVOICE}.State__c</field><operation>equals</operation>"
              "<value>Open, Late</value></summaryFilterItems>")  # fmt: skip
_OBJECT = (
    f"{HEAD}<CustomObject {SPACE}><label>Bill</label><pluralLabel>Bills</pluralLabel>"
    "<nameField><label>Bill</label><type>Text</type></nameField><sharingModel>ControlledByParent</sharingModel>"
    "<deploymentStatus>Deployed</deploymentStatus>"
    + field("Payer__c", "<type>MasterDetail</type><referenceTo>Account</referenceTo>"
            "<relationshipName>Bills</relationshipName><relationshipOrder>0</relationshipOrder>")
    + field("Due__c", _MONEY) + field("State__c")
    + field("Net__c", _formula("Currency", "Due__c * 0.5", "<precision>18</precision><scale>2</scale>"))
    + field("Says__c", _formula("Text", 'Payer__r.Name &amp; ": " &amp; IF(Net__c &gt; 40, "big{}", "lo")'))
    + field("Kept__c", _formula("Text", "GETSESSIONID()"))
    + "</CustomObject>"
)  # fmt: skip
_ACCOUNT = (
    f"{HEAD}<CustomObject {SPACE}>" + field("Owed__c", _summary("sum", _OPEN_ONLY))
    + field("Bills__c", _summary("count")) + field("Most__c", _summary("max")) + "</CustomObject>"
)  # fmt: skip


@pytest.fixture(scope="module")
def org(world: Path, tmp_path_factory: pytest.TempPathFactory, start: Any) -> Any:
    """An org with bills that are details of accounts; whoever asks may see them."""
    import shutil

    home = Path(shutil.copytree(world, tmp_path_factory.mktemp("worked") / "home"))
    with start(home, "--no-limits") as running:
        own = [f"{INVOICE}.{n}__c" for n in ("Payer", "Due", "State", "Net", "Says", "Kept")]
        sums = [f"Account.{n}__c" for n in ("Owed", "Bills", "Most")]
        shown = "".join(f"<fieldPermissions><editable>false</editable><field>{n}</field>"
                        "<readable>true</readable></fieldPermissions>"
                        for n in [*own[1:], *sums])  # fmt: skip
        allowed = (f"<objectPermissions><allowCreate>true</allowCreate><allowRead>true</allowRead>"
                   f"<object>{INVOICE}</object></objectPermissions>")  # fmt: skip
        files = {
            "package.xml": package(CustomObject=[INVOICE], CustomField=sums, PermissionSet=["Billing"]),
            f"objects/{INVOICE}.object": _OBJECT, "objects/Account.object": _ACCOUNT,
            "permissionsets/Billing.permissionset": f"{HEAD}<PermissionSet {SPACE}><label>Billing</label>"
            f"{shown}{allowed}</PermissionSet>",
        }  # fmt: skip
        result = deployed(running, files)
        assert result["success"], result["details"]["componentFailures"]
        own_set = running.soql("select Id from PermissionSet where Name = 'Billing'")["records"][0]["Id"]
        user = running.soql("select Id from User where Alias = 'integ'")["records"][0]["Id"]
        _made(running, "PermissionSetAssignment", AssigneeId=user, PermissionSetId=own_set)
        yield running


def _made(org: Running, name: str, headers: dict[str, str] | None = None, **fields: Any) -> str:
    answer = org.salesforce.post(f"{API}/sobjects/{name}", json=fields, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _read(org: Running, name: str, own: str) -> dict[str, Any]:
    found: dict[str, Any] = org.salesforce.get(f"{API}/sobjects/{name}/{own}").json()
    return found


def _there(org: Running, name: str, where: str) -> int:
    return int(org.soql(f"select count() from {name} where {where}")["totalSize"])


def test_formulas_and_summaries_are_worked_out_when_they_are_read(org: Running) -> None:
    payer = _made(org, "Account", Name="Payer")
    bills = [_made(org, INVOICE, Payer__c=payer, Due__c=due, State__c=state)
             for due, state in ((100.1, "Open"), (50.2, "Late"), (70, "Paid"))]  # fmt: skip
    first = _read(org, INVOICE, bills[0])
    assert (first["Net__c"], first["Says__c"], first["Kept__c"]) == (50.05, "Payer: big{}", None)
    found = org.soql(f"select Says__c from {INVOICE} where Net__c < 40 order by Net__c")["records"]
    assert [each["Says__c"] for each in found] == ["Payer: lo", "Payer: lo"]
    account = _read(org, "Account", payer)
    assert (account["Owed__c"], account["Bills__c"], account["Most__c"]) == (150.3, 3.0, 100.1)
    org.salesforce.post("/_sandbox/clock", json={"advance_seconds": 5})
    org.salesforce.patch(f"{API}/sobjects/{INVOICE}/{bills[2]}", json={"State__c": "Open"})
    after = _read(org, "Account", payer)
    assert after["Owed__c"] == 220.3
    assert after["SystemModstamp"] > account["SystemModstamp"], "the master is stamped when its sum moves"
    described = {
        f["name"]: f for f in org.salesforce.get(f"{API}/sobjects/{INVOICE}/describe").json()["fields"]
    }
    assert described["Net__c"]["calculated"]
    assert described["Net__c"]["calculatedFormula"] == "Due__c * 0.5"
    assert not described["Net__c"]["createable"]


def test_details_go_and_come_back_with_their_master(org: Running) -> None:
    payer = _made(org, "Account", Name="Goes")
    bill = _made(org, INVOICE, Payer__c=payer, Due__c=5)
    gone = _made(org, INVOICE, Payer__c=payer, Due__c=6)
    deal = _made(
        org, "Opportunity", Name="D", AccountId=payer, StageName="Prospecting", CloseDate="2030-01-01"
    )
    child = _made(org, "Account", Name="Child", ParentId=payer)
    assert org.salesforce.delete(f"{API}/sobjects/{INVOICE}/{gone}").status_code == 204
    assert org.salesforce.delete(f"{API}/sobjects/Account/{payer}").status_code == 204
    assert _there(org, INVOICE, f"Id = '{bill}'") + _there(org, "Opportunity", f"Id = '{deal}'") == 0
    assert _there(org, "OpportunityHistory", f"OpportunityId = '{deal}'") == 0
    assert _read(org, "Account", child)["ParentId"] is None, "a lookup is emptied"
    org.salesforce.post("/_sandbox/org", json={"do": "undelete", "object": "Account", "ids": [payer]})
    assert _there(org, INVOICE, f"Payer__c = '{payer}'") == 1, "what was deleted before stays deleted"
    assert _there(org, "Opportunity", f"Id = '{deal}'") == 1
    assert _read(org, "Account", child)["ParentId"] == payer


def test_an_account_with_cases_is_not_deleted(org: Running) -> None:
    account = _made(org, "Account", Name="Has cases")
    case = _read(org, "Case", _made(org, "Case", AccountId=account, Subject="x"))
    refused = org.salesforce.delete(f"{API}/sobjects/Account/{account}")
    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "DELETE_FAILED"
    assert case["CaseNumber"] in refused.json()[0]["message"]
    assert _there(org, "Account", f"Id = '{account}'") == 1


def _entry(to: str, kind: str, *criteria: tuple[str, str, str], logic: str = "") -> str:
    items = "".join(f"<criteriaItems><field>Lead.{f}</field><operation>{o}</operation><value>{v}</value>"
                    "</criteriaItems>" for f, o, v in criteria)  # fmt: skip
    said = f"<booleanFilter>{logic}</booleanFilter>" if logic else ""
    return (f"<ruleEntry><assignedTo>{to}</assignedTo><assignedToType>{kind}</assignedToType>{said}{items}"
            "</ruleEntry>")  # fmt: skip


def test_the_active_rule_says_who_owns_a_lead_unless_the_client_does_not_want_it(org: Running) -> None:
    queue = org.soql("select Id, DeveloperName from Group where Type = 'Queue'")["records"][0]
    rep = org.soql("select Id, Username from User where Alias != 'integ' limit 1")["records"][0]
    rules = (
        f"{HEAD}<AssignmentRules {SPACE}><assignmentRule><fullName>Standard</fullName><active>true</active>"
        + _entry(rep["Username"], "User", ("Country", "equals", "US,DE"),
                 ("AnnualRevenue", "greaterThan", "9"), ("Rating", "equals", "Hot"), logic="1 AND (2 OR 3)")
        + _entry(queue["DeveloperName"], "Queue") + "</assignmentRule></AssignmentRules>"
    )  # fmt: skip
    named = {"package.xml": package(AssignmentRules=["Lead"]), "assignmentRules/Lead.assignmentRules": rules}
    result = deployed(org, named)
    assert result["success"], result["details"]["componentFailures"]
    lead = {"LastName": "L", "Company": "C", "Country": "de"}
    owners = [
        _read(org, "Lead", _made(org, "Lead", headers=headers, **lead, **more))["OwnerId"]
        for headers, more in (
            ({}, {"Rating": "Hot"}), ({}, {}), ({"Sforce-Auto-Assign": "FALSE"}, {"Rating": "Hot"}),
        )
    ]  # fmt: skip
    me = org.soql("select Id from User where Alias = 'integ'")["records"][0]["Id"]
    assert owners == [rep["Id"], queue["Id"], me]
    rule = org.soql("select Id, Active from AssignmentRule where SobjectType = 'Lead'")["records"][0]
    assert rule["Active"] is True
    wrong = rules.replace(rep["Username"], "nobody@x")
    refused = deployed(org, named | {"assignmentRules/Lead.assignmentRules": wrong})
    assert "no User named nobody@x found" in refused["details"]["componentFailures"][0]["problem"]


def test_a_deals_primary_campaign_has_its_influence_in_the_default_model(org: Running) -> None:
    first, second = (_made(org, "Campaign", Name=name) for name in ("One", "Two"))
    deal = _made(org, "Opportunity", Name="I", StageName="Prospecting", CloseDate="2030-01-01", Amount=200,
                 CampaignId=first)  # fmt: skip
    about = f"OpportunityId = '{deal}'"
    asked = "select CampaignId, Influence, RevenueShare, Model.DeveloperName from CampaignInfluence "
    asked += f"where {about}"
    row = org.soql(asked)["records"][0]
    assert (row["CampaignId"], row["Influence"], row["RevenueShare"]) == (first, 100.0, 200.0)
    assert row["Model"]["DeveloperName"] == "Primary_Campaign"
    org.salesforce.patch(f"{API}/sobjects/Opportunity/{deal}", json={"CampaignId": second, "Amount": 50})
    assert [(r["CampaignId"], r["RevenueShare"]) for r in org.soql(asked)["records"]] == [(second, 50.0)]


def test_rollup_and_cube_add_the_rows_of_sums(org: Running) -> None:
    soql = (
        "select LeadSource, Rating, grouping(LeadSource) g, grouping(Rating) h, count(Id) n from Lead "
        "where LeadSource in ('Web', 'Email') group by {}(LeadSource, Rating) having count(Id) > 0"
    )
    rows = {word: org.soql(soql.format(word))["records"] for word in ("rollup", "cube")}
    single = org.soql("select count(Id) n from Lead where LeadSource in ('Web', 'Email')")["records"][0]["n"]
    for found in rows.values():
        assert sum(r["n"] for r in found if (r["g"], r["h"]) == (0, 0)) == single
        assert [r["n"] for r in found if (r["g"], r["h"]) == (1, 1)] == [single]
        assert [r["LeadSource"] for r in found if (r["g"], r["h"]) == (0, 1)] == ["Email", "Web"]
    assert [r for r in rows["rollup"] if (r["g"], r["h"]) == (1, 0)] == []
    assert sum(r["n"] for r in rows["cube"] if (r["g"], r["h"]) == (1, 0)) == single
    for wrong in ("group by rollup(LeadSource), Rating", "group by cube(Name, Email, Phone, Title)", ""):
        text = f"select grouping(LeadSource), count(Id) from Lead {wrong}"
        answer = org.salesforce.get(f"{API}/query", params={"q": text})
        assert answer.json()[0]["errorCode"] == "MALFORMED_QUERY", text
