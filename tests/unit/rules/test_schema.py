"""What a model may not be: one sentence with file and line, before anything is called."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.rules.mappings.model import CAMPAIGN_KEYS, ENTITIES, KEYS
from pipelines.rules.schema import formulas
from pipelines.rules.schema.load import load_model
from pipelines.rules.schema.names import VENDORS
from pipelines.rules.schema.reserved import STAGED
from pipelines.rules.syncs import load_syncs
from pipelines.settings import PROJECT_ROOT

HEAD = "objects:\n  thing:\n    label: Thing\n    plural: Things\n"
OTHER = "  other:\n    label: Other\n    plural: Others\n"


def load(folder: Path, text: str) -> None:
    (folder / "custom_objects.yml").write_text(text)
    load_model(folder)


def field(text: str) -> str:
    return f"{HEAD}    fields:\n      a: {{label: A, {text}}}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HEAD + "  Thing:\n    label: T\n    plural: T\n", 5, "thing and Thing are one to a CRM"),
        (HEAD + "    salesforce: Other__c\n" + OTHER, 6, "thing and other are one to a CRM"),
        (HEAD + "    salesforce: Two__Lines__c\n", 2, "Salesforce takes no name Two__Lines__c"),
        (HEAD + f"    salesforce: {'x' * 41}__c\n", 2, "longer than the 40 characters"),
        (HEAD + "    hubspot: Big\n", 2, "HubSpot takes no object named Big"),
        (field("type: text, length: 9, hubspot: hs_a"), 6, "hs_a is a name HubSpot keeps for itself"),
        (field("type: text, length: 9, salesforce: Name__c"), 6, "would be taken for Salesforce's own Name"),
        (field("type: text"), 6, "a text needs a length from 1 to 255"),
        (field("type: number, digits: 19"), 6, "digits are 1 to 18"),
        (field("type: picklist, values: [x, y, X]"), 6, "one to a CRM"),
        (field("type: picklist, values: [x, y, x]"), 6, "the value x is there twice"),
        (field("type: picklist, values: [x, 'x ']"), 6, "the values x and x  are one to a CRM"),
        (field("type: picklist, values: ['x ']"), 6, "the value 'x ' has to have 1 to 255 characters"),
        (field("type: picklist, values: ['']"), 6, "the value '' has to have"),
        (field("type: picklist, values: [' ']"), 6, "the value ' ' has to have"),
        (field(f"type: multi_picklist, values: [y, {'x' * 256}]"), 6, "has to have 1 to 255 characters"),
        (HEAD + f"    validations:\n      {'x' * 41}: {{formula: 'TRUE', message: M}}\n", 6, "40 at most"),
        (field("type: picklist, values: [x, no]"), 6, "put them in quotes"),
        (field("type: checkbox, required: true"), 6, "never empty, so it cannot be required"),
        (field("type: date, external_id: true"), 6, "a date cannot be an external id"),
        (field("type: formula, returns: number, formula: B__c + 1"), 6, "the formula names B__c"),
        (field("type: formula, returns: text, formula: 'IF(TRUE, 1'"), 6, "a bracket that is not closed"),
        (field("type: auto_number, format: X"), 6, "a format holds the number as {0000}"),
        (HEAD + "    fields:\n      a: {label: A, type: date}\n      A: {label: B, type: date}\n", 7,
         "the fields a and A are one to hubspot"),
        (HEAD + "    relationships:\n      up: {to: nothing, label: U}\n", 6, "leads to nothing"),
        (HEAD + "    relationships:\n      up: {to: user, label: U}\n", 6, "which hubspot does not have"),
        (HEAD + "    relationships:\n      up: {to: company, label: U, kind: master_detail}\n", 6,
         "its sharing is controlled_by_parent"),
        (HEAD + "    sharing: controlled_by_parent\n    relationships:\n"
         "      up: {to: other, label: U, kind: master_detail}\n" + OTHER
         + "    sharing: controlled_by_parent\n    relationships:\n"
         "      down: {to: thing, label: D, kind: master_detail}\n", 13,
         "go in a circle: thing → other → thing"),
        (HEAD + "    layouts:\n      l: {label: L, sections: [{label: S, fields: [b]}]}\n", 6, "shows b"),
        (HEAD + "    triggers:\n      T: {file: apex/T.trigger}\n", 6, "apex/T.trigger is not there"),
        (HEAD + "    key: a\n", 5, "the key a is no unique field"),
        (HEAD + "    colour: red\n", 5, "unknown key"),
        (HEAD + "    renamed_from: other\n" + OTHER, 5, "takes the place of other, which is still there"),
        (HEAD + "    renamed_from: former\n", 5, "has no key that can be copied"),
        (HEAD + "    relationships:\n      b: {to: company, label: B, renamed_from: a}\n"
         "      a: {to: company, label: A}\n", 6, "takes the place of a, which is still there"),
        (HEAD + "    relationships:\n      a: {to: company, label: A, limit: 1}\n"
         "      b: {to: company, label: B, children: Bs}\n", 6, "the limit of a would count both"),
        ("editions: {hubspot: professional}\n" + HEAD, 2, "professional takes 0"),
        ("editions: {hubspot_objects: 60, salesforce: professional}\nobjects:\n" + "".join(
            f"  o{n}:\n    label: O\n    plural: O\n" for n in range(51)), 2,
         "51 custom objects for Salesforce, and professional takes 50"),
        ("editions: {salesforce: professional}\n" + field("type: date") + "".join(
            f"      f{n}: {{label: F, type: date}}\n" for n in range(100)), 3,
         "thing has 101 custom fields at Salesforce (professional)"),
        (HEAD + "  contacts:\n    label: C\n    plural: Cs\n", 5, "HubSpot has an object of its own called"),
        (HEAD + "  opportunities:\n    label: C\n    plural: Cs\n", 5, "this project's own staging tables"),
        ("objects:\n  c:\n    extends: contact\n    fields:\n      email: {label: E, type: email}\n", 5,
         "HubSpot has a property contacts.email of its own"),
        ("objects:\n  c:\n    extends: contact\n    hubspot: people\n", 2,
         "a standard object is called as the CRM calls it"),
        (HEAD + "    record_types: {a: {label: A}}\n"
         "    fields:\n      record_type: {label: R, type: date}\n", 7,
         "HubSpot holds the record types of thing in the property record_type"),
        (HEAD + "    fields:\n      record_key: {label: R, type: date}\n", 6,
         "a column that every object has"),
        (HEAD + "    fields:\n      up: {label: U, type: date}\n    relationships:\n"
         "      up: {to: company, label: U}\n", 8, "up is a field of thing and a relationship"),
        (HEAD + "    relationships:\n      up: {to: other, label: U}\n    fields:\n      a: {label: A, "
         "type: formula, returns: number, formula: Up__r.Gone__c + 1}\n" + OTHER, 8,
         "the formula names Up__r.Gone__c, which other does not have"),
        (field("type: date, default: Gone__c + 1"), 6, "names Gone__c, which thing does not have"),
        (field("type: text, length: 9, default: '=Gone__c'"), 6, "the formula names Gone__c"),
        (field("type: picklist, values: [x], default: x"), 6, "a picklist has no default; a picklist's"),
        (field("type: date, lines: 4"), 6, "a date has no lines"),
        (field("type: date, required: true, access: read"), 6, "access says nothing"),
        (HEAD + "    pipelines: {p: {label: P, stages: [{label: S, closed: true, probability: 0.5}]}}\n", 5,
         "the stage S is closed, so its probability is 0 or 1"),
        ("objects:\n  c:\n    extends: contact\n    key: email\n    records: {to: hubspot}\n", 5,
         "a standard object, so a field mapping carries its values over"),
        (HEAD + "    records: {to: hubspot, table: marts.x}\n", 5, "records of thing need its key"),
        ("objects:\n  deal:\n    extends: deal\n    record_types:\n      a: {label: A}\n", 5,
         "the record type a needs a business process: Salesforce keeps none of Opportunity without"),
        (HEAD + "    record_types:\n      a: {label: A, process: P}\n", 6, "thing has no business processes"),
        (HEAD + "    relationships:\n      a: {to: company, label: A}\n      b: {to: company, label: B}\n", 7,
         "thing.a and thing.b both give Account a list of children called Things"),
        (HEAD + "    relationships:\n      up: {to: company, label: U, crms: [hubspot]}\n    fields:\n"
         "      a: {label: A, type: formula, returns: text, formula: Up__c}\n", 8, "the formula names Up__c"),
        (HEAD + "    record_types:\n      a: {label: A}\n      A: {label: B}\n", 7,
         "the record types a and A are one to Salesforce (A)"),
        (HEAD + "    layouts:\n      a: {label: L, sections: []}\n      b: {label: l, sections: []}\n", 7,
         "the layouts a and b are one to Salesforce (l)"),
        ("permission_set: {name: CRM Rights}\n" + HEAD, 1, "Salesforce takes no name CRM Rights"),
        (HEAD + "    fields:\n      a: {label: A, type: picklist, values: [x, y]}\n    record_types:\n"
         "      r: {label: R, values: {a: [x, X]}}\n", 8, "the record type r offers X twice, of a"),
        (HEAD + "    fields:\n      a: {label: A, type: picklist, values: [x]}\n      b: {label: B, "
         "type: picklist, values: [m, n],\n        depends_on: {field: a, values: {x: [m, m]}}}\n", 8,
         "b offers m twice, where a is x"),
        (HEAD + "    pipelines:\n      p: {label: P, stages: [{label: New},\n          {label: new}]}\n", 6,
         "the pipeline p has the stage new twice"),
        (HEAD + "    pipelines:\n      p: {label: P, stages: [{label: S}]}\n"
         "      q: {label: p, stages: [{label: S}]}\n", 7, "the pipelines p and q are one to HubSpot"),
        (HEAD + "    record_types:\n      a: {label: A}\n      b: {label: a}\n", 7,
         "the record types a and b are one to HubSpot"),
        (HEAD + "    validations:\n      a: {hubspot: {field: name, rule: MIN_LENGTH, arguments: ['1']}}\n"
         "      b: {hubspot: {field: name, rule: MIN_LENGTH, arguments: ['2']}}\n", 7,
         "the validations a and b are one rule to HubSpot"),
        (HEAD + "    relationships:\n      a: {to: contact, label: A, labels: {x: {label: X}}}\n"
         "      b: {to: contact, label: B, children: Bs,\n          labels: {x: {label: Y}}}\n", 8,
         "the labels a.x and b.x are one to HubSpot (x)"),
        (HEAD + "    crms: [hubspot, marketing_cloud]\n", 5, "Input should be 'hubspot' or 'salesforce'"),
        (HEAD + "    fields:\n      a: {label: A, type: formula, returns: number, formula: B__c + 1}\n"
         "      b: {label: B, type: formula, returns: number, formula: 2 * A__c}\n", 6,
         "formulas are worked out of each other: thing.a → thing.b → thing.a"),
        (HEAD + "    fields:\n      a: {label: A, type: formula, returns: number,\n"
         "        hubspot_formula: '[properties.a] + 1'}\n", 6,
         "formulas are worked out of each other: thing.a → thing.a"),
        (HEAD + "    fields:\n      sums: {label: S, type: rollup,\n"
         "        rollup: {object: other, relationship: up, operation: sum, field: part}}\n" + OTHER
         + "    sharing: controlled_by_parent\n    fields:\n      part: {label: P, type: formula, returns: "
         "number, formula: Up__r.Sums__c}\n    relationships:\n"
         "      up: {to: thing, label: U, kind: master_detail}\n", 6,
         "formulas are worked out of each other: thing.sums → other.part → thing.sums"),
        ("editions: {salesforce: professional}\n" + HEAD + "    relationships:\n"
         "      up: {to: company, label: U}\n    fields:\n" + "".join(
            f"      f{n}: {{label: F, type: date}}\n" for n in range(100)), 3,
         "thing has 101 custom fields at Salesforce (professional), lookups among them, and 100 are allowed"),
        (HEAD + "    layouts:\n      a: {label: A, sections: [{label: S, fields: [createdbyid]}]}\n", 6,
         "the layout a shows createdbyid, which thing does not have"),
    ],
)  # fmt: skip
def test_a_fault_is_one_sentence_with_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text)
    assert said in str(refused.value)
    assert f"custom_objects.yml line {line})" in str(refused.value)


def test_a_field_is_described_once_over_both_files(tmp_path: Path) -> None:
    shutil.copy(PROJECT_ROOT / "config" / "fields.yml", tmp_path)
    text = "objects:\n  person:\n    extends: lead\n    fields:\n      s: {label: S, type: date, " \
           "salesforce: Lead_Score__c}\n"  # fmt: skip
    with pytest.raises(ConfigError, match=r"Lead\.Lead_Score__c is described here and in custom_objects"):
        load(tmp_path, text)


def test_fields_of_both_files_count_together(tmp_path: Path) -> None:
    shutil.copy(PROJECT_ROOT / "config" / "fields.yml", tmp_path)
    own = sum(owner == "Lead" for owner, _ in load_model(tmp_path).shared("salesforce"))
    head = "editions: {salesforce: professional}\nobjects:\n  lead:\n    extends: lead\n    fields:\n"
    fields = [f"      f{n}: {{label: F, type: date}}\n" for n in range(101 - own)]
    load(tmp_path, head + "".join(fields[1:]))
    with pytest.raises(ConfigError, match="lead has 101 custom fields at Salesforce"):
        load(tmp_path, head + "".join(fields))


def test_every_custom_field_that_a_sync_writes_is_described() -> None:
    config = PROJECT_ROOT / "config"
    model = load_model(config)
    described = {
        (vendor, owner, getattr(placed.model, vendor) or placed.key)
        for vendor in VENDORS
        for owner, placed in model.shared(vendor)
    }
    own = {"lifecyclestage", "hubspot_owner_id", "hs_email_optout", "OwnerId", "HasOptedOutOfEmail"}
    for sync in load_syncs(config).syncs.values():
        for name in sync.fields:
            custom = name.endswith("__c") or (sync.vendor == "hubspot" and name not in own)
            if custom:
                assert (sync.vendor, sync.object, name) in described, (sync.object, name)
    for left, right in ENTITIES:
        keys = CAMPAIGN_KEYS if left == "campaigns" else KEYS
        for vendor, owner, name in (("hubspot", left, keys["left"]), ("salesforce", right, keys["right"])):
            if name != "hs_notes":  # HubSpot's own
                assert (vendor, owner, name) in described, (owner, name)


def test_every_staging_model_of_the_crms_is_a_reserved_name() -> None:
    models = PROJECT_ROOT / "dbt_project" / "models" / "staging"
    for vendor in VENDORS:
        there = {p.stem.partition("__")[2] for p in (models / vendor).glob(f"stg_{vendor}__*.sql")}
        assert there <= STAGED, f"add to pipelines.rules.schema.reserved.STAGED: {there - STAGED}"


def test_what_fields_yml_cannot_say_of_a_field_is_a_fault(tmp_path: Path) -> None:
    head = "a:\n  objects: {hubspot: [contacts]}\n  field: {label: A, type: "
    for text, said in (
        ("date, crms: [hubspot]}", "says crms, and objects says already"),
        ("picklist, values: [x], depends_on: {field: b, values: {}}}", "depends on no other field"),
        ("date}\n  hubspot: lifecyclestage", "HubSpot has a property contacts.lifecyclestage of its own"),
    ):
        (tmp_path / "fields.yml").write_text(head + text + "\n")
        with pytest.raises(ConfigError, match=said):
            load_model(tmp_path)


def test_names_of_a_formula_are_its_fields_and_nothing_else() -> None:
    found = formulas.names_in('IF(Seats__c > 1, "Seats__x", Account__r.Name) /* Not__c */ & $User.Id')
    assert found == ["Seats__c", "Account__r.Name", "$User.Id"]
