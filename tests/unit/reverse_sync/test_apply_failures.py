"""What an apply makes of answers that are refused, lost or untrue: rows fail alone, nothing goes twice."""

from __future__ import annotations

import pytest

from pipelines.state.journal import NOT_SENT

from .conftest import World
from .filled import fill


def test_when_one_of_the_calls_side_by_side_is_refused_nothing_is_lost_or_written_twice(world: World) -> None:
    world.hubspot.at_once = 4
    fill(world, contacts=30, leads=0)
    plan = world.plan()
    world.hubspot.faults = ["", "", "", "refused"]
    done = world.apply(plan)
    assert done.is_partial
    assert done.syncs["contacts"].stopped
    assert {row[2:] for row in world.journal()} <= {("confirmed", ""), ("intended", NOT_SENT)}
    world.apply(plan, run="run2")
    cells = [(record_id, field) for record_id, field, _, _ in world.hubspot.writes]
    assert len(cells) == len(set(cells)) == 60
    assert {row[2] for row in world.journal()} == {"confirmed"}


def test_a_yes_that_stored_something_else_is_rejected(world: World) -> None:
    fill(world, 2, 2)
    world.hubspot.stuck = {("1", "score")}
    world.salesforce.stuck = {("0", "Revenue__c")}
    done = world.apply(world.plan())
    assert (done.confirmed, done.rejected) == (6, 2)
    failed = [row for row in world.journal("record_id, field, state, code, message") if row[2] == "rejected"]
    assert failed == [
        ("1", "score", "rejected", "NOT_STORED", "HubSpot said yes and holds nothing"),
        ("0", "Revenue__c", "rejected", "NOT_STORED", "Salesforce said yes and holds nothing"),
    ]
    assert done.is_partial


def test_a_row_that_is_rejected_fails_alone_with_the_vendor_s_code(world: World) -> None:
    fill(world, 3, 3)
    world.hubspot.rejected = {"1": "INVALID_EMAIL"}
    world.salesforce.rejected = {"2": "STRING_TOO_LONG"}
    done = world.apply(world.plan())
    assert done.syncs["contacts"].records == 2
    assert done.syncs["leads"].records == 2
    assert {(row[0], row[3]) for row in world.journal() if row[2] == "rejected"} == {
        ("1", "INVALID_EMAIL"),
        ("2", "STRING_TOO_LONG"),
    }


def test_a_batch_that_fails_as_a_whole_is_split_until_the_bad_row_stands_alone(world: World) -> None:
    fill(world, 6, 0)
    world.hubspot.poison = {"4"}
    done = world.apply(world.plan())
    assert done.syncs["contacts"].records == 5
    assert {row[0] for row in world.journal() if row[2] == "rejected"} == {"4"}


def test_a_record_that_is_gone_is_rejected_by_name(world: World) -> None:
    fill(world, 2, 2)
    plan = world.plan()
    del world.hubspot.records["0"]
    assert world.apply(plan).confirmed == 6
    assert {(row[0], row[3]) for row in world.journal() if row[2] == "rejected"} == {("0", "RECORD_GONE")}


@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
def test_a_lost_answer_is_settled_by_reading_back_and_nothing_is_sent_twice(
    world: World, vendor: str
) -> None:
    fill(world, 3, 2)
    crm = world.crms[vendor]
    crm.faults = ["", "", "lost after"]  # who are you, which fields, the first write
    done = world.apply(world.plan())
    assert (done.confirmed, done.unknown) == (10, 0)
    assert crm.log.count("update") == 1
    assert len(crm.writes) == len(set(crm.writes))


@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
def test_a_write_that_never_arrived_is_sent_again(world: World, vendor: str) -> None:
    fill(world, 3, 2)
    crm = world.crms[vendor]
    crm.faults = ["", "", "lost before"]
    assert world.apply(world.plan()).confirmed == 10
    assert crm.log.count("update") == 2
    assert len(crm.writes) == len(set(crm.writes))


def test_answers_lost_again_and_again_end_the_sync_with_a_sentence(world: World) -> None:
    fill(world, 3, 2)
    world.hubspot.faults = ["", "", *(["lost before", ""] * 3)]
    done = world.apply(world.plan())
    assert done.syncs["contacts"].stopped == "HubSpot did not say what became of a write."
    assert done.syncs["leads"].records == 2
    assert world.hubspot.writes == []
    assert done.is_partial


def test_what_cannot_be_read_back_stays_unknown_and_is_settled_by_the_next_apply(world: World) -> None:
    fill(world, 3, 2)
    world.hubspot.faults = ["", "", "lost after", "down"]
    plan = world.plan()
    first = world.apply(plan)
    assert first.unknown == 6
    second = world.apply(plan, run="run2")
    assert second.recovered.confirmed == 6
    assert second.syncs["contacts"].already == 6
    assert world.hubspot.log.count("update") == 1


def test_a_vendor_that_refuses_ends_its_syncs_and_leaves_the_other_alone(world: World) -> None:
    fill(world, 5, 2)
    world.hubspot.faults = ["", "", "", "refused"]
    plan = world.plan()
    first = world.apply(plan)
    assert first.syncs["contacts"].stopped == "HubSpot's calls of this day are used up."
    assert first.syncs["contacts"].records == 3
    assert first.syncs["contacts"].unsent == 4
    assert first.syncs["leads"].records == 2
    second = world.apply(plan, run="run2")
    assert second.syncs["contacts"].records == 2
    assert len(world.hubspot.writes) == len(set(world.hubspot.writes)) == 10


def test_a_vendor_that_does_not_answer_leaves_the_other_alone(world: World) -> None:
    fill(world, 2, 2)
    world.salesforce.faults = ["down"]
    done = world.apply(world.plan())
    assert done.syncs["leads"].stopped == "Salesforce did not answer."
    assert done.syncs["contacts"].records == 2
    assert done.notes == ("stopped: Salesforce did not answer.",)
