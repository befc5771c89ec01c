"""What the CRMs have in their usual state, imported: the file loads, the next plan is empty, and what could
not be said is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pipelines.rules.schema.load import Model, load_model
from pipelines.rules.schema.objects import NameField
from pipelines.schema import draft
from pipelines.schema.hubspot import objects as hubspot
from pipelines.schema.hubspot import properties
from pipelines.schema.hubspot.importing import FromHubSpot
from pipelines.schema.items import Item, Live
from pipelines.schema.plan import Plan, compare
from pipelines.schema.salesforce import encoding, package, read
from pipelines.schema.salesforce import objects as salesforce
from pipelines.schema.salesforce.importing import FromSalesforce
from pipelines.schema.written import Objects, save

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
DEAL = """
<label>Opportunity</label>
<fields><fullName>npe01__Paid__c</fullName><label>Paid</label><type>Date</type></fields>
<fields><fullName>Region__c</fullName><label>Region</label><type>Picklist</type>
  <valueSet><restricted>true</restricted><valueSetName>Regions</valueSetName></valueSet></fields>
<fields><fullName>Score_ID__c</fullName><label>Score</label><type>Number</type><precision>4</precision>
  <scale>0</scale></fields>
<recordTypes><fullName>New_Business</fullName><active>true</active><businessProcess>Sales</businessProcess>
  <label>New Business</label><picklistValues><picklist>LeadSource</picklist>
  <values><fullName>Web</fullName><default>true</default></values>
  <values><fullName>Other</fullName><default>false</default></values></picklistValues></recordTypes>
<validationRules><fullName>Not_Below</fullName><active>true</active>
  <errorDisplayField>Amount</errorDisplayField>
  <errorConditionFormula>Amount &lt; 0</errorConditionFormula><errorMessage>No</errorMessage>
</validationRules>
"""
INVOICE = """
<label>Invoice</label><pluralLabel>Invoices</pluralLabel><sharingModel>ReadWrite</sharingModel>
<nameField><label>Invoice Name</label><type>Text</type></nameField>
<fields><fullName>Asked__c</fullName><label>Asked</label><type>Text</type>
  <formula>Owner:User.Email &amp; TEXT(LastReferencedDate)</formula>
  <formulaTreatBlanksAs>BlankAsZero</formulaTreatBlanksAs></fields>
<fields><fullName>Paid_By__c</fullName><label>Paid by</label><type>Text</type>
  <formula>pkg__Payer__c</formula></fields>
"""
SECTION = """<layoutSections><customLabel>false</customLabel><detailHeading>false</detailHeading>
<editHeading>true</editHeading><label>{}</label><layoutColumns>{}</layoutColumns>
<layoutColumns>{}</layoutColumns><style>{}</style></layoutSections>"""
EMPTY = "<layoutItems><emptySpace>true</emptySpace></layoutItems>"


def shown(name: str, behaviour: str) -> str:
    return f"<layoutItems><behavior>{behaviour}</behavior><field>{name}</field></layoutItems>"


SYSTEM = SECTION.format(
    "System Information", shown("CreatedById", "Readonly"), EMPTY + shown("LastModifiedById", "Readonly"),
    "TwoColumnsTopToBottom",
)  # fmt: skip
LAYOUTS = {
    "Opportunity-Opportunity Layout": "<excludeButtons>Submit</excludeButtons><fullName>x</fullName>"
    + SECTION.format(
        "Opportunity Information",
        shown("OwnerId", "Edit") + shown("Name", "Required") + shown("StageName", "Required"),
        shown("Lead_Score__c", "Readonly"), "TwoColumnsTopToBottom",
    ) + SYSTEM + SECTION.format("Links", "<layoutItems><customLink>Map</customLink></layoutItems>", "",
                                "CustomLinks")
    + "<relatedLists><fields>NAME</fields><fields>STATUS</fields><relatedList>A</relatedList></relatedLists>"
    "<relatedLists><relatedList>B</relatedList></relatedLists>",
    "Invoice__c-Invoice Layout": SECTION.format(
        "Information", shown("Name", "Required") + shown("Asked__c", "Readonly"), shown("OwnerId", "Edit"),
        "TwoColumnsLeftToRight",
    ) + SYSTEM,
    "Invoice__c-With Page": SECTION.format(
        "Information", "<layoutItems><page>Map</page></layoutItems>", shown("Name", "Required"),
        "TwoColumnsLeftToRight",
    ),
}  # fmt: skip


def element(inner: str) -> ElementTree.Element:
    return ElementTree.fromstring(f'<r xmlns="{NAMESPACE}">{inner}</r>')


class Org:
    """Answers as Salesforce's Metadata API does, for these objects and layouts."""

    def __init__(self, objects: dict[str, str]) -> None:
        self.objects = {name: element(inner) for name, inner in objects.items()}
        self.layouts = {n: element(i) for n, i in LAYOUTS.items() if n.partition("-")[0] in objects}
        self.metadata = self

    def read(self, kind: str, names: list[str]) -> dict[str, ElementTree.Element]:
        there = {"CustomObject": self.objects, "Layout": self.layouts}.get(kind, {})
        return {name: there[name] for name in names if name in there}

    def names(self, kind: str) -> list[str]:
        return [*self.layouts] if kind == "Layout" else []

    def tooling(self, _: str) -> list[Any]:
        return []

    def describe(self, _: str) -> dict[str, Any]:
        return {"fields": []}

    @property
    def live(self) -> Live:
        found = Live("salesforce", "x")
        for name, each in self.objects.items():
            read.add_object(found, name, read.content(each))
        for name, each in self.layouts.items():
            read.add_layout(found, name, read.content(each))
        return found


