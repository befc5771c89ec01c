"""Handoffs: crossing from below, arming again, and where an offer stands by what sales does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.decisions import handoffs, kept_runs
from pipelines.decisions.evidence import Status
from pipelines.decisions.handoffs import Scored, crossings, looked_at, settled, too_old
from pipelines.decisions.switching import switched
from pipelines.errors import ConfigError
from pipelines.rules.handoff import HandoffRule, load_handoffs
from pipelines.rules.stage_automation import Automation
from pipelines.settings import PROJECT_ROOT
from pipelines.state.handoffs import Handoff, Score

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
RULE = HandoffRule.model_validate(
    {"trigger": {"type": "score-threshold", "value": 75, "hysteresis": 5},
     "actions": [{"type": "update-lifecycle", "value": "sales_qualified_lead"}]}
)  # fmt: skip
HOUR_LONG = timedelta(hours=1)
POSITIONS = {"lead": 2, "sales_qualified_lead": 4}


def person(score: float | None, position: int = 2, created: datetime = NOON) -> Scored:
    return Scored("p", score, created, position, "lead")


def run(scores: list[float | None], since: datetime = NOON) -> list[str]:
    """Ids of the handoffs that a history of scores makes, one run after the other."""
    known: dict[tuple[str, str], Score] = {}
    made = []
    for score in scores:
        found, after = crossings(RULE, [person(score)], POSITIONS, known, since)
        known |= {(row.handoff, row.person_id): row for row in after}
        made += [crossing.handoff_id for crossing in found]
    return made


@pytest.mark.parametrize(
    ("scores", "times"),
    [
        ([80], 1),
        ([80, 80, 90], 1),
        ([60, 74, 75], 1),
        ([80, 72, 80], 1),
        ([80, 69, 80], 2),
        ([None, 80], 1),
        ([60, 70], 0),
    ],
)
def test_it_fires_on_crossing_from_below_and_again_only_after_the_hysteresis(
    scores: list[float | None], times: int
) -> None:
    made = run(scores)
    assert len(made) == times == len(set(made))


@given(st.lists(st.one_of(st.none(), st.integers(0, 100)), max_size=30))
def test_looking_twice_at_the_same_score_never_fires_twice(scores: list[float | None]) -> None:
    assert run([score for score in scores for _ in range(2)]) == run(scores)


def test_the_score_somebody_is_handed_over_with_is_kept() -> None:
    below = {(RULE.name, "p"): Score(RULE.name, "p", True, 0)}
    (crossing,), _ = crossings(RULE, [person(81.4)], POSITIONS, below, NOON)
    assert crossing.lead_score == 81


def test_who_was_there_before_and_stands_above_does_not_cross() -> None:
    assert run([80], since=NOON + timedelta(days=1)) == []
    assert len(run([80, 60, 80], since=NOON + timedelta(days=1))) == 1


def test_a_stage_is_reached_from_below_and_not_by_being_given_back() -> None:
    stage = {"trigger": {"type": "stage", "value": "marketing_qualified_lead"},
             "actions": [{"type": "create-task", "name": "call"}]}  # fmt: skip
    rule = HandoffRule.model_validate(stage)
    order = {"lead": 2, "marketing_qualified_lead": 3, "sales_qualified_lead": 4}
    known: dict[tuple[str, str], Score] = {}
    made = []
    for at in ("lead", "marketing_qualified_lead", "sales_qualified_lead", "marketing_qualified_lead", "lead",
               "marketing_qualified_lead"):  # fmt: skip
        who = person(None, order[at])._replace(stage=at)
        found, after = crossings(rule, [who], order, known, NOON)
        known |= {(row.handoff, row.person_id): row for row in after}
        made.append(len(found))
    assert made == [0, 1, 0, 0, 0, 1]


def test_how_many_stood_above_before_is_said_when_they_are_looked_at_first() -> None:
    old, later = NOON - timedelta(days=9), NOON + HOUR_LONG
    people = [person(80, created=old), person(80, 4, old), person(60, created=old), person(80, created=later)]
    assert too_old(RULE, people, POSITIONS, {}, NOON) == 1
    known = {(RULE.name, "p"): Score(RULE.name, "p", False, 0)}
    assert too_old(RULE, people, POSITIONS, known, NOON) == 0


@pytest.fixture
def asked() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("""
            create schema marts; create schema rules;
            create table marts.unified_leads (person_id varchar, lead_score integer, created_at timestamptz,
                lifecycle_stage varchar, consent varchar);
            insert into marts.unified_leads select unnest(['ann', 'bo', 'cy']), 80,
                timestamptz '2026-06-30 12:00:00+00', 'lead', unnest(['opted_in', 'not_specified', null]);
            create table rules.lifecycle as select
                unnest(['lead', 'sales_qualified_lead']) as canonical_stage, unnest([2, 4]) as position
        """)
        yield connection


def conditional(tmp_path: Path, when: str) -> HandoffRule:
    shutil.copytree(PROJECT_ROOT / "config", tmp_path, dirs_exist_ok=True)
    (tmp_path / "handoff.yml").write_text(
        f"trigger: {{value: 75}}\nwhen: {when}\nactions: [{{type: update-lifecycle, value: sql}}]\n"
    )
    return load_handoffs(tmp_path).rules[0]


def test_who_has_not_given_consent_is_handed_over_once_they_do_and_not_again_when_they_change_their_mind(
    asked: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Also bo, who stood above the score when the handoff became active; it is decided so again."""
    rule = conditional(tmp_path, "consent == 'opted_in'")
    known: dict[tuple[str, str], Score] = {}
    told = []
    for bo in ("not_specified", "opted_in", "opted_out", "opted_in"):
        asked.execute("update marts.unified_leads set consent = ? where person_id = 'bo'", [bo])
        people, positions = handoffs.scored(asked, [rule, RULE])
        found, after = crossings(rule, people, positions, known, NOON + HOUR_LONG)
        live = [(rule, NOON + HOUR_LONG)]
        run, rows = kept_runs.of_handoffs("r", NOON, live, people, positions, known, found, after)
        assert [orjson.loads(row.decided) for row in rows] == list(kept_runs.again(run, rows).values())
        known |= {(row.handoff, row.person_id): row for row in after}
        told.append([crossing.person_id for crossing in found])
    assert told == [[], ["bo"], [], []], "ann stood above before it was active"
    assert known[rule.name, "cy"].is_armed, "of whom nothing is known, no consent is"


