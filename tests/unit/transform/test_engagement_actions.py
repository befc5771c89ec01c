"""What engagement with Marketing Cloud asks for in Salesforce, by the SQL of the dbt models themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipelines.rules import engagement
from pipelines.rules.engagement import Engagement
from pipelines.rules.tables import _as_table as as_table
from tests.fixtures.dbt_sql import compiled, made

_TABLES = """
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of, date '2026-06-30' as business_date,
    'UTC' as business_zone;
create table connections as select * from (values ('salesforce', 'o')) t (vendor, org_id);
create table int_subscribers (subscriber_key varchar, person_id varchar);
insert into int_subscribers values ('k1', 'ana'), ('k2', 'bo'), ('k3', null);
create table int_marketing_sends (send_id varchar, name varchar, journey_key varchar, campaign_id varchar);
insert into int_marketing_sends values ('1', 'Spring: mailing', null, 'C'),
    ('2', '100%_off', 'nurture', null);
create table int_campaigns (campaign_id varchar, campaign_id_salesforce varchar);
insert into int_campaigns values ('C', '701C');
create table stg_salesforce__campaigns (record_key varchar, campaign_id varchar, name varchar);
insert into stg_salesforce__campaigns values ('salesforce:o:Campaign:701C', '701C', 'Spring'),
    ('salesforce:o:Campaign:701D', '701D', 'Discounts');
create table int_campaign_members (record_key varchar, campaign_id varchar);
insert into int_campaign_members values ('salesforce:o:Campaign:701C', 'C'),
    ('salesforce:o:Campaign:701D', 'D');
create table stg_salesforce__campaign_members (campaign_id varchar, contact_id varchar, lead_id varchar,
    status varchar);
create table int_person_members (person_id varchar, record_key varchar);
insert into int_person_members values ('ana', 'salesforce:o:Contact:003A'), ('bo', 'salesforce:o:Lead:00QB');
create table unified_leads (person_id varchar, contact_id_salesforce varchar, lead_id_salesforce varchar,
    owner_id varchar);
insert into unified_leads values ('ana', '003A', '00QA', 'rep@x'), ('bo', null, '00QB', null);
create table int_owners as select 'rep@x' as owner_id, '005R' as owner_id_salesforce;
create table int_journey_events (record_key varchar, kind varchar, person_id varchar, occurred_at timestamptz,
    journey_name varchar, journey_key varchar);
insert into int_journey_events values ('g', 'goal', 'bo', '2026-06-29 00:00:00+00', 'Nurture', 'nurture'),
    ('e', 'entered', 'ana', '2026-06-29 00:00:00+00', 'Nurture', 'nurture');
