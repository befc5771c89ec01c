"""Opening, migrating and sharing the state database."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import inspect, text

from pipelines.errors import ConfigError, CrmError, Locked
from pipelines.settings import Settings
from pipelines.state import State, engine, migrations, runs, tables


def test_migrated_tables_have_the_columns_that_queries_use(state: State) -> None:
    found = inspect(state.engine)
    for table in tables.metadata.sorted_tables:
        migrated = found.get_columns(table.name)
        assert [c["name"] for c in migrated] == [c.name for c in table.columns]
        assert [c["nullable"] for c in migrated] == [c.nullable for c in table.columns]
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [
            c.name for c in table.primary_key
        ]


def test_opening_again_applies_no_migration_twice(state: State, settings: Settings) -> None:
    with State.open(settings) as again, again.reading() as connection:
        numbers = list(connection.execute(text("select number from schema_migrations")).scalars())
    assert numbers == list(migrations.scripts())


def test_a_newer_schema_is_refused_with_what_to_do(state: State, settings: Settings) -> None:
    with state.writing() as connection:
        connection.execute(text("insert into schema_migrations values (9999, '9999_later')"))
    known = max(migrations.scripts())
    with pytest.raises(CrmError, match=f"schema 9999 and this version knows up to {known}") as refused:
        State.open(settings)
    assert "update the project" in str(refused.value)


def test_a_file_that_is_no_database_is_one_sentence(settings: Settings) -> None:
    settings.paths.state.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(CrmError, match="state database cannot be used"):
        State.open(settings)


def test_a_second_writer_is_told_that_another_run_holds_it(
    state: State, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_BUSY_SECONDS", 0.05)
    with State.open(settings) as other, state.writing():
        with pytest.raises(Locked, match="another run holds the state database"):
            with other.writing():
                raise AssertionError("the lock was not held")


def test_a_thread_waits_for_its_turn_and_one_that_waits_for_itself_is_told(state: State) -> None:
    begun = threading.Event()

    def writes_too() -> None:
        begun.set()
        with state.writing() as connection:
            runs.start(connection, "r2", "build", datetime(2026, 6, 30, tzinfo=UTC))

    other = threading.Thread(target=writes_too)
    with state.writing():
        other.start()
        begun.wait()
        with pytest.raises(Locked, match="this run already writes"), state.writing():
            raise AssertionError("it would have waited for itself")
    other.join(timeout=30)
    with state.reading() as connection:
        assert [run.run_id for run in runs.latest(connection)] == ["r2"]


def test_a_write_that_raises_leaves_nothing(state: State) -> None:
    moment = datetime(2026, 6, 30, tzinfo=UTC)

    def dies_in_the_middle() -> None:
        with state.writing() as connection:
            runs.start(connection, "r1", "build", moment)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        dies_in_the_middle()
    with state.reading() as connection:
        assert runs.latest(connection) == []


def test_moments_come_back_in_utc_whatever_zone_they_had(state: State) -> None:
    rome = datetime(2026, 6, 30, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    with state.writing() as connection:
        runs.start(connection, "r1", "build", rome)
        runs.finish(connection, "r1", "build", rome + timedelta(seconds=1), "done")
    with state.reading() as connection:
        (row,) = runs.latest(connection)
    assert row["started_at"] == rome
    assert row["started_at"].tzinfo is UTC
    assert row["status"] == "done"


def test_a_moment_without_a_zone_is_refused(state: State) -> None:
    with pytest.raises(Exception, match="without a time zone"):
        with state.writing() as connection:
            runs.start(connection, "r1", "build", datetime(2026, 6, 30))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://host/database", "names mysql, which is not supported"),
        ("not a url", "is not a database URL"),
    ],
)
def test_a_state_url_that_cannot_be_used_is_a_usage_error(
    settings: Settings, url: str, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        State.open(replace(settings, state_url=url))


def test_an_unreachable_database_does_not_show_its_password(settings: Settings) -> None:
    with pytest.raises(CrmError) as failed:
        State.open(replace(settings, state_url="postgresql://user:hunter2@127.0.0.1:1/database"))
    assert "hunter2" not in str(failed.value)
