"""One person per human, and an id that outlives merges, splits and deletions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import joining, links
from pipelines.identity.lives import short_hash

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
Keys = list[tuple[str, str, str]]
Known = list[tuple[str, str, datetime]]


def day(number: int) -> datetime:
    return EPOCH + timedelta(days=number)


def run(
    records: dict[str, int | None],
    keys: Keys,
    known: Known | None = None,
    aliases: dict[str, str] | None = None,
    decided: Keys | None = None,
    contradicted: list[tuple[str, str]] | None = None,
) -> list[dict[str, object]]:
    """What comes of records given with the day they were created; `contradicted` is filled."""
    with clustered(records, keys, decided, contradicted) as connection:
        return placed(connection, known, aliases)


@contextmanager
def clustered(
    records: dict[str, int | None],
    keys: Keys,
    decided: Keys | None = None,
    contradicted: list[tuple[str, str]] | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Who is together; nothing is said yet of who they were."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        created = {key: None if at is None else day(at) for key, at in records.items()}
        _table(connection, "records", ("record_key", "created_at"), list(created.items()))
        _table(connection, "keys", ("record_key", "kind", "value"), keys)
        _table(connection, "decided", ("left_key", "right_key", "verdict"), decided or [])
        links.cluster(connection, links.Policy())
        if contradicted is not None:
            named = "select left_key, right_key from links where verdict = 'contradiction' order by all"
            contradicted += connection.sql(named).fetchall()
        connection.execute("delete from links where verdict != 'joined'")
        yield connection


def placed(
    connection: duckdb.DuckDBPyConnection, known: Known | None = None, aliases: dict[str, str] | None = None
) -> list[dict[str, object]]:
    """Whose id they have, given who was known before."""
    _table(
        connection, "registry", ("record_key", "id", "founded_at", "joined_at"),
        [(*row, None) for row in known or []],
    )  # fmt: skip
    _table(
        connection, "aliases", ("alias", "id", "since", "why"),
        [(*row, None, None) for row in (aliases or {}).items()],
    )  # fmt: skip
    return list(connection.sql(joining.placed(connection, AS_OF, None)).to_arrow_table().to_pylist())


_TYPES = {
    "created_at": "timestamptz",
    "founded_at": "timestamptz",
    "joined_at": "timestamptz",
    "since": "timestamptz",
}


def _table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[object, ...]],
) -> None:
    typed = ", ".join(f"{column} {_TYPES.get(column, 'varchar')}" for column in columns)
    connection.execute(f"create or replace temp table {name} ({typed})")
    if rows:
        connection.executemany(f"insert into {name} values ({', '.join('?' for _ in columns)})", rows)


def persons(rows: list[dict[str, object]]) -> dict[str, str]:
    return {str(r["record_key"]): str(r["id"]) for r in rows if r["kind"] == "record"}


def aliases_of(rows: list[dict[str, object]]) -> dict[str, str]:
    return {str(r["record_key"]): str(r["id"]) for r in rows if r["kind"] == "alias"}


def known_of(rows: list[dict[str, object]]) -> Known:
    return [
        (str(r["record_key"]), str(r["id"]), r["founded_at"])  # type: ignore[misc]
        for r in rows
        if r["kind"] == "record"
    ]


def email(record: str, address: str) -> tuple[str, str, str]:
    return record, "email", f"email:{address}"


def test_records_that_share_an_address_are_one_person_named_after_the_oldest() -> None:
    rows = run({"b": 2, "a": 1, "c": 3}, [email("a", "x"), email("b", "x"), email("c", "y")])
    assert persons(rows) == {"a": short_hash("a"), "b": short_hash("a"), "c": short_hash("c")}


def test_a_tie_names_the_link_and_the_founder_is_called_so() -> None:
    rows = run(
        {"lead": 1, "contact": 2, "hub": 3, "alone": 4},
        [
            ("lead", "conversion", "contact"),
            ("hub", "connector", "contact"),
            email("hub", "x"),
            email("alone", "z"),
        ],
    )
    how = {r["record_key"]: r["matched_by"] for r in rows}
    assert how == {"lead": "founder", "contact": "conversion", "hub": "connector", "alone": "founder"}


def test_a_person_joins_no_earlier_than_it_was_founded() -> None:
    rows = run({"a": 1, "b": 5}, [email("a", "x"), email("b", "x")])
    assert {r["record_key"]: r["joined_at"] for r in rows} == {"a": day(1), "b": day(5)}


def test_a_record_without_a_date_of_creation_founds_no_one_older() -> None:
    rows = run({"a": None, "b": 5}, [email("a", "x"), email("b", "x")])
    assert set(persons(rows).values()) == {short_hash("b")}
    assert {r["founded_at"] for r in rows} == {day(5)}


def test_an_older_record_that_comes_later_does_not_take_the_id() -> None:
    first = run({"b": 5}, [email("b", "x")])
    later = run({"a": 1, "b": 5}, [email("a", "x"), email("b", "x")], known_of(first))
    assert set(persons(later).values()) == {short_hash("b")}
    assert aliases_of(later) == {}


def test_in_a_merge_the_oldest_founder_survives_and_the_other_becomes_an_alias() -> None:
    apart = run({"a": 1, "b": 2}, [email("a", "x"), email("b", "y")])
    merged = run({"a": 1, "b": 2}, [email("a", "x"), email("b", "x")], known_of(apart))
    assert set(persons(merged).values()) == {short_hash("a")}
    assert aliases_of(merged) == {short_hash("b"): short_hash("a")}


def test_in_a_split_the_founders_side_keeps_the_id() -> None:
    together = run({"a": 1, "b": 2, "c": 3}, [email("a", "x"), email("b", "x"), email("c", "x")])
    split = run(
        {"a": 1, "b": 2, "c": 3}, [email("a", "x"), email("b", "y"), email("c", "y")], known_of(together)
    )
    assert persons(split) == {"a": short_hash("a"), "b": short_hash("b"), "c": short_hash("b")}


def test_after_a_merge_and_a_split_everyone_has_their_old_id_again() -> None:
    apart = run({"a": 1, "b": 2}, [email("a", "x"), email("b", "y")])
    merged = run({"a": 1, "b": 2}, [email("a", "x"), email("b", "x")], known_of(apart))
    split = run({"a": 1, "b": 2}, [email("a", "x"), email("b", "y")], known_of(merged), aliases_of(merged))
    assert persons(split) == persons(apart)
    assert aliases_of(split) == {}


def test_aliases_end_in_a_person_who_lives() -> None:
    rows = run(
        {"a": 1, "b": 2},
        [email("a", "x"), email("b", "x")],
        [("a", short_hash("a"), day(1)), ("b", short_hash("b"), day(2))],
        {"older": short_hash("b")},
    )
    assert aliases_of(rows) == {"older": short_hash("a"), short_hash("b"): short_hash("a")}


def test_a_record_merged_away_at_the_vendor_hands_its_person_on() -> None:
    before = run({"old1": 1, "old2": 2}, [email("old1", "x"), email("old2", "y")])
    after = run({"new": 9}, [("new", "merge", "old1"), ("new", "merge", "old2")], known_of(before))
    assert persons(after)["new"] == short_hash("old1")
    assert persons(after) == dict.fromkeys(("new", "old1", "old2"), short_hash("old1"))
    assert aliases_of(after) == {short_hash("old2"): short_hash("old1")}


def test_a_deleted_record_finds_its_person_again_when_it_comes_back() -> None:
    both = run({"a": 1, "b": 2}, [email("a", "x"), email("b", "x")])
    gone = run({"b": 2}, [email("b", "x")], known_of(both))
    assert persons(gone) == persons(both)
    back = run({"a": 1, "b": 2}, [email("a", "new"), email("b", "x")], known_of(gone))
    assert persons(back) == {"a": short_hash("a"), "b": short_hash("b")}


def test_nobody_is_a_world_that_can_be() -> None:
    assert run({}, []) == []


WORLDS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), max_size=25)


def world(links: list[tuple[int, int]]) -> tuple[dict[str, int | None], Keys]:
    records: dict[str, int | None] = {f"r{n}": n * 7 % 5 for n in range(10)}
    return records, [email(f"r{record}", str(address)) for record, address in links]


def classes(rows: list[dict[str, object]]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record, person in persons(rows).items():
        found.setdefault(person, set()).add(record)
    return {frozenset(group) for group in found.values()}


@settings(max_examples=15, deadline=None)
@given(links=WORLDS, seed=st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(links: list[tuple[int, int]], seed: int) -> None:
    records, keys = world(links)
    shuffled_records = list(records.items())
    shuffled_keys = list(keys)
    random.Random(seed).shuffle(shuffled_records)
    random.Random(seed + 1).shuffle(shuffled_keys)
    assert sorted(map(str, run(records, keys))) == sorted(
        map(str, run(dict(shuffled_records), shuffled_keys))
    )


@settings(max_examples=15, deadline=None)
@given(links=WORLDS)
def test_persons_are_exactly_the_records_tied_together(links: list[tuple[int, int]]) -> None:
    records, keys = world(links)
    groups = [{record} for record in records]
    for record, _, value in keys:
        tied = {r for r, _, v in keys if v == value} | {record}
        touching = [group for group in groups if group & tied]
        groups = [group for group in groups if not group & tied] + [set().union(*touching)]
    assert classes(run(records, keys)) == {frozenset(group) for group in groups}


@settings(max_examples=8, deadline=None)
@given(history=st.lists(WORLDS, min_size=2, max_size=4))
def test_ids_stay_unique_and_no_id_is_lost_through_any_history(history: list[list[tuple[int, int]]]) -> None:
    known: Known = []
    aliases: dict[str, str] = {}
    ever: set[str] = set()
    for shared in history:
        records, keys = world(shared)
        with clustered(records, keys) as connection:
            anew = placed(connection)
            rows = placed(connection, known, aliases)
            again = placed(connection, known_of(rows), aliases_of(rows))
        assert persons(again) == persons(rows), "the same world a second time changes nothing"
        assert classes(rows) == classes(anew), "the past decides names, never who is together"
        known, aliases = known_of(rows), aliases_of(rows)
        alive = set(persons(rows).values())
        ever |= alive
        assert not alive & set(aliases)
        assert ever <= alive | set(aliases), "every id ever given still leads to somebody"
        assert set(aliases.values()) <= alive


def test_what_somebody_decided_is_obeyed_against_a_key_and_through_others() -> None:
    keys = [email("a", "x"), email("b", "x"), email("c", "x")]
    rows = run({"a": 1, "b": 2, "c": 3}, keys, decided=[("b", "c", "different")])
    assert persons(rows)["b"] != persons(rows)["c"]
    rows = run({"a": 1, "b": 2}, [email("a", "x"), email("b", "y")], decided=[("a", "b", "same")])
    assert set(persons(rows).values()) == {short_hash("a")}
    assert {r["record_key"]: r["matched_by"] for r in rows} == {"a": "founder", "b": "decision"}


def test_a_pair_settled_both_ways_is_named_and_joins_nobody() -> None:
    rows = run({"a": 1, "b": 2}, [], decided=[("a", "b", "same"), ("a", "b", "different")])
    assert persons(rows) == {"a": short_hash("a"), "b": short_hash("b")}


def test_who_is_said_to_be_one_through_others_and_said_to_be_two_is_named() -> None:
    said = [("a", "b", "same"), ("b", "c", "same"), ("a", "c", "different"), ("c", "d", "different")]
    named: list[tuple[str, str]] = []
    rows = run({"a": 1, "b": 2, "c": 3, "d": 4}, [], decided=said, contradicted=named)
    assert set(persons(rows).values()) == {short_hash("a"), short_hash("d")}
    assert named == [("a", "c")]


def test_an_address_that_too_many_share_joins_nobody() -> None:
    rows = run({f"r{n}": n for n in range(100)}, [email(f"r{n}", "info") for n in range(100)])
    assert len(set(persons(rows).values())) == 100
