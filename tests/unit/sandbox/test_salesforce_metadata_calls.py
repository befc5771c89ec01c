"""Metadata beside deployRequest: components and packages over SOAP, and what the Tooling API writes."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any
from xml.etree import ElementTree

from .conftest import API, Running
from .metadata import SPACE, deployed, field, package
from .test_salesforce_metadata import lead

TYPES = 'xmlns:x="http://www.w3.org/2001/XMLSchema-instance"'


def asked(shared: Running, inner: str, header: str = "") -> ElementTree.Element:
    """The body's only element of what SOAP answers, without namespaces."""
    token = shared.salesforce.headers["Authorization"].removeprefix("Bearer ")
    body = (f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" {SPACE} {TYPES}><e:Header>'
            f"<SessionHeader><sessionId>{token}</sessionId></SessionHeader>{header}</e:Header>"
            f"<e:Body>{inner}</e:Body></e:Envelope>")  # fmt: skip
    answer = shared.salesforce.post("/services/Soap/m/62.0/deployRequest", content=body,
                                    headers={"Content-Type": "text/xml"})  # fmt: skip
    root = ElementTree.fromstring(answer.text)
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root[0][0]


def results(found: ElementTree.Element) -> list[tuple[str, str, str]]:
    """Name, success and status code of each component."""
    return [
        (r.findtext("fullName", ""), r.findtext("success", ""), r.findtext("errors/statusCode", ""))
        for r in found
    ]


def one(kind: str, name: str, inner: str) -> str:
    return f'<metadata x:type="{kind}"><fullName>{name}</fullName>{inner}</metadata>'


TEXT = "<label>By call</label><type>Text</type><length>20</length>"


def test_components_are_made_changed_renamed_and_taken_away_by_soap(shared: Running) -> None:
    both = one("CustomField", "Lead.Called__c", TEXT) + one("CustomField", "Lead.1st__c", TEXT)
    made = results(asked(shared, f"<createMetadata>{both}</createMetadata>"))
    assert made == [
        ("Lead.Called__c", "true", ""), ("Lead.1st__c", "false", "FIELD_INTEGRITY_EXCEPTION")
    ]  # fmt: skip
    again = asked(shared, f"<createMetadata>{one('CustomField', 'Lead.Called__c', TEXT)}</createMetadata>")
    assert results(again) == [("Lead.Called__c", "false", "DUPLICATE_DEVELOPER_NAME")]
    rule = one("ValidationRule", "Lead.Called", "<active>true</active><errorConditionFormula>Called__c = 'no'"
               "</errorConditionFormula><errorMessage>No.</errorMessage>")  # fmt: skip
    assert asked(shared, f"<upsertMetadata>{rule}</upsertMetadata>").findtext("result/created") == "true"
    wider = one("CustomField", "Lead.Called__c", TEXT.replace("20", "40"))
    absent = one("CustomField", "Lead.Absent__c", TEXT)
    whole = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
    told = results(asked(shared, f"<updateMetadata>{wider}{absent}</updateMetadata>", whole))
    assert told == [
        ("Lead.Called__c", "false", "ALL_OR_NONE_OPERATION_ROLLED_BACK"),
        ("Lead.Absent__c", "false", "INVALID_CROSS_REFERENCE_KEY"),
    ]
    read = "<readMetadata><type>CustomField</type><fullNames>Lead.Called__c</fullNames></readMetadata>"
    assert asked(shared, read).findtext("result/records/length") == "20"
    asked(shared, f"<updateMetadata>{wider}</updateMetadata>")
    assert asked(shared, read).findtext("result/records/length") == "40"
    renamed = ("<renameMetadata><type>CustomField</type><oldFullName>Lead.Called__c</oldFullName>"
               "<newFullName>Lead.Named__c</newFullName></renameMetadata>")  # fmt: skip
    assert results(asked(shared, renamed)) == [("Lead.Named__c", "true", "")]
    read_rule = "<readMetadata><type>ValidationRule</type><fullNames>Lead.Called</fullNames></readMetadata>"
    formula = asked(shared, read_rule).findtext("result/records/errorConditionFormula")
    assert formula == "Named__c = 'no'"
    gone = [("ValidationRule", "Lead.Called"), ("CustomField", "Lead.Named__c")]
    used = f"<deleteMetadata><type>CustomField</type><fullNames>{gone[1][1]}</fullNames></deleteMetadata>"
    assert results(asked(shared, used)) == [("Lead.Named__c", "false", "DEPENDENCY_EXISTS")]
    for kind, name in gone:
        taken = f"<deleteMetadata><type>{kind}</type><fullNames>{name}</fullNames></deleteMetadata>"
        assert results(asked(shared, taken)) == [(name, "true", "")]
    assert asked(shared, read).find("result/records/fullName") is None


