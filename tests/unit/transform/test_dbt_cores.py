"""A model that is made alone has all cores, and no longer than it is alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.task.run import ModelRunner

from pipelines import dbt_cores
from pipelines.dbt_cores import Cores


@pytest.fixture
def told() -> list[int]:
    return []


@pytest.fixture
def cores(told: list[int]) -> Cores:
    return Cores(told.append, together=3, alone=4)


def test_who_is_alone_for_two_looks_has_all_until_another_begins(cores: Cores, told: list[int]) -> None:
    begun = cores.look(0)
    with cores.making():
        begun = cores.look(begun)
        assert told == []
        begun = cores.look(begun)
        assert told == [4]
        with cores.making():
            assert told == [4, 3]
            cores.look(cores.look(begun))
        begun = cores.look(2)
    assert told == [4, 3, 4]
    cores.look(cores.look(begun))
    assert told == [4, 3, 4], "nobody works, and nothing is shared"


def test_small_models_one_after_the_other_leave_all_as_it_is(cores: Cores, told: list[int]) -> None:
    begun = 0
    for _ in range(5):
        with cores.making():
            begun = cores.look(begun)
    assert told == []


def test_while_dbt_runs_its_database_has_all_for_a_model_that_is_made_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with duckdb.connect(":memory:", config={"threads": 1}) as database:

        class Environment:
            conn = database

        def threads() -> int:
            with database.cursor() as cursor:
                return int(cursor.execute("select current_setting('threads')").fetchall()[0][0])

        def fails(*_: object) -> None:
            deadline = time.monotonic() + 10
            while threads() != 2 and time.monotonic() < deadline:
                time.sleep(0.005)
            raise ValueError(f"threads: {threads()}")

        put: dict[str, Callable[..., None]] = {}
        monkeypatch.setattr(dbt_cores, "_WHILE", 0.01)
        monkeypatch.setattr(DuckDBConnectionManager, "_ENV", Environment)
        monkeypatch.setattr(ModelRunner, "execute", fails)
        dbt_cores.spare(lambda where, **functions: put.update(functions))
        with dbt_cores.shared(together=1, alone=2):
            for _ in range(2):
                with pytest.raises(ValueError, match="threads: 2"):
                    put["execute"](None)
        with pytest.raises(ValueError, match="threads: 2"):
            put["execute"](None)


def test_on_one_core_nobody_looks() -> None:
    with dbt_cores.shared(together=1, alone=1):
        assert dbt_cores._current is None