def imported(folder: Path, org: Org) -> list[str]:
    (folder / "custom_objects.yml").write_text("objects: {}\n")
    model = load_model(folder)
    target = Objects.of(model)
    work: Any = FromSalesforce(org, model, target)  # type: ignore[arg-type]
    said: list[str] = work.objects_named([*org.objects])
    said += draft.mend(model, target, work.there, salesforce.wanted)
    save(folder, target)
    return said


def planned(folder: Path, live: Live) -> Plan:
    plan = compare(salesforce.wanted(load_model(folder)), live, [])
    plan.actions = [a for a in plan.actions if not a.item.kind.startswith("permission")]
    return plan


def test_a_standard_object_in_its_usual_state_is_imported_and_nothing_is_planned(tmp_path: Path) -> None:
    org = Org({"Opportunity": DEAL})
    said = imported(tmp_path, org)
    plan = planned(tmp_path, org.live)
    assert plan.actions == []
    assert plan.unchanged == 4  # the field, the record type, the rule, the layout
    [deal] = load_model(tmp_path).objects.values()
    assert deal.record_types["new_business"].process == "Sales"
    assert deal.record_types["new_business"].defaults == {"LeadSource": "Web"}
    assert deal.validations["not_below"].field == "Amount"
    assert "StageName" in deal.layouts["opportunity_layout"].sections[0].fields
    text = "\n".join(said)
    assert "deal: field npe01__paid is left out: Salesforce takes no name npe01__Paid__c" in text
    assert "Opportunity.Region__c has the values of the global value set Regions" in text


def test_a_custom_object_with_the_layout_salesforce_makes_is_imported_and_the_rest_is_named(
    tmp_path: Path,
) -> None:
    org = Org({"Invoice__c": INVOICE})
    said = imported(tmp_path, org)
    assert planned(tmp_path, org.live).actions == []
    [invoice] = load_model(tmp_path).objects.values()
    assert [*invoice.fields] == ["asked"]
    assert [*invoice.layouts] == ["invoice_layout"]
    text = "\n".join(said)
    assert "invoice: field paid_by is left out: the formula names pkg__Payer__c" in text
    assert "invoice: layout with_page is left out: the file cannot say" in text


def test_a_layout_that_is_changed_keeps_its_related_lists_buttons_and_links(tmp_path: Path) -> None:
    org = Org({"Opportunity": DEAL})
    imported(tmp_path, org)
    path = tmp_path / "custom_objects.yml"
    path.write_text(
        path.read_text().replace("- StageName\n", "- CloseDate\n").replace("StageName:", "CloseDate:")
    )
    [change] = planned(tmp_path, org.live).actions
    assert set(change.changes) == {"layoutSections"}
    sent = package.files([change.item], [], "62.0")["layouts/Opportunity-Opportunity Layout.layout"]
    after = read.content(ElementTree.fromstring(sent))
    before = read.content(org.layouts["Opportunity-Opportunity Layout"])
    assert "CloseDate" in sent
    assert "StageName" not in sent
    assert {n: after[n] for n in ("relatedLists", "excludeButtons")} == {
        "relatedLists": [{"fields": ["NAME", "STATUS"], "relatedList": "A"}, {"relatedList": "B"}],
        "excludeButtons": "Submit",
    }
    assert after["layoutSections"][-1]["layoutColumns"][0] == before["layoutSections"][-1]["layoutColumns"][0]
    assert "fullName" not in after


