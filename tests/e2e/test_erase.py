"""Erasing a person: found nowhere afterwards, not even in bytes, and an extract does not bring them back."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from sqlalchemy import select

from pipelines.settings import Settings
from pipelines.state import State, erasures, tables
from pipelines.steps import Loop
from pipelines.warehouse import Warehouse
from tests.conftest import PROJECT
from tests.e2e.conftest import Built, crm, environment
from tests.e2e.marts import one, query
from tests.e2e.stores import CRMS, Write, writes
from tests.fixtures import nursery
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import served

pytestmark = pytest.mark.loop


@dataclass(frozen=True)
class Person:
    """Somebody whose name nobody else has."""

    email: str
    name: str
    hubspot_id: str
    salesforce_id: str
    person_id: str

    @property
    def needles(self) -> list[str]:
        return [self.email, self.name, self.salesforce_id, f":contacts:{self.hubspot_id}", self.person_id]


AT_MARKETING_CLOUD = {
    "subscribers": "SubscriberKey", "contacts": "contactKey", "sent_events": "SubscriberKey",
    "open_events": "SubscriberKey",
}  # fmt: skip


def somebody(home: Path) -> Person:
    """Known to all three, with mail sent to them and opened, and of those the one with most touches."""
    known = " and ".join(
        f'contact_id_salesforce in (select "{key}" from raw_marketing_cloud.{table})'
        for table, key in AT_MARKETING_CLOUD.items()
    )
    with closing(duckdb.connect(str(home / "warehouse.duckdb"), read_only=True)) as connection:
        row = connection.execute(
            "select email, full_name, contact_id_hubspot, contact_id_salesforce, person_id "
            "from marts.unified_leads p where contact_id_hubspot is not null and email is not null "
            f"and {known} and (select count(*) from "
            "marts.unified_leads o where lower(o.full_name) = lower(p.full_name)) = 1 "
            "order by (select count(*) from marts.attribution_touchpoints t where t.person_id = p.person_id) "
            "desc, person_id limit 1"
        ).fetchone()
    assert row is not None
    return Person(*row)


def found_in(home: Path, needles: list[str]) -> Iterator[str]:
    """Every table's cell and every file's byte (but the sandbox's, which is the CRMs') that names them."""
    for file in ("warehouse.duckdb", "analytics.duckdb", "work.duckdb"):
        if not (home / file).exists():
            continue
        with closing(duckdb.connect(str(home / file), read_only=True)) as connection:
            for schema, table, columns in columns_of(connection, "VARCHAR", "VARCHAR[]", "JSON"):
                cells = ", ".join(f'"{column}"::varchar' for column in columns)
                tests = ", ".join("bool_or(contains(cells, ?))" for _ in needles)
                query = f'select {tests} from (select lower(concat_ws(chr(10), {cells})) as cells ' \
                    f'from {schema}."{table}")'  # fmt: skip
                hits = connection.execute(query, [needle.lower() for needle in needles]).fetchone() or ()
                yield from (
                    f"{file} {schema}.{table}: {needle}"
                    for needle, hit in zip(needles, hits, strict=True)
                    if hit
                )
    for path in home.rglob("*"):
        if path.is_file() and path.relative_to(home).parts[0] not in ("sandbox", "worlds"):
            content = path.read_bytes().lower()
            yield from (f"{path}: {needle}" for needle in needles if needle.lower().encode() in content)


def columns_of(connection: duckdb.DuckDBPyConnection, *types: str) -> list[tuple[str, str, list[str]]]:
    """Columns of these types, by schema and table. Views hold nothing that no table holds."""
    return connection.execute(
        "select schema_name, table_name, list(column_name) from duckdb_columns() "
        "semi join duckdb_tables() using (database_oid, schema_oid, table_oid) "
        "where not internal and list_contains(?, data_type) group by all", [types],
    ).fetchall()  # fmt: skip


def rows_of(home: Path, person: Person) -> list[str]:
    """What their rows are known by: touches, which are hashes of them, what Salesforce has about them, the
    numbers that Marketing Cloud gave them and the mail it sent."""
    with closing(duckdb.connect(str(home / "warehouse.duckdb"), read_only=True)) as connection:
        found = connection.execute(
            "select touchpoint_id from intermediate.int_touches where person_id = $person "
            "union all select Id from raw_salesforce.task where WhoId = $contact "
            "union all select Id from raw_salesforce.event where WhoId = $contact "
            "union all select Id from raw_salesforce.campaign_member where ContactId = $contact "
            "union all select contactID from raw_marketing_cloud.contacts where contactKey = $contact "
            "union all select ID from raw_marketing_cloud.subscribers where SubscriberKey = $contact "
            "union all select id from raw_marketing_cloud.sent_events where SubscriberKey = $contact "
            "union all select id from raw_marketing_cloud.open_events where SubscriberKey = $contact",
            {"person": person.person_id, "contact": person.salesforce_id},
        ).fetchall()
    return [value for (value,) in found]


def cells_with(home: Path, values: list[str]) -> Iterator[str]:
    """Columns of the warehouse in which one of these stands by itself."""
    with closing(duckdb.connect(str(home / "warehouse.duckdb"), read_only=True)) as connection:
        for schema, table, columns in columns_of(connection, "VARCHAR"):
            tests = ", ".join(f'bool_or(list_contains($values, "{name}"))' for name in columns)
            answer = connection.execute(f'select {tests} from {schema}."{table}"', {"values": values})
            hits = answer.fetchone() or ()
            yield from (f"{schema}.{table}.{name}" for name, hit in zip(columns, hits, strict=True) if hit)


def settings_of(home: Path) -> Settings:
    return Settings(home=home, config_dir=PROJECT / "config")


def leave_traces(home: Path, person: Person) -> None:
    """In files that a build on the command line does not write: Dagster's runs, a log, the report."""
    (home / "report.html").write_text(
        f"<table><tr><td>{person.name}</td><td>{person.person_id}</td></tr></table>"
    )
    (home / "dagster").mkdir(exist_ok=True)
    with closing(sqlite3.connect(home / "dagster" / "runs.db")) as connection:
        connection.execute("create table event_logs (event text)")
        connection.execute("insert into event_logs values (?)", [f'{{"example": "{person.email}, yes"}}'])
        connection.commit()
    with (home / "logs" / "run.jsonl").open("a") as log:
        log.write(f'{{"message": "could not read {person.name} ({person.hubspot_id})"}}\n')


