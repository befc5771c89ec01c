"""Marketing Cloud's SOAP: described, retrieved and changed as the vendor's own clients do it."""

from __future__ import annotations

import sqlite3
from typing import Any
from xml.etree import ElementTree

from sandbox.front import routing
from sandbox.marketing_cloud.soap_objects import OBJECTS
from tests.fixtures import marketing_cloud as mcs

UPSERT = (
    "<Options><SaveOptions><SaveOption><PropertyName>*</PropertyName><SaveAction>UpdateAdd</SaveAction>"
    "</SaveOption></SaveOptions></Options>"
)


def change(mc: mcs.MarketingCloud, action: str, kind: str, *objects: str, options: str = "") -> Any:
    listed = "".join(f'<Objects xsi:type="{kind}">{each}</Objects>' for each in objects)
    return mc.soap(f'<{action}Request xmlns="{mcs.API[1:-1]}">{options}{listed}</{action}Request>', action)


def row(key: str, **values: str) -> str:
    told = "".join(
        f"<Property><Name>{n}</Name><Value>{v}</Value></Property>"
        for n, v in {"ContactKey": key, **values}.items()
    )
    return f"<CustomerKey>{mcs.PEOPLE}</CustomerKey><Properties>{told}</Properties>"


def codes(answer: ElementTree.Element) -> list[str]:
    return [mcs.text(each, "StatusCode") for each in answer.iter(f"{mcs.API}Results")]


def rows(mc: mcs.MarketingCloud, inside: str = "") -> list[dict[str, str]]:
    page = mc.retrieve(f"DataExtensionObject[{mcs.PEOPLE}]", ["ContactKey", "LeadScore"], inside)
    return [
        {mcs.text(p, "Name"): mcs.text(p, "Value") for p in each.iter(f"{mcs.API}Property")}
        for each in page.iter(f"{mcs.API}Results")
    ]


def test_addresses_are_taken_in_any_case_with_two_slashes_and_by_the_old_host(
    mc_once: mcs.MarketingCloud,
) -> None:
    for address in ("/service.asmx", "/SERVICE.asmx/"):
        assert b"unrecognized" not in mc_once.http.post(address, content=b"<a/>").content
        assert b"soap:Fault" in mc_once.http.post(address, content=b"<a/>").content
    assert mc_once.http.get("http://testserver//Hub/V1/Campaigns").status_code == 200
    assert routing.vendor_of_host("webservice.exacttarget.com") == "marketing_cloud"
    assert routing.vendor_of_path("/service.asmx") == routing.vendor_of_path("/etframework.wsdl")


def test_the_token_of_a_header_is_found_however_it_is_written(mc_once: mcs.MarketingCloud) -> None:
    asked = "<VersionInfoRequestMsg xmlns='http://exacttarget.com/wsdl/partnerAPI'/>"
    for header in (
        f'<ns-0:fueloauth xmlns:ns-0="http://exacttarget.com"><ns-0:_value_1>{mc_once.token}</ns-0:_value_1>'
        "</ns-0:fueloauth>",
        f'<fueloauth xmlns="http://exacttarget.com">\n {mc_once.token}\n</fueloauth>',
    ):
        text = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
            f"{header}</s:Header><s:Body>{asked}</s:Body></s:Envelope>"
        )
        answer = mc_once.http.post("/Service.asmx", content=text, headers={"Authorization": ""})
        assert answer.status_code == 200


def test_a_fault_has_the_recorded_shape(mc_once: mcs.MarketingCloud) -> None:
    answer = mc_once.http.post("/Service.asmx", content=b"<a/>", headers={"Authorization": "Bearer old"})
    assert answer.status_code == 500
    assert b">q0:Security</faultcode><faultstring>Token Expired</faultstring><faultactor>" in answer.content
    assert (
        b"<wsa:Action>http://schemas.xmlsoap.org/ws/2004/08/addressing/fault</wsa:Action>" in answer.content
    )


def test_the_description_of_the_service_is_for_everybody_and_holds_every_object(
    mc_once: mcs.MarketingCloud,
) -> None:
    answer = mc_once.http.get("/etframework.wsdl", headers={"Authorization": ""})
    assert answer.status_code == 200
    described = ElementTree.fromstring(answer.content)
    names = {each.get("name") for each in described.iter() if each.tag.endswith("complexType")}
    assert set(OBJECTS) <= names
    assert {"RetrieveRequest", "ComplexFilterPart", "DataExtensionObject", "SaveOptions"} <= names


