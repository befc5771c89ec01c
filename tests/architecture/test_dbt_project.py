"""What every model is: a grain, a contract where people or CRMs read it, staging for every raw table."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipelines.rules.syncs import load_syncs
from pipelines.settings import PROJECT_ROOT
from pipelines.sources.hubspot.catalog import TABLES as HUBSPOT
from pipelines.sources.marketing_cloud.catalog import TABLES as MARKETING_CLOUD
from pipelines.sources.salesforce.catalog import TABLES as SALESFORCE

GRAIN = re.compile(r"^(One|A) row (per|for)\b|^A row\b|^One row\b")
FORBIDDEN = re.compile(
    r"\b(current_timestamp|current_date|now\(\)|today\(\)|\.duckdb|\.parquet)", re.IGNORECASE
)
CLOCK = re.compile(r"run_value\('(as_of|business_date|run_id|config_hash)'\)")
KEY_IN_A_JOIN = re.compile(
    r"\bon\b(?:(?!\b(?:inner|left|cross|full|where|group|qualify|union|select)\b)[\s\S])*?\brecord_key\("
)
TABLES = {"hubspot": HUBSPOT, "salesforce": SALESFORCE, "marketing_cloud": MARKETING_CLOUD}
RAW = [(vendor, table.name) for vendor, tables in TABLES.items() for table in tables]
SYNCS = load_syncs(PROJECT_ROOT / "config").syncs
MACROS = [
    found
    for path in sorted((PROJECT_ROOT / "dbt_project" / "macros").rglob("*.sql"))
    for found in re.findall(r"\{% macro (\w+)\(.*?%\}(.*?)\{%-? endmacro", path.read_text(), re.DOTALL)
]
READ_BY_OTHERS = ("marts", "reverse_sync")


def test_every_description_begins_with_the_grain(models):
    without = sorted(name for name, node in models.items() if not GRAIN.match(node["description"]))
    assert without == []


def test_what_others_read_has_a_contract(models):
    without = sorted(
        name for name, node in models.items()
        if node["schema"] in READ_BY_OTHERS and not node["config"]["contract"]["enforced"]
    )  # fmt: skip
    assert without == []


def test_contracts_ask_for_not_null_only_so_that_another_engine_can_keep_them(models):
    others = sorted(
        f"{name}.{column['name']}: {constraint['type']}"
        for name, node in models.items()
        for column in node["columns"].values()
        for constraint in column.get("constraints") or []
        if constraint["type"] != "not_null"
    )
    assert others == []


def test_every_mart_has_a_test_of_its_key(manifest, models):
    tested = with_a_key(manifest)
    without = sorted(
        name for name, node in models.items()
        if node["schema"] in READ_BY_OTHERS and not {node["unique_id"], *rows_of(node)} & tested
    )  # fmt: skip
    assert without == []


def test_a_model_of_which_changed_rows_alone_are_written_has_no_two_rows_alike(manifest, models):
    """For it tells them apart by all that they are."""
    written = {node["unique_id"] for node in models.values() if node["config"].get("changed_rows_only")}
    assert len(written) > 10
    assert sorted(written - with_a_key(manifest)) == []


def test_who_follows_a_model_that_tells_of_changed_rows_only_sees_all_else_elsewhere(models):
    """What a follower reads of somebody and compares nowhere must be seen where all who are due are told."""
    config = {name: node["config"] for name, node in models.items()}
    telling = {name for name in config if config[name].get("tells_of_changed_only")}
    ways = ("changed_rows_only", "gone", "summed_by")
    assert {tuple(bool(config[name].get(way)) for way in ways) for name in telling} == {(True, False, False)}
    followers = {
        name: sorted(config[name].get("vouched_for") or [])
        for name in config
        if telling & {*(config[name].get("follows") or []), *(config[name].get("through") or {})}
    }
    # The three that scores are vouched for come by int_people, which tells of all.
    assert followers == {
        "int_person_scores": ["int_changes_by_others", "int_person_members", "int_person_records"],
        "unified_leads": [],
    }


@pytest.mark.parametrize(("vendor", "table"), RAW, ids=lambda value: value)
def test_every_raw_table_is_staged(manifest, models, vendor, table):
    source = next(
        (
            node["unique_id"]
            for node in manifest["sources"].values()
            if (node["schema"], (node["identifier"] or node["name"]).lower()) == (f"raw_{vendor}", table)
        ),
        None,
    )
    assert source, f"raw_{vendor}.{table} is not declared as a source"
    staged = [
        name for name, node in models.items()
        if node["schema"] == "staging" and source in node["depends_on"]["nodes"]
    ]  # fmt: skip
    assert staged, f"no staging model reads raw_{vendor}.{table}"


@pytest.mark.parametrize("name", SYNCS)
def test_every_synced_field_is_a_column_of_its_desired_and_existing_model(models, name):
    sync = SYNCS[name]
    for model in (sync.desired, sync.existing):
        columns = {column.lower() for column in models[model]["columns"]}
        assert {field.lower() for field in sync.fields} <= columns, model


@pytest.mark.parametrize("name", SYNCS)
def test_a_sync_declares_every_column_of_its_desired_model(models, name):
    sync = SYNCS[name]
    columns = {column.lower() for column in models[sync.desired]["columns"]}
    fields = {field.lower() for field in sync.fields}
    assert columns - fields == {"record_id", "record_key", "person_id"}


def test_no_model_reads_the_clock_or_names_a_file(models):
    code = {name: without_comments(node["raw_code"]) for name, node in models.items()}
    assert sorted(name for name in code if FORBIDDEN.search(code[name])) == []


def test_no_model_makes_a_key_within_a_join_which_compares_each_row_with_each(models):
    found = sorted(name for name, node in models.items() if KEY_IN_A_JOIN.search(node["raw_code"]))
    assert found == []


def test_an_incremental_model_reads_no_clock_of_which_it_does_not_say_who_is_due(models):
    incremental = {n: node for n, node in models.items() if node["config"]["materialized"] == "incremental"}
    assert incremental
    code = {name: without_comments(with_macros(node["raw_code"])) for name, node in incremental.items()}
    reads = {name: set(CLOCK.findall(code[name])) - says_of_the_clock(incremental[name]) for name in code}
    assert {name: columns for name, columns in reads.items() if columns} == {}
    assert [name for name in code if not re.search(r"\bis_(owner_)?due\(", code[name])] == []


def test_who_is_due_by_the_clock_alone_is_named_by_another_model(models):
    """Time makes rows of what was to come: once it has, nothing of it is compared, and there was no row."""
    ways = ("inputs", "summed_by", "named_by")
    by_the_clock = {
        n: node["config"] for n, node in models.items() if "run" in node["config"].get("owned", {})
    }
    assert len(by_the_clock) > 5
    assert [name for name, config in by_the_clock.items() if not any(config.get(way) for way in ways)] == []


def test_a_test_that_may_be_asked_of_those_due_has_the_columns_that_say_whose_a_row_is(manifest, models):
    """What is put in the place of its comment asks for the owners of each model that it names."""
    asked = {}
    for test in manifest["nodes"].values():
        said = re.search(r"/\* (int_\w+(?:, \w+)+|\w+, int_\w+) \*/", test.get("raw_code", ""))
        if test["resource_type"] == "test" and said:
            owners = [str(models[name]["config"]["unique_key"]) for name in said[1].split(", ")]
            columns = {each for owner in owners for each in re.findall(r"\b[a-z]+_(?:id|key)\b", owner)}
            asked[test["name"]] = columns - set(re.findall(r"\w+", with_macros(test["raw_code"])))
    assert len(asked) > 1
    assert {name: lacking for name, lacking in asked.items() if lacking} == {}


def says_of_the_clock(node: dict[str, Any]) -> set[str]:
    """The columns of the run of which a model says who is due when they change: some, or everybody."""
    asked = [node["config"].get(how, {}).get("run", "") for how in ("owned", "shared_columns")]
    return set(re.findall(r"\bas_of\b|\bbusiness_date\b", " ".join(asked)))


def with_macros(code: str) -> str:
    """A model's code and that of the project's own macros which it calls, dispatched ones too."""
    called = (body for name, body in MACROS if re.search(rf"\b{name.removeprefix('default__')}\(", code))
    return "\n".join([code, *called])


def rows_of(node: dict[str, Any]) -> list[str]:
    """A view shows the rows of the model that it reads first: their key is asked there, of the new."""
    models = [name for name in node["depends_on"]["nodes"] if name.startswith("model.")]
    return models[:1] if node["config"]["materialized"] == "view" else []


def with_a_key(manifest: dict[str, Any]) -> set[str]:
    return {
        parent
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test" and of_key(test)
        for parent in test["depends_on"]["nodes"]
    }


def of_key(test: dict[str, Any]) -> bool:
    return (test.get("test_metadata") or {}).get("name") in ("key", "unique")


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", sql, flags=re.DOTALL)
