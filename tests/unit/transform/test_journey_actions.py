"""Who is let into a journey and who is taken out, by the SQL of the dbt models themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipelines.reverse_sync import unreached
from pipelines.rules import journeys
from pipelines.rules.journeys import Journeys
from pipelines.rules.tables import _as_table as as_table
from tests.fixtures.dbt_sql import compiled, made

_TABLES = """
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of, date '2026-06-30' as business_date;
create table int_subscribers (subscriber_key varchar, subscriber_record_key varchar, person_id varchar,
    is_current_key boolean, key_kind varchar, status varchar, record_key varchar);
insert into int_subscribers by name select * from (values
    ('003A', 's1', 'ana', true, 'contact_id', 'Active'), ('00QA', 's2', 'ana', false, 'lead_id', 'Active'),
    ('00QB', 's3', 'bo', true, 'lead_id', null), ('00QH', 's4', 'held', true, 'lead_id', 'Held'),
    ('00QR', 's5', 'refuses', true, 'lead_id', 'Active'), ('00QX', 's6', 'bounced', true, 'lead_id', 'Active')
    ) t (subscriber_key, subscriber_record_key, person_id, is_current_key, key_kind, status);
create table unified_leads as select *, 80 as lead_score, true as is_email_valid, person_id || '@x' as email
    from (values ('ana', 'lead', false, 'none'), ('bo', 'customer', false, 'none'),
    ('held', 'lead', false, 'none'), ('refuses', 'lead', true, 'none'), ('bounced', 'lead', false, 'hard'))
    t (person_id, lifecycle_stage, is_opted_out, bounce_state);
create table stg_marketing_cloud__journeys (journey_version_id varchar, journey_key varchar, name varchar,
    version integer, status varchar, entry_mode varchar, event_definition_key varchar);
insert into stg_marketing_cloud__journeys values
    ('v1', 'nurture', 'Nurture', 1, 'Stopped', 'OnceAndDone', 'old-event'),
    ('v2', 'nurture', 'Nurture', 2, 'Published', 'SingleEntryAcrossAllVersions', 'event'),
    ('v3', 'nurture', 'Nurture', 3, 'Draft', 'OnceAndDone', 'new-event');
create table int_person_aliases (alias varchar, person_id varchar);
create table journal (action_key varchar, state varchar);
create table stg_marketing_cloud__event_definitions as select 'event' as event_definition_key,
    'id' as data_extension_id;
create table stg_marketing_cloud__data_extensions as select 'id' as data_extension_id,
    'entries' as data_extension_key;
create table stg_marketing_cloud__data_extension_fields as
    select 'entries' as data_extension_key, * from (values
    ('EntryId', 1, true, null), ('Country', 2, true, 'NL'), ('Nickname', 3, false, null)
    ) t (name, position, is_required, default_value);
create table stg_marketing_cloud__journey_activity (subscriber_key varchar, journey_key varchar,
    occurred_at timestamptz);
create table stg_marketing_cloud__journey_history (record_key varchar, journey_event_id varchar, kind varchar,
    occurred_at timestamptz, subscriber_key varchar, journey_version_id varchar, journey_name varchar);
create table connections as select 'salesforce' as vendor, 'o' as org_id;
insert into connections values ('marketing_cloud', '9');
create table int_person_members (record_key varchar, person_id varchar);
create table int_refused_purposes (person_id varchar, purpose varchar);
create table stg_marketing_cloud__lists as select '9' as list_id, 'Newsletter' as name, 'news' as list_key;
"""
_MODELS = ("int_journey_events", "int_journey_goals", "int_journey_stays", "int_journey_reentry")
INSIDE = "takes a person again once they have left it"
ONCE = "takes a person once"


@pytest.fixture
def db() -> Iterator[Any]:
    connection = duckdb.connect()
    connection.execute(_TABLES)
    for model in _MODELS:
        made(connection, f"intermediate/engagement/{model}.sql")
    yield connection
    connection.close()


def ruled(db: Any, **said: Any) -> None:
    entry = {"name": "warm", "event": "event", "journey": "nurture", "least_score": 70}
    rules = Journeys.model_validate(
        {"entries": [entry | said.pop("entry", {})], "exits": said.pop("exits", [])}
    )
    for name, rows in (("entries", journeys.entries(rules)), ("exits", journeys.exits(rules))):
        db.register("given", as_table(*rows))
        db.execute(f"create or replace table journey_{name} as from given")


def entries(db: Any) -> dict[str, tuple[str, str | None]]:
    """Whom the rules want in: the action's key, and what is said against it."""
    sql = compiled("reverse_sync/marketing_cloud/actions_journey_entries.sql")
    wanted = f"select person_id, action_key, payload::json->>'already' from ({sql})"
    return {person: (key, why) for person, key, why in db.execute(wanted).fetchall()}


