"""Deploys of hand-made zips: what is taken, what is refused in Salesforce's words, what is seen of it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from .conftest import API, Running

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


def package(**members: list[str]) -> str:
    types = "".join(
        "<types>" + "".join(f"<members>{m}</members>" for m in listed) + f"<name>{kind}</name></types>"
        for kind, listed in members.items()
    )
    return f"{HEAD}<Package {SPACE}>{types}<version>62.0</version></Package>"


def field(name: str, more: str = "<type>Text</type><length>20</length>") -> str:
    return f"<fields><fullName>{name}</fullName><label>{name}</label>{more}</fields>"


def deployed(shared: Running, files: dict[str, str], **options: Any) -> dict[str, Any]:
    """The result of a deploy of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    said = {"deployOptions": {"rollbackOnError": True, "singlePackage": True, **options}}
    begun = shared.salesforce.post(
        f"{API}/metadata/deployRequest",
        files={"json": ("", json.dumps(said), "application/json"),
               "file": ("deploy.zip", packed.getvalue(), "application/zip")},
    )  # fmt: skip
    assert begun.status_code == 201, begun.text
    status = shared.salesforce.get(f"{API}/metadata/deployRequest/{begun.json()['id']}?includeDetails=true")
    found: dict[str, Any] = status.json()["deployResult"]
    return found


def lead(*fields: str) -> str:
    return f"{HEAD}<CustomObject {SPACE}>{''.join(fields)}</CustomObject>"


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
