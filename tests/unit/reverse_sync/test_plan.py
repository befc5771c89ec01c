"""What a plan says, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ConfigError, CrmError
from pipelines.reverse_sync import cells, diff, planfile, suppressed
from pipelines.reverse_sync.actions.base import empty_table_sql
from pipelines.reverse_sync.forecast import forecast
from pipelines.reverse_sync.mirror import choices
from pipelines.reverse_sync.plan import Plan
from pipelines.rules.syncs import FieldRule, Sync
from pipelines.settings import Settings
from pipelines.state import State, agreed, api_days, suppression
from pipelines.state.agreed import Agreed
from pipelines.state.api_days import ApiDay
from pipelines.state.suppression import NOBODY, Suppression, _email, _record

from .conftest import NOON, ORGS, World, group_leads


def _changes(plan: Plan) -> dict[str, dict[str, tuple[str | None, str | None]]]:
    planfile.read_header(plan.path)
    return {
        change.record_id: {name: (f.before, f.after) for name, f in change.fields.items()}
        for change in planfile.read_changes(plan.path)
    }


def _agree(world: World, record_id: str, name: str, value: str | None, after: timedelta) -> None:
    row = Agreed(f"hubspot:{ORGS['hubspot']}:contacts:{record_id}", name, value, NOON + after, "r0")
    with world.state.writing() as connection:
        agreed.save(connection, [row])


def test_only_fields_that_differ_are_planned(world: World) -> None:
    world.hubspot.records = {"1": {"score": 10, "source": "paid"}, "2": {"score": 50, "source": "organic"}}
    world.publish({"1": {"score": 80, "source": "paid"}, "2": {"score": 50, "source": " organic "}})
    plan = world.plan()
    assert _changes(plan) == {"1": {"score": ("10", "80")}}
    assert plan.counts == {"contacts": 1, "leads": 0, "held": 0, "calls": 4}
    assert plan.syncs["contacts"].fields == {"score": 1}


def test_a_desired_null_leaves_the_field_untouched(world: World) -> None:
    world.hubspot.records = {"1": {"score": 10, "source": "paid"}}
    world.publish({"1": {"score": None, "source": None}})
    assert world.plan().is_empty


def test_an_explicit_clear_empties_a_field_and_meets_the_guard_on_blanks(world: World) -> None:
    world.hubspot.records = {"1": {"source": "paid"}, "2": {}}
    world.publish({"1": {"source": "__clear__"}, "2": {"source": "__clear__"}})
    plan = world.plan()
    assert _changes(plan) == {"1": {"source": ("paid", None)}}
    assert plan.stopped == ("contacts would empty 1 fields (the guard allows 0)",)


@pytest.mark.parametrize(("score", "planned"), [(49, False), (51, False), (52, True), (48, True)])
def test_a_number_inside_the_dead_band_is_left_alone(world: World, score: int, planned: bool) -> None:
    world.hubspot.records = {"1": {"score": 50}}
    world.publish({"1": {"score": score}})
    assert world.plan().is_empty is not planned


def test_an_empty_number_is_filled_whatever_the_dead_band(world: World) -> None:
    world.hubspot.records = {"1": {}}
    world.publish({"1": {"score": 0}})
    assert _changes(world.plan()) == {"1": {"score": (None, "0")}}


def test_policies_leave_the_crm_s_value_and_count_it_as_kept(world: World) -> None:
    world.hubspot.records = {
        "1": {"stage": "customer", "rep": "7"},
        "2": {"stage": "lead", "rep": None},
        "3": {"stage": "other"},
    }
    world.publish({
        "1": {"stage": "mql", "rep": "8"}, "2": {"stage": "mql", "rep": "8"}, "3": {"stage": "customer"},
    })  # fmt: skip
    plan = world.plan()
    assert _changes(plan) == {"2": {"stage": ("lead", "mql"), "rep": (None, "8")}}
    assert plan.syncs["contacts"].kept == {"stage": 2, "rep": 1}


def test_a_confirmed_write_is_what_exists_until_an_extract_reached_past_it(world: World) -> None:
    world.hubspot.records = {"1": {"source": "paid"}, "2": {"source": "paid"}}
    _agree(world, "1", "source", "organic", timedelta(seconds=1))
    world.publish({"1": {"source": "organic"}, "2": {"source": "organic"}}, as_of=NOON)
    assert _changes(world.plan()) == {"2": {"source": ("paid", "organic")}}


def test_a_later_change_by_others_wins_over_our_agreed_value(world: World) -> None:
    world.hubspot.records = {"1": {"source": "their own word"}}
    _agree(world, "1", "source", "organic", timedelta(seconds=1))
    world.publish({"1": {"source": "organic"}}, as_of=NOON + timedelta(minutes=1))
    assert _changes(world.plan()) == {"1": {"source": ("their own word", "organic")}}


def test_a_wish_that_went_back_to_what_the_extract_shows_is_still_planned(world: World) -> None:
    world.hubspot.records = {"1": {"source": "paid"}}
    _agree(world, "1", "source", "organic", timedelta(seconds=1))
    world.publish({"1": {"source": "paid"}}, as_of=NOON)
    assert _changes(world.plan()) == {"1": {"source": ("organic", "paid")}}


def test_records_named_twice_or_not_there_are_held_with_the_reason(world: World) -> None:
    world.hubspot.records = {"1": {}, "2": {}}
    world.publish({"1": {"score": 5}, "1#again": {"score": 6}, "9": {"score": 7}, "2": {"score": 8}})
    plan = world.plan()
    assert {held.record_id: held.reason for held in plan.held} == {
        "1": "the desired rows name this record 2 times",
        "9": "the last extract does not have this record",
    }
    assert list(_changes(plan)) == ["2"]
    assert "contacts: 2 records are held back" in plan.warnings


def test_a_decided_value_is_explained_by_the_rule_that_decided_it(world: World) -> None:
    world.hubspot.records = {"1": {}, "2": {}}
    world.publish(
        {"1": {"rep": "8"}, "2": {"rep": "9"}},
        extra=[
            "create or replace table decisions.assignments (person_id varchar, rule varchar, state varchar)",
            "insert into decisions.assignments values ('person 0', 'enterprise-leads', 'assigned')",
        ],
    )
    rules = {c.record_id: c.fields["rep"].rule for c in planfile.read_changes(world.plan().path)}
    assert rules == {"1": "enterprise-leads", "2": "routing.yml"}


def test_a_world_without_people_gives_an_empty_plan_that_says_so(world: World) -> None:
    world.publish(people=0)
    plan = world.plan()
    assert plan.is_empty
    assert plan.notes == (
        "this world has no people, so nothing is written to hubspot contacts",
        "this world has no people, so nothing is written to salesforce Lead",
    )


def test_what_would_go_to_a_crm_without_a_connection_is_held_and_the_rest_is_written(world: World) -> None:
    world.hubspot.records, world.salesforce.records = {"1": {}}, {"L1": {}, "L2": {}}
    action = (
        "insert into reverse_sync.actions_leads select 'a', 'created', 'create_record', 'salesforce', "
        "'Lead', 'hubspot:1:contacts:1', '', json_object('properties', json_object('LastName', 'N'), "
        "'key_field', 'K', 'key', 'k')::varchar, null, 'mirrored', 'r', 'why', null, null"
    )
    message = (
        "insert into reverse_sync.actions_leads select 'm', 'told', 'message', 'slack', '', '', '', "
        "json_object('to', '#sales', 'text', 'New')::varchar, null, 'final', 'r', 'why', null, null"
    )
    world.publish(
        {"1": {"score": 80}}, {"L1": {"Score__c": 5}, "L2": {"Score__c": 6}},
        extra=[empty_table_sql("reverse_sync.actions_leads"), action, message],
    )  # fmt: skip
    assert world.plan("before").counts["created"] == 1
    world.settings = replace(world.settings, salesforce=None)
    plan = world.plan()
    assert plan.counts["held"] == 4
    assert {(held.record_id, held.reason) for held in plan.held} == {
        ("m", "there is no connection to slack"),
        *((name, "there is no connection to salesforce") for name in ("L1", "L2", "a")),
    }
    assert any("salesforce: 2 records of leads are held back" in note for note in plan.notes)
    assert world.apply(plan).confirmed == 1
    assert world.hubspot.records == {"1": {"score": "80"}}


def test_the_same_state_of_things_gives_the_same_plan(world: World) -> None:
    world.hubspot.records = {str(n): {} for n in range(20)}
    world.publish({str(n): {"score": n, "source": "paid"} for n in range(20)})
    first = world.plan()
    content = first.path.read_bytes()
    assert world.plan().plan_id == first.plan_id
    assert first.path.read_bytes() == content


def test_the_forecast_counts_a_read_back_where_the_vendor_does_not_echo(world: World) -> None:
    world.hubspot.records = {str(n): {} for n in range(101)}
    world.salesforce.records = {str(n): {} for n in range(201)}
    world.publish(
        {str(n): {"source": "paid"} for n in range(101)}, {str(n): {"Score__c": 5.0} for n in range(201)}
    )
    calls = {name: summary.calls for name, summary in world.plan().syncs.items()}
    assert (calls["contacts"].write, calls["contacts"].read_back, calls["contacts"].check) == (2, 0, 2)
    assert (calls["leads"].write, calls["leads"].read_back, calls["leads"].check) == (2, 1, 2)
    assert calls["leads"].formula == (
        "201 records / 200 a call, read back 2,000 a call; one call for the fields; "
        "one for what changed since"
    )


def test_records_of_one_parent_stand_together_in_a_plan(world: World) -> None:
    extra = group_leads(world, {str(n): str(n % 2) for n in range(6) if n != 3})
    world.salesforce.records = {str(n): {} for n in range(6)}
    world.publish(None, {str(n): {"Score__c": 5.0} for n in range(6)}, extra=extra)
    lines = [(each.record_id, each.parent) for each in planfile.read_changes(world.plan().path)]
    assert lines == [("0", "0"), ("2", "0"), ("4", "0"), ("1", "1"), ("5", "1"), ("3", None)]


def test_a_parent_that_the_model_does_not_have_is_said(world: World) -> None:
    path = world.settings.config_dir / "syncs.yml"
    path.write_text(
        path.read_text().replace(
            "existing_salesforce__leads", "existing_salesforce__leads\n    grouped_by: nope"
        )
    )
    world.publish()
    with pytest.raises(
        ConfigError, match="grouped by nope, which model existing_salesforce__leads does not have"
    ):
        world.plan()


def test_a_plan_says_what_it_takes_of_the_day_and_that_it_will_not_fit(world: World) -> None:
    world.hubspot.records = {"1": {}}
    world.publish({"1": {"source": "paid"}})
    days = {"plenty": ApiDay("hubspot", 1_000, 900, NOON), "little": ApiDay("hubspot", 1_000, 201, NOON)}
    said = {}
    for name, day in days.items():
        with world.state.writing() as connection:
            api_days.save(connection, day)
        said[name] = [note for note in world.plan(name).notes if note.startswith("hubspot: ")]
    assert said["plenty"] == ["hubspot: 3 calls are 0.30% of the 1,000 of a day"]
    assert said["little"] == [
        "hubspot: 3 calls are 0.30% of the 1,000 of a day; 1 were free for writing: it stops at 80% of the "
        "day and goes on when it is applied again"
    ]


def test_samples_name_the_person_and_show_the_records_with_most_to_change(world: World) -> None:
    world.hubspot.records = {str(n): {} for n in range(5)}
    world.publish({str(n): {"score": n, "source": "paid" if n == 4 else None} for n in range(5)}, people=5)
    samples = world.plan().samples
    assert [(s.record_id, s.label) for s in samples] == [
        ("4", "Person 4"),
        ("0", "Person 0"),
        ("1", "Person 1"),
    ]
    assert samples[0].fields["source"].after == "paid"


def test_findings_of_the_marts_are_part_of_the_plan(world: World) -> None:
    finding = (
        "create or replace table marts.data_findings as select 'deals without owner' as finding, 7 as records"
    )
    world.publish(extra=[finding])
    assert world.plan().findings == ({"finding": "deals without owner", "records": 7},)


def test_a_field_that_the_model_lacks_is_named(world: World) -> None:
    config = world.settings.config_dir / "syncs.yml"
    config.write_text(config.read_text().replace("      source:", "      sauce:"))
    world.publish()
    with pytest.raises(
        ConfigError, match="sync contacts names the field sauce, which model sync_hubspot__contacts"
    ):
        world.plan()


def test_nothing_published_is_one_sentence(world: World) -> None:
    with pytest.raises(CrmError, match="nothing has been published yet"):
        world.plan()


@pytest.mark.parametrize(
    "edit",
    [
        lambda t: t.replace('"after":"80"', '"after":"99"'),
        lambda t: t.replace('"stopped":[]', '"stopped":[1]'),
        lambda t: t + "{}\n",
        lambda _: "{}",
        lambda _: "nothing",
    ],
)
def test_a_plan_edited_by_hand_is_refused(world: World, edit: object) -> None:
    world.hubspot.records = {"1": {"score": 10}}
    world.publish({"1": {"score": 80}})
    plan = world.plan()
    text = plan.path.read_text()
    edited = edit(text)  # type: ignore[operator]
    assert edited != text
    plan.path.write_text(edited)
    with pytest.raises(CrmError, match="this plan is refused"):
        world.apply(plan)
    assert world.hubspot.calls == 0


def test_nothing_is_written_to_or_created_for_an_erased_person(tmp_path: Path) -> None:
    with duckdb.connect() as connection:  # a file of its own, in memory
        diff.create_tables(connection)
        for record, key, after in (
            ("1", "hubspot:1:contacts:1", "50"), ("2", "hubspot:1:contacts:2", "50"),
            ("new", "hubspot:1:contacts:new", "Ann@Example.org"),
            ("3", "hubspot:1:contacts:3", "o'ann@example.org"),
            ("4", "hubspot:1:contacts:4", "https://a.example/?e=ann%40example.org"),
        ):  # fmt: skip
            connection.execute(
                "insert into cells select 's', ?, ?, 'p', 0, 'f', null, ?, 'computed', 'us', 'r', 'change'",
                [record, key, after],
            )
        settings = Settings(home=tmp_path, config_dir=tmp_path)
        with State.open(settings) as state, state.writing() as writing:
            listed = suppression.add(
                writing, settings.paths.suppression_key, emails=["ann@example.org"],
                record_keys=["hubspot:1:contacts:1"], erasure_id="e",
            )  # fmt: skip
        assert suppressed.hold(connection, listed) == 3
        assert connection.execute("select record_id from cells order by 1").fetchall() == [("2",), ("3",)]
        assert {row[3] for row in connection.execute("select * from held").fetchall()} == {suppressed.ERASED}


def test_an_erased_person_is_found_however_deep_in_what_would_be_created() -> None:
    key = b"k" * 32
    listed = Suppression(
        key, frozenset({_email(key, "ann@example.org"), _record(key, "hubspot:1:contacts:7")})
    )
    theirs = (
        {"data": {"Email": "ANN@example.org"}},
        {"fields": {"Description": "call ann@example.org, soon"}},
        {"to": ["hubspot:1:contacts:7"]},
    )
    assert all(suppressed.is_of_erased(listed, None, payload) for payload in theirs)
    assert suppressed.is_of_erased(listed, "hubspot:1:contacts:7", {})
    assert not suppressed.is_of_erased(
        listed, "hubspot:1:contacts:8", {"fields": {"to": "ann@example.org.au", "cc": "o'ann@example.org"}}
    )
    assert not suppressed.is_of_erased(NOBODY, "hubspot:1:contacts:7", theirs[0])


def test_a_plan_says_how_many_conflicts_are_left_to_people(world: World) -> None:
    world.publish(extra=[choices.TABLE])
    assert not any("left to people" in note for note in world.plan().notes)
    world.publish(extra=["insert into reverse_sync.conflicts_open (conflict_id) values ('a'), ('b')"])
    assert "2 conflicts are left to people: crm conflicts" in world.plan().notes


def test_rows_that_a_first_write_makes_are_counted_once_in_what_reading_them_back_takes() -> None:
    """The model of an extension has a row for everybody who may stand in it: 1,500 are one page, not two."""
    rule = FieldRule(type="text", provider="computed", owner="us", rule="r")
    sync = Sync(vendor="marketing_cloud", object="x", desired="d", existing="e", fields={"F": rule})
    with duckdb.connect() as connection:
        connection.execute(
            "create schema reverse_sync; create table reverse_sync.e as "
            "select i::varchar as record_id, i < 100 as is_there from range(2000) t(i); "
            "create table cells as select 's' as sync, i::varchar as record_id, 'change' as verdict "
            "from range(1500) t(i)"
        )
        rows = cells.rows_then(connection, "s", sync)
    assert rows == 1_500
    assert forecast("marketing_cloud", 1_500, rows=rows).read_back == 1