def test_a_condition_of_a_handoff_names_columns_of_people_and_compares_them_with_their_like(
    tmp_path: Path,
) -> None:
    for when in ("mood = 'good'", "consent = 5"):
        with pytest.raises(ConfigError, match=r"the condition of handoff handoff .*handoff\.yml line"):
            conditional(tmp_path, when)
    assert "when" not in RULE.model_dump(mode="json"), "what was confirmed before is the same rule"
    again = conditional(tmp_path, "consent = 'opted_in'")
    assert HandoffRule.model_validate(again.model_dump(mode="json")) == again


def test_who_is_at_the_target_stage_already_does_not_cross_nor_later_from_the_same_height() -> None:
    found, after = crossings(RULE, [person(80, position=4)], POSITIONS, {}, NOON)
    assert found == []
    assert after == [Score("handoff", "p", False, 0)]


OFFER = Handoff("h", "handoff", "p", "offered", "a@x.example", "", NOON, NOON, None, "r1")
HOUR = NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("statuses", "contact", "done", "hours", "state", "complete"),
    [
        ([], None, True, 1, "offered", False),
        ([Status("OPEN", HOUR)], None, True, 1, "accepted", False),
        ([Status("OPEN", NOON - timedelta(days=1))], None, True, 1, "offered", False),
        ([], HOUR, True, 2, "accepted", True),
        ([], HOUR, False, 2, "accepted", False),
        ([Status("UNQUALIFIED", HOUR)], HOUR, True, 2, "rejected", False),
        ([], None, True, 15 * 24, "expired", False),
        ([Status("UNQUALIFIED", HOUR), Status("OPEN", HOUR + HOUR_LONG)], None, True, 3, "accepted", False),
        ([Status("UNQUALIFIED", HOUR), Status("OPEN", HOUR)], None, True, 3, "rejected", False),
    ],
)
def test_where_an_offer_stands(
    statuses: list[Status], contact: datetime | None, done: bool, hours: int, state: str, complete: bool
) -> None:
    after = settled(OFFER, RULE, statuses, contact, done, NOON + timedelta(hours=hours), "r2")
    assert (after.state, after.completed_at is not None) == (state, complete)


