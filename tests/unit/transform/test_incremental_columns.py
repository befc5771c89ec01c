"""What an incremental model reads of a table is what it compares there to see who is due: a column that it
reads and does not compare would go stale, and nothing would say so.

Asked of DuckDB: with a table cut down to the columns that are compared, the model's SQL still binds, and
gives the columns it gave. Belongs here: columns. That many runs equal one is in the tests beside this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pytest

from pipelines import transform
from tests.fixtures.raw_tables import RawTables

ALL_OF_A_RUN_THAT_IS_SHARED = {"business_zone", "salesforce_zone", "window_days", "company_currency"}
HISTORIES_OF_DEALS = (
    "stg_hubspot__deals_property_history", "stg_salesforce__opportunity_history",
    "stg_salesforce__opportunity_field_history",
)  # fmt: skip
COMPARED_IN_AN_INPUT = {
    ("int_rule_based_credits", "int_credit_journeys"), ("int_people", "int_account_members"),
    ("int_address_holders", "int_person_records"), ("int_address_holders", "stg_hubspot__contacts"),
    ("int_consent_statements", "int_person_records"), ("int_consent_statements", "int_flag_changes"),
    ("int_stage_stays", "int_told_stage_changes"), ("int_person_scores", "int_person_records"),
    ("int_person_scores", "int_changes_by_others"), ("int_person_scores", "int_person_members"),
    ("identity_links", "int_person_members"),
    ("identity_links", "int_account_members"), ("identity_links", "int_opportunity_members"),
    ("int_people_twice", "int_person_records"),
    *(("int_deal_moments", history) for history in HISTORIES_OF_DEALS),
    ("attribution_coverage", "int_opportunity_people"), ("attribution_coverage", "int_credit_deals"),
    ("attribution_coverage", "int_touches"),
    ("int_opportunity_rates", "int_opportunity_members"),
    ("int_opportunity_rates", "int_opportunity_records"),
}  # fmt: skip
"""What the weights, `int_accounts_resolved`, `int_person_keys`, `int_consent_told`, `int_stage_changes`,
`int_people`, `int_person_members`, `int_opportunities`, the touches of deals and who is resolved say who
is due by."""


@dataclass(frozen=True)
class Incremental:
    """A model, the relations it reads by their names, and how it says what of them is compared."""

    name: str
    sql: str
    read: dict[str, str]
    owned: dict[str, str]
    inputs: list[str]
    follows: list[str]
    through: dict[str, str]
    vouched_for: list[str]
    shared: dict[str, str]

    def asked(self) -> list[str]:
        """The SQL of `owned`, of which a row's columns are seen where it only hashed them."""
        found = []
        for sql in self.owned.values():
            for name, relation in self.read.items():
                sql = sql.replace(f"{{{name}}}", relation)
            found.append(re.sub(r"\bhash\(", "row(", sql))
        return found

    def listed_by_hand(self) -> list[str]:
        """The tables of which it names columns: in SQL of its own, or of what is shared. An input is compared
        whole; of a model that it follows nothing is: by who was due there it is said who is due."""
        named = {name for name in self.read for sql in self.owned.values() if f"{{{name}}}" in sql}
        return sorted((named | set(self.shared)) - {*self.inputs, *self.follows, *self.through})


@pytest.fixture(scope="module")
def tables(business: RawTables) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, dict[str, str]]]]:
    """Every relation of a built business, empty; and its columns with their types."""
    columns: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in business.query(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        "where table_schema not like 'raw%' order by table_schema, table_name, ordinal_position"
    ):
        columns.setdefault(f"{schema}.{table}", {})[column] = kind
    with duckdb.connect() as connection:
        for schema in {relation.split(".")[0] for relation in columns}:
            connection.execute(f"create schema {schema}")
        for relation, of in columns.items():
            make(connection, relation, of)
        yield connection, columns