def test_what_is_no_component_is_refused_and_never_an_error_of_the_sandbox(shared: Running) -> None:
    for inner, code in (
        (one("CustomField", "Lead.A__c", TEXT + "<valueSet>words</valueSet>"), "INVALID_SOAP"),
        (one("CustomField", "Lead.A__c", "<label><x/></label><type>Text</type>"), "INVALID_SOAP"),
        (one("ApexClass", "A", ""), "INVALID_TYPE"),
        (one("Layout", "Lead-L", "") + one("CustomField", "Lead.A__c", TEXT), "INVALID_TYPE"),
        (one("CustomField", "Lead.A__c", TEXT) * 11, "LIMIT_EXCEEDED"),
    ):
        told = asked(shared, f"<createMetadata>{inner}</createMetadata>")
        assert told.tag == "Fault"
        assert (told.findtext("faultstring") or "").startswith(code)
    empty = one("CustomObject", "Lead", "<fields/>")
    assert results(asked(shared, f"<updateMetadata>{empty}</updateMetadata>"))[0][1] == "false"
    assert asked(shared, "<nothing/>").findtext("faultcode") == "sf:INVALID_OPERATION"


def test_a_package_goes_by_soap_and_comes_back_as_it_went(shared: Running) -> None:
    files = {"package.xml": package(CustomField=["Lead.Parcel__c"]),
             "objects/Lead.object": lead(field("Parcel__c"))}  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    sent = base64.b64encode(packed.getvalue()).decode()
    options = (
        "<DeployOptions><checkOnly>False</checkOnly><rollbackOnError>True</rollbackOnError></DeployOptions>"
    )
    begun = asked(shared, f"<deploy><ZipFile>{sent}</ZipFile>{options}</deploy>")
    number = begun.findtext("result/id")
    look = f"<asyncProcessId>{number}</asyncProcessId><includeDetails>true</includeDetails>"
    told = asked(shared, f"<checkDeployStatus>{look}</checkDeployStatus>")
    assert told.findtext("result/status") == "Succeeded"
    assert told.findtext("result/details/componentSuccesses/fullName") == "Lead.Parcel__c"
    rest = shared.salesforce.get(f"{API}/metadata/deployRequest/{number}").json()["deployResult"]
    assert rest["numberComponentsDeployed"] == 1
    members = "<members>Lead.Parcel__c</members><members>Lead.No__c</members>"
    wanted = f"<types>{members}<name>CustomField</name></types>"
    request = f"<singlePackage>true</singlePackage><unpackaged>{wanted}<version>62.0</version></unpackaged>"
    asking = asked(shared, f"<retrieve><retrieveRequest>{request}</retrieveRequest></retrieve>")
    look = f"<asyncProcessId>{asking.findtext('result/id')}</asyncProcessId>"
    found = asked(shared, f"<checkRetrieveStatus>{look}</checkRetrieveStatus>").find("result")
    assert found is not None
    assert "'Lead.No__c' cannot be found" in found.findtext("messages/problem", "")
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(found.findtext("zipFile", ""))))
    back = {name: archive.read(name).decode() for name in archive.namelist()}
    back["package.xml"] = back["package.xml"].replace("<members>Lead.No__c</members>", "")
    (message,) = deployed(shared, back)["details"]["componentSuccesses"]
    assert (message["fullName"], message["created"], message["changed"]) == ("Lead.Parcel__c", False, False)


