"""A person who was decided about after the refresh of a plan had read them is left to the next one."""

from __future__ import annotations

from datetime import timedelta

from pipelines.state import met

from .conftest import NOON, World

BEGUN = ["create table if not exists ops.begun as select 1::bigint as last_met"]


def test_only_records_that_were_met_since_the_refresh_began_are_left_out_of_its_plan(world: World) -> None:
    keys = {n: f"hubspot:{world.hubspot.org_id}:contacts:{n}" for n in "123"}
    with world.state.writing() as state:
        met.save(state, {keys["1"]: "p1"}, NOON)
        met.save(state, {keys["2"]: "p2"}, NOON + timedelta(minutes=1))
    world.hubspot.records = {n: {"score": 1} for n in "123"}
    world.publish({n: {"score": 9} for n in "123"}, extra=BEGUN)
    plan = world.plan()
    assert "1 records are left to the next refresh, for they were met since" in plan.notes
    world.apply(plan)
    assert {i for i, *_ in world.hubspot.writes} == {"1", "3"}