"""
_EVENTS = ("sent_events", "open_events", "click_events", "bounce_events", "unsubscribe_events", "complaints")
RULES = {
    "order": ["Sent", "Opened", "Responded"],
    "members": [
        {"mailing": "*", "did": "opened", "campaign": "its own", "status": "Opened"},
        {"mailing": "*", "did": "clicked", "campaign": "its own", "status": "Responded"},
        {"mailing": "100%_off", "did": "clicked", "campaign": "Discounts", "status": "Responded"},
        {"journey": "nurture", "did": "goal", "campaign": "701D", "status": "Responded"},
    ],
    "tasks": [
        {"name": "prices", "mailing": "*", "did": "clicked", "url": "*pricing*",
         "subject": "Prices: {mailing}"},
    ],
}  # fmt: skip


@pytest.fixture
def db() -> Iterator[Any]:
    connection = duckdb.connect()
    connection.execute(_TABLES)
    for name in _EVENTS:
        connection.execute(
            f"create table stg_marketing_cloud__{name} (record_key varchar, subscriber_key varchar, "
            "send_id varchar, occurred_at timestamptz, url varchar)"
        )
    rules = Engagement.model_validate(RULES)
    for table, rows in (("members", engagement.members(rules)), ("tasks", engagement.tasks(rules))):
        connection.register("given", as_table(*rows))
        connection.execute(f"create table engagement_{table} as from given")
    yield connection
    connection.close()


def happens(db: Any, table: str, subscriber: str, send: str, day: str, url: str | None = None) -> None:
    key = f"{table}{subscriber}{send}{day}{url}"
    values = [key, subscriber, send, f"2026-{day} 09:00:00+00", url]
    db.execute(f"insert into stg_marketing_cloud__{table} values (?, ?, ?, ?, ?)", values)


def actions(db: Any, kind: str) -> list[tuple[Any, ...]]:
    for model in ("int_engagements", "int_engagement_members"):
        made(db, f"intermediate/engagement/{model}.sql")
    sql = compiled(f"reverse_sync/salesforce/actions_engagement_{kind}.sql")
    found: list[tuple[Any, ...]] = db.execute(
        "select person_id, record_key, payload::json->>'campaign', payload::json->>'status', "
        f"payload::json->>'subject', payload::json->>'owner_id', "
        f"count(*) over (partition by action_key) from ({sql}) "
        "order by all"
    ).fetchall()
    return found


def members(db: Any) -> list[tuple[Any, ...]]:
    return [row[:4] for row in actions(db, "members")]


GOAL = ("bo", "salesforce:o:Lead:00QB", "701D", "Responded")


def test_the_furthest_status_counts_as_the_contact_if_there_is_one(db):
    happens(db, "open_events", "k1", "1", "06-01")
    happens(db, "click_events", "k1", "1", "06-02", "https://x/a")
    happens(db, "open_events", "k2", "1", "06-01")
    happens(db, "open_events", "k3", "1", "06-01")
    assert members(db) == [
        ("ana", "salesforce:o:Contact:003A", "701C", "Responded"),
        ("bo", "salesforce:o:Lead:00QB", "701C", "Opened"), GOAL,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("held", "moves"), [("Sent", True), ("Opened", False), ("Responded", False), ("VIP", False)]
)
def test_a_status_only_moves_forward_and_one_of_somebody_s_own_stays(db, held, moves):
    happens(db, "open_events", "k1", "1", "06-01")
    db.execute("insert into stg_salesforce__campaign_members values ('701C', '003A', null, ?)", [held])
    wished = [("ana", "salesforce:o:Contact:003A", "701C", "Opened")] if moves else []
    assert members(db) == [*wished, GOAL]


def test_a_send_alone_makes_a_member_and_a_task_by_rules_that_say_so(db):
    rules = Engagement.model_validate(
        {"order": ["Sent", "Responded"],
         "members": [{"mailing": "*", "did": "sent", "campaign": "its own", "status": "Sent"}],
         "tasks": [{"name": "mailed", "mailing": "*", "did": "sent", "subject": "Mailed: {mailing}"}]}
    )  # fmt: skip
    for table, rows in (("members", engagement.members(rules)), ("tasks", engagement.tasks(rules))):
        db.register("given", as_table(*rows))
        db.execute(f"create or replace table engagement_{table} as from given")
    happens(db, "sent_events", "k2", "1", "06-28")
    assert members(db) == [("bo", "salesforce:o:Lead:00QB", "701C", "Sent")]
    [(person, _, _, _, subject, _, times)] = actions(db, "tasks")
    assert (person, subject, times) == ("bo", "Mailed: Spring: mailing", 1)


def test_a_name_is_taken_as_it_is_but_for_the_star(db):
    happens(db, "click_events", "k1", "2", "06-02", "https://x/a")
    assert ("ana", "salesforce:o:Contact:003A", "701D", "Responded") in members(db)
    db.execute("update int_marketing_sends set name = '100 or more off' where send_id = '2'")
    assert members(db) == [GOAL]


def test_what_made_a_member_is_known_with_the_campaign_that_attribution_knows(db):
    happens(db, "click_events", "k1", "1", "06-02", "https://x/a")
    happens(db, "click_events", "k1", "2", "06-02", "https://x/a")
    members(db)
    made = db.execute("select did, status, campaign_id from int_engagement_members order by all").fetchall()
    assert made == [("clicked", "Responded", "C"), ("clicked", "Responded", "D"), ("goal", "Responded", "D")]


def test_one_task_for_each_person_and_mailing_for_the_owner_and_none_for_what_is_long_ago(db):
    happens(db, "click_events", "k1", "1", "06-28", "https://x/pricing")
    happens(db, "click_events", "k1", "1", "06-29", "https://x/pricing?again")
    happens(db, "click_events", "k1", "2", "06-29", "https://x/other")
    happens(db, "click_events", "k2", "1", "05-01", "https://x/pricing")
    assert actions(db, "tasks") == [
        ("ana", "salesforce:o:Contact:003A", None, "Not Started", "Prices: Spring: mailing", "005R", 1)
    ]