def test_the_tooling_api_writes_fields_and_deploys_containers_of_apex(shared: Running) -> None:
    def sent(method: str, path: str, content: Any = None, status: int = 201) -> Any:
        answer = shared.salesforce.request(method, f"{API}/tooling/sobjects/{path}", json=content)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    values = {
        "valueSetDefinition": {"sorted": False, "value": [{"valueName": "A", "label": "A", "default": True}]}
    }
    wish = {"FullName": "Case.Tool__c", "Metadata": {"type": "Picklist", "label": "T", "valueSet": values}}
    made = sent("POST", "CustomField", wish)["id"]
    again = sent("POST", "CustomField", wish, 400)
    assert again[0]["errorCode"] == "DUPLICATE_DEVELOPER_NAME"
    shown = sent("GET", f"CustomField/{made}", None, 200)
    assert shown["Metadata"]["valueSet"]["valueSetDefinition"]["value"][0]["valueName"] == "A"
    sent("PATCH", f"CustomField/{made}", {"Metadata": {**wish["Metadata"], "label": "Told"}}, 204)  # type: ignore[dict-item]
    assert sent("GET", f"CustomField/{made}", None, 200)["Metadata"]["label"] == "Told"
    sent("DELETE", f"CustomField/{made}", None, 204)
    sent("GET", f"CustomField/{made}", None, 404)
    assert sent("POST", "CustomField", {"FullName": "Case.T__c", "Metadata": {"valueSet": "x"}}, 400)
    code = "public class Tooled { }"
    apex = sent("POST", "ApexClass", {"Name": "Tooled", "Body": code})["id"]
    container = sent("POST", "MetadataContainer", {"Name": "Box"})["id"]
    member = {"MetadataContainerId": container, "ContentEntityId": apex, "Body": "public clas Tooled { }"}
    own = sent("POST", "ApexClassMember", member)["id"]

    def state(**more: Any) -> tuple[str, int]:
        request = sent("POST", "ContainerAsyncRequest", {"MetadataContainerId": container, **more})["id"]
        told = sent("GET", f"ContainerAsyncRequest/{request}", None, 200)
        return told["State"], len(told["DeployDetails"]["componentFailures"])

    assert state() == ("Failed", 1)
    sent("PATCH", f"ApexClassMember/{own}", {"Body": "public class Tooled { Integer a; }"}, 204)
    assert state(IsCheckOnly=True) == ("Completed", 0)
    assert sent("GET", f"ApexClass/{apex}", None, 200)["Body"] == code
    assert state() == ("Completed", 0)
    assert "Integer a" in sent("GET", f"ApexClass/{apex}", None, 200)["Body"]
    sent("DELETE", f"ApexClass/{apex}", None, 204)


def test_a_star_deploys_every_file_of_its_type_settings_too_and_an_old_question_is_answered(
    shared: Running,
) -> None:
    files = {
        "package.xml": package(CustomObject=["*"], Settings=["*"]),
        "objects/Lead.object": lead(field("Starred__c")),
        "settings/Opportunity.settings": f"<OpportunitySettings {SPACE}><enableOpportunityTeam>true"
        "</enableOpportunityTeam></OpportunitySettings>",
    }
    done = deployed(shared, files)
    made = {each["fullName"] for each in done["details"]["componentSuccesses"]}
    assert (done["success"], {"Lead.Starred__c", "Opportunity"} <= made) == (True, True), done
    status = asked(shared, f"<checkStatus><asyncProcessId>{done['id']}</asyncProcessId></checkStatus>")
    assert status.findtext("result/state") == "Completed"
