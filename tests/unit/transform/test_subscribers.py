"""Whose subscriber a key is, before and after a lead is converted, by the SQL of the dbt models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.fixtures.dbt_sql import made

LEAD, CONTACT = "00QSB000000002Q2AQ", "003SB0000000001YAA"
_EVENTS = ("sent_events", "open_events", "click_events", "bounce_events", "complaints", "unsubscribe_events")
_TABLES = f"""
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of;
create table connections (vendor varchar, org_id varchar);
insert into connections values ('salesforce', 'o'), ('marketing_cloud', '9');
create table stg_marketing_cloud__subscribers (record_key varchar, subscriber_key varchar,
    subscriber_id varchar, email varchar, status varchar, created_at timestamptz,
    unsubscribed_at timestamptz);
insert into stg_marketing_cloud__subscribers by name
    select 's1' as record_key, '{LEAD}' as subscriber_key, 'ana@x.example' as email, 'Active' as status,
        timestamptz '2026-01-01 00:00:00+00' as created_at;
create table stg_marketing_cloud__contacts (contact_key varchar, status varchar, created_at timestamptz);
create table int_person_records (record_key varchar, email varchar, created_at timestamptz);
insert into int_person_records values
    ('salesforce:o:Lead:{LEAD}', 'ana@x.example', '2026-01-01 00:00:00+00'),
    ('hubspot:1:contacts:7', 'bo@x.example', '2026-01-01 00:00:00+00');
create table int_person_members (record_key varchar, person_id varchar);
insert into int_person_members values ('salesforce:o:Lead:{LEAD}', 'ana'), ('hubspot:1:contacts:7', 'bo');
create table stg_marketing_cloud__journeys (journey_version_id varchar, journey_key varchar,
    name varchar);
insert into stg_marketing_cloud__journeys values ('v1', 'nurture', 'Nurture'), ('v2', 'welcome', 'Welcome');
create table stg_marketing_cloud__journey_history (record_key varchar, journey_event_id varchar, kind varchar,
    occurred_at timestamptz, subscriber_key varchar, journey_version_id varchar, journey_name varchar);
create table stg_marketing_cloud__journey_activity (subscriber_key varchar, journey_key varchar,
    occurred_at timestamptz);
