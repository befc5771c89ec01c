"""Records created by Bulk 2.0 jobs: each finds its id or its refusal, and none is made twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from pipelines import crashpoints
from pipelines.crashpoints import Crashed
from pipelines.reverse_sync import recovery
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.actions.performing import Performer
from pipelines.reverse_sync.actions.registry import Registry
from pipelines.reverse_sync.actions.salesforce_records import SalesforceCreator
from pipelines.reverse_sync.destinations import salesforce_bulk
from pipelines.rules.syncs import load_syncs
from pipelines.state.bulk_jobs import BulkJobs

from .conftest import World
from .org import KEY, Org, Small


class SmallCreator(SalesforceCreator):
    batch_size = 2


CREATORS = Registry((SmallCreator,), {})


def _people(*numbers: int, **extra: str) -> list[Action]:
    said = {"key_field": KEY, "types": {}}
    return [
        Action(
            f"a{n}", "people", "create_record", "salesforce", "Lead", f"hubspot:o:contacts:{n}", "",
            {**said, "key": f"k{n}", "properties": {"LastName": f"N{n}", "Email": f"p{n}@x.org", **extra}},
            (), "mirrored", "people.yml", "", "compensable",
        )
        for n in numbers
    ]  # fmt: skip


def _create(world: World, destination: Small, some: Sequence[Action], run: str = "r") -> Performer:
    performer = Performer(world.state, CREATORS, {"salesforce": destination}, "p", run, lambda _: None)
    assert sum(performer.perform(some)) == len(some)
    return performer


def _created(world: World) -> dict[str, tuple[str, str, str]]:
    return {row[0]: tuple(row[1:]) for row in world.journal("action_key, state, code, result_id")}


def test_many_creations_go_by_a_job_and_each_finds_its_id_or_its_refusal(
    org: Org, world: World, destination: Small
) -> None:
    org.people["old"] = {"Id": "00Qold", KEY: "old", "Email": "p5@x.org"}
    org.refused, org.untried = {"k1": "STRING_TOO_LONG"}, {"k4"}
    asked = iter(("leads next", ""))
    org.together = threading.Barrier(3, lambda: next(asked) or setattr(org, "together", None), 30)
    _create(world, destination, _people(*range(6)))
    fine = {f"a{n}": ("confirmed", "", f"00Qk{n}") for n in (0, 2, 3, 4)}
    assert _created(world) == fine | {
        "a1": ("rejected", "STRING_TOO_LONG", ""), "a5": ("confirmed", "LINKED", "00Qold"),
    }  # fmt: skip
    assert sorted(org.created) == ["k0", "k2", "k3", "k4"]
    assert len(org.jobs) == 1, "what the job did not try is few enough for a collection"


def test_what_csv_cannot_say_and_what_no_job_takes_is_created_by_collections(
    org: Org, world: World, destination: Small
) -> None:
    _create(world, destination, [*_people(0, 1, 2), *_people(3, LastName="#N/A")])
    assert org.people["k3"]["LastName"] == "#N/A"
    assert [row["Key__c"] for row in org.jobs["7500"]["rows"]] == ["k0", "k1", "k2"]
    org.broken = "InvalidBatch : Field name not found : Nope__c"
    _create(world, destination, _people(*range(10, 14)), run="r2")
    _create(world, destination, _people(*range(20, 24), LastName="#N/A"), run="r3")
    assert {state for state, _, _ in _created(world).values()} == {"confirmed"}
    assert len(org.created) == len(set(org.created)) == 12
    assert len(org.jobs) == 2, "a job was begun for no row"


def test_a_plan_knows_the_calls_of_creations_by_jobs(org: Org, world: World, destination: Small) -> None:
    assert SalesforceCreator.forecast_group(_people(*range(2_000))) == 10 + 2 * 10
    assert SalesforceCreator.forecast_group(_people(*range(10_200))) == 5 + 1 + 2 * 51
    _create(world, destination, _people(*range(6)))
    assert org.calls - org.count.repair == 5 + 2 * 3


@pytest.mark.parametrize("name", salesforce_bulk.CRASHPOINTS)
def test_ended_anywhere_in_a_job_of_creations_none_is_made_twice(
    org: Org, world: World, destination: Small, name: str
) -> None:
    people = _people(*range(6))
    with crashpoints.armed(name), pytest.raises(Crashed):
        _create(world, destination, people)
    after = Small(org)  # type: ignore[arg-type]
    found = recovery.recover_vendor(
        world.state, after, load_syncs(world.settings.config_dir), CREATORS, lambda _: None
    )
    assert found.confirmed + found.not_stored == 6
    assert BulkJobs(world.state, "salesforce", "r").open() == []
    open_still = [action for action in people if _created(world)[action.action_key][0] == "intended"]
    after.keep_jobs(BulkJobs(world.state, "salesforce", "r2"))
    _create(world, after, open_still, run="r2")
    assert sorted(org.created) == [f"k{n}" for n in range(6)]
    assert _created(world) == {f"a{n}": ("confirmed", "", f"00Qk{n}") for n in range(6)}


@pytest.mark.usefixtures("unheard")
def test_creations_of_a_job_nobody_could_ask_after_are_looked_for_when_it_is_over(
    org: Org, world: World, destination: Small
) -> None:
    _create(world, destination, _people(*range(6)))
    assert (len(org.jobs), len(org.created)) == (1, 6), "created again while the first was at work"
    assert {state for state, _, _ in _created(world).values()} == {"confirmed"}
