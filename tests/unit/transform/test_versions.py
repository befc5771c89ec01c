"""What is made of the same as last time stays, with its tests; and whatever reads what changed is made anew.

Belongs here: which nodes of a stage are made. That rows are right is in `tests/e2e/test_incremental.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dbt.compilation import Compiler, Linker

from pipelines import transform, versions
from pipelines.dbt_results import TestsFailed
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse
from tests.conftest import PROJECT
from tests.fixtures.few_models import cut_down
from tests.fixtures.raw_tables import RawTables

TOUCHES = ("stg_salesforce__tasks", "stg_salesforce__holidays", "int_task_touches", "int_told_touches")


class Home:
    """A copy of a home where all is built."""

    def __init__(self, built: Path, folder: Path) -> None:
        shutil.copytree(built, folder)
        self.settings = Settings(home=folder, config_dir=PROJECT / "config")
        self.warehouse = Warehouse(self.settings.paths)

    def does(self, sql: str) -> None:
        with self.warehouse.locked("test"), self.warehouse.writing() as connection:
            connection.execute(sql)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.warehouse.reading("work") as connection:
            return connection.execute(sql).fetchall()

    @contextmanager
    def building(self) -> Iterator[versions.Versions]:
        """What a build holds while dbt runs."""
        manifest, code = transform.load_manifest(self.settings), transform.code_hash()
        with (
            self.warehouse.locked("test"),
            versions.kept(self.warehouse, manifest, code, transform._is_of_marts) as known,
        ):
            yield known

    def makes(self) -> set[str]:
        """What of the models and their tests a run makes and asks, by name."""
        before = set(self.query("select relation, made_in from incremental.made where made_in is not null"))
        with self.warehouse.locked("test"):
            transform.build(self.warehouse, self.settings, Run(), "marts")
        now = set(self.query("select relation, made_in from incremental.made where made_in is not null"))
        return {relation.split(".")[1 if relation.count(".") == 1 else 2] for relation, _ in now - before}


@pytest.fixture(scope="module")
def touches(business: RawTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of whose stage `marts` only some models are left, and none of what is made of it: dbt and DuckDB
    look through all that is there, each time."""
    home = Home(business.settings.home, tmp_path_factory.mktemp("touches") / "home")
    cut_down(home.settings, {*TOUCHES, "int_touches"})
    home.does("drop schema reverse_sync cascade; drop schema marts cascade")
    return home.settings.home


@pytest.fixture
def home(touches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setitem(transform._SELECTION, "marts", ("--select", *TOUCHES))
    return Home(touches, tmp_path / "home")


A_TASK = "select min(Id) from raw_salesforce.task"


def test_only_what_reads_something_new_is_made_and_asked_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Compiler, "compile_node", None)  # what stays is not begun at all
        patched.setattr(Linker, "add_test_edges_1", None)  # an edge from each test to all that is behind it
        assert home.makes() == set()
    home.does(
        f"update raw_salesforce.task set Subject = 'Otherwise' where Id = ({A_TASK});"
        "insert into incremental.int_told_touches values (7, hash('model.crm.int_engagement_members'), 0, 1)"
    )
    made = home.makes()
    assert {"stg_salesforce__tasks", "int_task_touches", "int_told_touches"} <= made
    somebody = "select owner from incremental.int_told_touches where owner = 7"
    assert home.query(somebody) == [(7,)], "what had the same version is compared"
    assert "key_int_told_touches_touchpoint_id" in made
    assert "stg_salesforce__holidays" not in made
    assert home.makes() == set()


def test_what_an_interrupted_build_had_begun_with_is_new_to_the_next(home: Home) -> None:
    with home.building() as known:
        known.made_of("model.crm.stg_salesforce__holidays", "as it was")
    assert home.makes() == {"stg_salesforce__holidays"}


def test_what_a_killed_build_leaves_is_new_to_the_next(home: Home) -> None:
    with home.building() as known:
        assert home.query("from incremental.made") == []
        assert all(known.stays(f"model.crm.{name}") for name in TOUCHES)
        known.made.clear()
    assert set(TOUCHES) <= home.makes()


def test_a_change_that_comes_to_the_same_ends_there(home: Home) -> None:
    home.does(f"update raw_salesforce.task set SystemModstamp = now() where Id = ({A_TASK})")
    assert not {"int_told_touches", "key_int_told_touches_touchpoint_id"} & home.makes()


def test_a_key_is_asked_of_everything_where_something_is_new(home: Home) -> None:
    [(mine,)] = home.query(
        "select touchpoint_id from intermediate.int_told_touches "
        f"where source_record_key like '%:Task:' || ({A_TASK}) and person_id is not null"
    )
    home.does(
        f"update intermediate.int_told_touches set touchpoint_id = '{mine}' where rowid = (select min(rowid) "
        "from intermediate.int_told_touches where person_id <> (select person_id from "
        f"intermediate.int_told_touches where touchpoint_id = '{mine}'))"
    )
    assert home.makes() == set(), "nothing is new"
    home.does(f"update raw_salesforce.task set Subject = 'Otherwise' where Id = ({A_TASK})")
    with pytest.raises(TestsFailed, match="key_int_told_touches_touchpoint_id"):
        home.makes()
    with pytest.raises(TestsFailed, match="key_int_told_touches_touchpoint_id"):
        home.makes()


def test_who_was_due_in_a_run_that_a_follower_did_not_see_is_due_there_in_its_next(home: Home) -> None:
    home.does(f"update raw_salesforce.task set Subject = 'Otherwise' where Id = ({A_TASK})")
    with home.warehouse.locked("test"):
        for only in (TOUCHES, ("int_told_touches",), ("int_touches",)):
            transform.build(home.warehouse, home.settings, Run(), "marts", only=only)
    assert home.query(
        f"select content from intermediate.int_touches where source_record_key like '%:Task:' || ({A_TASK})"
    ) == [("Otherwise",)]


def test_fingerprints_that_earlier_code_kept_in_another_shape_are_forgotten(home: Home) -> None:
    home.does("alter table incremental.int_told_touches drop column input_hash")
    with home.building():
        assert home.query(
            "select table_name from duckdb_tables() where schema_name = 'incremental' "
            "and starts_with(table_name, 'int_told_touches')"
        ) == [("int_told_touches__due",)]