def exits(db: Any) -> list[tuple[str, str]]:
    sql = compiled("reverse_sync/marketing_cloud/actions_journey_exits.sql")
    found: list[tuple[str, str]] = db.execute(
        f"select payload::json->>'contact_key', reason from ({sql}) order by all"
    ).fetchall()
    return found


def happens(db: Any, kind: str, key: str, at: str, version: str = "v2") -> None:
    values = [f"{kind}{key}{at}", kind, f"{at} 00:00:00+00", key, version]
    db.execute(
        "insert into stg_marketing_cloud__journey_history (journey_event_id, kind, occurred_at, "
        "subscriber_key, journey_version_id) values (?, ?, ?, ?, ?)",
        values,
    )


def test_who_may_be_written_to_is_let_in_by_the_current_key_and_nobody_else(db):
    ruled(db)
    assert set(entries(db)) == {"ana", "bo"}
    assert {why for _, why in entries(db).values()} == {None}
    db.execute("insert into int_refused_purposes values ('ana', 'news'), ('bo', 'events')")
    assert set(entries(db)) == {"ana", "bo"}
    ruled(db, entry={"purpose": "news"})
    assert set(entries(db)) == {"bo"}
    db.execute(
        "insert into journey_entries by name "
        "select * replace ('other' as name, null as purpose) from journey_entries"
    )
    assert set(entries(db)) == {"bo"}, "whichever entry says what the journey writes for"


def test_a_field_that_the_event_requires_and_nobody_fills_is_named_unless_it_has_a_default(db):
    ruled(db)
    sql = compiled("reverse_sync/marketing_cloud/actions_journey_entries.sql")
    missing = f"select distinct payload::json->>'missing_fields' from ({sql})"
    assert db.execute(missing).fetchall() == [(None,)]
    db.execute(
        "insert into stg_marketing_cloud__data_extension_fields by name select 'entries' as "
        "data_extension_key, 'Region' as name, 4 as position, true as is_required"
    )
    assert db.execute(missing).fetchall() == [("Region",)]


@pytest.mark.parametrize("key", ["003A", "00QA"])
def test_somebody_who_is_inside_is_turned_away_until_they_have_left_under_either_key(db, key):
    """The published version's rule counts, not the older one's nor the draft's."""
    ruled(db)
    happens(db, "entered", key, "2026-06-20")
    assert INSIDE in (entries(db)["ana"][1] or "")
    happens(db, "left", key, "2026-06-25")
    assert entries(db)["ana"][1] is None
    happens(db, "entered", key, "2026-06-28", "v1")  # across all versions
    assert INSIDE in (entries(db)["ana"][1] or "")


def test_a_key_that_is_newer_than_the_subscribers_read_last_is_known_by_the_id_it_is(db):
    ruled(db)
    new = "003SB0000000009YAA"
    db.execute(f"insert into int_person_members values ('salesforce:o:Contact:{new}', 'bo')")
    happens(db, "entered", new, "2026-06-20")
    assert INSIDE in (entries(db)["bo"][1] or "")
    happens(db, "goal", new, "2026-06-22")
    assert "met the goal" in (entries(db)["bo"][1] or "")


def test_an_entry_of_more_than_thirty_days_ago_is_no_stay_that_is_known_of(db):
    ruled(db)
    happens(db, "entered", "003A", "2026-05-20")
    assert entries(db)["ana"][1] is None


@pytest.mark.parametrize(
    ("mode", "why"), [("OnceAndDone", ONCE), ("NotSet", ONCE), ("MultipleEntries", None)]
)
def test_the_other_rules_are_kept_for_whoever_was_written_to_or_came_in(db, mode, why):
    ruled(db)
    db.execute("update stg_marketing_cloud__journeys set entry_mode = ? where version = 2", [mode])
    db.execute("insert into stg_marketing_cloud__journey_activity values ('00QA', 'nurture', now())")
    happens(db, "entered", "00QB", "2026-06-20")
    for person in ("ana", "bo"):
        against = entries(db)[person][1]
        assert against is None if why is None else why in (against or "")


