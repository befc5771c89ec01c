"""Actions: what a plan takes up and holds back, and that each is done once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli import rounds
from pipelines.errors import ConfigError, CrmError
from pipelines.reverse_sync import planfile
from pipelines.reverse_sync.lock import only_one
from pipelines.reverse_sync.results import ApplyResult
from pipelines.state import dead_letters

from .conftest import NOON, ORGS
from .post import Post


def test_a_plan_shows_actions_beside_fields_and_apply_does_each_once(post: Post) -> None:
    post.publish({"action_key": "a", "person_id": "person 1"}, {"action_key": "b"}, {"action_key": "c"})
    plan = post.plan()
    assert plan.actions["handoff"].kinds == {"pigeon letter": 3}
    assert plan.actions["handoff"].reversibility == {"compensable": 3}
    (first, *_) = planfile.read_actions(plan.path)
    assert (first["operation"], first["reason"]) == ("letter", "an MQL without a call")
    done = post.apply(plan)
    assert (done.confirmed, done.is_partial, done.syncs["handoff"].records) == (3, False, 3)
    assert post.outbox.sent == ["a", "b", "c"]
    assert post.outbox.calls == plan.actions["handoff"].calls == 2
    assert post.states()["a"] == ("confirmed", "id-a")
    again = post.plan("run2")
    assert again.is_empty
    assert again.actions["handoff"].done == 3


def test_actions_are_done_in_the_order_in_which_they_were_decided(post: Post) -> None:
    post.publish(
        *({"action_key": key, "place": place} for key, place in (("a", "3"), ("b", "1"), ("c", "2")))
    )
    post.apply(post.plan())
    assert post.outbox.sent == ["b", "c", "a"]


def test_a_plan_that_is_applied_twice_does_nothing_twice(post: Post) -> None:
    post.publish({"action_key": "a"})
    plan = post.plan()
    post.apply(plan)
    again = post.apply(plan, "run2")
    assert (post.outbox.sent, again.syncs, again.is_partial) == (["a"], {}, False)


def test_what_an_action_needs_is_done_before_it_and_named_to_it(post: Post) -> None:
    post.publish(
        {"action_key": "a", "needs": "z"},
        {"action_key": "z"},
        {"action_key": "lost", "needs": "nowhere"},
    )
    plan = post.plan()
    assert post.reasons(plan) == {"lost": "it needs nowhere, which is not done"}
    post.apply(plan)
    assert post.outbox.sent == ["z", "a"]
    assert post.outbox.hung_on == {"a": "id-z"}


def test_what_needs_a_rejected_action_is_held_and_both_are_done_once_the_cause_is_mended(post: Post) -> None:
    post.publish({"action_key": "a", "needs": "z"}, {"action_key": "z"})
    post.outbox.refused = {"z": "NO_SUCH_PERSON"}
    done = post.apply(post.plan())
    assert (done.rejected, done.held) == (1, 1)
    assert post.states() == {"z": ("rejected", "")}
    reasons = post.reasons(post.plan("run2"))
    assert reasons["z"] == "it was rejected before (NO_SUCH_PERSON); mend the cause, then crm retry"
    assert reasons["a"] == "it needs z, which is not done"
    post.outbox.refused = {}
    with post.world.state.writing() as state:
        dead_letters.release(state, NOON)
    post.apply(post.plan("run3"), "run3")
    assert post.outbox.sent == ["z", "a"]
    assert post.plan("run4").is_empty


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"kind": "dance"}, "nothing here does dance at pigeon"),
        ({"payload": "not json"}, "its payload is no JSON object"),
        ({"payload": {"text": ""}}, "a letter needs a text"),
        ({"reversibility": "maybe"}, "its reversibility is 'maybe', which is none"),
        ({"record_key": "hubspot"}, "its record key 'hubspot' is none"),
    ],
)
def test_an_action_that_cannot_be_done_is_held_with_its_reason(
    post: Post, row: dict[str, Any], reason: str
) -> None:
    post.publish({"action_key": "a", **row})
    plan = post.plan()
    assert post.reasons(plan) == {"a": reason}
    assert plan.is_empty


def test_two_actions_of_one_key_are_both_held(post: Post) -> None:
    post.publish({"action_key": "a"}, {"action_key": "a"})
    assert post.reasons(post.plan()) == {"a": "its action_key is there twice"}


def test_an_action_waits_until_it_is_due(post: Post) -> None:
    post.publish({"action_key": "a", "due_at": "2026-06-30T12:00:01Z"})
    plan = post.plan()
    assert (plan.to_do, plan.actions["handoff"].waiting) == (0, 1)


def test_a_table_that_lacks_a_column_is_named(post: Post) -> None:
    made = "create table decisions.actions_short as select 'a' as action_key"
    post.world.publish(extra=["create schema if not exists decisions", made])
    with pytest.raises(
        ConfigError, match=r"decisions.actions_short lacks the columns of actions: sync, kind"
    ):
        post.plan()


@pytest.mark.parametrize("guard", ["kinds: {letter: 1}", "per_run: 1"])
def test_more_actions_of_a_kind_than_the_guard_allows_stop_the_plan(post: Post, guard: str) -> None:
    config = post.world.settings.config_dir / "syncs.yml"
    config.write_text(config.read_text().replace("blanks: 0}", f"blanks: 0, actions: {{{guard}}}}}"))
    post.publish({"action_key": "a"}, {"action_key": "b"})
    plan = post.plan()
    assert plan.stopped == ("the plan has 2 actions of the kind letter (the guard allows 1)",)
    with pytest.raises(CrmError, match="stopped by a guard"):
        post.apply(plan)
    assert post.outbox.sent == []
    post.apply(plan, force=True)
    assert post.outbox.sent == ["a", "b"]


def test_a_person_gets_so_many_a_day_and_the_rest_waits(post: Post) -> None:
    config = post.world.settings.config_dir / "syncs.yml"
    config.write_text(
        config.read_text().replace("blanks: 0}", "blanks: 0, actions: {per_person_per_day: 2}}")
    )
    of_one = [{"action_key": key, "person_id": "p"} for key in ("a", "b", "c")]
    post.publish(*of_one[:1], {"action_key": "x", "person_id": "q"})
    post.apply(post.plan())
    post.publish(*of_one, {"action_key": "y", "person_id": "q"}, publish_id="p2")
    plan = post.plan("run2")
    assert post.reasons(plan) == {"c": "this person has had 2 of these in a day; it waits for another"}
    assert sorted(line["action_key"] for line in planfile.read_actions(plan.path)) == ["b", "y"]


def test_messages_about_a_person_have_a_limit_of_their_own(post: Post) -> None:
    config = post.world.settings.config_dir / "syncs.yml"
    limits = "blanks: 0, actions: {per_person_per_day: 1, messages_per_person_per_day: 2}}"
    config.write_text(config.read_text().replace("blanks: 0}", limits))
    told = [{"action_key": key, "person_id": "p", "kind": "message"} for key in ("m1", "m2", "m3")]
    post.publish({"action_key": "a", "person_id": "p"}, *told)
    plan = post.plan()
    assert post.reasons(plan) == {"m3": "this person has had 2 of these in a day; it waits for another"}


def test_limit_takes_so_many_actions_of_each_sync(post: Post) -> None:
    post.publish({"action_key": "a"}, {"action_key": "b"}, {"action_key": "c", "sync": "other"})
    plan = post.plan()
    post.outbox.refused = {"a": "NO_SUCH_PERSON"}
    post.apply(plan, limit=1)
    assert post.outbox.sent == ["c"]
    done = post.apply(plan, "run2", limit=1)  # what was refused takes no place
    assert sorted(post.outbox.sent) == ["b", "c"]
    assert list(done.syncs["handoff"].held) == [
        "it was rejected before (NO_SUCH_PERSON); mend the cause, then crm retry"
    ]


@pytest.mark.parametrize(("refused", "pieces"), [({}, [2, 4, 5]), ({"a": "NO_SUCH_PERSON"}, [1, 3, 4, 4])])
def test_a_round_writes_a_piece_at_a_time_lets_others_write_between_and_leaves_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch, refused: dict[str, str], pieces: list[int]
) -> None:
    monkeypatch.setattr(rounds, "AT_ONCE", 2)
    post.outbox.refused = refused
    post.publish(*({"action_key": key} for key in "abcde"), {"action_key": "done first", "sync": "other"})
    plan, after = post.plan(), list[int]()

    class InPieces:
        def apply(self, path: Path, *, only: Sequence[str], limit: int) -> ApplyResult:
            with only_one(post.world.settings.home / "apply.lock", "a form", post.world.state):
                pass  # raises while another holds it
            done = post.apply_file(path, "run1", only=only, limit=limit)
            after.append(len({*post.outbox.sent} - {"done first"}))
            return done

    rounds._apply(InPieces(), plan, ["handoff", "other"])  # type: ignore[arg-type]
    assert after == pieces
    assert sorted(post.outbox.sent) == sorted({*"abcde", "done first"} - {*refused})


def test_an_action_of_an_erased_person_is_not_planned(post: Post) -> None:
    key = f"hubspot:{ORGS['hubspot']}:contacts:7"
    from pipelines.state import suppression

    with post.world.state.writing() as connection:
        suppression.add(
            connection, post.world.settings.paths.suppression_key, emails=["ann@x.org"], record_keys=[key],
            erasure_id="e",
        )  # fmt: skip
    post.publish(
        {"action_key": "a", "record_key": key},
        {"action_key": "b", "payload": {"text": "x", "to": "Ann@x.org"}},
        {"action_key": "c"},
    )
    plan = post.plan()
    assert set(post.reasons(plan)) == {"a", "b"}
    assert plan.to_do == 1