def test_what_is_described_as_retrievable_is_retrieved(mc_once: mcs.MarketingCloud) -> None:
    for name in OBJECTS:
        asked = mc_once.soap(
            f'<DefinitionRequestMsg xmlns="{mcs.API[1:-1]}"><DescribeRequests><ObjectDefinitionRequest>'
            f"<ObjectType>{name}</ObjectType></ObjectDefinitionRequest></DescribeRequests>"
            "</DefinitionRequestMsg>",
            "Describe",
        )
        properties = [
            mcs.text(each, "Name")
            for each in asked.iter(f"{mcs.API}Properties")
            if mcs.text(each, "IsRetrievable") == "true"
        ]
        assert {"PartnerKey", "Client.ID"} <= set(properties), name
        assert mcs.text(mc_once.retrieve(name, properties), "OverallStatus") in ("OK", "MoreDataAvailable"), (
            name
        )


def test_what_nobody_knows_is_said_in_the_vendors_words(mc_once: mcs.MarketingCloud) -> None:
    said = mcs.text(mc_once.retrieve("subscriber", ["ID"]), "OverallStatus")
    assert said == (
        "Error: Unable to find a handler for object type: subscriber. Object types are case-sensitive, check "
        "spelling."
    )
    assert mcs.text(mc_once.retrieve("List", ["Nope"]), "OverallStatus").startswith(
        "Error: The Request Property"
    )


def test_rows_are_created_changed_upserted_and_deleted(mc_once: mcs.MarketingCloud) -> None:
    kind = "DataExtensionObject"
    made = change(
        mc_once, "Create", kind, row("003A", LeadScore="9"), row("003B", LeadScore="x"), row("003A")
    )
    assert codes(made) == ["OK", "Error", "Error"]
    assert mcs.text(made, "OverallStatus") == "Has Errors"
    assert codes(change(mc_once, "Update", kind, row("003C", LeadScore="1"))) == ["Error"]
    assert codes(change(mc_once, "Update", kind, row("003C", LeadScore="10"), options=UPSERT)) == ["OK"]
    assert codes(change(mc_once, "Create", kind, row("003A", FirstName="Ann"), options=UPSERT)) == ["OK"]
    assert {(r["ContactKey"], r["LeadScore"]) for r in rows(mc_once)} >= {("003A", "9"), ("003C", "10")}
    above = (
        '<Filter xsi:type="SimpleFilterPart"><Property>LeadScore</Property>'
        "<SimpleOperator>greaterThan</SimpleOperator><Value>9</Value></Filter>"
    )
    assert [r["ContactKey"] for r in rows(mc_once, above)] == ["003C"]
    keys = "<Keys><Key><Name>ContactKey</Name><Value>003A</Value></Key></Keys>"
    gone = change(mc_once, "Delete", kind, f"<CustomerKey>{mcs.PEOPLE}</CustomerKey>{keys}")
    assert codes(gone) == ["OK"]
    assert "003A" not in [r["ContactKey"] for r in rows(mc_once)]


def test_every_operand_of_a_filter_counts(mc_once: mcs.MarketingCloud) -> None:
    for key, score in (("003A", "1"), ("003B", "2"), ("003C", "3")):
        change(mc_once, "Create", "DataExtensionObject", row(key, LeadScore=score))

    def part(name: str, operator: str, value: str) -> str:
        return f"<Property>{name}</Property><SimpleOperator>{operator}</SimpleOperator><Value>{value}</Value>"

    found = rows(
        mc_once,
        f'<Filter xsi:type="ComplexFilterPart"><LeftOperand>{part("ContactKey", "beginsWith", "003")}'
        f"</LeftOperand><LogicalOperator>AND</LogicalOperator><RightOperand>"
        f"{part('LeadScore', 'greaterThan', '1')}</RightOperand><AdditionalOperands><Operand>"
        f"{part('LeadScore', 'notEquals', '3')}</Operand></AdditionalOperands></Filter>",
    )
    assert [r["ContactKey"] for r in found] == ["003B"]