"""
_MODELS = (
    "int_subscribers", "int_journey_events", "int_journey_goals", "int_journey_stays",
    "int_person_engagement",
)  # fmt: skip


@pytest.fixture
def db() -> Iterator[Any]:
    connection = duckdb.connect()
    connection.execute(_TABLES)
    for name in _EVENTS:
        connection.execute(
            f"create table stg_marketing_cloud__{name} (subscriber_key varchar, occurred_at timestamptz, "
            "category varchar, list_id varchar, is_master_unsubscribed boolean)"
        )
    for model in _MODELS:
        made(connection, f"intermediate/engagement/{model}.sql")
    made(connection, "marts/engagement/subscribers.sql")
    yield connection
    connection.close()


def happens(db: Any, key: str, day: str, *tables: str) -> None:
    for table in tables:
        db.execute(
            f"insert into stg_marketing_cloud__{table} (subscriber_key, occurred_at) values (?, ?)",
            [key, f"2026-{day} 09:00:00+00"],
        )


def convert(db: Any) -> None:
    """The lead becomes a contact, whom Marketing Cloud Connect makes another subscriber."""
    db.execute(f"insert into int_person_members values ('salesforce:o:Contact:{CONTACT}', 'ana')")
    db.execute(
        "insert into stg_marketing_cloud__subscribers by name select 's2' as record_key, "
        f"'{CONTACT}' as subscriber_key, 'ana@new.example' as email, 'Active' as status, "
        "timestamptz '2026-03-01 00:00:00+00' as created_at"
    )


def listed(db: Any, columns: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = db.execute(
        f"select subscriber_key, {columns} from subscribers order by created_at, 1"
    ).fetchall()
    return found


def test_after_a_conversion_the_contact_s_key_counts_and_the_old_key_s_journeys_are_listed(db):
    db.execute(f"insert into stg_marketing_cloud__journey_activity values ('{LEAD}', 'welcome', now())")
    db.execute(
        "insert into stg_marketing_cloud__journey_history by name select 'h1' as journey_event_id, "
        f"'entered' as kind, '{LEAD}' as subscriber_key, 'v1' as journey_version_id"
    )
    assert listed(db, "person_id, is_current_key, journeys") == [(LEAD, "ana", True, ["nurture", "welcome"])]
    convert(db)
    assert listed(db, "person_id, is_current_key, journeys") == [
        (LEAD, "ana", False, ["nurture", "welcome"]), (CONTACT, "ana", True, []),
    ]  # fmt: skip


def test_a_contact_that_was_never_mailed_is_known_by_its_id_and_billed_and_refuses_nothing(db):
    db.execute(
        "insert into stg_marketing_cloud__contacts select unnest([?, ?, ?]), unnest(['Active', 'Active', "
        "'Inactive']), timestamptz '2026-03-01 00:00:00+00'", [LEAD, CONTACT, CONTACT.replace("1", "2")],
    )  # fmt: skip
    db.execute(f"insert into int_person_members values ('salesforce:o:Contact:{CONTACT}', 'ana')")
    record = f"('salesforce:o:Contact:{CONTACT}', 'ana@work.example', '2026-03-01 00:00:00+00')"
    db.execute(f"insert into int_person_records (record_key, email, created_at) values {record}")
    assert listed(db, "email, status, is_current_key, is_billed_twice") == [
        (LEAD, "ana@x.example", "Active", False, True),
        (CONTACT, "ana@work.example", None, True, True),
    ]
    db.execute("delete from stg_marketing_cloud__subscribers")
    state = "select subscriber_key, is_opted_out, bounce_state from int_person_engagement"
    assert db.execute(state).fetchall() == [(CONTACT, False, "none")]


def test_the_history_of_the_lead_and_of_the_contact_is_one_person_s(db):
    happens(db, LEAD, "02-01", "sent_events", "open_events", "click_events")
    convert(db)
    happens(db, CONTACT, "04-01", "sent_events", "click_events")
    db.execute(
        "insert into stg_marketing_cloud__journey_history by name select 'h1' as journey_event_id, "
        f"'goal' as kind, '{LEAD}' as subscriber_key, 'v1' as journey_version_id, "
        "timestamptz '2026-02-02 00:00:00+00' as occurred_at"
    )
    columns = "person_id, subscriber_key, subscriber_keys, emails_sent, emails_opened, emails_clicked"
    engagement = f"select {columns}, journey_goals, last_engaged_at::varchar from int_person_engagement"
    assert db.execute(engagement).fetchall() == [
        ("ana", CONTACT, 2, 2, 1, 2, 1, "2026-04-01 09:00:00+00"),
    ]  # fmt: skip


def test_a_goal_of_a_journey_that_is_not_listed_any_more_counts(db):
    db.execute(
        "insert into stg_marketing_cloud__journey_history by name select * from (values "
        f"('h1', 'goal', '{LEAD}', 'v1', timestamptz '2026-02-02 00:00:00+00'), "
        f"('h2', 'goal', '{LEAD}', 'gone', timestamptz '2026-02-03 00:00:00+00')) "
        "t (journey_event_id, kind, subscriber_key, journey_version_id, occurred_at)"
    )
    told = "select journey_goals, last_journey_goal_at::varchar from int_person_engagement"
    assert db.execute(told).fetchall() == [(2, "2026-02-03 00:00:00+00")]


def test_a_refusal_by_the_old_key_is_the_person_s(db):
    convert(db)
    db.execute(
        "update stg_marketing_cloud__subscribers set status = 'Unsubscribed', "
        f"unsubscribed_at = '2026-03-05 00:00:00+00' where subscriber_key = '{LEAD}'"
    )
    assert db.execute(
        "select is_opted_out, opted_out_at is not null from int_person_engagement"
    ).fetchall() == [(True, True)]


_CRM_SAYS = """
create table stg_hubspot__contacts (record_key varchar, additional_emails varchar[]);
create table stg_hubspot__subscription_statuses (email varchar, subscription_id varchar,
    subscription_name varchar, status varchar, changed_at timestamptz, legal_basis varchar);
create table stg_salesforce__lead_history (lead_key varchar, field varchar, new_value varchar,
    changed_at timestamptz);
create table stg_salesforce__contact_history (contact_id varchar, field_name varchar, new_value varchar,
    created_at timestamptz);
create table stg_hubspot__contacts_property_history (contact_key varchar, property varchar, value varchar,
    changed_at timestamptz);
alter table int_person_records add column is_opted_out boolean default false;
alter table int_person_records add column updated_at timestamptz default '2026-01-01 00:00:00+00';
create table int_changes_by_others (record_key varchar, changed_at timestamptz);
create table stg_marketing_cloud__list_subscribers (list_id varchar, subscriber_key varchar, status varchar,
    created_at timestamptz, updated_at timestamptz);
