"""Runs that work out what changed leave what one build of everything leaves, in every table of the warehouse.

Belongs here: what may happen between runs, done to the raw rows of the smallest world, and the comparison.
Which rows are due for what is in `tests/unit/transform`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines import keeping, transform
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.state import State, registry
from pipelines.warehouse import Warehouse
from tests.conftest import PROJECT
from tests.e2e.conftest import Built

pytestmark = pytest.mark.loop

MADE = ("staging", "intermediate", "marts", "reverse_sync", "incremental")


def fifth(table: str, condition: str, id: str = "Id") -> str:
    return f"(select {id} from {table} where {condition} order by {id} limit 1 offset 4)"


A_LEAD = fifth("raw_salesforce.lead", "not IsConverted and Email is not null")
A_CONTACT = fifth("raw_salesforce.contact", "Email is not null and AccountId is not null")
ITS_ACCOUNT = f"(select AccountId from raw_salesforce.contact where Id = {A_CONTACT})"
A_PERSON = fifth("raw_hubspot.contacts", "not archived and email is not null", "id")
ANOTHER = "(select max(id) from raw_hubspot.contacts where not archived and email is not null)"
A_TASK = fifth("raw_salesforce.task", "WhoId is not null and CompletedDateTime is not null")
A_CALL = "(select min(id) from raw_hubspot.calls where id in (select from_id from raw_hubspot.associations))"
A_MEMBER = fifth("raw_salesforce.campaign_member", "HasResponded")
A_DEAL = "(select min(Id) from raw_salesforce.opportunity where not IsClosed)"
ACCOUNT_OF_A_DEAL = "(select AccountId from raw_salesforce.opportunity order by Id limit 1)"
BEFORE_THE_KILL = {
    "an activity's time is corrected into the past": "update raw_salesforce.task set CompletedDateTime = "
    f"CompletedDateTime - interval 40 days, ActivityDate = ActivityDate - 40 where Id = {A_TASK}",
    "a lead is converted": "update raw_salesforce.lead set IsConverted = true, "
    f"ConvertedDate = date '2026-06-29', ConvertedContactId = {A_CONTACT}, "
    f"ConvertedAccountId = {ITS_ACCOUNT} where Id = {A_LEAD}",
    "a campaign is renamed": "update raw_salesforce.campaign set Name = Name || ' II' where Id = "
    "(select CampaignId from raw_salesforce.campaign_member order by Id limit 1)",
    "a record loses its address": "update raw_salesforce.contact set Email = null where Id = "
    "(select min(Id) from raw_salesforce.contact where Email in (select email from raw_hubspot.contacts))",
    "a record takes another's address": "update raw_salesforce.lead set Email = (select min(email) from "
    "raw_hubspot.contacts where not archived) where Id = (select max(Id) from raw_salesforce.lead "
    "where not IsConverted)",
    "an owner has another address": "update raw_hubspot.owners set email = 'another@reps.example' "
    "where id = (select max(id) from raw_hubspot.owners)",
    "a user has another name": "update raw_salesforce.user set LastName = 'Otherwise', Name = 'Otherwise' "
    "where Id = (select max(OwnerId) from raw_salesforce.opportunity)",
    "an owner is changed": "update raw_hubspot.contacts set hubspot_owner_id = "
    f"(select min(id) from raw_hubspot.owners) where id = {A_PERSON}",
}
KILLED = ("int_consents", "int_person_touches", "int_lifecycle_changes")
"""As far as a run came that was killed: those that others follow, who have not seen it."""
AFTER_IT = {
    "many have one number": "update raw_salesforce.lead set Phone = '+44 20 7946 0000' "
    "where Id in (select Id from raw_salesforce.lead order by Id limit 61)",
    "a record that was taken in has its own address again": "update raw_salesforce.lead set Email = "
    "'alone@again.example' where Id = (select max(Id) from raw_salesforce.lead where not IsConverted)",
    "a person is merged": f"update raw_hubspot.contacts set hs_merged_object_ids = [{ANOTHER}] "
    f"where id = {A_PERSON}",
    "the other record is gone": f"delete from raw_hubspot.contacts where id = {ANOTHER}",
    "a record is deleted": "update raw_salesforce.contact set IsDeleted = true, deleted_at = "
    "timestamptz '2026-06-30 09:00:00+00' where Id = (select max(Id) from raw_salesforce.contact)",
    "a membership is deleted": f"delete from raw_salesforce.campaign_member where Id = {A_MEMBER}",
    "a membership is another record's": "update raw_salesforce.campaign_member set LeadId = null, "
    f"ContactId = {A_CONTACT} where Id = (select max(Id) from raw_salesforce.campaign_member "
    "where ContactId is null)",
    "an account is renamed": "update raw_salesforce.account set Name = 'Renamed Works' "
    f"where Id = {ITS_ACCOUNT}",
    "a company is renamed": "update raw_hubspot.companies set name = 'Otherwise', "
    "domain = 'otherwise.example' where id = (select min(id) from raw_hubspot.companies)",
    "a call is moved into the past": "update raw_hubspot.calls set hs_timestamp = "
    f"hs_timestamp - interval 90 days where id = {A_CALL}",
    "a deal is won": "update raw_salesforce.opportunity set StageName = 'Closed Won', IsClosed = true, "
    f"IsWon = true, CloseDate = date '2026-06-29' where Id = {A_DEAL}",
    "a deal's owner is changed": "update raw_hubspot.deals set hubspot_owner_id = (select max(id) from "
    "raw_hubspot.owners) where id = (select max(id) from raw_hubspot.deals)",
    "a deal's product is another": "update raw_salesforce.opportunity_line_item set Name = 'Another', "
    "Product2Id = null, TotalPrice = 1000000 where Id = "
    "(select min(Id) from raw_salesforce.opportunity_line_item)",
    "a deal's account grows": "update raw_salesforce.account set Industry = 'Otherwise', "
    f"NumberOfEmployees = 7 where Id = {ACCOUNT_OF_A_DEAL}",
    "and is nobody's territory": "delete from raw_salesforce.object_territory2_association "
    f"where ObjectId = {ACCOUNT_OF_A_DEAL}",
    "a deal's amount was another": "update raw_salesforce.opportunity_history set Amount = Amount + 1 "
    "where Id = (select min(Id) from raw_salesforce.opportunity_history where Amount > 0)",
    "a deal's history is forgotten": "delete from raw_salesforce.opportunity_history "
    "where OpportunityId = (select max(OpportunityId) from raw_salesforce.opportunity_history)",
    "a CRM's own score is another": "update raw_hubspot.contacts set hubspotscore = 77 "
    "where id = (select min(id) from raw_hubspot.contacts where hubspotscore is not null)",
    "somebody refuses": f"update raw_hubspot.contacts set hs_email_optout = true where id = {A_PERSON}",
    "an apply failed": "update ops.journal set state = 'failed' where rowid % 50 = 3",
    "a history is forgotten": "delete from raw_hubspot.contacts_property_history "
    "where id = (select max(id) from raw_hubspot.contacts_property_history)",
}
SUMMED = ("int_pipeline_days", "int_rule_based_sums")
REGISTERED = ("int_person_registry", "int_person_aliases")
OF_IDENTITY = ("int_person_features", "int_person_pairs", "int_person_links", "int_people_resolved")


class Home:
    """A home whose warehouse is a refresh in the works."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, config_dir=PROJECT / "config")
        self.warehouse = Warehouse(self.settings.paths)

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.warehouse.locked("test"), self.warehouse.writing() as connection:
            yield connection

    def happens(self, events: dict[str, str]) -> None:
        with self.writing() as connection:
            for event, sql in events.items():
                (rows,) = connection.execute(sql).fetchall()[0]
                assert rows, f"{event}: nothing of the kind is there"

    def passes(self, time: timedelta) -> None:
        """The rules of a run that comes later, with what the state database keeps."""
        with State.open(self.settings) as state, self.writing() as connection:
            (now,) = connection.execute("select as_of from rules.run").fetchall()[0]
            keeping.hand_out(connection, state, self.settings.config_dir, Run(), now + time)

    def runs(self, stage: transform.Stage = "marts", only: tuple[str, ...] = ()) -> None:
        with self.warehouse.locked("test"):
            transform.build(self.warehouse, self.settings, Run(), stage, only=only, tests=False)

    def keeps_who_is_who(self) -> None:
        with self.writing() as warehouse, State.open(self.settings) as state, state.writing() as connection:
            registry.publish_registry(connection, warehouse)


