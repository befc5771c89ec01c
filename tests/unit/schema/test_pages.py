"""The page of an object says its fields, who writes them, what they are mapped to, and what is made of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cli.docs import write_docs
from pipelines import dbt_docs
from pipelines.rules.schema.load import load_model
from pipelines.schema.pages import Told, pages
from pipelines.settings import PROJECT_ROOT, load_settings


def test_a_page_for_each_object_and_an_index_that_names_them(tmp_path: Path) -> None:
    shutil.copytree(PROJECT_ROOT / "config", tmp_path, dirs_exist_ok=True)
    model = PROJECT_ROOT / "tests" / "integration" / "schema" / "model"
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    told = Told(
        writers={("salesforce", "subscription__c", "seats__c"): "a mapping (x.yml line 3)"},
        mapped={("salesforce", "subscription__c", "seats__c"): "subscription.seats (x.yml line 3)"},
        lineage={("salesforce", "lead"): ("unified_leads",)},
    )
    found = pages(load_model(tmp_path), told)
    assert set(found) >= {"index.md", "subscription.md", "contact.md", "lead.md", "company.md", "deal.md"}
    page = found["subscription.md"]
    assert "| seats | salesforce | `Seats__c` | number, 6 digits, 0 of them decimals | a mapping" in page
    assert "subscription.seats (x.yml line 3)" in page
    assert "    COMPANY ||--o{ SUBSCRIPTION : company" in page
    assert "| subscription: layout subscription_layout | hubspot | not available |" in page
    assert "| seats | hubspot | `seats` | number | people" in page  # it counts no digits
    assert "`yearly_fee` | formula = `[properties.monthly_fee] * 12` |" in page
    assert "`Yearly_Fee__c` | formula = `Monthly_Fee__c * 12` |" in page
    assert "salesforce `Lead`: `unified_leads`" in found["lead.md"]
    assert "[subscription](subscription.md)" in found["index.md"]


def test_the_fields_of_a_page_and_how_they_are_held_say_the_same(tmp_path: Path) -> None:
    """What a CRM has no field for has no name there, and nobody writes it."""
    shutil.copytree(PROJECT_ROOT / "config", tmp_path, dirs_exist_ok=True)
    shutil.copytree(
        PROJECT_ROOT / "tests" / "integration" / "schema" / "everything", tmp_path, dirs_exist_ok=True
    )
    file = tmp_path / "custom_objects.yml"
    one_sided = (
        "b_formula: {label: B, type: formula, returns: number, hubspot_formula: '[properties.a_number]'}"
    )
    file.write_text(file.read_text().replace("      a_formula:\n", f"      {one_sided}\n      a_formula:\n"))
    fields, _, held = pages(load_model(tmp_path), Told())["thing.md"].partition("## How each CRM holds it")
    absent = re.findall(r"^\| thing\.(\w+) \| hubspot \| not available", held, re.M)
    assert {"a_secret", "a_place"} <= set(absent)
    for name in absent:
        assert f"| {name} | hubspot | not available | | | | " in fields, name
    assert fields.count("| hubspot | not available |") == len(absent)
    assert "| thing.b_formula | salesforce | not available |" in held
    assert "| b_formula | salesforce | not available | | | | " in fields
    assert fields.count("| salesforce | not available |") == 1


def test_docs_are_written_as_markdown_and_as_pages_that_lead_to_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_of = {("raw_salesforce", "lead"): ("unified_leads",)}  # as dbt's manifest has it, which takes long
    monkeypatch.setattr(dbt_docs, "marts_of_raw_tables", lambda _: made_of)
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    shutil.copytree(PROJECT_ROOT / "tests" / "integration" / "schema" / "model", config, dirs_exist_ok=True)
    settings = load_settings({"CRM_HOME": str(tmp_path), "CRM_CONFIG": str(config)}, vendors=False)
    written = write_docs(settings, tmp_path / "docs", with_dbt=False)
    assert {p.name for p in written} == {p.name for p in (tmp_path / "docs").iterdir()}
    index = (tmp_path / "docs" / "index.html").read_text()
    for target in re.findall(r'href="([^"]+)"', index):
        assert (tmp_path / "docs" / target).is_file() or target == "dbt.html", target
    page = (tmp_path / "docs" / "subscription.html").read_text()
    assert '<a href="index.html">All objects</a>' in page
    assert "subscription leads to company by company" in page  # the diagram, for who hears the page
    lead = (tmp_path / "docs" / "lead.md").read_text()
    assert (
        "| lead_score | salesforce | `Lead_Score__c` | number, 18 digits, 0 of them decimals | this project"
        in lead
    )
    assert "`unified_leads`" in lead.partition("## What is made of it")[2]


def test_the_example_of_the_documentation_is_a_file_that_loads(tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "docs" / "schema.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    shutil.copytree(PROJECT_ROOT / "config", tmp_path, dirs_exist_ok=True)
    (tmp_path / "custom_objects.yml").write_text(text)
    for name in re.findall(r"file: ((?:apex|workflows)/[\w.]+)", text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert list(load_model(tmp_path).objects) == ["subscription"]