def test_a_monthly_entry_is_another_action_each_month_and_one_within_it(db):
    ruled(db, entry={"occurrence": "monthly"})
    june = entries(db)["ana"][0]
    db.execute("update run set business_date = date '2026-06-01'")
    assert entries(db)["ana"][0] == june
    db.execute("update run set business_date = date '2026-07-01'")
    assert entries(db)["ana"][0] != june
    ruled(db, entry={"occurrence": "once"})
    once = entries(db)["ana"][0]
    db.execute("update run set business_date = date '2026-08-01'")
    assert entries(db)["ana"][0] == once


def test_whoever_has_met_the_goal_is_let_in_once_more_only_by_a_monthly_entry(db):
    happens(db, "entered", "003A", "2026-06-01")
    happens(db, "goal", "003A", "2026-06-02")
    ruled(db)
    assert "met the goal" in (entries(db)["ana"][1] or "")
    ruled(db, entry={"occurrence": "monthly"})
    assert entries(db)["ana"][1] is None


def test_a_stage_takes_people_out_and_so_does_the_goal_of_another_journey_met_since(db):
    ruled(db, exits=[{"journey": "nurture", "stages": ["customer"]}])
    happens(db, "entered", "003A", "2026-06-20")
    happens(db, "entered", "00QB", "2026-06-20")
    assert exits(db) == [("00QB", "is customer now")]
    db.execute(
        "insert into stg_marketing_cloud__journeys values ('w', 'welcome', 'Welcome', 1, 'Published', '', '')"
    )
    ruled(db, exits=[{"journey": "nurture", "goal_of": "welcome"}])
    happens(db, "goal", "003A", "2026-06-10", "w")
    assert exits(db) == []  # met before they came in
    happens(db, "goal", "003A", "2026-06-22", "w")
    assert exits(db) == [("003A", "has met the goal of welcome")]


def test_an_entry_says_what_the_published_version_listens_to(db):
    ruled(db)
    sql = compiled("reverse_sync/marketing_cloud/actions_journey_entries.sql")
    heard = db.execute(f"select distinct payload::json->>'listens_to' from ({sql})").fetchall()
    assert heard == [("event",)]
    db.execute("update stg_marketing_cloud__journeys set event_definition_key = null where version = 2")
    heard = db.execute(f"select distinct payload::json->>'listens_to' from ({sql})").fetchall()
    assert heard == [(None,)]  # neither the draft's nor the stopped version's


def test_whoever_came_in_before_a_merge_does_not_come_in_again_as_who_they_are_now(db):
    ruled(db)
    db.execute("insert into journal values (?, 'rejected')", [entries(db)["ana"][0]])
    for table in ("unified_leads", "int_subscribers"):
        db.execute(f"update {table} set person_id = 'older' where person_id = 'ana'")
    db.execute("insert into int_person_aliases values ('ana', 'older')")
    assert entries(db)["older"][1] is None
    db.execute("update journal set state = 'confirmed'")
    assert "as ana, with whom they were merged" in (entries(db)["older"][1] or "")


def test_nobody_is_taken_out_who_is_out_already_and_whoever_came_back_is(db):
    ruled(db, exits=[{"journey": "nurture", "stages": ["customer"]}])
    happens(db, "entered", "00QB", "2026-06-20")
    happens(db, "left", "00QB", "2026-06-22")
    assert exits(db) == []
    happens(db, "entered", "00QB", "2026-06-25")
    assert [key for key, _ in exits(db)] == ["00QB"]


def test_nobody_is_taken_out_of_what_they_were_in_long_ago(db):
    ruled(db, exits=[{"journey": "nurture", "stages": ["customer"]}])
    happens(db, "entered", "00QB", "2026-03-01")
    assert exits(db) == []


def test_a_plan_says_whom_marketing_cloud_does_not_know_and_how_it_keys(db):
    ruled(db)
    sql = compiled("reverse_sync/marketing_cloud/journeys_unreached.sql")
    db.execute(f"create schema reverse_sync; create view reverse_sync.journeys_unreached as {sql}")
    (held,) = unreached.notes(db)
    assert held.startswith("journeys: 1 people whom journeys.yml would let in have no active contact")
    db.execute("update int_subscribers set key_kind = 'email'")
    keyed, people = sorted(unreached.notes(db))
    assert keyed.startswith("Marketing Cloud knows its 6 subscribers by address and none by the id")
    assert people.startswith("journeys: 3 people")
