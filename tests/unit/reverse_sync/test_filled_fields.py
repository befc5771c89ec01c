"""A file or a table fills a field of records there are: every one it is about, and nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from pipelines.reverse_sync.records import desired

MODEL = """objects:
  person:
    extends: contact
    key: email
    fields:
      shoe_size: {label: Shoe size, type: number, digits: 4, decimals: 1}
    records: {to: hubspot, file: sizes.csv}
  prospect:
    extends: lead
    key: id
    crms: [salesforce]
    fields:
      hat: {label: Hat, type: text, length: 9}
    records: {to: salesforce, table: marts.hats}
"""
TABLES = """
create schema raw_hubspot; create schema raw_salesforce; create schema rules; create schema reverse_sync;
create schema marts;
create table rules.connections as
    select 'hubspot' as vendor, '1' as org_id union all select 'salesforce', 'o';
create table raw_hubspot.contacts as
    select '7' as id, 'a@b.example' as email, 3.0::double as shoe_size, null::timestamptz as deleted_at,
        false as archived
    union all select '8', 'A@b.example', null, null, false
    union all select '9', 'right@b.example', 40, null, false
    union all select '10', 'z@b.example', 1, null, false;
create table raw_salesforce.lead as
    select 'L1' as Id, 'x' as hat__c, null::timestamptz as deleted_at, false as IsDeleted,
        false as IsConverted;
create table marts.hats as select 'L1' as id, 'top' as hat union all select 'L9', 'low';
"""


def test_rows_change_every_record_they_are_about_and_those_about_nobody_are_counted(tmp_path: Path) -> None:
    (tmp_path / "custom_objects.yml").write_text(MODEL)
    rows = "Nobody@b.example,40\na@B.example,44.5\nright@b.example,40\n"
    (tmp_path / "sizes.csv").write_text(f"email,shoe_size\n{rows}")
    with duckdb.connect(":memory:") as connection:
        connection.execute(TABLES)
        moved = desired.records(connection, tmp_path)
        found = {
            key: (sync, json.loads(payload)) for sync, key, payload in connection.execute(
                f"select sync, record_key, payload from {desired.TABLE}"
            ).fetchall()
        }  # fmt: skip
    assert [note.partition(" (")[0] for note in moved.notes] == [
        "1 of 3 rows of sizes.csv are about no contact that hubspot has by that email",
        "1 of 2 rows of marts.hats are about no lead that salesforce has by that id",
    ]
    told = {key: (sync, p["properties"], p["before"], p["key"]) for key, (sync, p) in found.items()}
    assert told == {
        "hubspot:1:contacts:7": ("records person", {"shoe_size": 44.5}, {"shoe_size": 3.0}, "7"),
        "hubspot:1:contacts:8": ("records person", {"shoe_size": 44.5}, {}, "8"),
        "salesforce:o:Lead:L1": ("records prospect", {"Hat__c": "top"}, {"Hat__c": "x"}, "L1"),
    }
