"""The sandbox's describe answers against recorded ones of a real org, where those lie beside the project.

Every recorded file is compared, whole: what differs is named here with its reason.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.salesforce import describe
from sandbox.salesforce.org import Org
from sandbox.salesforce.schema import custom_object
from sandbox.store import Store

RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "contract" / "salesforce"
OBJECTS = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Case", "Event")
FEATURES = {
    "RecordTypeId", "ChannelProgramName", "ChannelProgramLevelName", "IsPartner", "IsCustomerPortal",
    "CleanStatus", "DandbCompanyId", "DunsNumber", "CompanyDunsNumber", "NaicsCode", "NaicsDesc",
    "Tradestyle", "YearStarted", "OperatingHoursId", "IndividualId", "AssetId",
}  # fmt: skip
"""Fields of what the sandbox's org has not switched on, and of what it leaves out."""
NOT_RECORDED = {
    "CurrencyIsoCode", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "LastTransferDate", "PushCount",
    "BusinessHoursId", "IsClosedOnCreate", "Language", "Type", "WhoCount", "WhatCount",
}  # fmt: skip
"""Fields of features the recorded org does not use (several currencies, rights to opt out), or later ones."""
DIFFERENT = {
    ("Lead", "EmailBouncedReason"): {"createable"}, ("Lead", "EmailBouncedDate"): {"createable"},
    ("Event", "IsRecurrence"): {"createable"},
    ("Event", "OwnerId"): {"referenceTo", "namePointing", "polymorphicForeignKey"},
    ("Event", "WhatId"): {"referenceTo"},
}  # fmt: skip
OWN = {"urls", "fields", "childRelationships", "recordTypeInfos", "supportedScopes", "actionOverrides"}
"""Keys of a describe that are compared by what is in them."""
LISTED_OTHERWISE = {"keyPrefix", "urls"}
READ_ONLY_HERE = {"Organization", "User", "UserRole"}
NOT_LISTED = {
    "CampaignInfluence", "CampaignInfluenceModel", "Holiday", "UserTerritory2Association",
    "ObjectTerritory2Association", "UserLicense", "Document", "Folder", "ListView", "RecentlyViewed",
    "Report",
}  # fmt: skip
"""Objects that the list of standard objects leaves out: it knows the commonest only."""

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def recorded() -> Path:
    if not RECORDED.is_dir():
        pytest.skip("there is no ../shared/contract beside the project")
    return RECORDED


@pytest.fixture(scope="module")
def org(smallest_world: Path) -> Org:
    return Org(Store(smallest_world / "salesforce.sqlite", read_only=True))


def _recorded(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "describe" / f"{name}_describe.json").read_text())
    return found.get("body", found)


def _named(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in described["fields"]}


def _is_left_out(name: str) -> bool:
    recurring = name.startswith(("Recurrence", "IsRecurrence2"))
    return name in FEATURES or name.endswith("__c") or recurring


def test_every_recorded_file_is_compared(recorded: Path) -> None:
    files = {path.name.removesuffix("_describe.json") for path in (recorded / "describe").iterdir()}
    assert files == {*OBJECTS, "Account_PersonAccount", "Custom__c", "Global"}


@pytest.mark.parametrize("name", OBJECTS)
def test_describe_says_of_an_object_what_a_real_one_says(recorded: Path, org: Org, name: str) -> None:
    real = _recorded(recorded, name)
    ours = describe.object_describe(org, org.objects[name], "59.0")
    assert {k: ours.get(k, "-") for k in set(real) - OWN} == {k: real[k] for k in set(real) - OWN}
    assert set(ours) - set(real) <= {
        "extendsInterfaces", "associateEntityType", "associateParentEntity", "sobjectDescribeOption",
    }  # fmt: skip
    for key in ("recordTypeInfos", "supportedScopes"):
        missing = set(real[key][0]) - set(ours[key][0]) if real[key] and ours[key] else set()
        assert missing == set(), key
    of_cases_and_series = {"caseArticleSuggestions", "caseRowArticleSuggestions", "eventSeriesUpdates"}
    assert set(real["urls"]) - set(ours["urls"]) - of_cases_and_series == set()