create table stg_hubspot__subscription_changes (email varchar, subscription_id varchar, change varchar,
    occurred_at timestamptz);
create table consent_purposes (purpose varchar, purpose_id varchar, label varchar);
create table consent_places (purpose varchar, vendor varchar, object varchar, field varchar,
    place_id varchar);
create table consent_flags (purpose varchar, field varchar, record_key varchar, is_refused boolean);
create table own_refusals (record_key varchar, field varchar, is_refusal boolean, written_from timestamptz,
    written_to timestamptz);
"""
_PURPOSES = """
insert into consent_purposes values ('news', 'hubspot:501', 'News'), ('events', 'purpose:events', 'events');
insert into consent_places values ('news', 'marketing_cloud', 'ListSubscriber', 'list news', '9'),
    ('events', 'marketing_cloud', 'ListSubscriber', 'list web', '8'),
    ('news', 'hubspot', 'subscription-statuses', 'subscription news', '501'),
    ('news', 'salesforce', 'Lead', 'Mail__c', 'Mail__c'),
    ('events', 'salesforce', 'Contact', 'Mail__c', 'Mail__c');
"""
_CONSENT = (
    "int_address_holders",
    "int_subscriptions",
    "int_flag_changes",
    "int_consent_told",
    "int_consent_statements",
)
_SAID = "select person_id, purpose_id, state, changed_at::varchar from int_consent_statements "


def make_statements(db: Any) -> None:
    for model in _CONSENT:
        made(db, f"intermediate/consent/{model}.sql")


@pytest.mark.parametrize(("table", "of_all"), [("complaints", None), ("unsubscribe_events", True)])
def test_a_complaint_and_leaving_all_lists_refuse_all_e_mail_though_the_status_is_not_read_again(
    db, table, of_all
):
    db.execute(_CRM_SAYS)
    happens(db, LEAD, "02-01", table)
    db.execute(f"update stg_marketing_cloud__{table} set is_master_unsubscribed = ?", [of_all])
    make_statements(db)
    assert db.execute(_SAID + "where state = 'opted_out'").fetchall() == [
        ("ana", "all_email", "opted_out", "2026-02-01 09:00:00+00")
    ]
    refused = "select is_opted_out, opted_out_at::varchar from int_person_engagement"
    assert db.execute(refused).fetchall() == [(True, "2026-02-01 09:00:00+00")]
    db.execute(f"delete from stg_marketing_cloud__{table}")
    assert db.execute(_SAID + "where state = 'opted_out'").fetchall() == []


def test_leaving_a_list_refuses_the_purpose_it_stands_for_and_no_other_until_it_is_joined_again(db):
    db.execute(_CRM_SAYS)
    make_statements(db)
    on = "insert into stg_marketing_cloud__list_subscribers values ('{}', '{}', '{}', null, '2026-{}')"
    db.execute(on.format("9", LEAD, "Active", "01-01"))
    db.execute(on.format("8", LEAD, "Unsubscribed", "01-02"))
    refused = _SAID + "where state = 'opted_out' order by 2"
    assert db.execute(refused).fetchall() == []  # neither list stands for anything
    db.execute(_PURPOSES)
    events = [("ana", "purpose:events", "opted_out", "2026-01-02 00:00:00+00")]
    assert db.execute(refused).fetchall() == events
    happens(db, LEAD, "02-01", "unsubscribe_events")
    db.execute(
        "update stg_marketing_cloud__unsubscribe_events set list_id = '9', is_master_unsubscribed = false"
    )
    left = ("ana", "hubspot:501", "opted_out", "2026-02-01 09:00:00+00")
    assert db.execute(refused).fetchall() == [left, *events]
    db.execute(
        "update stg_marketing_cloud__list_subscribers set updated_at = '2026-03-01 00:00:00+00' "
        "where list_id = '9'"
    )
    assert db.execute(refused).fetchall() == events


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_refusal_that_was_carried_here_is_no_newer_than_the_one_it_was_copied_from(db, is_ours):
    """Ana leaves the list in January, agrees again in February, and only then an older plan is applied."""
    db.execute(_CRM_SAYS + _PURPOSES)
    db.execute(
        "insert into int_person_members values ('hubspot:1:contacts:8', 'ana');"
        "insert into int_person_records (record_key, email) values ('hubspot:1:contacts:8', 'ana@b.example');"
    )
    if is_ours:
        db.execute(
            "insert into own_refusals values ('hubspot:1:contacts:8', 'subscription news', true, "
            "'2026-03-01 12:00:00+00', '2026-03-01 12:00:04+00')"
        )
    db.execute(
        f"insert into stg_marketing_cloud__list_subscribers values ('9', '{LEAD}', 'Unsubscribed', null, "
        "'2026-01-05');"
        "insert into stg_hubspot__subscription_statuses by name select 'ana@b.example' as email, "
        "'501' as subscription_id, 'UNSUBSCRIBED' as status, "
        "timestamptz '2026-03-01 12:00:20+00' as changed_at;"
        "insert into stg_hubspot__subscription_statuses by name select 'ana@x.example' as email, "
        "'501' as subscription_id, 'SUBSCRIBED' as status, 'CONSENT_WITH_NOTICE' as legal_basis, "
        "timestamptz '2026-02-01 00:00:00+00' as changed_at;"
    )
    make_statements(db)
    made(db, "intermediate/consent/int_consents.sql")
    copied = (
        "select changed_at::varchar, is_copy from int_consent_statements where address = 'ana@b.example' "
    )
    said = "2026-01-05 00:00:00+00" if is_ours else "2026-03-01 12:00:20+00"
    assert db.execute(copied + "and purpose_id = 'hubspot:501'").fetchall() == [(said, is_ours)]
    state = "select state from int_consents where purpose_id = 'hubspot:501'"
    assert db.execute(state).fetchall() == [("opted_in" if is_ours else "opted_out",)]


def test_a_flag_without_a_history_is_dated_by_what_it_was_copied_from_until_the_person_sets_it_anew(db):
    """Refused in HubSpot, carried to Salesforce, which keeps no history of the flag."""
    db.execute(_CRM_SAYS + "update int_person_records set is_opted_out = true where record_key like 'sales%'")
    key = f"salesforce:o:Lead:{LEAD}"
    db.execute(
        "insert into stg_hubspot__subscription_changes values ('ana@x.example', '501', 'UNSUBSCRIBED', "
        "'2026-01-07 08:00:00+00')"
    )
    make_statements(db)
    flag = "select changed_at::varchar from int_consent_statements where state = 'opted_out'"
    assert db.execute(flag).fetchall() == [(None,)]
    wrote = f"insert into own_refusals values ('{key}', 'HasOptedOutOfEmail', {{}}, '2026-{{}}', '2026-{{}}')"
    db.execute(wrote.format("true", "01-08", "01-08"))
    assert db.execute(flag).fetchall() == [("2026-01-07 08:00:00+00",)]
    db.execute("update int_person_records set updated_at = '2026-01-09 00:00:00+00'")  # by us, or not
    assert db.execute(flag).fetchall() == [(None,)], "sales may have taken it off, and set it anew"
    db.execute(f"insert into int_changes_by_others values ('{key}', '2026-01-02 00:00:00+00')")
    assert db.execute(flag).fetchall() == [("2026-01-07 08:00:00+00",)]
    db.execute(
        wrote.format("false", "02-08", "02-08")
    )  # lifted; it stands again, and nobody knows since when
    assert db.execute(flag).fetchall() == [(None,)]


def test_a_lift_that_was_cut_short_does_not_bring_the_refusal_back(db):
    """Left the list on 1 January, which ticked the lead's box on the 2nd; a consent of the 5th has put Ana
    back on the list, and the run ended before the box was unticked. On contacts the field means another
    purpose."""
    key = f"salesforce:o:Lead:{LEAD}"
    db.execute(_CRM_SAYS + _PURPOSES)
    db.execute(
        f"insert into consent_flags values ('news', 'Mail__c', '{key}', true);"
        f"insert into own_refusals values ('{key}', 'Mail__c', true, '2026-01-02', '2026-01-02');"
        "insert into stg_hubspot__subscription_statuses by name select 'ana@x.example' as email, "
        "'501' as subscription_id, 'SUBSCRIBED' as status, 'CONSENT_WITH_NOTICE' as legal_basis, "
        "timestamptz '2026-01-05 00:00:00+00' as changed_at;"
        f"insert into stg_marketing_cloud__list_subscribers values ('9', '{LEAD}', 'Active', null, "
        "'2026-01-06');"
    )
    make_statements(db)
    made(db, "intermediate/consent/int_consents.sql")
    said = "select purpose_id, state from int_consents where purpose_id != 'all_email'"
    assert db.execute(said).fetchall() == [("hubspot:501", "opted_in")]


def test_what_this_project_wrote_elsewhere_in_the_same_minute_does_not_hide_what_a_person_said(db):
    """Unsubscribed in HubSpot at ten, carried to Salesforce forty seconds later."""
    db.execute(_CRM_SAYS + _PURPOSES)
    db.execute("update int_person_records set is_opted_out = true where record_key like 'sales%'")
    db.execute(
        f"insert into own_refusals values ('salesforce:o:Lead:{LEAD}', 'HasOptedOutOfEmail', true, "
        "'2026-01-07 10:00:40+00', '2026-01-07 10:00:40+00');"
        "insert into stg_hubspot__subscription_changes values ('ana@x.example', '501', 'UNSUBSCRIBED', "
        "'2026-01-07 10:00:00+00')"
    )
    make_statements(db)
    said = "select changed_at::varchar from int_consent_statements where state = 'opted_out'"
    assert db.execute(said).fetchall() == [("2026-01-07 10:00:00+00",)]


def test_who_leaves_a_list_before_this_project_has_put_them_back_has_left_it(db):
    db.execute(_CRM_SAYS + _PURPOSES)
    db.execute(
        f"insert into stg_marketing_cloud__list_subscribers values ('9', '{LEAD}', 'Active', null, "
        f"'2026-02-01 10:05:00+00'); insert into stg_marketing_cloud__unsubscribe_events values ('{LEAD}', "
        "'2026-02-01 10:00:00+00', null, '9', false);"
    )
    make_statements(db)
    refused = "select purpose_id from int_consent_statements where state = 'opted_out'"
    assert db.execute(refused).fetchall() == []  # they came back by themselves
    db.execute(
        f"insert into own_refusals values ('marketing_cloud:9:Subscriber:{LEAD}', 'list news', false, "
        "'2026-02-01 10:04:00+00', '2026-02-01 10:05:00+00')"
    )
    assert db.execute(refused).fetchall() == [("hubspot:501",)]


@pytest.mark.parametrize(
    ("key", "category", "opened", "state"),
    [
        (CONTACT, "Hard bounce", "", "hard"), (CONTACT, "Soft bounce", "", "soft"),
        (CONTACT, None, "", "none"),
        (CONTACT, "Hard bounce", "01-31", "hard"), (CONTACT, "Hard bounce", "02-02", "none"),
        (LEAD, "Hard bounce", "", "none"),
    ],
)  # fmt: skip
def test_a_bounce_counts_for_the_address_in_use_and_ends_when_mail_arrives(db, key, category, opened, state):
    """The lead's key has another address than the contact it became."""
    convert(db)
    if category:
        happens(db, key, "02-01", "bounce_events")
        db.execute("update stg_marketing_cloud__bounce_events set category = ?", [category])
    if opened:
        happens(db, key, opened, "click_events")
    told = "select bounce_state from int_person_engagement"
    assert db.execute(told).fetchall() == [(state,)]
    db.execute("update stg_marketing_cloud__subscribers set email = 'ana@x.example'")
    if key == LEAD:
        assert db.execute(told).fetchall() == [("hard",)]  # both keys have the one address


def test_a_stale_contact_matched_by_address_does_not_take_the_place_of_the_living_lead(db):
    db.execute(
        "insert into stg_marketing_cloud__subscribers by name select 's2' as record_key, "
        f"'{CONTACT}' as subscriber_key, 'ana@x.example' as email, 'Active' as status, "
        "timestamptz '2026-03-01 00:00:00+00' as created_at"
    )
    assert listed(db, "person_id, matched_by, is_current_key") == [
        (LEAD, "ana", "subscriber_key", True), (CONTACT, "ana", "email", False),
    ]  # fmt: skip


def test_whoever_has_two_keys_is_billed_twice_and_nobody_else(db):
    db.execute(
        "insert into stg_marketing_cloud__subscribers by name select 's3' as record_key, "
        "'bo@x.example' as subscriber_key, 'bo@x.example' as email, 'Active' as status, "
        "timestamptz '2026-05-01 00:00:00+00' as created_at"
    )
    assert listed(db, "is_billed_twice") == [(LEAD, False), ("bo@x.example", False)]
    convert(db)
    assert listed(db, "is_billed_twice") == [(LEAD, True), (CONTACT, True), ("bo@x.example", False)]