def test_many_runs_leave_in_every_table_what_one_build_of_everything_leaves(
    built: Built, tmp_path: Path
) -> None:
    home = Home(built.home)
    with home.warehouse.locked("test"):
        home.warehouse.start_work()
    home.happens(BEFORE_THE_KILL)
    home.passes(timedelta(days=1))
    home.runs(only=("+int_campaigns", "int_campaign_names", "config.materialized:incremental", *REGISTERED,
                    "config.materialized:kept"))  # fmt: skip
    home.keeps_who_is_who()
    home.passes(timedelta(hours=1))
    home.runs(only=KILLED)
    home.happens(AFTER_IT)
    home.passes(timedelta(hours=1))
    home.runs()
    with home.warehouse.reading("work") as connection:
        before_it, owners_due = made_before_the_last_run(connection), due(connection)
    assert len(before_it) > 50, "they made again what is made of the same"
    assert {"staging.stg_hubspot__forms", "staging.stg_salesforce__holidays"} <= before_it
    assert not {"staging.stg_hubspot__contacts", "marts.unified_leads"} & before_it
    some = {name for name, owners in owners_due.items() if 0 < owners < 250}
    assert set(OF_IDENTITY) <= some
    moved = {name: owners_due.get(name) for name in SUMMED}
    assert all(moved.values()), f"sums that were worked out of everything, or of nobody: {moved}"
    assert len(some) > 25, "they worked everybody out, or nobody"

    anew = Home(tmp_path / "anew")
    shutil.copytree(built.home / "dbt", anew.settings.paths.dbt_target)
    shutil.copyfile(home.settings.paths.work, anew.settings.paths.work)
    with anew.writing() as connection:
        for schema in MADE:
            connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute("create schema incremental")
    anew.runs()
    assert differences(home.settings.paths.work, anew.settings.paths.work) == []


