"""A step out of order, or on an empty home, says what to run first and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from pipelines import standing
from pipelines.decisions import taken
from pipelines.errors import CrmError
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.steps import Check, Loop

Step = Callable[[Loop], object]


def loop_on(home: Path) -> Loop:
    def never(*_: Any) -> None:
        raise AssertionError("no gate is asked of nothing")

    return Loop(Settings(home=home, config_dir=PROJECT_ROOT / "config"), cast("Check", never))


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Loop.transform, "run crm extract first"),
        (lambda loop: loop.check("raw"), "run crm extract and crm transform first"),
        (lambda loop: loop.check("desired"), "run crm extract and crm transform first"),
        (Loop.decide, "run crm extract and crm transform first"),
        (Loop.desired, "run crm extract and crm transform first"),
        (Loop.publish, "run crm extract and crm transform first"),
        (Loop.plan, "nothing has been published yet"),
        (Loop.record, "nothing has been published yet"),
        (lambda loop: loop.apply(Path("plan.jsonl")), "nothing has been published yet"),
    ],
)
def test_on_an_empty_home_each_step_says_what_comes_first(tmp_path: Path, step: Step, sentence: str) -> None:
    with loop_on(tmp_path) as loop, pytest.raises(CrmError, match=sentence) as refused:
        step(loop)
    assert refused.value.exit_code == 1
    assert not list(tmp_path.glob("*.duckdb*"))


@pytest.mark.parametrize("step", [Loop.record, lambda loop: loop.apply(Path("plan.jsonl"))])
def test_a_refresh_made_step_by_step_is_not_discarded(tmp_path: Path, step: Step) -> None:
    with loop_on(tmp_path) as loop:
        with loop.locked():
            loop.warehouse.start_work(by_hand=True)
            with loop.warehouse.writing() as connection:
                connection.execute("create table mine as select 1 as number")
        with pytest.raises(CrmError, match="step by step and would be lost"):
            step(loop)
        with loop.warehouse.reading("work") as connection:
            assert connection.execute("select number from mine").fetchone() == (1,)


def test_what_a_killed_whole_refresh_left_does_not_stand_in_the_way(tmp_path: Path) -> None:
    with loop_on(tmp_path) as loop:
        with loop.locked():
            loop.warehouse.start_work()
            loop.warehouse.publish("published")
            loop.warehouse.start_work()
        assert loop.warehouse.has_work()
        assert not loop.warehouse.is_made_by_hand()
        with loop.locked():
            loop.warehouse.start_work(by_hand=True)
            loop.warehouse.publish("by hand")
        assert not loop.warehouse.is_made_by_hand()


def test_what_an_earlier_refresh_decided_is_not_taken_for_this_one_s(tmp_path: Path) -> None:
    with loop_on(tmp_path) as loop, loop.locked():
        loop.warehouse.start_work(by_hand=True)
        with loop.warehouse.writing() as connection, loop.state.writing() as state:
            standing.prepare(connection)
            taken.is_kept(connection)
            taken.keep_late(state, connection)
            standing.prepare(connection)
            with pytest.raises(CrmError, match="nothing was decided in this refresh"):
                taken.keep_late(state, connection)


def test_a_warehouse_of_another_version_waits_for_the_refresh_and_is_not_recorded_over(
    tmp_path: Path,
) -> None:
    """What the models read may not be there yet: a column of what was decided, a table before it."""
    with loop_on(tmp_path) as loop:
        with loop.locked():
            loop.warehouse.start_work()
            with loop.warehouse.writing() as connection:
                connection.execute("create schema decisions; create table decisions.handoffs (state varchar)")
            loop.warehouse.publish("p1")
        result = loop.record()
        assert (result.status, result.notes) == (
            "skipped", ("the warehouse was made by another version; the next refresh builds the marts anew",),
        )  # fmt: skip
        assert not loop.warehouse.has_work()
