"""What stops a plan: too much overwritten, changed or filled, and records that became others."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.reverse_sync import diff, guards
from pipelines.rules.syncs import Guards, load_syncs

from .conftest import World


def test_overwriting_what_people_own_on_too_many_records_stops_the_plan(world: World) -> None:
    world.hubspot.records = {str(n): {"stage": "lead"} for n in range(9)}
    world.publish({str(n): {"stage": "mql"} for n in range(3)})
    (sentence,) = world.plan().stopped
    assert sentence == (
        "contacts would overwrite values that people own on 3 of 9 records (33%, the guard allows 30%)"
    )


def test_up_to_the_floor_a_share_is_not_asked(world: World) -> None:
    world.hubspot.records = {"1": {"stage": "lead"}, "2": {"stage": "lead"}}
    world.publish({"1": {"stage": "mql"}, "2": {"stage": "mql"}})
    assert world.plan().stopped == ()


@pytest.mark.parametrize(
    ("records", "changed", "filled", "said"),
    [
        (10, 10, 0, "10 of 10 records (100%, the guard changed_share allows 90%)"),
        (10, 9, 1, ""),
        (3, 3, 0, ""),
    ],
)
def test_changing_what_is_there_on_too_many_records_stops_the_plan_whoever_owns_the_field(
    world: World, records: int, changed: int, filled: int, said: str
) -> None:
    sync = load_syncs(world.settings.config_dir).syncs["contacts"]
    with duckdb.connect() as connection:
        diff.create_tables(connection)
        connection.execute(
            "insert into cells select 'contacts', i::varchar, 'k' || i, '', 0, 'score', "
            "if(i < $changed, '1', null), '2', 'computed', 'us', 'r', 'change' from range($planned) t(i)",
            {"changed": changed, "planned": changed + filled},
        )
        most = Guards(changed_floor=3)
        found = guards.exceeded(connection, {"contacts": (sync, records)}, most, lambda sync: 0)
        mirrored = sync.model_copy(update={
            "fields": {n: rule.model_copy(update={"provider": "mirrored"}) for n, rule in sync.fields.items()}
        })  # fmt: skip
        connection.execute(
            "create schema raw_hubspot; create table raw_hubspot.contacts as "
            "select i, null::timestamp as deleted_at from range(1000) t(i)"
        )
        assert guards.exceeded(connection, {"contacts": (mirrored, records)}, most, lambda sync: 0) == []
    assert found == ([f"contacts would change values that are there on {said}"] if said else [])


def test_what_each_sync_may_overwrite_all_together_may_not(world: World) -> None:
    config = world.settings.config_dir / "syncs.yml"
    config.write_text(
        config.read_text().replace("Score__c: {type: number, provider: computed, owner: us", "Score__c: "
                                   "{type: number, provider: computed, owner: crm")
    )  # fmt: skip
    world.hubspot.records = {str(n): {"stage": "lead"} for n in range(4)}
    world.salesforce.records = {str(n): {"Score__c": "1"} for n in range(4)}
    world.publish({str(n): {"stage": "mql"} for n in range(2)}, {str(n): {"Score__c": 2} for n in range(2)})
    assert world.plan().stopped == (
        "the plan as a whole would overwrite values that people own on 4 of 8 records (50%, the guard allows "
        "30%)",
    )


def test_filling_most_records_stops_a_plan_once_half_of_them_were_written(world: World) -> None:
    config = world.settings.config_dir / "syncs.yml"
    config.write_text(config.read_text().replace("blanks: 0}", "blanks: 0, filled_floor: 3}"))
    world.hubspot.records = {str(n): {} for n in range(10)}
    scored = {str(n): {"score": n} for n in range(10)}
    world.publish(scored)
    assert world.plan().stopped == (), "a first run"
    world.apply(world.plan(), limit=4)
    world.publish(scored, publish_id="p2")
    assert world.plan("run2").stopped == (), "a first run that goes on"
    world.apply(world.plan("run2"), "run2")
    sourced = {str(n): {"source": "paid"} for n in range(10)}
    world.publish({i: sourced[i] for i in "01234"}, publish_id="p3")
    assert world.plan("run3").stopped == ()
    world.publish(sourced, publish_id="p4")
    (sentence,) = world.plan("run4").stopped
    assert sentence.startswith(
        "contacts would fill empty fields of 10 of 10 records (100%, the guard filled_"
    )


def test_records_that_became_others_since_they_were_written_stop_the_plan(world: World) -> None:
    world.hubspot.records = {str(n): {} for n in range(30)}
    world.publish({str(n): {"source": "paid"} for n in range(30)})
    world.apply(world.plan())
    moved = (
        "create or replace table marts.lead_identities as select record_key, "
        "if(record_id::int < {}, timestamptz '2026-07-01', timestamptz '2026-01-01') as joined_at "
        "from reverse_sync.sync_hubspot__contacts"
    )
    wish = {str(n): {"source": "organic"} for n in range(30)}
    world.publish(wish, publish_id="p2", extra=[moved.format(20)])
    assert world.plan("run2").stopped == (), "up to the floor they are merges and splits"
    world.publish(wish, publish_id="p3", extra=[moved.format(21)])
    (sentence,) = world.plan("run3").stopped
    assert sentence.startswith("contacts would write to 21 of 30 records that belong to another person")
