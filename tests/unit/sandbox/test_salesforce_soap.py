"""SOAP for old clients: sign-in as far as Salesforce still has it, and what REST cannot do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox import times, xmltree
from tests.unit.sandbox.conftest import Running

_ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi='
    '"http://www.w3.org/2001/XMLSchema-instance" xmlns:u="urn:partner.soap.sforce.com">{}'
    "<s:Body>{}</s:Body></s:Envelope>"
)


def _post(running: Running, body: str, head: str = "", version: str = "59.0") -> httpx.Response:
    return httpx.post(
        f"{running.ready['salesforce']['url']}/services/Soap/u/{version}",
        content=_ENVELOPE.format(head, body),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'}, timeout=30,
    )  # fmt: skip


def _login(running: Running, password: str, version: str = "59.0") -> httpx.Response:
    name = running.ready["salesforce"]["username"]
    words = f"<u:username>{name}</u:username><u:password>{password}</u:password>"
    return _post(running, f"<u:login>{words}</u:login>", version=version)


def _call(running: Running, body: str) -> xmltree.Node:
    session = running.salesforce.headers["Authorization"].removeprefix("Bearer ")
    head = f"<s:Header><u:SessionHeader><u:sessionId>{session}</u:sessionId></u:SessionHeader></s:Header>"
    answer = _post(running, body, head)
    found = xmltree.child(xmltree.parse(answer.content), "Body")
    assert found is not None
    return found[0]


def _code(answer: httpx.Response) -> str:
    fault = xmltree.child(xmltree.parse(answer.content), "Body", "Fault", "detail")
    assert fault is not None
    return xmltree.text(fault[0], "exceptionCode")


def _lead(running: Running, **more: Any) -> str:
    body = {"LastName": "Soap", "Company": "Suds", **more}
    made: str = running.salesforce.post("/services/data/v67.0/sobjects/Lead", json=body).json()["id"]
    return made


@pytest.mark.parametrize("with_token", [True, False])
def test_a_password_signs_in_with_or_without_the_security_token(shared: Running, with_token: bool) -> None:
    known = shared.ready["salesforce"]
    answer = _login(shared, known["password"] + (known["security_token"] if with_token else ""))
    result = xmltree.child(xmltree.parse(answer.content), "Body", "loginResponse", "result")
    token = xmltree.text(result, "sessionId")
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{known['url']}/services/data/v59.0/limits", headers=headers).status_code == 200
    assert xmltree.text(result, "serverUrl").startswith(f"{known['url']}/services/Soap/u/59.0/00D")
    assert xmltree.text(result, "userInfo", "organizationId") == known["organization_id"]


def test_passwords_are_set_made_up_and_refused_over_rest_and_soap(shared: Running) -> None:
    user = shared.soql("SELECT Id FROM User WHERE Alias != 'integ' LIMIT 1")["records"][0]["Id"]
    path = f"/services/data/v67.0/sobjects/User/{user}/password"
    ask = shared.salesforce
    assert ask.post(path, json={"NewPassword": "short1"}).json()[0]["errorCode"] == "INVALID_NEW_PASSWORD"
    assert ask.post(path, json={"NewPassword": "long enough 1"}).status_code == 204
    assert ask.get(path).json() == {"isExpired": False}
    assert len(ask.delete(path).json()["NewPassword"]) >= 8
    assert ask.get(path).json() == {"isExpired": True}
    words = f"<u:userId>{user}</u:userId><u:password>another one 2</u:password>"
    assert xmltree.local(_call(shared, f"<u:setPassword>{words}</u:setPassword>")) == "setPasswordResponse"
    assert ask.get(path).json() == {"isExpired": False}
    made = _call(shared, f"<u:resetPassword><u:userId>{user}</u:userId></u:resetPassword>")
    assert len(xmltree.text(made, "result", "password")) >= 8


def test_a_wrong_password_is_a_login_fault(shared: Running) -> None:
    answer = _login(shared, "wrong")
    assert answer.status_code == 500
    assert _code(answer) == "INVALID_LOGIN"


@pytest.mark.parametrize("version", ["65.0", "30.0", "x"])
def test_versions_without_login_say_so(shared: Running, version: str) -> None:
    answer = _login(shared, shared.ready["salesforce"]["password"], version)
    assert _code(answer) == "UNSUPPORTED_API_VERSION"


def test_nothing_is_told_without_a_session(shared: Running) -> None:
    assert _code(_post(shared, "<u:getUserInfo/>")) == "INVALID_SESSION_ID"


@pytest.mark.parametrize("body", [b"", b"<a", b"<!DOCTYPE x []><x/>", b"\xff", b"<x/>"])
def test_what_is_no_envelope_is_a_fault_of_the_client(shared: Running, body: bytes) -> None:
    answer = httpx.post(f"{shared.ready['salesforce']['url']}/services/Soap/u/59.0", content=body)
    assert answer.status_code == 500
    assert b"soapenv:Client" in answer.content


def test_a_lead_is_converted_into_records_that_are_there_or_new(shared: Running) -> None:
    account = shared.salesforce.post("/services/data/v67.0/sobjects/Account", json={"Name": "Suds"}).json()[
        "id"
    ]
    lead = _lead(shared, Email="soap@suds.example")
    wish = f"<u:leadId>{lead}</u:leadId><u:accountId>{account}</u:accountId>"
    wish += "<u:convertedStatus>Closed - Converted</u:convertedStatus>"
    done = _call(shared, f"<u:convertLead><u:leadConverts>{wish}</u:leadConverts></u:convertLead>")
    assert xmltree.text(done, "result", "success") == "true"
    contact = xmltree.text(done, "result", "contactId")
    (row,) = shared.soql(f"select AccountId, Email from Contact where Id = '{contact}'")["records"]
    assert (row["AccountId"], row["Email"]) == (account, "soap@suds.example")
    query = f"select IsConverted, ConvertedContactId from Lead where Id = '{lead}'"
    (lead_row,) = shared.soql(query)["records"]
    assert (lead_row["IsConverted"], lead_row["ConvertedContactId"]) == (True, contact)
    deal = xmltree.text(done, "result", "opportunityId")
    role = shared.soql(f"select ContactId from OpportunityContactRole where OpportunityId = '{deal}'")[
        "records"
    ]
    assert [r["ContactId"] for r in role] == [contact]
    again = _call(shared, f"<u:convertLead><u:leadConverts>{wish}</u:leadConverts></u:convertLead>")
    assert xmltree.text(again, "result", "errors", "statusCode") == "INVALID_STATUS"


def test_a_merge_takes_the_masters_values_and_names_the_losers(shared: Running) -> None:
    master, loser = _lead(shared, LastName="Master"), _lead(shared, LastName="Loser")
    record = f'<u:masterRecord xsi:type="Lead"><u:Id>{master}</u:Id><u:City>Rome</u:City></u:masterRecord>'
    request = f"<u:request>{record}<u:recordToMergeIds>{loser}</u:recordToMergeIds></u:request>"
    done = _call(shared, f"<u:merge>{request}</u:merge>")
    assert xmltree.text(done, "result", "mergedRecordIds") == loser
    (row,) = shared.soql(f"select City from Lead where Id = '{master}'")["records"]
    assert row["City"] == "Rome"
    text = f"select IsDeleted, MasterRecordId from Lead where Id = '{loser}'"
    gone = shared.salesforce.get("/services/data/v67.0/queryAll", params={"q": text}).json()["records"]
    assert (gone[0]["IsDeleted"], gone[0]["MasterRecordId"]) == (True, master)


def test_rows_are_made_changed_binned_brought_back_and_purged(shared: Running) -> None:
    sobject = "<u:sObjects><u:type>Account</u:type><u:Name>A &amp; B</u:Name></u:sObjects>"
    bad = "<u:sObjects><u:type>Account</u:type></u:sObjects>"
    made = _call(shared, f"<u:create>{sobject}{bad}</u:create>")
    first, second = xmltree.children(made, "result")
    account = xmltree.text(first, "id")
    assert xmltree.text(second, "errors", "statusCode") == "REQUIRED_FIELD_MISSING"
    change = f"<u:sObjects><u:type>Account</u:type><u:Id>{account}</u:Id><u:Phone>1</u:Phone></u:sObjects>"
    assert xmltree.text(_call(shared, f"<u:update>{change}</u:update>"), "result", "success") == "true"
    clear = change.replace("<u:Phone>1</u:Phone>", "<u:fieldsToNull>Phone</u:fieldsToNull>")
    _call(shared, f"<u:update>{clear}</u:update>")
    asked = f"<u:queryString>select Name, Phone from Account where Id = '{account}'</u:queryString>"
    found = _call(shared, f"<u:query>{asked}</u:query>")
    assert xmltree.text(found, "result", "records", "Name") == "A & B"
    phone = xmltree.child(found, "result", "records", "Phone")
    assert phone is not None
    assert xmltree.is_nil(phone)
    wish = f"<u:fieldList>Name</u:fieldList><u:sObjectType>Account</u:sObjectType><u:ids>{account}</u:ids>"
    read = _call(shared, f"<u:retrieve>{wish}</u:retrieve>")
    assert xmltree.text(read, "result", "type") == "Account"
    assert xmltree.text(read, "result", "Name") == "A & B"
    assert xmltree.child(read, "result", "attributes") is None
    for operation in ("delete", "undelete", "delete", "emptyRecycleBin"):
        done = _call(shared, f"<u:{operation}><u:ids>{account}</u:ids></u:{operation}>")
        assert xmltree.text(done, "result", "success") == "true", operation
    gone = shared.salesforce.get(
        "/services/data/v67.0/queryAll", params={"q": f"select Id from Account where Id = '{account}'"}
    )
    assert gone.json()["totalSize"] == 0


def test_soap_searches_and_tells_what_changed_and_what_went(shared: Running) -> None:
    stays, goes = _lead(shared, Company="Sudsoap Search"), _lead(shared, Company="Sudsoap Search")
    assert shared.salesforce.delete(f"/services/data/v67.0/sobjects/Lead/{goes}").status_code == 204
    text = "FIND {Sudsoap} IN ALL FIELDS RETURNING Lead(Id, Company)"
    found = _call(shared, f"<u:search><u:searchString>{text}</u:searchString></u:search>")[0]
    records = [xmltree.child(each, "record") for each in xmltree.children(found, "searchRecords")]
    assert [(xmltree.text(r, "Id"), xmltree.text(r, "Company")) for r in records] == [
        (stays, "Sudsoap Search")
    ]
    now = shared.salesforce.get("/_sandbox/clock").json()["ms"]
    window = (
        f"<u:startDate>{times.iso(now - times.HOUR)}</u:startDate>"
        f"<u:endDate>{times.iso(now + times.MINUTE)}</u:endDate>"
    )
    asked = f"<u:sObjectType>Lead</u:sObjectType>{window}"
    changed = _call(shared, f"<u:getUpdated>{asked}</u:getUpdated>")[0]
    ids = [xmltree.text(each) for each in xmltree.children(changed, "ids")]
    assert stays in ids
    assert goes not in ids
    gone = _call(shared, f"<u:getDeleted>{asked}</u:getDeleted>")[0]
    deleted = {xmltree.text(each, "id"): each for each in xmltree.children(gone, "deletedRecords")}
    assert xmltree.text(deleted[goes], "deletedDate").endswith("Z")
    wrong = f"<u:getUpdated>{asked.replace('Lead', 'Nope')}</u:getUpdated>"
    assert xmltree.local(_call(shared, wrong)) == "Fault"


def test_answers_are_in_the_order_and_the_names_of_the_wsdl(shared: Running) -> None:
    lead = _lead(shared, LastName="Wsdlson")
    fields = "<u:sObjectType>Lead</u:sObjectType>"
    described = _call(shared, f"<u:describeSObject>{fields}</u:describeSObject>")[0]
    names = list(dict.fromkeys(xmltree.local(each) for each in described))
    assert names == sorted(names)
    assert {"idEnabled", "urlDetail", "recordTypeInfos"} <= set(names)
    assert {"urls", "listviewable", "extendedBy"}.isdisjoint(names)
    field = [xmltree.local(each) for each in next(xmltree.children(described, "fields"))]
    assert (field, "calculatedFormula" in field) == (sorted(field), False)
    row = "<u:sObjects><u:type>Lead</u:type><u:LastName></u:LastName></u:sObjects>"
    key = "<u:externalIDFieldName>External_Id__c</u:externalIDFieldName>"
    failed = _call(shared, f"<u:upsert>{key}{row}</u:upsert>")[0]
    assert [xmltree.local(each) for each in failed] == ["created", "errors", "id", "success"]
    found = _call(
        shared, "<u:search><u:searchString>FIND {Wsdlson} RETURNING Lead</u:searchString></u:search>"
    )
    assert [xmltree.local(each) for each in found[0]][:2] == ["queryId", "searchRecords"]
    query = f"<u:query><u:queryString>SELECT Name FROM Lead WHERE Id = '{lead}'</u:queryString></u:query>"
    (record,) = xmltree.children(_call(shared, query)[0], "records")
    assert record[0].tag == "{urn:sobject.partner.soap.sforce.com}type"
    session = shared.salesforce.headers["Authorization"].removeprefix("Bearer ")
    envelope = _ENVELOPE.replace("partner", "enterprise")
    head = f"<s:Header><u:SessionHeader><u:sessionId>{session}</u:sessionId></u:SessionHeader></s:Header>"
    told = shared.salesforce.post("/services/Soap/c/36.0", content=envelope.format(head, query)).text
    assert 'xsi:type="sf:Lead"><sf:Id' in told
    assert 'xmlns:sf="urn:sobject.enterprise.soap.sforce.com"' in told
    old = "<u:search><u:searchString>FIND {Wsdlson} RETURNING Lead</u:searchString></u:search>"
    assert "Wsdlson" in _post(shared, old.replace("Lead<", "Lead(Name)<"), head, "31.0").text
