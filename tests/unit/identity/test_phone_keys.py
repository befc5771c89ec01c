"""A phone number as an exact key, where a team says so: one number under one last name."""

from __future__ import annotations

import duckdb

from pipelines.identity import links
from tests.unit.identity.conftest import Row, shape


def _tied(rows: list[Row], *, phones: bool) -> tuple[set[frozenset[str]], list[str]]:
    """Who is one with whom, and the keys that too many share."""
    with duckdb.connect() as connection:
        shape(connection, rows)
        connection.execute(
            "create temp table records as select record_key, null::timestamptz as created_at from features;"
            "create temp table keys (record_key varchar, kind varchar, value varchar);"
            "create temp table decided (left_key varchar, right_key varchar, verdict varchar)"
        )
        if phones:
            connection.execute(f"insert into keys {links.PHONE_KEYS}")
        links.cluster(connection, links.Policy(most_records=3))
        found: dict[int, set[str]] = {}
        for key, component in connection.execute("select record_key, component from members").fetchall():
            found.setdefault(component, set()).add(key)
        shared = connection.execute("select value from shared_keys").fetchall()
        return {frozenset(each) for each in found.values() if len(each) > 1}, [value for (value,) in shared]


def _person(key: str, first: str, last: str, phone: str) -> Row:
    return {"record_key": key, "first_name": first, "last_name": last, "phone": phone, "country": "Germany"}


def test_one_number_under_one_last_name_is_one_person_where_phones_are_keys() -> None:
    rows = [
        _person("a", "Jo", "Berger", "030 1234567"), _person("b", "Johanna", "Berger", "+49 30 1234567"),
        _person("c", "Max", "Sommer", "+49 30 1234567"),
    ]  # fmt: skip
    assert _tied(rows, phones=True)[0] == {frozenset("ab")}
    assert _tied(rows, phones=False)[0] == set()


def test_a_switchboard_joins_nobody() -> None:
    rows = [_person(f"r{n}", f"First{n}", "Berger", "+49 30 7654321") for n in range(5)]
    together, shared = _tied(rows, phones=True)
    assert together == set()
    assert len(shared) == 1
