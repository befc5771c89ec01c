"""The sandbox's describe answers against recorded ones of a real org, where those lie beside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.salesforce import describe
from sandbox.salesforce.org import Org
from sandbox.store import Store
from sandbox.worlds.create import Wish, open_home

RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "contract" / "salesforce"
OBJECTS = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Case")
NOT_LISTED = {
    "CampaignInfluence", "CampaignInfluenceModel", "Holiday", "UserTerritory2Association",
    "ObjectTerritory2Association",
}  # fmt: skip
"""Objects that the list of standard objects leaves out: it knows the commonest only."""

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def recorded() -> Path:
    if not RECORDED.is_dir():
        pytest.skip("there is no ../shared/contract beside the project")
    return RECORDED


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Org:
    home = tmp_path_factory.mktemp("contract") / "home"
    open_home(home, Wish("default", "XS"), lambda _: None)
    return Org(Store(home / "salesforce.sqlite", read_only=True))


def _recorded(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "describe" / f"{name}_describe.json").read_text())
    return found.get("body", found)


@pytest.mark.parametrize("name", OBJECTS)
def test_describe_has_every_key_of_a_real_one(recorded: Path, org: Org, name: str) -> None:
    real = _recorded(recorded, name)
    ours = describe.object_describe(org, org.objects[name], "59.0")
    assert set(real) - set(ours) == set()
    assert ours["keyPrefix"] == real["keyPrefix"]
    for key in ("childRelationships", "recordTypeInfos", "supportedScopes", "fields"):
        missing = set(real[key][0]) - set(ours[key][0]) if real[key] and ours[key] else set()
        assert missing == set(), key


@pytest.mark.parametrize("name", OBJECTS)
def test_standard_fields_have_the_real_type_and_reference(recorded: Path, org: Org, name: str) -> None:
    real = {field["name"]: field for field in _recorded(recorded, name)["fields"]}
    ours = {f["name"]: f for f in describe.object_describe(org, org.objects[name], "59.0")["fields"]}
    # Fields of features the recorded org does not use: several currencies, the opt-out permission.
    absent = {"CurrencyIsoCode", "HasOptedOutOfEmail"}
    standard = [n for n in ours if not n.endswith("__c") and n not in absent]
    differences = [
        (field, ours[field][key], real.get(field, {}).get(key))
        for field in standard
        for key in (
            "type",
            "referenceTo",
            "relationshipName",
            "nillable",
            "createable",
            "updateable",
            "length",
        )
        if field not in real or ours[field][key] != real[field][key]
    ]
    assert differences == []


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
