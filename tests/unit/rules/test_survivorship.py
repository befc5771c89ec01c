"""Whose value wins is named field by field, or the file is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipelines.errors import ConfigError
from pipelines.rules import rows
from pipelines.rules.identity import load_identity
from pipelines.settings import PROJECT_ROOT


def with_fields(tmp_path: Path, fields: dict[str, object]) -> Path:
    content = yaml.safe_load((PROJECT_ROOT / "config" / "identity.yml").read_text())
    content["survivorship"]["fields"] = fields
    (tmp_path / "identity.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    return tmp_path


def test_a_field_may_name_a_rule_or_an_order_of_its_own(tmp_path: Path) -> None:
    trusted = ["hubspot.contacts", "salesforce.Lead"]
    config = with_fields(tmp_path, {"person": {"phone": "longest", "job_title": trusted}})
    _, content = rows.survivorship(load_identity(config))
    assert content == [
        ("person", "phone", "longest", None),
        ("person", "job_title", "sources", "hubspot.contacts,salesforce.Lead"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"person": {"fone": "longest"}},
        {"person": {"phone": "shortest"}},
        {"person": {"phone": ["hubspot.companies"]}},
        {"person": {"phone": ["hubspot.contacts", "hubspot.contacts"]}},
        {"account": {"job_title": "longest"}},
    ],
)
def test_what_nobody_would_follow_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        load_identity(with_fields(tmp_path, fields))
