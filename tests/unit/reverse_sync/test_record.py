"""The journal's way into the warehouse."""

from __future__ import annotations

from datetime import UTC

from pipelines.reverse_sync import record
from pipelines.run import Run
from pipelines.state import runs
from pipelines.state.runs import Probe

from .conftest import NOON, World


def _applied(world: World) -> None:
    world.hubspot.records = {"1": {}, "2": {}}
    world.publish({"1": {"score": 5, "source": "paid"}, "2": {"score": 6}})
    world.apply(world.plan())
    with world.state.writing() as connection:
        runs.start(connection, "run1", "activation", NOON)
        runs.save_probe(connection, Probe("hubspot", "run1", NOON, True, 12, ""))


def test_the_journal_is_copied_whole_and_typed(world: World) -> None:
    _applied(world)
    with world.warehouse.locked("test"):
        world.warehouse.start_work()
        with world.warehouse.writing() as connection:
            for _ in range(2):  # a second copy replaces the first
                counts = record.load_journal(connection, world.state, Run("run1"))
            none = {"dead_letters": 0, "held_rows": 0, "erasures": 0, "erased_rows": 0, "incidents": 0}
            assert counts == {"journal": 3, "runs": 1, "probes": 1, **none}
            rows = connection.execute(
                "select record_id, field, state, after_value, typeof(settled_at) from ops.journal "
                "order by all"
            ).fetchall()
            started = connection.execute("select started_at, ended_at, status from ops.runs").fetchone()
            probe = connection.execute("select probed_at, ok, milliseconds from ops.probes").fetchone()
    kind = "TIMESTAMP WITH TIME ZONE"
    assert rows == [
        ("1", "score", "confirmed", "5", kind),
        ("1", "source", "confirmed", "paid", kind),
        ("2", "score", "confirmed", "6", kind),
    ]
    assert started is not None
    assert (started[0].astimezone(UTC), started[1], started[2]) == (NOON, None, "running")
    assert probe is not None
    assert (probe[0].astimezone(UTC), probe[1], probe[2]) == (NOON, True, 12)


def test_an_empty_journal_leaves_tables_with_their_columns(world: World) -> None:
    with world.warehouse.locked("test"):
        world.warehouse.start_work()
        with world.warehouse.writing() as connection:
            record.load_journal(connection, world.state, Run("run1"))
            described = connection.execute("describe ops.journal").fetchall()
    assert [row[0] for row in described][:4] == ["change_id", "run_id", "plan_id", "sync"]
    assert {row[0]: row[1] for row in described}["intended_at"] == "TIMESTAMP WITH TIME ZONE"


def test_the_version_moves_with_the_journal_and_with_a_failed_probe_only(world: World) -> None:
    before = record.version(world.state)
    _applied(world)
    after = record.version(world.state)
    assert after != before
    with world.state.writing() as connection:
        runs.save_probe(connection, Probe("hubspot", "run2", NOON, True, 12, ""))
    assert record.version(world.state) == after
    with world.state.writing() as connection:
        runs.save_probe(connection, Probe("hubspot", "run3", NOON, False, None, "no answer"))
    assert record.version(world.state) != after
