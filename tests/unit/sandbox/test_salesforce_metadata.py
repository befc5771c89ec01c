"""Deploys of hand-made zips: what is taken, what is refused in Salesforce's words, what is seen of it."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import API, Running
from .metadata import HEAD, SPACE, deployed, field, package


def lead(*fields: str) -> str:
    return f"{HEAD}<CustomObject {SPACE}>{''.join(fields)}</CustomObject>"


def _rule(name: str, formula: str, message: str, shown: str = "") -> str:
    field_shown = f"<errorDisplayField>{shown}</errorDisplayField>" if shown else ""
    condition = formula.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f"<validationRules><fullName>{name}</fullName><active>true</active>"
        f"<errorConditionFormula>{condition}</errorConditionFormula>{field_shown}"
        f"<errorMessage>{message}</errorMessage></validationRules>"
    )


def lead_fields(shared: Running) -> set[str]:
    return {f["name"] for f in shared.salesforce.get(f"{API}/sobjects/Lead/describe").json()["fields"]}


def test_a_new_field_is_hidden_until_an_assigned_permission_set_shows_it(shared: Running) -> None:
    files = {
        "package.xml": package(CustomField=["Lead.Quiet__c"]),
        "objects/Lead.object": lead(field("Quiet__c")),
    }
    assert deployed(shared, files)["success"]
    assert "Quiet__c" not in lead_fields(shared)
    rights = ("<fieldPermissions><editable>true</editable><field>Lead.Quiet__c</field>"
              "<readable>true</readable></fieldPermissions><label>See</label>")  # fmt: skip
    more = {"package.xml": package(PermissionSet=["See"]),
            "permissionsets/See.permissionset":
            f"{HEAD}<PermissionSet {SPACE}>{rights}</PermissionSet>"}  # fmt: skip
    assert deployed(shared, more)["success"]
    assert "Quiet__c" not in lead_fields(shared)
    user = shared.salesforce.get("/services/oauth2/userinfo").json()["user_id"]
    row = shared.soql("SELECT Id FROM PermissionSet WHERE Name = 'See'")["records"][0]["Id"]
    given = shared.salesforce.post(
        f"{API}/sobjects/PermissionSetAssignment", json={"PermissionSetId": row, "AssigneeId": user}
    )
    assert given.status_code == 201, given.text
    assert "Quiet__c" in lead_fields(shared)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"package.xml": package(CustomField=["Lead.A__c"])}, "was not found in zipped directory"),
        ({"package.xml": package(CustomField=["Lead.A__c"]), "objects/Lead.object": lead(field("A__c", ""))},
         "is not a valid value for the enum 'FieldType'"),
        ({"package.xml": package(CustomField=["Lead.A__c"]),
          "objects/Lead.object": lead(field("A__c", "<type>Text</type>"))}, "Must specify 'length'"),
        ({"package.xml": package(CustomField=["Lead.A__c"]), "objects/Lead.object": lead(field(
            "A__c", "<type>Lookup</type><referenceTo>No__c</referenceTo>"
            "<relationshipName>A</relationshipName>"
        ))}, "does not resolve to a valid sObject type"),
        ({"package.xml": package(CustomField=["Lead.A__c"]), "objects/Lead.object": lead(field(
            "A__c", "<type>Number</type><precision>9</precision><scale>0</scale><formula>No__c + 1</formula>"
        ))}, "Field No__c does not exist. Check spelling."),
        ({"package.xml": package(CustomField=["Lead.A__c"]), "objects/Lead.object": lead(field(
            "A__c", "<type>Number</type><precision>9</precision><scale>0</scale>"
            "<formula>IF(TRUE, AnnualRevenue, Missingstd)</formula>"
        ))}, "Field Missingstd does not exist. Check spelling."),
        ({"package.xml": package(ValidationRule=["Contact.V"]), "objects/Contact.object": lead(
            _rule("V", "Owner:User.IsActive && Account.Owner.Email = 'a.b' && Account.No__c /* N__c */", "M")
        )}, "Field Account.No__c does not exist. Check spelling."),
        ({"package.xml": package(Layout=["Lead-L"]), "layouts/Lead-L.layout":
          f"{HEAD}<Layout {SPACE}><layoutSections><layoutColumns><layoutItems><field>No__c</field>"
          "</layoutItems>"
          "</layoutColumns></layoutSections></Layout>"}, "no CustomField named Lead.No__c found"),
        ({"package.xml": package(ApexTrigger=["T"]), "triggers/T.trigger":
          "trigger T on No__c (before insert) {}",
          "triggers/T.trigger-meta.xml": f"{HEAD}<ApexTrigger {SPACE}><apiVersion>62.0</apiVersion>"
          "<status>Active</status></ApexTrigger>"}, "Invalid type: No__c"),
    ],
)  # fmt: skip
def test_a_component_is_refused_in_words_and_nothing_of_the_deploy_stands(
    shared: Running, files: dict[str, str], said: str
) -> None:
    before = lead_fields(shared)
    result = deployed(shared, files)
    assert (result["status"], result["success"]) == ("Failed", False)
    problems = [each["problem"] for each in result["details"]["componentFailures"]]
    assert any(said in problem for problem in problems), problems
    assert lead_fields(shared) == before


def test_a_deploy_that_only_checks_finds_the_same_and_leaves_nothing(shared: Running) -> None:
    files = {
        "package.xml": package(CustomField=["Case.Seen__c"]),
        "objects/Case.object": lead(field("Seen__c")),
    }
    assert deployed(shared, files, checkOnly=True)["success"]
    tooling = shared.salesforce.get(f"{API}/tooling/query", params={"q": "SELECT FullName FROM CustomField"})
    assert "Case.Seen__c" not in {row["FullName"] for row in tooling.json()["records"]}


def test_metadata_is_read_by_soap_ten_at_a_time(shared: Running) -> None:
    token = shared.salesforce.headers["Authorization"].removeprefix("Bearer ")

    def asked(names: list[str], session: str) -> Any:
        listed = "".join(f"<fullNames>{name}</fullNames>" for name in names)
        body = (f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" {SPACE}><e:Header>'
                f"<SessionHeader><sessionId>{session}</sessionId></SessionHeader></e:Header><e:Body>"
                f"<readMetadata><type>CustomObject</type>{listed}</readMetadata>"
                "</e:Body></e:Envelope>")  # fmt: skip
        return shared.salesforce.post("/services/Soap/m/62.0", content=body,
                                      headers={"Content-Type": "text/xml"})  # fmt: skip

    found = asked(["Lead", "Absent__c"], token)
    assert "<fullName>Lead_Score__c</fullName>" in found.text
    assert 'xsi:nil="true"' in found.text
    assert asked(["Lead"], "nobody").status_code == 500
    assert "LIMIT_EXCEEDED" in asked([f"A{n}__c" for n in range(11)], token).text


def test_a_rule_that_was_deployed_refuses_rows_in_its_own_words(shared: Running) -> None:
    formula = (
        'AND(ISPICKVAL(Type, "Customer - Direct"), NumberOfEmployees < 5, NOT(ISBLANK(Website)), '
        'CONTAINS(LOWER(Website), "rule") && LEN(Name) > 3)'
    )
    later = "NOT(ISNEW()) && ISCHANGED(NumberOfEmployees) && PRIORVALUE(NumberOfEmployees) = 7"
    files = {
        "package.xml": package(ValidationRule=["Account.Small", "Account.Seven"]),
        "objects/Account.object": lead(
            _rule("Small", formula, "Too small for a customer", "NumberOfEmployees"),
            _rule("Seven", later, "Seven stays"),
        ),
    }
    result = deployed(shared, files)
    assert result["success"], result
    body = {
        "Name": "Rule Inc",
        "Type": "Customer - Direct",
        "NumberOfEmployees": 3,
        "Website": "RULE.example",
    }
    refused = shared.salesforce.post(f"{API}/sobjects/Account", json=body)
    assert refused.status_code == 400
    assert refused.json() == [{
        "message": "Too small for a customer", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "fields": ["NumberOfEmployees"],
    }]  # fmt: skip
    made = shared.salesforce.post(f"{API}/sobjects/Account", json=body | {"NumberOfEmployees": 7})
    assert made.status_code == 201
    url = f"{API}/sobjects/Account/{made.json()['id']}"
    assert shared.salesforce.patch(url, json={"Name": "Rule Ltd"}).status_code == 204
    changed = shared.salesforce.patch(url, json={"NumberOfEmployees": 8})
    assert changed.json()[0] == {
        "message": "Seven stays", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": [],
    }  # fmt: skip


def test_a_record_type_leaves_some_values_of_a_picklist_and_is_described(shared: Running) -> None:
    values = "".join(f"<value><fullName>{v}</fullName><default>false</default><label>{v}</label></value>"
                     for v in ("Gold", "Iron"))  # fmt: skip
    tier = field("Tier__c", "<type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition>"
                 f"<sorted>false</sorted>{values}</valueSetDefinition></valueSet>")  # fmt: skip
    narrow = (
        "<recordTypes><fullName>Partner</fullName><active>true</active><label>Partner</label><picklistValues>"
        "<picklist>Tier__c</picklist><values><fullName>Gold</fullName><default>false</default></values>"
        "</picklistValues></recordTypes>"
    )
    files = {
        "package.xml": package(CustomField=["Account.Tier__c"], RecordType=["Account.Partner"],
                               PermissionSet=["Tiers"]),
        "objects/Account.object": lead(tier, narrow),
        "permissionsets/Tiers.permissionset": f"{HEAD}<PermissionSet {SPACE}><label>Tiers</label>"
        "<fieldPermissions><editable>true</editable><field>Account.Tier__c</field><readable>true</readable>"
        "</fieldPermissions></PermissionSet>",
    }  # fmt: skip
    assert deployed(shared, files)["success"]
    own = shared.soql("select Id from PermissionSet where Name = 'Tiers'")["records"][0]["Id"]
    user = shared.soql("select Id from User where Alias = 'integ'")["records"][0]["Id"]
    given = {"AssigneeId": user, "PermissionSetId": own}
    assert shared.salesforce.post(f"{API}/sobjects/PermissionSetAssignment", json=given).status_code == 201
    described = shared.salesforce.get(f"{API}/sobjects/Account/describe").json()["recordTypeInfos"]
    partner = next(each for each in described if each["developerName"] == "Partner")
    assert [each["developerName"] for each in described][-1] == "Master"
    body = {"Name": "Typed", "RecordTypeId": partner["recordTypeId"], "Tier__c": "Iron"}
    refused = shared.salesforce.post(f"{API}/sobjects/Account", json=body)
    assert refused.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert (
        shared.salesforce.post(f"{API}/sobjects/Account", json=body | {"Tier__c": "Gold"}).status_code == 201
    )
    assert shared.salesforce.post(f"{API}/sobjects/Account",
                                  json={"Name": "Master", "Tier__c": "Iron"}).status_code == 201  # fmt: skip