def test_who_crosses_while_the_handoff_is_in_shadow_crosses_once_it_is_confirmed() -> None:
    known: dict[tuple[str, str], Score] = {}
    for score in (60, 80, 85):
        would, scores = crossings(
            RULE, [person(score, created=NOON - timedelta(days=9))], POSITIONS, known, NOON
        )
        known |= {(row.handoff, row.person_id): row for row in looked_at(scores, would, known)}
    assert len(would) == 1
    found, after = crossings(RULE, [person(85)], POSITIONS, known, NOON)
    assert [crossing.handoff_id for crossing in found] == [would[0].handoff_id]
    assert [(row.is_armed, row.crossings) for row in after] == [(False, 1)]


def test_who_stood_above_before_the_handoff_was_seen_does_not_cross_when_it_is_confirmed() -> None:
    old = person(80, created=NOON - timedelta(days=9))
    would, scores = crossings(RULE, [old], POSITIONS, {}, NOON)
    known = {(row.handoff, row.person_id): row for row in looked_at(scores, would, {})}
    assert would == []
    assert crossings(RULE, [old], POSITIONS, known, NOON)[0] == []


def test_a_run_is_decided_again_from_what_was_kept_of_it_and_a_changed_row_shows() -> None:
    low, high, back = (person(score)._replace(person_id=name) for name, score in
                       (("low", 60.0), ("high", 80.0), ("back", 60.0)))  # fmt: skip
    before = {
        (RULE.name, "high"): Score(RULE.name, "high", True, 0),
        (RULE.name, "back"): Score(RULE.name, "back", False, 1),
    }
    people = [low, high, back]
    found, after = crossings(RULE, people, POSITIONS, before, NOON)
    run, rows = kept_runs.of_handoffs("r", NOON, [(RULE, NOON)], people, POSITIONS, before, found, after)
    assert [row.person_id for row in rows] == ["back", "high"], "who was only looked at is not kept"
    again = kept_runs.again(run, rows)
    assert all(again[row.person_id, row.event_key] == orjson.loads(row.decided) for row in rows)
    assert again["high", RULE.name][0][0] == found[0].handoff_id
    lower = rows[1]._replace(content=rows[1].content.replace("80.0", "74.0"))
    assert kept_runs.again(run, [lower])["high", RULE.name] != orjson.loads(lower.decided)


def test_a_changed_rule_goes_on_as_it_was_confirmed_last_durations_and_all() -> None:
    confirmed = switched("handoff", [("handoff", RULE, None)], (), NOON, live_at_once=True)
    changed = RULE.model_copy(update={"expires_after": timedelta(days=3)})
    now = switched("handoff", [("handoff", changed, None)], confirmed.seen, NOON, live_at_once=False)
    assert (now.live, now.shadow) == ((RULE,), {"handoff"})
    stay = {"name": "stale", "on": "stayed", "for": "36h", "actions": [{"type": "ask-reason"}]}
    stale = Automation.model_validate(stay)
    confirmed_too = switched("automation", [("stale", stale, None)], (), NOON, live_at_once=True)
    longer = Automation.model_validate({**stay, "for": "90m"})
    now_too = switched("automation", [("stale", longer, None)], confirmed_too.seen, NOON, live_at_once=False)
    assert now_too.live == (stale,)


def test_a_rule_that_was_confirmed_as_it_may_not_be_any_more_waits_for_its_present_version() -> None:
    known = switched("handoff", [("handoff", RULE, None)], (), NOON, live_at_once=True).seen
    refused = [row._replace(content='{"trigger": {"value": "much"}}') for row in known]
    changed = RULE.model_copy(update={"expires_after": timedelta(days=3)})
    now = switched("handoff", [("handoff", changed, None)], refused, NOON + HOUR_LONG, live_at_once=False)
    assert (now.live, now.shadow, now.since("handoff")) == ((), {"handoff"}, NOON + HOUR_LONG)