def test_the_label_of_a_layout_and_its_name_in_metadata_are_one_whatever_is_in_it() -> None:
    label = "U.S. ~ Layout, new__one é"
    assert encoding.encoded(label) == "U%2ES%2E %7E Layout%2C new%5F%5Fone é"
    assert encoding.plain(encoding.encoded(label)) == label


class Portal(FromHubSpot):
    """Reads what is given instead of a portal."""

    def __init__(self, model: Model, target: Objects, live: Live) -> None:
        super().__init__(None, model, target)  # type: ignore[arg-type]
        self.wanted = {item.key: item for item in hubspot.wanted(model).items}
        self.live = live

    def _live(self, name: str, schema: Any) -> Live:
        return self.live


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        ({"label": "Which of our products did they first ask about?", "type": "string", "fieldType": "text"},
         "at most 40 characters"),
        ({"label": "Owner", "type": "enumeration", "fieldType": "select", "options": []}, "needs values"),
        ({"label": "X", "type": "enumeration", "fieldType": "select",
          "options": [{"label": "A", "value": "1"}, {"label": "A", "value": "2"}]}, "are one to a CRM"),
        ({"label": "Phone", "type": "phone_number", "fieldType": "phonenumber"}, "cannot say its"),
    ],
)  # fmt: skip
def test_a_property_that_the_file_cannot_say_is_named_and_the_others_are_imported(
    tmp_path: Path, definition: dict[str, Any], why: str
) -> None:
    live = Live("hubspot", "1")
    for name, each in (
        ("odd", definition),
        ("plain", {"label": "P", "type": "number", "fieldType": "number"}),
    ):
        kept = properties.canonical(each, keep_group=False)
        live.add(Item("hubspot", "property", f"contacts.{name}", kept, "contacts"))
    (tmp_path / "custom_objects.yml").write_text("objects: {}\n")
    model = load_model(tmp_path)
    target = Objects.of(model)

    work = Portal(model, target, live)
    work._object("contacts", None)
    [said] = draft.mend(model, target, work.there, hubspot.wanted)
    assert said.startswith("contact: field odd is left out: ")
    assert why in said
    save(tmp_path, target)
    model = load_model(tmp_path)
    assert [*model.objects["contact"].fields] == ["plain"]
    assert compare(hubspot.wanted(model), live, []).actions == []


def test_a_custom_objects_name_follows_what_the_portal_displays_and_requires_there_and_back(
    tmp_path: Path,
) -> None:
    (tmp_path / "custom_objects.yml").write_text(
        "objects:\n  visit:\n    label: Visit\n    plural: Visits\n    crms: [hubspot]\n"
    )
    before = load_model(tmp_path).objects["visit"].name

    def follows(shown: str, required: list[str], *properties_there: str) -> NameField:
        content = {"singular": "Visit", "plural": "Visits", "primaryDisplayProperty": shown,
                   "requiredProperties": required, "searchableProperties": [shown]}  # fmt: skip
        live = Live("hubspot", "1")
        live.add(Item("hubspot", "object", "visit", content, "visit"))
        for each in properties_there:
            text = {"label": each.title(), "type": "string", "fieldType": "text"}
            live.add(Item("hubspot", "property", f"visit.{each}", text, "visit"))
        model = load_model(tmp_path)
        target = Objects.of(model)
        work = Portal(model, target, live)
        work._object("visit", None)
        assert draft.mend(model, target, work.there, hubspot.wanted) == []
        save(tmp_path, target)
        model = load_model(tmp_path)
        assert compare(hubspot.wanted(model), live, []).actions == []
        return model.objects["visit"].name

    assert follows("title", [], "title") == NameField(label="Title", field="title", required=False)
    assert follows("name", ["name"], "name", "title") == before
    assert [*load_model(tmp_path).objects["visit"].fields] == ["title"]