def test_a_subscriber_is_created_once_changed_and_deleted(mc_once: mcs.MarketingCloud) -> None:
    known = "<EmailAddress>new@x.example</EmailAddress><SubscriberKey>003NEW</SubscriberKey>"
    lists = f"<Lists><ID>{mc_once.store.value('select min(id) from lists')}</ID></Lists>"
    made = change(mc_once, "Create", "Subscriber", known + lists)
    assert (codes(made), mcs.text(made, "StatusMessage")) == (["OK"], "Created Subscriber.")
    again = change(mc_once, "Create", "Subscriber", known)
    assert (codes(again), mcs.text(again, "ErrorCode")) == (["Error"], "12014")
    moved = known.replace("new@", "moved@") + "<Status>Unsubscribed</Status>"
    assert codes(change(mc_once, "Create", "Subscriber", moved, options=UPSERT)) == ["OK"]
    row = mc_once.store.row("select email, status from subscribers where key = '003NEW'")
    assert row == ("moved@x.example", "Unsubscribed")
    broken = "<EmailAddress>no address</EmailAddress>"
    assert codes(change(mc_once, "Create", "Subscriber", broken)) == ["Error"]
    assert codes(change(mc_once, "Delete", "Subscriber", known)) == ["OK"]
    assert mc_once.store.value("select count(*) from list_subscribers where subscriber = '003NEW'") == 0


def test_a_list_is_made_renamed_and_deleted_and_somebody_unsubscribes(mc_once: mcs.MarketingCloud) -> None:
    made = change(mc_once, "Create", "List", "<ListName>Guests</ListName>")
    new = mcs.text(made, "NewID")
    assert mcs.text(made, "ListName") == "Guests"
    renamed = f"<ID>{new}</ID><ListName>Our guests</ListName>"
    assert codes(change(mc_once, "Update", "List", renamed)) == ["OK"]
    assert mc_once.store.value("select name from lists where id = ?", (new,)) == "Our guests"
    assert codes(change(mc_once, "Delete", "List", f"<ID>{new}</ID>")) == ["OK"]
    key = mc_once.store.value("select key from subscribers where status = 'Active' order by id")
    told = (
        f'<ExecuteRequestMsg xmlns="{mcs.API[1:-1]}"><Requests><Name>LogUnsubEvent</Name><Parameters>'
        f"<Name>SubscriberKey</Name><Value>{key}</Value></Parameters></Requests></ExecuteRequestMsg>"
    )
    assert "Event posted" in "".join(mc_once.soap(told, "Execute").itertext())
    assert mc_once.store.value("select status from subscribers where key = ?", (key,)) == "Unsubscribed"


def test_what_is_only_kept_is_made_found_changed_and_deleted_by_any_of_its_names(
    mc_once: mcs.MarketingCloud,
) -> None:
    for kind in ("Email", "ContentArea", "DataFolder", "TriggeredSendDefinition"):
        made = change(mc_once, "Create", kind, f"<CustomerKey>k-{kind}</CustomerKey><Name>A {kind}</Name>")
        assert (codes(made), mcs.text(made, "Name")) == (["OK"], f"A {kind}")
        twice = change(mc_once, "Create", kind, f"<CustomerKey>k-{kind}</CustomerKey><Name>B</Name>")
        assert codes(twice) == ["Error"]
        renamed = f"<ObjectID>{mcs.text(made, 'NewObjectID')}</ObjectID><Name>C</Name>"
        assert codes(change(mc_once, "Update", kind, renamed)) == ["OK"]
        own = (
            '<Filter xsi:type="SimpleFilterPart"><Property>ID</Property><SimpleOperator>equals'
            f"</SimpleOperator><Value>{mcs.text(made, 'NewID')}</Value></Filter>"
        )
        assert mcs.text(mc_once.retrieve(kind, ["Name"], own), "Name") == "C"
        gone = f"<CustomerKey>k-{kind}</CustomerKey>"
        assert codes(change(mc_once, "Delete", kind, gone, gone)) == ["OK", "Error"]