def due(work: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many each incremental model worked out in the last run, of those that did not work out all."""
    models = [name for (name,) in work.execute(
        "select table_name[:-8] from duckdb_tables() where schema_name = 'incremental' "
        "and ends_with(table_name, '__state')"
    ).fetchall()]  # fmt: skip
    run, found = last_run(work), {}
    for name in models:
        state = work.execute(f"select is_full, run from incremental.{name}__state").fetchall()
        if state == [(False, run)]:
            [(found[name],)] = work.execute(f"select count(*) from incremental.{name}__due").fetchall()
    return found


def last_run(work: duckdb.DuckDBPyConnection) -> str:
    """That of dbt, in which somebody was changed."""
    made = "select made_in from incremental.made where relation = 'marts.unified_leads'"
    [(run,)] = work.execute(made).fetchall()
    return str(run)


def made_before_the_last_run(work: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables and views that stayed as they were."""
    return {name for (name,) in work.execute(
        "select relation from incremental.made where not starts_with(relation, 'test.') "
        f"and made_in <> '{last_run(work)}'"
    ).fetchall()}  # fmt: skip


def differences(stepwise: Path, at_once: Path) -> list[str]:
    """Each table in which two warehouses differ, with a row."""
    found = []
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{stepwise}' as steps (read_only)")
        connection.execute(f"attach '{at_once}' as once (read_only)")
        tables = connection.execute(
            "select distinct schema_name, table_name from duckdb_tables() "
            f"where database_name = 'once' and schema_name in {MADE[:-1]} order by all"
        ).fetchall()
        assert len(tables) > 150, len(tables)
        for schema, table in tables:
            sides = [f"select * from {side}.{schema}.{table}" for side in ("steps", "once")]
            for said, sql in zip(("stale", "missing"), (sides, sides[::-1]), strict=True):
                rows = connection.execute(f"{sql[0]} except all {sql[1]}").fetchall()
                if rows:
                    found.append(f"{schema}.{table}: {len(rows)} {said}, such as {rows[0]}")
    return found
