"""The page of an object says its fields, who writes them, what they are mapped to, and what is made of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipelines.rules.schema.load import load_model
from pipelines.schema.pages import Told, pages
from pipelines.settings import PROJECT_ROOT


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
    assert "salesforce `Lead`: `unified_leads`" in found["lead.md"]
    assert "[subscription](subscription.md)" in found["index.md"]