def make(connection: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str]) -> None:
    of = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"create or replace table {relation} ({of})")


@pytest.fixture(scope="module")
def incremental(business: RawTables) -> list[Incremental]:
    manifest = transform.load_manifest(business.settings)
    compiled = business.settings.paths.dbt_target / "compiled" / "crm"
    nodes = [n for n in manifest.nodes.values() if n.resource_type == "model"]
    return [
        Incremental(
            node.name,
            transform._of_everybody((compiled / node.original_file_path).read_text()),
            {unique_id.split(".")[-1]: relation(manifest, unique_id) for unique_id in node.depends_on.nodes},
            node.config.get("owned") or {},
            node.config.get("inputs") or [],
            node.config.get("follows") or [],
            node.config.get("through") or {},
            node.config.get("vouched_for") or [],
            node.config.get("shared_columns") or {},
        )
        for node in nodes
        if node.config.materialized == "incremental"
    ]


def relation(manifest: Any, unique_id: str) -> str:
    node = manifest.sources.get(unique_id) or manifest.nodes[unique_id]
    return f"{node.schema}.{getattr(node, 'alias', None) or node.identifier}"


def bound(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    """The columns and types that it gives; None where it cannot be bound."""
    try:
        return connection.execute(f"describe {sql}").fetchall()
    except duckdb.BinderException:
        return None


def compared(
    connection: duckdb.DuckDBPyConnection, model: Incremental, name: str, columns: dict[str, str]
) -> set[str]:
    """The columns of a table without one of which what is compared would be another thing."""
    asked = [sql for sql in model.asked() if re.search(rf"\b{model.read[name]}\b", sql)]
    before, found = [bound(connection, sql) for sql in asked], set()
    assert None not in before, model.name
    for column in columns:
        make(connection, model.read[name], {c: kind for c, kind in columns.items() if c != column})
        if [bound(connection, sql) for sql in asked] != before:
            found.add(column)
    make(connection, model.read[name], columns)
    found |= set(re.findall(r"\w+", model.shared.get(name, "")))
    return found | ALL_OF_A_RUN_THAT_IS_SHARED if name == "run" else found


def unseen(
    connection: duckdb.DuckDBPyConnection, model: Incremental, name: str, columns: dict[str, str]
) -> list[str]:
    """The columns of a table that a model reads and does not compare."""
    table, seen = model.read[name], compared(connection, model, name, columns)
    before = bound(connection, model.sql)
    assert before is not None, model.name
    make(connection, table, {c: kind for c, kind in columns.items() if c in seen})
    is_enough = bound(connection, model.sql) == before
    found = []
    for column in () if is_enough else [c for c in columns if c not in seen]:
        make(connection, table, {c: kind for c, kind in columns.items() if c != column})
        if bound(connection, model.sql) != before:
            found.append(f"{model.name} reads {name}.{column}")
    make(connection, table, columns)
    return found


def test_what_an_incremental_model_reads_of_a_table_is_compared(
    tables: tuple[duckdb.DuckDBPyConnection, dict[str, dict[str, str]]], incremental: list[Incremental]
) -> None:
    connection, columns = tables
    found, looked_at = [], 0
    for model in incremental:
        for name in model.listed_by_hand():
            looked_at += 1
            found += unseen(connection, model, name, columns[model.read[name]])
    assert found == []
    assert looked_at > 30


def test_what_is_read_of_deals_histories_is_compared_where_their_changes_of_stage_are(
    tables: tuple[duckdb.DuckDBPyConnection, dict[str, dict[str, str]]], incremental: list[Incremental]
) -> None:
    connection, columns = tables
    by_name = {model.name: model for model in incremental}
    reading = replace(by_name["int_deal_moments"], owned=by_name["int_stage_changes"].owned)
    for name in HISTORIES_OF_DEALS:
        assert unseen(connection, reading, name, columns[reading.read[name]]) == []


def test_what_is_read_of_addresses_is_compared_where_keys_of_people_are(
    tables: tuple[duckdb.DuckDBPyConnection, dict[str, dict[str, str]]], incremental: list[Incremental]
) -> None:
    connection, columns = tables
    by_name = {model.name: model for model in incremental}
    reading = replace(by_name["int_touch_addresses"], owned=by_name["int_person_keys"].owned)
    name = "stg_hubspot__contacts"
    assert unseen(connection, reading, name, columns[reading.read[name]]) == []


def test_a_whole_row_is_hashed_and_not_a_column_of_that_name(
    tables: tuple[duckdb.DuckDBPyConnection, dict[str, dict[str, str]]],
) -> None:
    """The materialization calls a row that it hashes by these names, and a column would come before it."""
    _, columns = tables
    assert [relation for relation, of in columns.items() if {"input", "shared", "whole"} & set(of)] == []


def test_what_a_model_reads_of_the_runs_row_is_named_in_its_sql(
    tables: tuple[duckdb.DuckDBPyConnection, dict[str, dict[str, str]]], business: RawTables
) -> None:
    """Of the run's row only the columns that a model names make it new (`macros/versions.sql`)."""
    connection, columns = tables
    of = columns["rules.run"]
    found, looked_at = [], 0
    for name, sql in models_of_the_run(business):
        make(connection, "rules.run", of)
        before = bound(connection, sql)
        named = {c: kind for c, kind in of.items() if re.search(rf"\b{c}\b", sql)}
        make(connection, "rules.run", named or {"nothing": "integer"})
        looked_at += 1
        if bound(connection, sql) != before or before is None:
            found.append(name)
    make(connection, "rules.run", of)
    assert found == []
    assert looked_at > 30


def models_of_the_run(business: RawTables) -> Iterator[tuple[str, str]]:
    compiled = business.settings.paths.dbt_target / "compiled" / "crm"
    for node in transform.load_manifest(business.settings).nodes.values():
        path = compiled / node.original_file_path
        is_of_the_run = node.resource_type == "model" and "source.crm.rules.run" in node.depends_on.nodes
        if is_of_the_run and node.language == "sql" and path.exists():
            yield node.name, transform._of_everybody(path.read_text())


def test_what_is_vouched_for_is_compared_with_something_else(incremental: list[Incremental]) -> None:
    unnamed = {
        (model.name, name)
        for model in incremental
        for name in model.vouched_for
        if not any(f"{{{name}}}" in sql for sql in (*model.owned.values(), *model.through.values()))
    }
    assert unnamed == COMPARED_IN_AN_INPUT


def test_a_column_that_is_read_and_not_compared_is_found(
    tables: tuple[duckdb.DuckDBPyConnection, dict[str, dict[str, str]]], incremental: list[Incremental]
) -> None:
    connection, columns = tables
    (model,) = [each for each in incremental if each.name == "int_contact_touches"]
    sql = model.owned["stg_hubspot__contacts"]
    careless = Incremental(
        model.name, model.sql, model.read,
        {"stg_hubspot__contacts": sql.replace("latest_source_detail_1,", "")}, [], [], {}, [], {},
    )  # fmt: skip
    of = columns[model.read["stg_hubspot__contacts"]]
    assert sql != careless.owned["stg_hubspot__contacts"]
    assert unseen(connection, model, "stg_hubspot__contacts", of) == []
    assert unseen(connection, careless, "stg_hubspot__contacts", of) == [
        "int_contact_touches reads stg_hubspot__contacts.latest_source_detail_1"
    ]


def test_in_a_build_of_everybody_nothing_is_asked_of_rows_that_have_an_owner() -> None:
    due = "in (select due.owner from incremental.people__due as due)"
    asked = f"where /* owned */ a.person_id {due} /* owned */ and b.person_id {due}"
    assert transform._of_everybody(asked) == "where true and b.person_id is not null"