def test_rows_name_their_extension_and_an_extension_goes_by_its_id(mc_once: mcs.MarketingCloud) -> None:
    fields = "<Fields><Field><Name>Key</Name><IsPrimaryKey>true</IsPrimaryKey></Field></Fields>"
    twice = fields.replace("</Fields>", "<Field><Name>KEY</Name></Field></Fields>")
    assert codes(change(mc_once, "Create", "DataExtension", f"<Name>Twice</Name>{twice}")) == ["Error"]
    made = change(mc_once, "Create", "DataExtension", f"<Name>By name</Name>{fields}")
    told = "<Property><Name>Key</Name><Value>a</Value></Property>"
    one = f"<Name>By name</Name><Properties>{told}</Properties>"
    assert codes(change(mc_once, "Create", "DataExtensionObject", one)) == ["OK"]
    assert "a" in "".join(mc_once.retrieve("DataExtensionObject[By name]", ["Key"]).itertext())
    gone = f"<ObjectID>{mcs.text(made, 'NewObjectID')}</ObjectID>"
    assert codes(change(mc_once, "Delete", "DataExtension", gone)) == ["OK"]


def chosen(name: str, operator: str, *values: str, part: str = "Filter") -> str:
    told = "".join(f"<Value>{each}</Value>" for each in values)
    return (
        f'<{part} xsi:type="SimpleFilterPart"><Property>{name}</Property>'
        f"<SimpleOperator>{operator}</SimpleOperator>{told}</{part}>"
    )


def test_a_filter_is_as_large_as_the_store_reads(mc_once: mcs.MarketingCloud) -> None:
    def found(inside: str) -> str:
        return mcs.text(mc_once.retrieve("Subscriber", ["SubscriberKey"], inside), "OverallStatus")

    left, right = (chosen("ID", "equals", "1", part=f"{side}Operand") for side in ("Left", "Right"))
    more = chosen("ID", "equals", "1", part="Operand") * 1_100
    assert found(
        f'<Filter xsi:type="ComplexFilterPart">{left}<LogicalOperator>OR</LogicalOperator>{right}'
        f"<AdditionalOperands>{more}</AdditionalOperands></Filter>"
    ).startswith("Error: A filter has at most")
    assert found(chosen("SubscriberKey", "like", "%a" * 26_000)).startswith("Error: A pattern")
    usual = mc_once.store.db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 50)
    assert found(chosen("ID", "IN", *["1"] * 60)) == "OK"
    mc_once.store.db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, usual)


EXTENSION = (
    "<CustomerKey>odd</CustomerKey><Name>Odd</Name><Fields><Field><Name>a</Name><FieldType>Text</FieldType>"
    "<MaxLength>{}</MaxLength></Field></Fields>"
)


def test_what_is_deleted_leaves_nothing_to_what_is_made_after_it(mc_once: mcs.MarketingCloud) -> None:
    def kept(kind: str, name: str, by: str, key: str) -> str:
        return mcs.text(mc_once.retrieve(kind, [name], chosen(by, "equals", key)), name)

    made = mcs.text(change(mc_once, "Create", "List", "<ListName>x</ListName><Type>Public</Type>"), "NewID")
    change(mc_once, "Delete", "List", f"<ID>{made}</ID>")
    again = change(mc_once, "Create", "List", "<ListName>y</ListName>")
    assert mcs.text(again, "NewID") == made
    assert kept("List", "Type", "ID", made) == "Private"
    key = mc_once.store.value("select key from lists where id = ?", (made,))
    assert codes(change(mc_once, "Delete", "List", f"<ID>1</ID><CustomerKey>{key}</CustomerKey>")) == [
        "Error"
    ]
    change(mc_once, "Create", "DataExtension", f"<Description>W</Description>{EXTENSION.format('9' * 30)}")
    change(mc_once, "Update", "DataExtension", "<CustomerKey>odd</CustomerKey><Name>Odder</Name>")
    assert kept("DataExtension", "Description", "CustomerKey", "odd") == "W"


def test_the_page_tells_a_thing_from_an_extension_of_its_name(mc_once: mcs.MarketingCloud) -> None:
    change(mc_once, "Create", "DataExtension", EXTENSION.format(9).replace("odd", "Contact"))
    [(known,)] = mc_once.store.rows("select key from contacts limit 1")
    told = mc_once.server.record_of("Contact", known)
    assert told is not None
    assert dict(told["fields"])["key"] == known
    assert [name for name, _ in mc_once.server.tables()].count("Contact") == 1
