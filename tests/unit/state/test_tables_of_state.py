"""What each table keeps: journal, agreed values, registry, decisions, probes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from pipelines.settings import Settings
from pipelines.state import State, agreed, decisions, identity, journal, met, registry, runs
from pipelines.state.agreed import Agreed
from pipelines.state.decisions import KeptDecision
from pipelines.state.journal import Intent, Settlement
from pipelines.warehouse import Warehouse

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def _intent(number: int) -> Intent:
    return Intent(
        f"c{number}", "plan", "hubspot_contacts", "hubspot", "contacts", str(number),
        f"hubspot:1:contacts:{number}", "lead_score", None, "42", "computed", "lead_score.yml",
    )  # fmt: skip


def test_a_row_is_open_until_it_is_settled(state: State) -> None:
    with state.writing() as connection:
        journal.intend(connection, [_intent(1), _intent(2)], run_id="r", at=NOON)
        journal.mark_sent(connection, ["c1", "c2"])
        journal.settle(connection, [Settlement("c1", "confirmed", "", "", "q1", NOON)])
        journal.settle(connection, [Settlement("c2", "unknown", "ANSWER_LOST", "lost", "", None)])
    with state.reading() as connection:
        assert journal.has_open(connection)
        assert [row["change_id"] for row in journal.open_rows(connection)] == ["c2"]
        assert journal.states_of(connection, ["c1", "c2", "c3"]) == {"c1": "confirmed", "c2": "unknown"}
        (life,) = journal.of_record(connection, "hubspot:1:contacts:1")
    assert (life["state"], life["request_id"], life["settled_at"]) == ("confirmed", "q1", NOON)


def test_intending_a_change_again_opens_its_row_again(state: State) -> None:
    with state.writing() as connection:
        journal.intend(connection, [_intent(1)], run_id="r1", at=NOON)
        journal.settle(connection, [Settlement("c1", "intended", journal.NOT_SENT, "ended", "", NOON)])
        assert not journal.has_open(connection)
        journal.intend(connection, [_intent(1)], run_id="r2", at=NOON)
    with state.reading() as connection:
        (row,) = journal.open_rows(connection)
        assert (row["run_id"], row["code"], row["settled_at"]) == ("r2", "", None)
        assert journal.tally(connection, "plan", "r2") == [("hubspot_contacts", "intended", 1, 1)]


def test_more_change_ids_than_a_statement_can_bind_are_looked_up(state: State) -> None:
    with state.writing() as connection:
        journal.intend(connection, [_intent(n) for n in range(2_000)], run_id="r", at=NOON)
        assert len(journal.states_of(connection, [f"c{n}" for n in range(2_000)])) == 2_000


def test_the_latest_agreed_value_stands(state: State) -> None:
    first = Agreed("k", "lead_score", "1", NOON, "r1")
    later = Agreed("k", "lead_score", None, NOON + timedelta(hours=1), "r2")
    with state.writing() as connection:
        agreed.save(connection, [first])
        agreed.save(connection, [later])
    with state.reading() as connection:
        assert agreed.since(connection, None) == [later]
        assert agreed.since(connection, later.agreed_at) == []
        assert agreed.of_records(connection, ["k", "other"]) == {("k", "lead_score"): later}


def test_a_decision_that_is_kept_stays_as_it_was(state: State) -> None:
    first = KeptDecision("d1", 1, "p1", "routing", "inbound", "a@x.example", "r", "why", NOON, "run1")
    with state.writing() as connection:
        decisions.save(connection, [first])
        decisions.save(
            connection,
            [first._replace(owner_email="b@x.example"), first._replace(decision_id="d2", sequence=2)],
        )
    with state.reading() as connection:
        assert [d.owner_email for d in decisions.load(connection, "routing")] == ["a@x.example"] * 2
        assert decisions.load(connection, "handoff") == ()


def test_a_probe_is_remembered(state: State, settings: Settings) -> None:
    with state.writing() as connection:
        runs.save_probe(connection, runs.Probe("hubspot", "r", NOON, False, 12, "no answer"))
    with State.open(settings) as again, again.reading() as connection:
        assert connection.exec_driver_sql("select ok, milliseconds from probes").all() == [(0, 12)]


def _build_left(
    connection: duckdb.DuckDBPyConnection, people: list[tuple[str, str]], aliases: list[tuple[str, str]]
) -> None:
    connection.execute("create schema if not exists intermediate")
    connection.register("p", pa.table([list(c) for c in zip(*people, strict=True)], names=["k", "p"]))
    connection.execute(
        "create or replace table intermediate.int_person_registry as "
        "select k as record_key, p as person_id, timestamptz '2026-06-30 12:00:00+00' as founded_at, "
        "timestamptz '2026-06-30 12:00:00+00' as joined_at from p"
    )
    connection.execute(
        "create or replace table intermediate.int_person_aliases "
        "(alias varchar, person_id varchar, since timestamptz, why varchar)"
    )
    for name in ("accounts", "opportunities"):
        connection.execute(
            f"create or replace table intermediate.int_{name}_resolved (kind varchar, record_key varchar, "
            "id varchar, founded_at timestamptz, joined_at timestamptz, since timestamptz, why varchar)"
        )
    connection.execute("create schema if not exists rules")
    connection.execute(
        "create or replace table rules.run as select timestamptz '2026-06-30 12:00:00+00' as as_of"
    )
    if aliases:
        connection.executemany(
            "insert into intermediate.int_person_aliases values (?, ?, null, 'merged')", aliases
        )


def test_the_registry_that_a_build_left_is_kept_and_comes_back(state: State, settings: Settings) -> None:
    warehouse = Warehouse(settings.paths)
    with warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as build, state.writing() as connection:
            _build_left(build, [("k2", "p2"), ("k1", "p1")], [])
            assert registry.publish_registry(connection, build) == 2
            _build_left(build, [("k2", "p1"), ("k3", "p3")], [("p2", "p1")])
            registry.publish_registry(connection, build)
            _build_left(build, [("k2", "p1"), ("k3", "p4"), ("k4", "p4")], [("p2", "p1")])
            registry.publish_registry(connection, build, {"k3"})
    with state.reading() as connection:
        kept = registry.load(connection)
    assert kept.people.select(["record_key", "person_id"]).to_pylist() == [
        {"record_key": "k1", "person_id": "p1"},  # not in the build any more: it may come back
        {"record_key": "k2", "person_id": "p1"},
        {"record_key": "k3", "person_id": "p3"},  # found by somebody after the build had begun
        {"record_key": "k4", "person_id": "p4"},
    ]
    assert kept.people["founded_at"].to_pylist() == [NOON] * 4
    assert kept.aliases.to_pylist() == [
        {"alias": "p2", "person_id": "p1", "since": None, "why": "merged", "retired_at": None}
    ]


def test_who_was_met_after_a_refresh_began_is_told_by_order_and_forgotten_after_a_week(state: State) -> None:
    with state.writing() as connection:
        met.save(connection, {"k1": "p1", "k2": "p1"}, NOON)
        begun = met.last(connection)
        assert met.after(connection, begun) == {}
        met.save(connection, {"k1": "p1", "k3": "p3"}, NOON)
        assert met.after(connection, begun) == {"k1": "p1", "k3": "p3"}
        met.save(connection, {"k4": "p4"}, NOON + timedelta(days=8))
        assert met.after(connection, 0) == {"k4": "p4"}
        assert met.last(connection) > begun


def test_a_reading_has_in_full_whom_nobody_met_or_wrote_to_after_its_end(state: State) -> None:
    """Our writing moves a record out of the window of a reading, which may be the first to have it."""
    second = timedelta(seconds=1)
    with state.writing() as connection:
        for number in range(3):
            met.save(connection, {f"hubspot:1:contacts:{number}": "p"}, NOON + number * second)
        everyone = met.last(connection)
        assert [met.read_by(connection, NOON + n * second) for n in (0, 2, 3)] == [
            everyone - 3, everyone - 1, everyone,
        ]  # fmt: skip
        journal.intend(connection, [_intent(1)], run_id="r", at=NOON + 2 * second)
        journal.settle(connection, [Settlement("c1", "confirmed", "", "", "q", NOON + 4 * second)])
        assert [met.read_by(connection, NOON + n * second) for n in (3, 4, 5)] == [
            everyone - 2, everyone - 2, everyone,
        ]  # fmt: skip
        at = NOON + timedelta(hours=1)  # an activation's write to whom a round met long before
        journal.intend(connection, [_intent(2)], run_id="r", at=at)
        journal.settle(connection, [Settlement("c2", "confirmed", "", "", "q", at)])
        assert met.read_by(connection, at) == everyone


def test_an_alias_that_lives_again_is_retired_and_not_forgotten(state: State, settings: Settings) -> None:
    warehouse = Warehouse(settings.paths)
    with warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as build, state.writing() as connection:
            _build_left(build, [("k2", "p1")], [("p2", "p1")])
            registry.publish_registry(connection, build)
            _build_left(build, [("k2", "p2")], [])
            registry.publish_registry(connection, build)
            assert registry.load(connection).aliases["retired_at"].to_pylist() == [NOON]


def test_a_decision_is_kept_whichever_way_round_it_was_given(state: State) -> None:
    with state.writing() as connection:
        before = identity.version(connection)
        identity.decide(connection, identity.Decision("person", "b", "a", "same", NOON))
        identity.decide(connection, identity.Decision("person", "a", "b", "different", NOON))
        assert identity.decisions(connection).to_pylist() == [
            {
                "entity": "person",
                "left_key": "a",
                "right_key": "b",
                "verdict": "different",
                "decided_at": NOON,
            }
        ]
        assert identity.version(connection) != before
