"""Whose score counts, and that our score is never an input to itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ConfigError
from pipelines.rules import crm_scores
from pipelines.rules.lead_score import load_lead_score
from pipelines.rules.rows import lead_score_bands


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema rules; create schema raw_hubspot; create schema raw_salesforce;"
            "create table rules.connections as from (values ('hubspot', '48'), ('salesforce', '00D')) "
            "as t (vendor, org_id);"
            "create table raw_hubspot.contacts (id varchar, deleted_at timestamptz, hubspotscore varchar);"
            "create table raw_salesforce.lead (Id varchar, deleted_at timestamptz);"
            "insert into raw_hubspot.contacts values "
            "('1', null, '41.6'), ('2', null, ''), ('3', now(), '90'), ('4', null, null)"
        )
        yield connection


def edit(config: Path, old: str, new: str) -> Path:
    file = config / "lead_score.yml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return config


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hubspot: hubspotscore", "hubspot: lead_score"),
        ("salesforce: pi__score__c", "salesforce: LEAD_SCORE__C"),
    ],
)
def test_a_field_that_we_write_is_no_crms_own_score(config: Path, old: str, new: str) -> None:
    with pytest.raises(ConfigError, match="input to itself"):
        load_lead_score(edit(config, old, new))


def test_a_score_of_record_without_a_field_is_refused(config: Path) -> None:
    edit(config, "  salesforce: pi__score__c\n", "")
    with pytest.raises(ConfigError, match="names no field"):
        load_lead_score(edit(config, "score_of_record: ours", "score_of_record: salesforce"))


def test_bands_begin_with_0_and_cover_all_scores(config: Path) -> None:
    found = lead_score_bands(load_lead_score(config))[1]
    assert found[0] == ("00-19", 0, 19)
    assert found[-1] == ("80-100", 80, 100)
    with pytest.raises(ConfigError, match="begin with 0"):
        load_lead_score(edit(config, "bands: [0, 20, ", "bands: [10, 5, "))


def test_a_crms_scores_are_copied_from_its_own_field(
    connection: duckdb.DuckDBPyConnection, config: Path
) -> None:
    crm_scores.write(connection, load_lead_score(config))
    found = connection.execute("from rules.crm_scores").fetchall()
    assert found == [("hubspot", "hubspot:48:contacts:1", 42)]


def test_a_score_of_record_that_was_never_extracted_is_named(
    connection: duckdb.DuckDBPyConnection, config: Path
) -> None:
    edit(config, "score_of_record: ours", "score_of_record: salesforce")
    with pytest.raises(ConfigError, match="no pi__score__c has been extracted"):
        crm_scores.write(connection, load_lead_score(config))
