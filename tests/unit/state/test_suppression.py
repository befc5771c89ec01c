"""The list of erased people: it knows them again, and tells nobody who they were."""

from __future__ import annotations

import stat

import pytest

from pipelines.errors import CrmError
from pipelines.settings import Settings
from pipelines.state import State, erasures, suppression
from tests.unit.state.test_tables_of_state import NOON

KEY = "hubspot:1:contacts:77"


def listed(state: State, settings: Settings, *emails: str, erasure_id: str = "e1") -> suppression.Suppression:
    with state.writing() as connection:
        return suppression.add(
            connection, settings.paths.suppression_key, emails=emails, record_keys=[KEY],
            erasure_id=erasure_id,
        )  # fmt: skip


def test_an_erased_address_is_known_again_however_it_is_written(state: State, settings: Settings) -> None:
    found = listed(state, settings, "Ann@Example.org")
    assert found.has_email(" ANN@example.ORG ")
    assert found.has_record(KEY)
    assert not found.has_email("joann@example.org")
    assert not found.has_record("hubspot:1:contacts:7")
    assert not found.has_email(None)


def test_the_database_holds_neither_the_address_nor_the_key(state: State, settings: Settings) -> None:
    listed(state, settings, "ann@example.org")
    state.close()
    content = b"".join(path.read_bytes() for path in settings.home.glob("state.sqlite*"))
    assert b"ann@example.org" not in content
    assert KEY.encode() not in content
    assert settings.paths.suppression_key.read_bytes() not in content
    assert stat.S_IMODE(settings.paths.suppression_key.stat().st_mode) == 0o600


def test_without_its_key_or_with_another_the_list_refuses(state: State, settings: Settings) -> None:
    listed(state, settings, "ann@example.org")
    key_file = settings.paths.suppression_key
    for spoilt in (None, b"x" * 32, b"short"):
        key_file.unlink(missing_ok=True)
        if spoilt is not None:
            key_file.write_bytes(spoilt)
        with state.reading() as connection, pytest.raises(CrmError, match=r"suppression\.key"):
            suppression.load(connection, key_file)
        with pytest.raises(CrmError, match=r"suppression\.key"):
            listed(state, settings, "bob@example.org")


def test_nobody_on_the_list_needs_no_key(state: State, settings: Settings) -> None:
    with state.reading() as connection:
        assert not suppression.load(connection, settings.paths.suppression_key)
    assert not settings.paths.suppression_key.exists()


def test_a_second_erasure_of_the_same_person_leaves_the_first_hash(state: State, settings: Settings) -> None:
    listed(state, settings, "ann@example.org")
    listed(state, settings, "ann@example.org", erasure_id="e2")
    with state.reading() as connection:
        rows = connection.exec_driver_sql("select kind, erasure_id from suppressed order by kind").all()
    assert rows == [("email", "e1"), ("key", "e1"), ("record", "e1")]


def test_a_receipt_adds_up_over_attempts_and_says_when_it_was_completed(state: State) -> None:
    with state.writing() as connection:
        for rows in ({"marts.unified_leads": 1, "nothing": 0}, {"marts.unified_leads": 0, "plans": 2}):
            erasures.begin(connection, "e1", reason="asked", people=1, at=NOON)
            erasures.count(connection, "e1", rows)
        erasures.complete(connection, "e1", NOON)
    with state.reading() as connection:
        head, rows = erasures.receipt(connection, "e1")
    assert rows == {"marts.unified_leads": 1, "plans": 2}
    assert (head["completed_at"], head["people"]) == (NOON, 1)
