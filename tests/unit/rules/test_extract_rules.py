"""`extract.yml`: what it may say, and what holds without it."""

from __future__ import annotations

import json
import shutil

import pytest

from pipelines.errors import ConfigError
from pipelines.rules.extract import Choice, Extract, load_extract
from pipelines.settings import PROJECT_ROOT
from pipelines.sources.hubspot.fetch import history_properties
from tests.fixtures.brought_along import GIVEN


def test_the_file_that_comes_with_the_project_says_what_holds_without_it(tmp_path):
    assert load_extract(tmp_path) == Extract() == load_extract(PROJECT_ROOT / "config")


def test_a_choice_narrows_by_only_or_by_without():
    assert Choice().takes("anything")
    only, without = Choice(only=("Colour",)), Choice(without=("description",))
    assert [only.takes(name) for name in ("colour", "size")] == [True, False]
    assert [without.takes(name) for name in ("Description", "size")] == [False, True]
    assert not Choice(only=()).takes("size")


def test_objects_are_all_or_a_list(tmp_path):
    (tmp_path / "extract.yml").write_text(
        "hubspot: {objects: [contacts], custom_objects: none, history: {deals: [dealtype]}}\n"
        "salesforce: {objects: [Invoice__c], fields: {lead: {without: [Description]}}}\n"
    )
    found = load_extract(tmp_path)
    assert (found.hubspot.objects, found.hubspot.custom_objects) == (("contacts",), "none")
    assert not found.salesforce.choice("Lead").takes("description")


def test_what_a_mapping_keeps_in_step_has_its_history_kept(tmp_path):
    """But for what this project computes, and of objects that HubSpot keeps a history of."""
    shutil.copytree(PROJECT_ROOT / "config", tmp_path, dirs_exist_ok=True)
    (tmp_path / "field_mappings" / "given.json").write_text(json.dumps(GIVEN))
    deals = tmp_path / "field_mappings" / "deals.yml"
    deals.write_text(deals.read_text().replace("enabled: false", "enabled: true"))
    rules = load_extract(tmp_path).hubspot
    assert rules.mapped["contacts"] == ("email", "company", "lifecyclestage", "hs_lead_score")
    assert "company" in history_properties("contacts", rules)
    assert "deal_currency_code" in history_properties("deals", rules)
    assert history_properties("campaigns", rules) == ()
    assert history_properties("contacts", rules.model_copy(update={"history": {"contacts": "none"}})) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budget: {daily_share: 1.5}", "budget.daily_share.*less than or equal to 1.*line 1"),
        ("hubspot: {properties: {deals: {only: [a], without: [b]}}}", "say only or without, not both"),
        ("hubspott: {}", "unknown key hubspott"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, text, said):
    (tmp_path / "extract.yml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_extract(tmp_path)
