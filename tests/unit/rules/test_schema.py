"""What a model may not be: one sentence with file and line, before anything is called."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.rules.schema import formulas
from pipelines.rules.schema.load import load_model
from pipelines.rules.schema.renames import VENDORS
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


def test_names_of_a_formula_are_its_fields_and_nothing_else() -> None:
    found = formulas.names_in('IF(Seats__c > 1, "Seats__x", Account__r.Name) /* Not__c */ & $User.Id')
    assert found == ["Seats__c", "Account__r.Name", "$User.Id"]
