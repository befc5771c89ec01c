"""Data extensions of a team's own: what the file may say, whether they fit, and what their rows hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.errors import ConfigError
from pipelines.reverse_sync import guards
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.extensions import build, check, leaving
from pipelines.reverse_sync.values import canonical_sql
from pipelines.rules.data_extensions import load_data_extensions
from pipelines.rules.extract import load_extract
from pipelines.rules.syncs import Guards, load_syncs
from pipelines.settings import PROJECT_ROOT

VIPS = """
extensions:
  - data_extension: vip people
    of: people
    where: lead_score >= 60
    key: {column: PersonId, from: person_id}
    syncFrequency: daily
    columns:
      - {from: lifecycle_stage, to: Stage, values: {lead: Lead, customer: Client}, unmapped: use, use: Other}
      - {from: seen_at, to: SeenAt, type: timestamp}
      - {from: lead_score, to: Score, type: integer}
      - {from: full_name, to: Surname, convert: last_name, default: unknown}
"""
VISITS = """
extensions:
  - data_extension: visits
    of: salesforce.Visit__c
    key: {column: VisitId, from: Id}
    columns:
      - {from: Name, to: Title, expression: "upper(Name) || ' in ' || Place__c"}
"""


def config(folder: Path, text: str) -> Path:
    (folder / "syncs.yml").write_text((PROJECT_ROOT / "config" / "syncs.yml").read_text())
    (folder / "data_extensions.yml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("of: people", "of: everybody"), "of: everybody is none of people"),
        (("to: Score", "to: personid"), "column personid is written twice"),
        (("convert: last_name", "convert: owner"), "convert: owner is about records"),
        (("type: timestamp", "type: timestamp, direction: both"), "written one way"),
        (("lead_score >= 60", "1; drop table x"), "one expression"),
        (("vip people", "crm_people"), "written by the sync marketing_cloud_people already"),
    ],
)
def test_what_the_file_may_not_say_is_said_with_its_line(tmp_path, change, why):
    with pytest.raises(ConfigError, match=why) as said:
        load_syncs(config(tmp_path, VIPS.replace(*change)))
    assert "data_extensions.yml line" in said.value.where


def test_an_extension_is_a_sync_and_is_read(tmp_path):
    folder = config(tmp_path, VIPS)
    sync = load_syncs(folder).syncs["data_extension_vip_people"]
    assert (sync.vendor, sync.object, sync.syncFrequency) == ("marketing_cloud", "vip people", "daily")
    assert {name: rule.type for name, rule in sync.fields.items()} == {
        "Stage": "text", "SeenAt": "timestamp", "Score": "integer", "Surname": "text",
    }  # fmt: skip
    assert load_extract(folder).marketing_cloud.data_extensions == ("vip people",)


def fields(*rows: tuple[str, str, int, bool, bool]) -> dict[str, dict[str, str]]:
    return {
        name.lower(): {
            "Name": name, "FieldType": kind, "MaxLength": str(length), "IsPrimaryKey": str(key).lower(),
            "IsRequired": str(required).lower(),
        }
        for name, kind, length, key, required in rows
    }  # fmt: skip


FIT = [
    ("PersonId", "Text", 16, True, True), ("Stage", "Text", 10, False, False),
    ("SeenAt", "Date", 0, False, False), ("Score", "Number", 0, False, False),
    ("Surname", "Text", 50, False, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (FIT, []),
        ([], ["is no data extension of this account"]),
        ([("PersonId", "Text", 16, False, True), *FIT[1:]], ["has no primary key"]),
        ([*FIT[:4], ("Surname", "Text", 50, True, False)], ["has the primary key PersonId and Surname"]),
        (FIT[:4], ["Surname is not there"]),
        ([*FIT[:1], ("Stage", "Text", 5, False, False), *FIT[2:]], ["holds 5 characters, too few"]),
        ([*FIT[:3], ("Score", "Boolean", 0, False, False), FIT[4]], ["is of the type Boolean and would get"]),
        ([*FIT, ("Region", "Text", 9, False, True)], ["Region is required and no column provides it"]),
    ],
)
def test_what_does_not_fit_the_extension_is_found_before_anything_is_read(tmp_path, there, said):
    folder = config(tmp_path, VIPS)
    (extension,) = load_data_extensions(folder)
    found = list(check.compare(extension, fields(*there), folder))
    assert len(found) == len(said), found
    for finding, words in zip(found, said, strict=True):
        assert words in str(finding)
        assert finding.level == "error"
        assert finding.where.startswith("data_extensions.yml line ")


def test_what_is_wrong_with_the_extension_of_a_sync_is_a_warning_about_that_sync(tmp_path):
    no_key = fields(("ContactKey", "Text", 18, False, True), ("LeadScore", "Number", 0, False, False))
    assert list(check.no_target("crm_people", ["LeadScore", "FirstName"], no_key)) == [
        "has no primary keys and not one", "has no column FirstName",
    ]  # fmt: skip
    assert list(check.no_target("nobody", [], {})) == ["is no data extension of this account"]
    assert "read only" in next(check.no_target("Lead_Salesforce_1", [], no_key))
    assert list(check.no_target("vip people", ["Stage"], fields(*FIT))) == []


def test_a_synchronised_extension_is_refused_with_that_reason(tmp_path):
    folder = config(tmp_path, VIPS.replace("vip people", "Lead_Salesforce_1"))
    (extension,) = load_data_extensions(folder)
    (finding,) = check.compare(extension, fields(*FIT), folder)
    assert "synchronised from Salesforce" in finding.what


@pytest.fixture
def warehouse() -> Any:
    connection = duckdb.connect()
    connection.execute("""
        set timezone = 'UTC';
        create schema rules; create schema marts; create schema intermediate; create schema raw_salesforce;
        create schema raw_marketing_cloud;
        create table rules.connections as select 'marketing_cloud' as vendor, '77' as org_id;
        create table marts.unified_leads (person_id varchar, lead_score bigint, lifecycle_stage varchar,
            full_name varchar, seen_at timestamptz, is_email_valid boolean, is_opted_out boolean,
            bounce_state varchar);
        create table intermediate.int_subscribers (person_id varchar, subscriber_key varchar,
            is_current_key boolean, key_kind varchar);
        insert into marts.unified_leads values
            ('hot', 90, 'lead', 'Ana de la Cruz', '2026-03-01 12:00:00+00', true, false, 'none'),
            ('cold', 10, 'customer', 'Bo', null, true, false, 'none'),
            ('in', 20, 'subscriber', null, null, true, true, 'none'),
            ('refuses', 95, 'lead', 'Cy Po', null, true, true, 'none');
        create table raw_marketing_cloud.extension_vip_people ("PersonId" varchar, "Stage" varchar,
            "SeenAt" timestamptz, "Score" bigint, "Surname" varchar);
        insert into raw_marketing_cloud.extension_vip_people values ('in', 'Lead', null, 80, 'Doe');
        create table raw_salesforce.visit__c ("Id" varchar, "Name" varchar, "Place__c" varchar,
            "IsDeleted" boolean, deleted_at timestamptz);
        insert into raw_salesforce.visit__c values ('a01', 'Tour', 'Rome', false, null),
            ('a02', 'Gone', 'Oslo', true, null);
    """)
    yield connection
    connection.close()


def test_rows_are_made_by_lines_and_whoever_is_in_is_kept_up_to_date(tmp_path, warehouse):
    assert build.rows(warehouse, config(tmp_path, VIPS)) == (2, ())
    at = canonical_sql("timestamp", '"SeenAt"')
    desired = warehouse.execute(
        f'select record_id, record_key, "Stage", {at}, "Score", "Surname" '
        "from reverse_sync.sync_marketing_cloud__extension_vip_people order by 1"
    ).fetchall()
    assert desired == [
        ("hot", "marketing_cloud:77:vip people:hot", "Lead", "2026-03-01T12:00:00.000Z", "90", "Cruz"),
        ("in", "marketing_cloud:77:vip people:in", "Other", None, "20", "unknown"),
    ]
    existing = warehouse.execute(
        'select record_id, "Score", is_there '
        "from reverse_sync.existing_marketing_cloud__extension_vip_people "
        "where record_id in ('hot', 'in') order by 1"
    ).fetchall()
    assert existing == [("hot", None, False), ("in", 80, True)]


def left(warehouse: Any, folder: Path) -> list[tuple[Any, ...]]:
    build.rows(warehouse, folder)
    leaving.wish(warehouse, folder)
    found: list[tuple[Any, ...]] = warehouse.execute(
        "select kind, record_key, coalesce(person_id, ''), payload::json->'before', payload::json->>'of' "
        f"from {leaving.TABLE} order by 2"
    ).fetchall()
    return found


@pytest.fixture
def filled(warehouse: Any) -> Any:
    """Two rows more: of somebody whom nobody here knows any more, and of somebody who comes in still."""
    warehouse.execute("""
        insert into raw_marketing_cloud.extension_vip_people values
            ('Gone', null, '2026-03-01 12:00:00+00', 70, 'Roe'), ('HOT', null, null, 90, null);
        create table rules.run as select date '2026-06-30' as business_date;
        create table raw_marketing_cloud.data_extension_fields ("DataExtensionKey" varchar, "Name" varchar,
            "IsPrimaryKey" boolean, "Ordinal" integer);
        insert into raw_marketing_cloud.data_extension_fields values ('VIP People', 'PersonId', true, 1),
            ('VIP People', 'Stage', false, 2), ('VIP People', 'SeenAt', false, 3),
            ('VIP People', 'Score', false, 4), ('VIP People', 'Surname', false, 5);
    """)
    return warehouse


def test_rows_whose_record_does_not_come_in_any_more_go_where_the_file_says_so(tmp_path, filled):
    assert left(filled, config(tmp_path, VIPS)) == []
    went = left(filled, config(tmp_path, VIPS.replace("of: people", "of: people\n    on_leave: delete")))
    held = '{"Stage":null,"SeenAt":"2026-03-01T12:00:00.000Z","Score":"70","Surname":"Roe"}'
    assert went == [
        ("remove_row", "marketing_cloud:77:vip people:Gone", "", held, "3"),
        ("remove_row", "marketing_cloud:77:vip people:in", "in",
         '{"Stage":"Lead","SeenAt":null,"Score":"80","Surname":"Doe"}', "3"),
    ]  # fmt: skip
    kept = filled.execute(
        "select record_id from reverse_sync.sync_marketing_cloud__extension_vip_people"
    ).fetchall()
    assert kept == [("hot",)]  # who leaves is not kept up to date besides


def test_a_row_is_emptied_once_and_only_of_what_we_fill(tmp_path, filled):
    text = VIPS.replace("of: people", "of: people\n    on_leave: clear").replace(
        "      - {from: full_name, to: Surname, convert: last_name, default: unknown}\n", ""
    )
    folder = config(tmp_path, text)
    assert [(kind, before) for kind, _, _, before, _ in left(filled, folder)] == [
        ("empty_row", '{"Stage":null,"SeenAt":"2026-03-01T12:00:00.000Z","Score":"70"}'),
        ("empty_row", '{"Stage":"Lead","SeenAt":null,"Score":"80"}'),
    ]
    filled.execute(
        'update raw_marketing_cloud.extension_vip_people set "Stage" = null, "SeenAt" = null, "Score" = null'
    )
    assert left(filled, folder) == []


def test_what_the_file_says_of_leaving_is_about_extensions_only(tmp_path):
    folder = config(tmp_path, VIPS)
    syncs = (folder / "syncs.yml").read_text()
    (folder / "syncs.yml").write_text(
        syncs.replace("object: contacts\n", "object: contacts\n    on_leave: delete\n", 1)
    )
    with pytest.raises(ConfigError, match="rows of a data extension of Marketing Cloud"):
        load_syncs(folder)


def test_an_extension_that_would_lose_too_many_of_its_rows_stops_the_plan() -> None:
    def action(n: int, of: int) -> Action:
        key = f"marketing_cloud:77:vips:{n}"
        return Action(str(n), "vips_left", "remove_row", "marketing_cloud", "vips", key, "", {"of": of}, (),
                      "computed", "", "", "compensable")  # fmt: skip

    assert list(guards.leaving([action(n, 21) for n in range(20)], Guards())) == []
    assert list(guards.leaving([action(n, 1_000) for n in range(300)], Guards())) == []
    (sentence,) = guards.leaving([action(n, 60) for n in range(21)], Guards())
    assert sentence == "21 of 60 rows would leave vips (35%, the guard left_share allows 30%)"


def test_a_custom_object_fills_an_extension_and_its_deleted_records_do_not(tmp_path, warehouse):
    assert build.rows(warehouse, config(tmp_path, VISITS)) == (1, ())
    rows = warehouse.execute(
        'select record_id, "Title" from reverse_sync.sync_marketing_cloud__extension_visits'
    ).fetchall()
    assert rows == [("a01", "TOUR in Rome")]


def test_a_field_that_is_not_there_is_said_and_an_object_that_was_not_read_yet_is_noted(tmp_path, warehouse):
    with pytest.raises(ConfigError, match=r"salesforce\.Visit__c has no field Where__c"):
        build.rows(warehouse, config(tmp_path, VISITS.replace("Place__c", "Where__c")))
    rows, notes = build.rows(warehouse, config(tmp_path, VISITS.replace("Visit__c", "Trip__c")))
    assert rows == 0
    assert "salesforce.Trip__c has no rows here yet" in notes[0]
