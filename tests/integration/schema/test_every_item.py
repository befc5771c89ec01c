"""A model with every type of field and every kind of thing: imported back, and changed by hand one by one."""

from __future__ import annotations

import base64
import difflib
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cli.schema import schema_app
from orchestration.checks import drifted
from pipelines.errors import Exit
from pipelines.rules.schema.fields import FieldModel
from pipelines.schema.items import Item
from pipelines.schema.salesforce import deploy, objects
from pipelines.settings import as_environment
from pipelines.state import State, incidents

from .conftest import Clock, Crms

EVERYTHING = Path(__file__).parent / "everything"


def test_every_type_and_kind_is_imported_back_and_each_changed_by_hand_is_named_and_repaired(
    crms: Crms,
) -> None:
    shutil.rmtree(crms.config / "apex")
    shutil.rmtree(crms.config / "workflows")
    shutil.copytree(EVERYTHING, crms.config, dirs_exist_ok=True)
    types = {field.type for each in crms.model.objects.values() for field in each.fields.values()}
    assert types == set(FieldModel.model_fields["type"].annotation.__args__)  # type: ignore[union-attr]
    crms.apply()
    assert crms.plan().actions == []
    held_is_shown(crms)
    dependencies_are_described(crms)
    imported_back(crms)
    changed_by_hand(crms)


def held_is_shown(crms: Crms) -> None:
    """A line for each thing and CRM, and how many are held how, in the plan itself."""
    said = CliRunner().invoke(
        schema_app, ["plan", "--held"], env=as_environment(crms.settings, {"COLUMNS": "300"})
    )
    assert said.exit_code == Exit.OK, said.output
    assert re.search(r"hold the model: \d+ native, \d+ nearest, \d+ not available; --held", said.output)
    lines = [" ".join(line.replace("│", " ").split()) for line in said.output.splitlines()]
    for line in (
        "thing.a_secret hubspot not available HubSpot has no property that hides its value",
        "thing: history hubspot native the history of every property is kept",
        "thing: layout thing_layout salesforce native page layout Thing Layout",
        "thing: record type plain: values hubspot not available HubSpot offers every value of a property to "
        "every record",
    ):
        assert line in lines, line


def dependencies_are_described(crms: Crms) -> None:
    """As clients read them: of each value a bit for each value of the picklist it depends on."""
    with crms.session() as session:
        assert session.salesforce is not None
        field = next(f for f in session.salesforce.describe("Thing__c")["fields"] if f["name"] == "B_Pick__c")
    assert (field["controllerName"], field["dependentPicklist"]) == ("A_Pick__c", True)
    bits = {v["value"]: base64.b64decode(v["validFor"]) for v in field["picklistValues"]}
    assert bits == {"x": b"\x80", "y": b"\x40", "z": b"\x80"}  # one is the first value, two the second


def imported_back(crms: Crms) -> None:
    """From nothing but what the CRMs have, Salesforce first, to the same bytes."""
    before = {path: path.read_bytes() for path in crms.config.rglob("*") if path.is_file()}
    (crms.config / "custom_objects.yml").write_text("objects: {}\n")
    for name in ("apex", "workflows"):
        shutil.rmtree(crms.config / name)
    # A stranger has no state: what is of one CRM is asked of that one alone, and nothing is planned of it.
    shell = as_environment(crms.settings, {"CRM_HOME": str(crms.config.parent / "stranger")})
    for vendor, *names in (
        ("salesforce", "Parent__c", "Thing__c", "Contact", "Lead"),
        ("hubspot", "parent", "thing"),
    ):
        said = CliRunner().invoke(schema_app, ["import", vendor, *names], env=shell)
        assert said.exit_code == Exit.OK, said.output
        assert "The next plan is empty." in said.output
    after = {path: path.read_bytes() for path in crms.config.rglob("*") if path.is_file()}
    text = "custom_objects.yml"
    left, right = (each.pop(crms.config / text).decode().splitlines() for each in (before, after))
    assert "\n".join(line for line in difflib.ndiff(left, right) if line[0] != " ") == ""
    flow = "workflows/thing_made.json"  # HubSpot orders its keys as it likes
    assert sorted(after.pop(crms.config / flow).split()) == sorted(before.pop(crms.config / flow).split())
    assert after == before
    assert crms.plan().actions == []


def changed_by_hand(crms: Crms) -> None:
    """By the vendors' own APIs, as anybody may: a deploy at Salesforce, calls at HubSpot."""
    at_salesforce(crms)
    at_hubspot(crms)
    changed = {
        "Thing__c.Plain", "Thing__c-Thing Layout", "CRM_Integration", "Thing__c.Text_Said", "Thing__c",
        "ThingTrigger", "thing", "thing.a_text", "thing: Life", "thing → contacts: asker", "thing → contacts",
        "Thing made", "thing.a_number MIN_NUMBER", "thing: measures",
    }  # fmt: skip
    gone = {"thing → parent", "Parent__c.How_Many__c"}
    added = {"thing.by_hand", "Thing__c.New_Kind", "Contact.Hat_Size__c", "contacts.hat_size"}
    found = crms.drift()
    assert found == {
        *(("changed", name) for name in changed), *(("gone", name) for name in gone),
        *(("added", name) for name in added),
    }  # fmt: skip
    verdict = drifted(crms.settings, "01TEST")
    assert not verdict.passed
    assert "drift" in going_on(crms)
    shell = as_environment(crms.settings, {"COLUMNS": "300"})
    said = CliRunner().invoke(schema_app, ["diff"], env=shell)
    assert said.exit_code == Exit.GATE, said.output
    for name in changed | gone | added:
        assert name in (verdict.description or ""), name
        assert name in said.output.replace("\n", " "), name
    crms.apply()
    # What came to a standard object was told before the apply, which takes it for granted; that others have.
    assert crms.drift() == {("added", "thing.by_hand"), ("added", "Thing__c.New_Kind")}
    assert crms.plan().actions == []
    thing = type_of(crms, "thing")
    crms.portal("DELETE", f"/crm/properties/2026-03/{thing}/by_hand")
    crms.org(do="edit_metadata", type="RecordType", name="Thing__c.New_Kind")
    assert drifted(crms.settings, "01NEXT").passed
    assert "drift" not in going_on(crms)


