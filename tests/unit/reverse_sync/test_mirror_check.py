"""What the check finds before anything runs, with file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ConfigError
from pipelines.reverse_sync.mirror.findings import Finding, refuse
from pipelines.reverse_sync.mirror.metadata import Metadata, of_hubspot, of_salesforce
from pipelines.reverse_sync.mirror.page import page
from pipelines.reverse_sync.mirror.resolve import Resolved, resolve
from pipelines.rules.fields import load_fields
from pipelines.rules.mappings import load_mappings
from pipelines.rules.syncs import load_syncs
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.brought_along import GIVEN

SYNCS = load_syncs(PROJECT_ROOT / "config")
FIELDS = load_fields(PROJECT_ROOT / "config")


def prop(name: str, kind: str = "string", shown: str = "text", *options: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "fieldType": shown,
        "options": [{"value": o} for o in options],
        **more,
    }


def sf(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "soapType": "xsd:string", "length": 80, "updateable": True,
            "createable": True, "nillable": True, **more}  # fmt: skip


def picklist(name: str, *values: str) -> dict[str, Any]:
    return sf(name, "picklist", restrictedPicklist=True, picklistValues=[{"value": v} for v in values])


STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "other",
)
CONTACTS = of_hubspot([
    prop("email", hasUniqueValue=True), prop("company"), prop("firstname"), prop("lastname"), prop("phone"),
    prop("lifecyclestage", "enumeration", "radio", *STAGES), prop("lead_score", "number", "number"),
    prop("fixed", modificationMetadata={"readOnlyValue": True}),
    prop("score", "number", "number", calculated=True),
    prop("hubspot_owner_id", "enumeration", "select", externalOptions=True),
    prop("agreed", "bool", "booleancheckbox"),
])  # fmt: skip
LEAD = of_salesforce({"fields": [
    sf("Email", "email"), sf("Company", nillable=False), sf("LastName", nillable=False), sf("FirstName"),
    sf("Score__c", "double"), sf("Lead_Score__c", "double"), sf("Fixed__c", updateable=False),
    sf("OwnerId", "reference"),
    sf("Day__c", "date"), picklist("Lead_Status__c", "New", "Open", "MQL", "SQL", "Working", "Closed Won"),
]})  # fmt: skip
CONTACT = {name: meta for name, meta in LEAD.items() if name not in ("company", "lead_status__c")}
METADATA = Metadata({
    ("hubspot", "contacts"): CONTACTS, ("salesforce", "Lead"): LEAD, ("salesforce", "Contact"): CONTACT,
})  # fmt: skip


def checked(tmp_path: Path, text: str, name: str = "team.yml") -> Resolved:
    folder = tmp_path / "field_mappings"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return resolve(load_mappings(tmp_path), METADATA, SYNCS, FIELDS)


def lines(*said: str, head: str = "") -> str:
    listed = "\n".join(f"  - {line}" for line in said)
    return f"source: hubspot\ndestination: salesforce\n{head}lines:\n{listed}\n"


def of_level(resolved: Resolved, level: str) -> list[Finding]:
    return [finding for finding in resolved.findings if finding.level == level]


def test_the_given_mapping_holds_and_says_what_it_does_not_do(tmp_path):
    found = checked(tmp_path, json.dumps(GIVEN, indent=2), "field_mapping.json")
    assert of_level(found, "error") == []
    said = {(finding.field, finding.what) for finding in found.findings}
    assert ("salesforce Contact.Company", "is not there, so this line ends when a lead is converted") in said
    assert ("salesforce Lead.LastName", "is required and comes from the default mapping") in said
    assert any(
        f == "hubspot contacts.lead_score" and "one way: hubspot to salesforce" in what for f, what in said
    )
    assert any(f == "hubspot contacts.lifecyclestage" and "in salesforce: other" in what for f, what in said)
    lead = next(pair for pair in found.pairs if pair.right_object == "Lead")
    ways = {each.right.name: each.line.direction for each in lead.lines}
    assert ways == {
        "Email": "both", "Company": "both", "Lead_Status__c": "both", "Lead_Score__c": "to_right",
        "LastName": "to_right",
    }  # fmt: skip
    assert {each.line.rule for each in lead.lines if each.right.name == "LastName"} == {"default mapping"}
    text = page(found)
    assert "| `lifecyclestage` | ↔ | `Lead_Status__c` | subscriber = New" in text
    assert "## HubSpot contacts and Salesforce Contact" in text


@pytest.mark.parametrize(
    ("line", "field", "what", "remedy"),
    [
        ("{from: nope, to: FirstName}", "hubspot contacts.nope", "does not exist",
         "crm schema apply --field contacts.nope"),
        ("{from: phone, to: Gone__c}", "salesforce Lead.Gone__c", "does not exist", "--field Lead.Gone__c"),
        ("{from: phone, to: Fixed__c, direction: to_destination}", "salesforce Lead.Fixed__c",
         "is read-only", "turn"),
        ("{from: phone, to: FirstName, values: {a: b}, default: c}", "", "", ""),
        ("{from: company, to: Lead_Status__c, values: {a: Shiny}}", "salesforce Lead.Lead_Status__c",
         "does not take Shiny", "use one of New, Open"),
        ("{from: company, to: Lead_Status__c, values: {a: New}, default: Odd}",
         "salesforce Lead.Lead_Status__c", "does not take its default Odd", "use one of"),
        ("{from: agreed, to: Day__c, direction: to_destination}", "salesforce Lead.Day__c",
         "is a date and agreed is a boolean", "map values"),
        ("{from: hubspot_owner_id, to: FirstName, direction: to_destination}", "salesforce Lead.FirstName",
         "holds the id of a record, which means nothing in the other CRM", "convert: owner"),
        ("{from: company, to: FirstName, expression: nope || company}", "hubspot contacts.nope",
         "is read by this line and does not exist", "mend its name"),
        ("{from: lead_score, to: Score__c, direction: to_source}", "hubspot contacts.lead_score",
         "is computed by this project (lead_score.yml)", "turn the line round"),
    ],
)  # fmt: skip
def test_an_error_names_line_field_and_remedy(tmp_path, line, field, what, remedy):
    head = "source_object: contact\ndestination_object: Lead\n"
    errors = of_level(checked(tmp_path, lines("{from: email, to: Email}", line, head=head)), "error")
    if not field:
        assert errors == []
        return
    [error] = errors
    assert (error.where, error.field, error.what) == ("team.yml line 7", field, what)
    assert remedy in error.remedy
    with pytest.raises(ConfigError, match=r"team\.yml line 7"):
        refuse(errors)


@pytest.mark.parametrize(("field", "why"), [("fixed", "is read-only"), ("score", "is calculated by the CRM")])
def test_a_line_whose_other_side_cannot_be_written_goes_one_way(tmp_path, field, why):
    found = checked(tmp_path, lines(f"{{from: {field}, to: Score__c}}"))
    assert of_level(found, "error") == []
    notes = [finding for finding in of_level(found, "note") if finding.field == f"hubspot contacts.{field}"]
    assert [note.what for note in notes] == [f"{why}, so this line syncs one way: hubspot to salesforce"]
    assert {
        each.line.direction for pair in found.pairs for each in pair.lines if each.left.name == field
    } == {"to_right"}


@pytest.mark.parametrize(
    ("said", "line", "message"),
    [
        (
            ["{from: email, to: Email}", "{from: phone, to: email}"],
            5,
            "salesforce Contact.email has two providers",
        ),
        (
            ["{from: a, to: B, direction: to_destination}", "{from: a, to: B, direction: to_source}"],
            5,
            "in a circle",
        ),
        (["{from: a, to: B, expression: 'now()'}"], 4, "may not say"),
        (["{from: a, to: B, expression: '(select 1)'}"], 4, "may not say"),
        (["{from: a, to: B, expression: 'a +'}"], 4, "cannot be read as an expression"),
        (["{from: a, to: B, colour: red}"], 4, "unknown key"),
        (["{from: a, to: B, zone: Mars/Base}"], 4, "is no time zone"),
        (["{from: a, to: B, convert: currency}"], 4, "goes with currency"),
        (
            ["{from: a, to: B, convert: currency, currency: {source: EUR, destination: USD}}"],
            4,
            "no rate for",
        ),
        (["{from: a, to: B, values: {x: y}, convert: phone}"], 4, "one way to make its value"),
    ],
)
def test_a_file_that_cannot_hold_is_one_sentence_with_its_line(tmp_path, said, line, message):
    with pytest.raises(ConfigError) as refused:
        checked(tmp_path, lines(*said))
    assert message in str(refused.value)
    assert f"team.yml line {line}" in str(refused.value)


def test_files_in_json_and_yaml_say_the_same(tmp_path):
    checked(tmp_path, json.dumps(GIVEN), "a.json")
    [mapping] = load_mappings(tmp_path)
    (tmp_path / "field_mappings" / "a.json").write_text(json.dumps(GIVEN, indent="\t"))
    assert load_mappings(tmp_path)[0].lines[0].name == mapping.lines[0].name
    (tmp_path / "field_mappings" / "a.json").write_text("{broken")
    with pytest.raises(ConfigError, match=r"a.json is not valid JSON"):
        load_mappings(tmp_path)


@pytest.mark.parametrize(("asked", "said"), [("both", 1), ("destination", 1), ("source", 0)])
def test_deletions_that_hubspot_does_not_tell_of_are_a_finding_where_they_are_to_be_followed(
    tmp_path, asked, said
):
    text = lines(
        "{from: hs_name, to: Name}",
        head=f"source_object: campaigns\ndestination_object: Campaign\non_delete: {asked}\n",
    )
    found = [f for f in of_level(checked(tmp_path, text), "warning") if f.field == "hubspot campaigns"]
    assert len(found) == said
    assert all(each.where == "team.yml" and "on_delete: source" in each.remedy for each in found)


def test_what_a_line_says_and_cannot_mean_is_a_finding(tmp_path):
    money = of_salesforce({"fields": [
        sf("Email", "email"), sf("Worth__c", "currency"), sf("CurrencyIsoCode"), sf("Name", nillable=False),
    ]})  # fmt: skip
    contacts = CONTACTS | of_hubspot([prop("salesforceleadid"), prop("worth", "number", "number")])
    metadata = Metadata({("hubspot", "contacts"): contacts, ("salesforce", "Lead"): money})
    text = lines(
        "{from: email, to: Email, conflict: union}", "{from: worth, to: Worth__c}",
        "{from: company, to: Name, blanks: clear}",
        head="source_object: contact\ndestination_object: Lead\n",
    )  # fmt: skip
    (tmp_path / "field_mappings").mkdir()
    (tmp_path / "field_mappings" / "team.yml").write_text(text)
    found = resolve(load_mappings(tmp_path), metadata, SYNCS, FIELDS).findings
    said = {(each.level, each.field, each.what.split(",")[0].split(":")[0]) for each in found}
    assert said >= {
        ("warning", "salesforce Lead.Email", "holds one value"),
        ("warning", "salesforce Lead.Worth__c", "is copied as a number"),
        ("note", "salesforce Lead.Name", "is required"),
        ("note", "hubspot contacts.salesforceleadid", "is of HubSpot's Salesforce connector"),
    }
