"""Who wins where both sides differ: three-way, by each strategy, without an echo of our own writes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import duckdb
import pytest

from pipelines.reverse_sync.mirror import agreement
from pipelines.reverse_sync.mirror.metadata import FieldMeta
from pipelines.reverse_sync.mirror.resolve import ResolvedLine, ResolvedPair
from pipelines.reverse_sync.mirror.settle import problem_sql, settle
from pipelines.rules.mappings.model import Line, Mapping
from pipelines.rules.syncs import FieldRule

EARLY, LATE = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
LINE = Line(left="a", right="b", where="file.yml line 1", source="left")
SET = replace(LINE, sets="merge")


class Held(NamedTuple):
    """What is wanted on the left and on the right, why, and what keeps each from being written."""

    left: str | None
    right: str | None
    outcome: str
    is_conflict: bool
    problem_left: str | None
    problem_right: str | None


def settled(
    line: Line, left: str | None, right: str | None, *, base: tuple[Any, Any] | None = None,
    wrote: dict[str, str | None] | None = None, at: tuple[datetime | None, datetime | None] = (EARLY, LATE),
    kind: str = "text", metas: tuple[FieldMeta, FieldMeta] | None = None, same: bool = False,
    seen: tuple[str, str] | None = None, before: str | None = None, policy: str = "overwrite",
    of_the_lead: bool = False, since: datetime | None = None,
    unsaid: tuple[str | None, str | None] = (None, None),
) -> Held:  # fmt: skip
    """One line of one pair; a value means the same on both sides. `seen`: these two were in conflict before,
    and the left was the older, while both had agreed on `before`. `of_the_lead`: the base is that of the lead
    which the right one was. `since`: when both were first seen to hold it; we wrote EARLY. `unsaid`: values
    that the other side has no word for."""
    ends = metas or (FieldMeta("a", "text"), FieldMeta("b", "text"))
    rule = FieldRule(type=kind, provider="mirrored", owner="crm", rule="r", policy=policy)  # type: ignore[arg-type]
    mapping = Mapping("m", "file.yml", "left", (("contacts", "Lead"),), (line,))
    pair = ResolvedPair(
        mapping, "contacts", "Lead", (ResolvedLine(line, *ends, {"left": rule, "right": rule}),),
        {"left": (), "right": ()},
    )  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            "create table mirror_open as select 'L|R' as pair_key, 'p' as entity_id, '1' as left_id, "
            "'L' as left_key, '2' as right_id, 'R' as right_key, 0 as line, $l::varchar as l, "
            "$r::varchar as r, $l::varchar as fl, "
            "$r::varchar as gr, $lt::timestamptz as lt, $rt::timestamptz as rt, $same::boolean as same, "
            "$kl::varchar as kl, $kr::varchar as kr",
            {"l": left, "r": right, "lt": at[0], "rt": at[1], "same": same, "kl": unsaid[0], "kr": unsaid[1]},
        )
        connection.execute("create table mirrored_kept (pair_key varchar, content varchar)")
        connection.execute("create table mirror_inherited (pair_key varchar, content varchar)")
        if base is not None:
            kept = "mirror_inherited" if of_the_lead else "mirrored_kept"
            content = {"a=b": base} | ({"@at": {"": since.isoformat()}} if since else {})
            connection.execute(f"insert into {kept} values ('L|R', ?)", [json.dumps(content)])
        connection.execute(
            "create table agreed_values "
            "(record_key varchar, field varchar, value varchar, agreed_at timestamptz)"
        )
        for key, value in (wrote or {}).items():
            written = [key, "a" if key == "L" else "b", value, EARLY]
            connection.execute("insert into agreed_values values (?, ?, ?, ?)", written)
        connection.execute(
            "create table seen_conflicts as select 'L' as left_key, 'R' as right_key, 'a' as field_left, "
            "'b' as field_right, $l::varchar as left_value, $r::varchar as right_value, "
            "$bl::varchar as agreed_left, $bl::varchar as agreed_right, "
            "$early as lt, $late as rt where $l is not null",
            {"l": seen and seen[0], "r": seen and seen[1], "bl": before, "early": EARLY, "late": LATE},
        )
        connection.execute(
            "create table conflict_choices (conflict_id varchar, left_key varchar, right_key varchar, "
            "field_left varchar, field_right varchar, choice varchar, left_value varchar, "
            "right_value varchar, chosen_by varchar, chosen_at timestamptz, held_left varchar, "
            "held_right varchar, agreed_left varchar, agreed_right varchar)"
        )
        settle(connection, pair)
        row = connection.execute(
            "select wish_left, wish_right, outcome, is_conflict, "
            f"{problem_sql('left')}, {problem_sql('right')} from mirror_outcome"
        ).fetchone()
        differs = noted(connection, pair)
    assert row is not None
    stands = policy == "fill_if_empty" and left is not None and right is not None
    is_same = row[2] in ("agreed", "empty") or stands
    assert differs == [("person", "a and b", 1, None if is_same else "L")]
    return Held(*row)


@pytest.mark.parametrize(("left", "right"), [("x", "y"), ("x", None), (None, "y")])
def test_what_only_fills_what_is_empty_is_a_difference_only_there(left, right):
    held = settled(LINE, left, right, policy="fill_if_empty")
    assert (held.outcome in ("left", "right"), held.is_conflict) == (True, False)


def noted(connection: duckdb.DuckDBPyConnection, pair: ResolvedPair) -> list[tuple[object, ...]]:
    """What data quality is told of the line: of how many pairs it is asked, and which differ."""
    connection.execute("create table mirror_wide as select 'L|R' as pair_key")
    connection.execute(agreement.TABLES)
    agreement.note(connection, pair)
    return connection.execute(
        "select f.entity, f.field, f.pairs, d.left_key from ops.mapped_fields as f "
        "left join ops.mapping_differences as d using (mapping, entity, field)"
    ).fetchall()


@pytest.mark.parametrize(
    ("left", "right", "base", "winner"),
    [
        ("new", "old", ("old", "old"), "left"),
        ("old", "new", ("old", "old"), "right"),
        ("only", None, None, "left"),
        (None, "only", None, "right"),
        (None, "old", ("old", "old"), "right"),
    ],
)
def test_the_side_that_changed_wins_whatever_the_clocks_say(left, right, base, winner):
    for at in ((EARLY, LATE), (LATE, EARLY)):
        held = settled(LINE, left, right, base=base, at=at)
        assert (held.outcome, held.is_conflict) == (winner, False)
        assert (held.right if winner == "left" else held.left) == (left if winner == "left" else right)
        assert (held.left if winner == "left" else held.right) is None


@pytest.mark.parametrize("at", [(EARLY, LATE), (LATE, EARLY)])
def test_a_contact_begins_with_what_its_lead_agreed_on(at):
    changed = settled(LINE, "new", "old", base=("old", "old"), at=at, of_the_lead=True)
    assert (changed.outcome, changed.right, changed.is_conflict) == ("left", "new", False)
    # What the conversion did not copy is missing, not emptied.
    clearing = replace(LINE, blanks="clear")
    assert settled(clearing, "old", None, base=("old", "old"), at=at, of_the_lead=True).outcome == "left"


@pytest.mark.parametrize(
    ("strategy", "at", "winner"),
    [
        ("most_recent", (EARLY, LATE), "right"), ("most_recent", (LATE, EARLY), "left"),
        ("most_recent", (EARLY, EARLY), "left"), ("most_recent", (None, EARLY), "right"),
        ("source", (EARLY, LATE), "left"), ("destination", (LATE, EARLY), "right"),
        ("longest", (LATE, EARLY), "right"), ("manual", (EARLY, LATE), "manual"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("base", [None, ("old", "old")])
def test_where_both_changed_the_strategy_decides_and_it_is_a_conflict(strategy, at, winner, base):
    held = settled(replace(LINE, strategy=strategy), "mine", "their longer", base=base, at=at)
    assert (held.outcome, held.is_conflict) == (winner, True)
    if winner == "manual":
        assert (held.left, held.right) == (None, None)


def test_an_old_write_is_no_undo_where_nobody_knows_since_when_the_base_holds():
    held = settled(LINE, "x", "w", base=("x", "x"), of_the_lead=True, wrote={"R": "w"})
    assert (held.outcome, held.left, held.is_conflict) == ("right", "w", True)


def test_a_conflict_that_was_seen_is_not_turned_by_our_writes_to_other_fields():
    later = (datetime(2026, 6, 9, tzinfo=UTC), LATE)
    assert settled(LINE, "mine", "theirs", at=later).outcome == "left"
    assert settled(LINE, "mine", "theirs", at=later, seen=("mine", "theirs")).outcome == "right"
    assert settled(LINE, "edited", "theirs", at=later, seen=("mine", "theirs")).outcome == "left"


def test_a_conflict_that_comes_again_later_is_judged_by_its_own_moments():
    later = (datetime(2026, 6, 9, tzinfo=UTC), LATE)
    again = settled(
        LINE, "mine", "theirs", base=("new", "new"), at=later, seen=("mine", "theirs"), before="old"
    )
    assert (again.outcome, again.is_conflict) == ("left", True)


@pytest.mark.parametrize("strategy", ["most_recent", "source", "manual"])
def test_a_value_that_is_set_back_to_what_we_once_carried_over_is_a_change(strategy):
    """We carried "first" over from the right; both have agreed on "second" since; the right says "first"."""
    line = replace(LINE, strategy=strategy)
    back = settled(line, "second", "first", base=("second", "second"), wrote={"L": "first"}, since=LATE,
                   at=(LATE, EARLY))  # fmt: skip
    assert (back.outcome, back.left, back.is_conflict) == ("right", "first", False)


def test_values_of_a_set_that_the_other_side_has_no_word_for_stay():
    merged = settled(SET, "a;b", "a;x", base=("a", "a;x"), kind="set", unsaid=(None, "x"))
    assert merged.right == "a;b;x"
    replaced = settled(LINE, "a;b", "a;x", base=("a", "a;x"), kind="set", unsaid=(None, "x"))
    assert (replaced.outcome, replaced.right) == ("left", "a;b;x")
    emptied = settled(
        replace(LINE, blanks="clear"), None, "a;x", base=("a", "a;x"), kind="set", unsaid=(None, "x")
    )
    assert emptied.right == "x"


def test_a_write_of_ours_is_nobody_s_change():
    """We wrote "ours" to the right just now, and a person changed the left before that: the person wins."""
    held = settled(LINE, "theirs", "ours", base=("old", "old"), wrote={"R": "ours"}, at=(EARLY, LATE))
    assert (held.outcome, held.right, held.is_conflict) == ("left", "theirs", False)


@pytest.mark.parametrize("at", [(EARLY, LATE), (LATE, EARLY)])
def test_a_side_that_says_what_we_carried_over_has_not_changed(at):
    """We wrote the right to the left; before a refresh saw both agree, a person changed the left."""
    held = settled(LINE, "edited", "carried", wrote={"L": "carried"}, at=at)
    assert (held.outcome, held.right, held.is_conflict) == ("left", "edited", False)


def test_a_one_way_line_never_writes_its_source():
    held = settled(replace(LINE, direction="to_right"), "old", "new", base=("old", "old"))
    assert (held.outcome, held.left, held.right) == ("left", None, "old")
    held = settled(replace(LINE, direction="to_right"), None, "new")
    assert (held.left, held.right) == (None, None)


@pytest.mark.parametrize(
    ("left", "right", "base", "merged"),
    [
        ("a;b", "c", None, "a;b;c"),
        ("a;b;new", "a;b", ("a;b", "a;b"), "a;b;new"),
        ("a", "a;b", ("a;b", "a;b"), "a"),
        ("a;new", "b", ("a;b", "a;b"), "new"),
    ],
)
def test_sets_are_merged_and_what_one_side_removed_stays_away(left, right, base, merged):
    held = settled(SET, left, right, base=base, kind="set")
    assert (held.outcome, held.left, held.right) == ("merge", merged, merged)


def test_nothing_on_both_sides_is_the_default_on_both():
    held = settled(replace(LINE, default_left="0", default_right="0"), None, None)
    assert (held.outcome, held.left, held.right) == ("default", "0", "0")
    for direction, left in (("both", "7"), ("to_right", None)):
        line = replace(LINE, default_left="0", default_right="0", direction=direction)
        held = settled(line, None, "7")
        assert (held.left, held.right) == (left, None), "a default overwrites nothing"


def test_a_blank_is_carried_only_where_the_line_says_so():
    kept = settled(LINE, None, "old", base=("old", "old"))
    assert (kept.left, kept.right) == ("old", None)
    cleared = settled(replace(LINE, blanks="clear"), None, "old", base=("old", "old"))
    assert (cleared.outcome, cleared.right) == ("left", "__clear__")
    both = settled(replace(LINE, blanks="clear"), None, "new", base=("old", "old"))
    assert both.outcome == "right"


def test_what_cannot_be_written_says_why():
    metas = (FieldMeta("a", "text"), FieldMeta("b", "text", length=3, choices=None))
    assert settled(LINE, "four", None, metas=metas).problem_right == "b takes 3 characters, not 4"
    metas = (FieldMeta("a", "text"), FieldMeta("b", "text", choices=("x", "y")))
    assert settled(LINE, "z", None, metas=metas).problem_right == "b does not take z"
    assert settled(LINE, "x", None, metas=metas).problem_right is None
    metas = (FieldMeta("a", "text"), FieldMeta("b", "text", "email"))
    assert settled(LINE, "n/a", None, metas=metas).problem_right == "n/a is no e-mail address"
    required = replace(LINE, direction="to_right", required=True, is_default=True)
    assert settled(required, None, None).problem_right == "b is required and neither CRM has one"


def test_what_cannot_be_emptied_is_held_and_a_checkbox_is_unticked():
    line = replace(LINE, blanks="clear")
    must = (FieldMeta("a", "text", required=True), FieldMeta("b", "text", required=True))
    right = settled(line, None, "old", base=("old", "old"), metas=must)
    assert right.problem_right == "b is required and cannot be emptied"
    left = settled(line, "old", None, base=("old", "old"), metas=must)
    assert left.problem_left == "a is required and cannot be emptied"
    box = (FieldMeta("a", "boolean"), FieldMeta("b", "boolean"))
    assert settled(line, None, "true", base=("true", "true"), metas=box).right == "false"


def test_two_spellings_of_one_value_are_no_difference():
    held = settled(LINE, "+44 20", "004420", same=True)
    assert (held.outcome, held.left, held.right) == ("agreed", None, None)


@pytest.mark.parametrize("base", [(None, None), ("old", "old")])
def test_what_is_emptied_before_a_run_saw_what_we_carried_over_is_emptied_there_too(base):
    line = replace(LINE, blanks="clear")
    left = settled(line, None, "new", base=base, wrote={"R": "new"})
    assert (left.outcome, left.right) == ("left", "__clear__")
    right = settled(line, "new", None, base=base, wrote={"L": "new"})
    assert (right.outcome, right.left) == ("right", "__clear__")


def test_a_record_that_takes_anothers_place_in_a_pair_has_emptied_nothing():
    assert settled(replace(LINE, blanks="clear"), None, "new", wrote={"R": "new"}).left == "new"


def test_a_default_that_we_wrote_is_no_value_that_the_other_side_emptied():
    line = replace(LINE, blanks="clear", default_right="0")
    assert settled(line, None, "0", base=(None, None), wrote={"R": "0"}).right is None