def going_on(crms: Crms) -> set[str]:
    """The kinds of incidents that are going on."""
    with State.open(crms.settings) as state, state.reading() as reading:
        return {str(each["kind"]) for each in incidents.going_on(reading)}


def type_of(crms: Crms, name: str) -> str:
    schemas = crms.portal("GET", "/crm-object-schemas/2026-03/schemas")["results"]
    return str(next(each["objectTypeId"] for each in schemas if each["name"] == name))


def at_salesforce(crms: Crms) -> None:
    items = {item.name: item for item in objects.wanted(crms.model).items}

    def other(name: str, **content: Any) -> Item:
        return replace(items[name], content={**items[name].content, **content})

    rights = items["CRM_Integration"].content
    fewer = [e for e in rights["fieldPermissions"] if e["field"] != "Thing__c.A_Url__c"]
    layout = items["Thing__c-Thing Layout"].content["layoutSections"]
    made = Item(
        "salesforce", "record type", "Thing__c.New_Kind", {"active": "true", "label": "N"}, "Thing__c"
    )
    hat = {"label": "Hat size", "type": "Number", "precision": "3", "scale": "0"}
    by_hand = [
        Item("salesforce", "field", "Contact.Hat_Size__c", hat, "Contact"),
        other("Thing__c.Plain", label="Very plain"), other("Thing__c.Text_Said", active="true"), made,
        other("Thing__c-Thing Layout", layoutSections=layout[:1]),
        other("CRM_Integration", fieldPermissions=fewer), other("Thing__c", pluralLabel="Thingies"),
        other("ThingTrigger", status="Inactive"),
    ]  # fmt: skip
    with crms.session() as session:
        client = session.salesforce
        assert client is not None
        gone = [items["Parent__c.How_Many__c"]]
        deploy.run(client, deploy.Deploy(by_hand, gone, "NoTestRun", []), Clock(), check_only=False)


def at_hubspot(crms: Crms) -> None:
    schemas = {e["name"]: e for e in crms.portal("GET", "/crm-object-schemas/2026-03/schemas")["results"]}
    thing, parent = (schemas[name]["objectTypeId"] for name in ("thing", "parent"))
    crms.portal("PATCH", f"/crm-object-schemas/2026-03/schemas/{thing}",
                {"labels": {"singular": "Thing", "plural": "Thingies"}})  # fmt: skip
    crms.portal("PATCH", f"/crm/properties/2026-03/{thing}/a_text", {"label": "Words"})
    made = {"name": "by_hand", "label": "By hand", "type": "string", "fieldType": "text",
            "groupName": "thing_information"}  # fmt: skip
    crms.portal("POST", f"/crm/properties/2026-03/{thing}", made)
    crms.portal("POST", "/crm/properties/2026-03/contacts",
                {**made, "name": "hat_size", "groupName": "contactinformation"})  # fmt: skip
    [pipeline] = crms.portal("GET", f"/crm/pipelines/2026-03/{thing}")["results"]
    stages = f"/crm/pipelines/2026-03/{thing}/{pipeline['id']}/stages"
    crms.portal("PATCH", f"{stages}/{pipeline['stages'][0]['id']}", {"label": "Newest"})
    labels = crms.portal("GET", f"/crm/associations/2026-03/{thing}/contacts/labels")["results"]
    asker = next(e["typeId"] for e in labels if e["label"] == "Asks")
    crms.portal("PUT", f"/crm/associations/2026-03/{thing}/contacts/labels",
                {"associationTypeId": asker, "label": "Wonders", "inverseLabel": "Is asked"})  # fmt: skip
    plain = next(e for e in labels if e["label"] is None)
    limit = {"category": plain["category"], "typeId": plain["typeId"], "maxToObjectIds": 9}
    crms.portal("POST", f"/crm/associations/2026-03/definitions/configurations/{thing}/contacts/batch/update",
                {"inputs": [limit]})  # fmt: skip
    crms.portal("PATCH", f"/crm/properties/2026-03/{thing}/groups/measures", {"label": "Sizes"})
    rule = f"/crm/property-validations/2026-03/{thing}/a_number/rule-type/MIN_NUMBER"
    crms.portal("PUT", rule, {"ruleArguments": ["5"], "shouldApplyNormalization": False})
    flow = next(e for e in crms.portal("GET", "/automation/v4/flows")["results"] if e["name"] == "Thing made")
    whole = crms.portal("GET", f"/automation/v4/flows/{flow['id']}")
    crms.portal("PUT", f"/automation/v4/flows/{flow['id']}", {**whole, "isEnabled": True})
    tie = next(e["id"] for e in schemas["thing"]["associations"] if e["toObjectTypeId"] == parent)
    crms.portal("DELETE", f"/crm-object-schemas/2026-03/schemas/{thing}/associations/{tie}")