@pytest.mark.parametrize("name", OBJECTS)
def test_standard_fields_are_all_there_and_described_alike(recorded: Path, org: Org, name: str) -> None:
    real = _named(_recorded(recorded, name))
    ours = _named(describe.object_describe(org, org.objects[name], "59.0"))
    assert {field for field in real if field not in ours and not _is_left_out(field)} == set()
    differences = [
        (field, key, ours[field].get(key), real[field][key])
        for field in ours
        if not field.endswith("__c") and field not in NOT_RECORDED
        for key in real[field]
        if key not in DIFFERENT.get((name, field), {"picklistValues"}) | {"picklistValues"}
        and ours[field].get(key, "-") != real[field][key]
    ]
    assert differences == []
    values = [v for field in ours.values() for v in field["picklistValues"]]
    recorded_ones = [v for field in real.values() for v in field["picklistValues"]]
    assert {tuple(sorted(v)) for v in values} <= {tuple(sorted(v)) for v in recorded_ones}


@pytest.mark.parametrize("name", OBJECTS)
def test_children_have_the_real_names_and_rules(recorded: Path, org: Org, name: str) -> None:
    real = {(c["childSObject"], c["field"]): c for c in _recorded(recorded, name)["childRelationships"]}
    ours = {(c["childSObject"], c["field"]): c for c in describe.children(org, org.objects[name])}
    known = {key for key in real if key[0] in org.objects and key[1] in org.objects[key[0]].fields}
    assert {key: ours.get(key) for key in known} == {key: real[key] for key in known}
    strangers = {key for key in set(ours) - set(real) if not (key[0] + key[1]).endswith("__c")}
    of_features = {"CampaignInfluence", "ObjectTerritory2Association"}
    assert {key for key in strangers if key[0] not in of_features and key[1] != "MasterRecordId"} == set()


def test_the_global_describe_lists_objects_alike(recorded: Path, org: Org) -> None:
    real = _recorded(recorded, "Global")
    for theirs in real["sobjects"]:
        name = theirs["name"]
        if name not in org.objects or name in READ_ONLY_HERE | {"Event"}:
            continue
        ours = describe.global_entry(org.objects[name], "52.0")
        assert set(ours) == set(theirs), name
        assert {k: v for k, v in ours.items() if k not in LISTED_OTHERWISE} == {
            k: v for k, v in theirs.items() if k not in LISTED_OTHERWISE
        }, name
        assert set(theirs["urls"]) - set(ours["urls"]) <= {
            "caseArticleSuggestions", "caseRowArticleSuggestions"
        }, name  # fmt: skip
        assert {k: v for k, v in ours["urls"].items() if theirs["urls"].get(k, v) != v} == {}, name


def test_a_custom_object_is_described_with_the_same_keys(recorded: Path, org: Org) -> None:
    real = _recorded(recorded, "Custom__c")
    made = custom_object("Custom__c", "aB5", ["CustomField__c string 255"])
    ours = describe.object_describe(org, made, "59.0")
    assert set(real) - set(ours) == set()
    assert ours["custom"] is True
    for name in ("Id", "Name", "CustomField__c"):
        theirs, mine = _named(real)[name], _named(ours)[name]
        assert {k: mine.get(k) for k in ("type", "custom", "label", "soapType")} == {
            k: theirs[k] for k in ("type", "custom", "label", "soapType")
        }
        assert set(theirs) - set(mine) == set()


def test_without_person_accounts_an_account_lacks_their_fields_alone(recorded: Path, org: Org) -> None:
    plain, person = (_named(_recorded(recorded, n)) for n in ("Account", "Account_PersonAccount"))
    ours = _named(describe.object_describe(org, org.objects["Account"], "59.0"))
    more = {name for name in person if name not in ours and name not in plain and not name.endswith("__c")}
    of_people = {"FirstName", "LastName", "Salutation", "IsPersonAccount", "MiddleName", "Suffix"}
    assert {name for name in more if not name.startswith("Person") and not name.endswith("__pc")} <= of_people
    assert set(next(iter(person.values()))) - set(next(iter(ours.values()))) == set()


def test_objects_and_fields_exist_in_the_current_version(recorded: Path, org: Org) -> None:
    known = json.loads((recorded / "standard_objects_v67.json").read_text())
    objects = known.get("objects", known)
    for name, sobject in org.objects.items():
        if name in NOT_LISTED:
            continue
        assert name in objects, name
        fields = objects[name]["fields"]
        real = {f["name"] for f in fields} if isinstance(fields, list) else set(fields)
        strangers = {f for f in sobject.fields if not f.endswith("__c")} - real - {"CurrencyIsoCode"}
        assert strangers == set(), name