@dataclass(frozen=True)
class Erased:
    """A home that `crm erase` was run on, and what was there before."""

    home: Path
    person: Person
    output: str
    traces: list[str]
    """What their rows were known by."""
    people: int
    in_salesforce: int
    """Records that were theirs."""
    others: list[list[tuple[Any, ...]]]
    deals: set[str]
    """Ids of what their touches have a share in."""
    written: Counter[Write]
    """Changes the CRMs had stored."""
    recorded: int

    @property
    def parked(self) -> Path:
        return self.home / "worlds" / "other"


@pytest.fixture(scope="module")
def erased(built_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Erased:
    home = Path(shutil.copytree(built_once.home, tmp_path_factory.mktemp("erased") / "var"))
    person = somebody(home)
    theirs = f"where person_id = '{person.person_id}'"
    assert any(found_in(home, person.needles))
    leave_traces(home, person)
    traces = rows_of(home, person)
    assert len(traces) > 20
    assert any(cells_with(home, traces))
    parked = home / "worlds" / "other"
    parked.mkdir(parents=True)
    for file in ("warehouse.duckdb", "analytics.duckdb", "state.sqlite"):
        shutil.copyfile(home / file, parked / file)
    people = one(home, "select count(*) from marts.unified_leads")
    records = f"select count(*) from marts.lead_identities {theirs} and record_key like 'salesforce:%'"
    deals = query(
        home, "select unnest([opportunity_id_salesforce, opportunity_id_hubspot]) from marts.opportunities "
        f"where opportunity_id in (select opportunity_id from marts.attribution_credits {theirs})",
    )  # fmt: skip
    recorded = one(home, "select count(*) from ops.journal")
    before = (
        all_but(home, person),
        {record_id for (record_id,) in deals},
        Counter(writes(home, *CRMS)),
        recorded,
    )
    in_salesforce = one(home, records)
    done = crm(home, "erase", person.email, "--request", "DSR-17")
    assert done.exit_code == 0, done.output
    return Erased(home, person, done.output, traces, people, in_salesforce, *before)


def all_but(home: Path, person: Person) -> list[list[tuple[Any, ...]]]:
    """Who everybody else is, by each of their records, and what was decided about them."""
    others = f"where person_id <> '{person.person_id}' order by all"
    return [
        [row[:4] for row in query(home, f"from marts.lead_identities {others}")],
        query(home, f"select decision_id, person_id, owner_email from decisions.assignments {others}"),
    ]


def test_an_erased_person_is_nowhere(erased: Erased) -> None:
    person, home = erased.person, erased.home
    assert "HubSpot still holds 1 records" in erased.output
    assert f"Salesforce still holds {erased.in_salesforce} records" in erased.output
    assert re.search(r"Marketing Cloud still holds [1-9]\d* records", erased.output)
    assert person.email not in erased.output
    assert [*found_in(home, person.needles)] == []
    assert [*cells_with(home, erased.traces)] == []
    assert person.hubspot_id not in (home / "logs" / "run.jsonl").read_text()


def test_the_copy_in_a_parked_world_goes_too(erased: Erased) -> None:
    assert [*found_in(erased.parked, erased.person.needles)] == []


def test_what_remains_is_a_receipt(erased: Erased) -> None:
    with State.open(settings_of(erased.home)) as state, state.reading() as connection:
        [erasure_id] = connection.scalars(select(tables.erasures.c.erasure_id)).all()
        head, rows = erasures.receipt(connection, erasure_id)
        blank = connection.exec_driver_sql(
            "select count(*) from journal where record_key like 'erased:%' and before_value is null "
            "and after_value is null and settled_at is not null"
        ).scalar()
    assert head["reason"] == "DSR-17"
    assert head["completed_at"] is not None
    assert rows["marts.unified_leads"] == 1
    assert blank == rows["state.journal"] > 0
    assert one(erased.home, "select count(*) from ops.journal") == erased.recorded
    with closing(duckdb.connect(str(erased.home / "warehouse.duckdb"), read_only=True)) as connection:
        kept = connection.execute("from incremental.int_people__state").fetchall()
    assert kept == [], "the next build would not be in full"


def test_forgetting_the_warehouse_brings_nobody_back_and_changes_nothing_about_anybody_else(
    erased: Erased,
) -> None:
    """Everything is read from the start, and the CRMs still have the person. Nobody else is another or has
    another owner; nothing is written but to deals in which the person had a share."""
    home = erased.home
    for name in ("warehouse.duckdb", "analytics.duckdb"):
        (home / name).unlink()
    with served(home, PROJECT / "config") as (settings, _):
        with Loop(settings, NoChecks(), data_tests=False) as loop:
            loop.refresh()
            loop.recover()
            plan = loop.plan()
            assert plan.is_empty or not loop.apply(plan.path).is_partial
            loop.record()
    assert one(home, "select count(*) from marts.unified_leads") == erased.people - 1
    assert [*found_in(home, erased.person.needles)] == []
    assert [*cells_with(home, erased.traces)] == []
    assert all_but(home, erased.person) == erased.others
    assert {each.record_id for each in Counter(writes(home, *CRMS)) - erased.written} <= erased.deals


def test_whom_hubspot_deleted_for_privacy_leaves_with_the_next_extract_by_themselves(built: Built) -> None:
    person = somebody(built.home)
    leave_traces(built.home, person)
    with nursery.sandbox(built.home / "sandbox", "--size", "XS", "--no-limits") as ready:
        hubspot = ready["hubspot"]
        gone = httpx.post(
            f"{hubspot['url']}/crm/v3/objects/contacts/gdpr-delete", json={"objectId": person.hubspot_id},
            headers={"Authorization": f"Bearer {hubspot['token']}"},
        )  # fmt: skip
        assert gone.status_code == 204, gone.text
        done = crm(built.home, "extract", env=environment(ready))
    assert done.exit_code == 0, done.output
    assert "1 people were deleted for privacy at their CRM and left here too" in done.output
    assert [*found_in(built.home, person.needles)] == []


@pytest.fixture(scope="module")
def untouched(built_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A copy of the build for requests of which nothing comes."""
    home = Path(shutil.copytree(built_once.home, tmp_path_factory.mktemp("untouched") / "var"))
    return Built(home, built_once.output, 0)


def test_bad_requests_are_one_sentence_and_nothing_is_done(untouched: Built, tmp_path: Path) -> None:
    person = somebody(untouched.home)
    (tmp_path / "list.txt").write_text(f"# to go\n{person.email}\nnot an address\n")
    (tmp_path / "unknown.txt").write_text(f"{person.email}\nnobody@example.org\n")
    for given, code, said in (
        (str(tmp_path / "list.txt"), 2, "line 3 of list.txt is neither an e-mail address nor a record key"),
        (str(tmp_path / "unknown.txt"), 1, "line 2 of unknown.txt"),
        ("nobody@example.org", 1, "nobody known here"),
        ("gibberish", 2, "neither a file, an e-mail address nor a record key"),
    ):
        done = crm(untouched.home, "erase", given)
        assert (done.exit_code, said in done.output) == (code, True), done.output
    assert one(
        untouched.home, f"select count(*) from marts.unified_leads where person_id = '{person.person_id}'"
    )
    assert not (untouched.home / "suppression.key").exists()


def test_two_at_once_the_second_leaves_by_name(untouched: Built) -> None:
    person = somebody(untouched.home)
    with Warehouse(settings_of(untouched.home).paths).locked("an erasure"):
        done = crm(untouched.home, "erase", person.email)
    assert done.exit_code == 5
    assert "an erasure" in done.output


def test_a_dry_run_counts_and_changes_nothing(untouched: Built) -> None:
    person = somebody(untouched.home)
    before = {path: path.read_bytes() for path in untouched.home.glob("*.duckdb")}
    done = crm(untouched.home, "erase", person.email, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "marts.unified_leads" in done.output
    assert {path: path.read_bytes() for path in untouched.home.glob("*.duckdb")} == before
