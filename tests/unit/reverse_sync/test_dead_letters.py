"""What a CRM refused lies still until it is released, with its words and a remedy."""

from __future__ import annotations

import pytest

from pipelines.reverse_sync.rejections import judge
from pipelines.state import dead_letters

from .conftest import NOON, World


def _letters(world: World) -> list[tuple[str, str, str, str, int]]:
    with world.state.reading() as connection:
        found = dead_letters.unreleased(connection)
    return [(r["record_id"], r["field"], r["code"], r["category"], r["attempts"]) for r in found]


def _publish(world: World, score: int = 42, run: str = "p1") -> None:
    world.publish({"1": {"score": score}, "2": {"score": score}}, publish_id=run)


@pytest.fixture
def refused(world: World) -> World:
    """Record 1 was refused with a code, record 2 was taken."""
    world.hubspot.records = {"1": {}, "2": {}}
    world.hubspot.rejected = {"1": "INVALID_EMAIL"}
    _publish(world)
    world.apply(world.plan())
    return world


def test_a_refused_field_is_a_dead_letter_and_is_not_planned_again(refused: World) -> None:
    assert _letters(refused) == [("1", "score", "INVALID_EMAIL", "fix data", 1)]
    plan = refused.plan("run2")
    assert plan.is_empty
    (held,) = plan.held
    assert held.reason == "score: INVALID_EMAIL before; mend the address where it comes from"


def test_another_value_of_the_field_is_tried_and_forgets_the_letter_when_taken(refused: World) -> None:
    refused.hubspot.rejected = {}
    _publish(refused, 50, "p2")
    plan = refused.plan("run2")
    assert plan.records == 1 + 1
    refused.apply(plan, "run2")
    assert _letters(refused) == []


def test_retry_releases_it_and_a_second_refusal_is_counted(refused: World) -> None:
    with refused.state.writing() as connection:
        assert dead_letters.release(connection, NOON, code="ANOTHER") == 0
        assert dead_letters.release(connection, NOON, code="INVALID_EMAIL") == 1
    plan = refused.plan("run2")
    assert plan.records == 1
    refused.apply(plan, "run2")
    assert _letters(refused) == [("1", "score", "INVALID_EMAIL", "fix data", 2)]


def test_a_row_refused_for_a_moment_is_sent_again_and_is_a_dead_letter_while_it_fails(world: World) -> None:
    world.salesforce.records = {"1": {}, "2": {}}
    world.salesforce.rejected = {"1": "UNABLE_TO_LOCK_ROW"}
    world.publish(leads={"1": {"Score__c": 1.0}, "2": {"Score__c": 1.0}})
    done = world.apply(world.plan())
    assert world.salesforce.log.count("update") == 3
    assert (done.confirmed, done.rejected, done.is_partial) == (1, 1, True)
    assert _letters(world) == [("1", "Score__c", "UNABLE_TO_LOCK_ROW", "retry", 1)]
    assert world.journal() == [
        ("1", "Score__c", "intended", "UNABLE_TO_LOCK_ROW"), ("2", "Score__c", "confirmed", ""),
    ]  # fmt: skip
    for attempts in (2, 3):
        assert world.apply(world.plan("run2"), "run2").rejected == 1
        assert _letters(world)[0][-1] == attempts
    assert world.plan("run3").is_empty, "three plans have tried"
    with world.state.writing() as connection:
        dead_letters.release(connection, NOON)
    world.salesforce.rejected = {}
    assert world.apply(world.plan("run4"), "run4").confirmed == 1
    assert _letters(world) == []


def test_a_field_that_is_refused_by_name_does_not_take_its_record_along(world: World) -> None:
    world.hubspot.records = {"1": {}, "2": {}}
    world.hubspot.misfit = ("source", "no such thing")
    world.publish({i: {"score": 5, "source": s} for i, s in (("1", "no such thing"), ("2", "paid"))})
    done = world.apply(world.plan())
    assert world.hubspot.records == {"1": {"score": "5"}, "2": {"score": "5", "source": "paid"}}
    assert (done.confirmed, done.rejected) == (3, 1)
    assert done.repair == 1
    assert _letters(world) == [("1", "source", "INVALID_OPTION", "fix config", 1)]


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("UNABLE_TO_LOCK_ROW", "retry"),
        ("INSUFFICIENT_ACCESS_OR_READONLY", "permission"),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "fix config"),
        ("STRING_TOO_LONG", "fix data"),
        ("A_CODE_OF_NEXT_YEAR", "fix data"),
    ],
)
def test_each_code_has_a_category_and_a_remedy(code: str, category: str) -> None:
    verdict = judge("salesforce", code)
    assert verdict is not None
    assert verdict.category == category
    assert verdict.remedy


def test_what_others_changed_meanwhile_is_no_dead_letter() -> None:
    assert judge("hubspot", "CHANGED_BY_OTHERS") is None
