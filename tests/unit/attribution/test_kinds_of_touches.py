"""What records of each kind come to as touches, by the shipped configuration; and which deals they cover."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from pipelines.rules import rows
from pipelines.rules.tables import _as_table as as_table
from tests.fixtures.credits import rules
from tests.fixtures.dbt_sql import made

AT = "timestamptz '2026-05-01 10:00:00+00'"
TABLES = f"""
set timezone = 'UTC';
create table run as select timestamptz '2026-06-30 12:00:00+00' as as_of;
create table connections as from (values ('hubspot', 'P'), ('salesforce', 'O')) as t(vendor, org_id);
create table int_campaign_names as from (values ('spring-push', 'c')) as t(key, campaign_id);
create table int_touch_addresses as
from (values ('ana@x.com', 'hubspot:P:contacts:1')) as t(address, record_key);
create table int_campaigns as select 'c' as campaign_id, 'Advertisement' as type;
create table int_campaign_members as
from (values ('hubspot:P:campaigns:h', 'c'), ('salesforce:O:Campaign:701', 'site'))
    as t(record_key, campaign_id);
create table int_campaign_records as
select 'salesforce:O:Campaign:701' as record_key, 'Email' as type, 'Website' as name,
    date '2026-03-01' as start_date;
create table stg_salesforce__campaign_member_statuses as
select '701' as campaign_id, * from (values ('Came', true), ('Sent', false)) as t(label, has_responded);
create table stg_salesforce__campaign_members as
select *, '701' as campaign_id, '003A' as contact_id, null::varchar as lead_id, {AT} as created_at
from (values ('by_status', 'Came', null::boolean, date '2026-04-03'), ('sent', 'Sent', null, null),
    ('by_itself', 'Sent', true, date '2026-04-04'), ('taken_back', 'Came', false, date '2026-04-03'),
    ('too_early', 'Came', true, date '2026-02-01'), ('unheard_of', 'Odd', null, null))
    as t(record_key, status, has_responded, first_responded_date);
create table stg_hubspot__marketing_events as
select 'e' as marketing_event_id, 'Spring Push' as name, 'WEBINAR' as event_type;
create table stg_hubspot__marketing_event_participations as
select *, 'e' as event_id, null::timestamptz as occurred_at, {AT} as created_at, 'Ana@x.com' as email
from (values ('signed_up', 'REGISTERED', '1'), ('came', 'ATTENDED', null), ('cancelled', 'CANCELLED', '1'),
    ('stayed_away', 'NO_SHOW', '1')) as t(record_key, state, contact_id);
create table stg_hubspot__campaigns as
select 'hubspot:P:campaigns:' || id as record_key, id as campaign_id, name, start_date,
    timestamptz '2026-04-20 07:00:00+00' as created_at
from (values ('h', 'Spring Push', date '2026-04-01'), ('undated', 'Other', null)) as t(id, name, start_date);
create table stg_hubspot__campaign_contacts as
select 'hubspot:P:campaign_contacts:' || campaign_id || '-' || contact_id as record_key, *
from (values ('h', '1'), ('h', '2'), ('undated', '1')) as t(campaign_id, contact_id);
create table stg_hubspot__forms as select 'f' as form_id, 'Demo' as name;
create table stg_salesforce__campaigns as
select '701' as campaign_id, 'Website' as name, 'salesforce:O:Campaign:701' as record_key;
create table form_members as select 'Demo' as form, 'Website' as campaign, 'Responded' as status;
create table stg_hubspot__form_submissions as
select *, 'f' as form_id, ' Ana@X.com' as email, {AT} as submitted_at, 'Page' as page_name
from (values
    ('ad', 'https://x.com/d?utm_source=LinkedIn&utm_medium=cpc&utm_campaign=Spring+Push'),
    ('banner', 'https://x.com/d?utm_medium=display#top'), ('bare', 'https://x.com/d'))
    as t(record_key, page_url);
create table stg_hubspot__behavioral_events as
select *, 'contacts' as object_type, '1' as object_id, {AT} as occurred_at, 'e_visited_page' as event_type
from (values
    ('search', '{{"hs_url": "https://x.com/a?utm_medium=cpc&utm_source=google&utm_campaign=spring-push"}}'),
    ('coded', '{{"hs_url": "https://x.com/a?utm_campaign=Spring%20Push"}}'),
    ('seen', '{{"hs_url": "https://x.com/a?page=2"}}'))
    as t(record_key, properties);
create table stg_hubspot__lists as
from (values ('1', 'l1', 'Spring Push', 'MANUAL', '0-1', null), ('2', 'l2', 'Active', 'DYNAMIC', '0-1', null),
    ('3', 'l3', 'Gone', 'MANUAL', '0-1', {AT}))
    as t(list_id, record_key, name, processing_type, object_type_id, deleted_at);
create table stg_hubspot__list_members as
select *, '1' as record_id, {AT} as added_at from (values ('1'), ('2'), ('3')) as t(list_id);
create table stg_hubspot__calls as select '1' as call_id, 'call' as record_key, null::varchar as status,
    {AT} as occurred_at, 'Intro' as title;
create table stg_hubspot__emails as
select *, {AT} as occurred_at, 'Hello' as subject
from (values ('2', 'sdr', 'SENT', 'EMAIL'), ('3', 'answer', null, 'INCOMING_EMAIL'),
    ('4', 'draft', null, 'DRAFT_EMAIL'), ('5', 'bounced', 'BOUNCED', 'EMAIL'))
    as t(email_id, record_key, status, direction);
create table stg_hubspot__meetings as
select *, {AT} as occurred_at, {AT} + interval 1 day as starts_at, 'Demo' as title
from (values ('6', 'held', 'COMPLETED'), ('7', 'missed', 'NO_SHOW')) as t(meeting_id, record_key, outcome);
create table stg_hubspot__communications as select '8' as communication_id, 'sms' as record_key,
    {AT} as occurred_at, 'SMS' as channel_type;
create table stg_hubspot__associations as
select *, 'contacts' as to_type, '1' as to_id
from (values ('calls', '1'), ('emails', '2'), ('emails', '3'), ('emails', '4'), ('emails', '5'),
    ('meetings', '6'), ('meetings', '7'), ('communications', '8')) as t(from_type, from_id);
create table stg_salesforce__events as
select *, 'Visit' as subject, null::date as activity_date, starts_at + interval 1 hour as ends_at
from (values ('was', '003A', {AT}, null, false), ('called_off', '003A', {AT}, 'CANCELED', null),
    ('to_come', '003A', timestamptz '2026-07-30 10:00:00+00', null, null),
    ('all_day', '003A', timestamptz '2026-05-01 00:00:00+00', null, true))
    as t(record_key, who_id, starts_at, outcome, is_all_day_event);
create table stg_hubspot__contacts as
select *, 'hubspot:P:contacts:' || contact_id as record_key, null::timestamptz as latest_source_at,
    null::varchar as latest_source, null::varchar as latest_source_detail_1,
    null::varchar as latest_source_detail_2, null::timestamptz as first_conversion_at,
    null::varchar as first_conversion, null::timestamptz as recent_conversion_at,
    null::varchar as recent_conversion, created_at as original_source_at
from (values
    ('1', timestamptz '2026-01-05 00:00:00+00', 'OFFLINE', 'CONTACTS_IMPORT', 'list.csv'),
    ('2', timestamptz '2026-04-10 00:00:00+00', 'OFFLINE', 'SALES_VISIT', null),
    ('3', timestamptz '2026-04-11 00:00:00+00', 'PAID_SOCIAL', 'LinkedIn', 'Spring Push'))
    as t(contact_id, created_at, original_source, original_source_detail_1, original_source_detail_2);
"""
KINDS = ("membership", "event", "form", "visit", "list", "engagement", "contact", "influenced")


@pytest.fixture(scope="module")
def touches() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        known = rules([{"model": "linear"}])
        for name in ("channels", "attribution_settings"):
            connection.register("incoming", as_table(*getattr(rows, name)(known)))
            connection.execute(f"create table {name} as from incoming")
        made(connection, "intermediate/touches/int_form_members.sql")
        for kind in KINDS:
            made(connection, f"intermediate/touches/int_{kind}_touches.sql")
        yield connection


def told(touches: duckdb.DuckDBPyConnection, kind: str, *columns: str) -> dict[str, tuple[Any, ...]]:
    """Record -> what its touch says of channel, source, medium and campaign, or of these columns."""
    said = ", ".join(columns or ("channel", "source", "medium", "campaign_id"))
    found = touches.execute(f"select source_record_key, {said} from int_{kind}_touches").fetchall()
    assert len({record for record, *_ in found}) == len(found)
    return {record: tuple(rest) for record, *rest in found}


def test_an_ads_parameters_tell_channel_source_medium_and_campaign(
    touches: duckdb.DuckDBPyConnection,
) -> None:
    assert told(touches, "form") == {
        "ad": ("paid_social", "linkedin", "cpc", "c"),
        # Without a campaign of the way there, that whose members config makes of the form.
        "banner": ("paid_media", "display", "display", "site"),
        "bare": ("website", "form", "form", "site"),
    }
    assert told(touches, "form", "record_key", "content", "is_tagged", "is_response") == {
        "ad": ("hubspot:P:contacts:1", "Demo", True, True),
        "banner": ("hubspot:P:contacts:1", "Demo", True, True),
        "bare": ("hubspot:P:contacts:1", "Demo", False, True),
    }
    assert told(touches, "visit") == {
        "search": ("paid_search", "google", "cpc", "c"),
        "coded": ("website", "website", "visit", "c"),
        "seen": ("website", "website", "visit", None),
    }
    assert told(touches, "visit", "is_tagged") == {"search": (True,), "coded": (True,), "seen": (False,)}


def test_a_member_has_responded_by_what_it_says_or_else_by_its_status(
    touches: duckdb.DuckDBPyConnection,
) -> None:
    def day(month: int, day: int) -> datetime:
        return datetime(2026, month, day, tzinfo=UTC)

    made = datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert told(touches, "membership", "is_response", "occurred_at") == {
        "by_status": (True, day(4, 3)), "by_itself": (True, day(4, 4)), "sent": (False, made),
        "taken_back": (False, made), "unheard_of": (False, made),
        # Nobody responds before the campaign begins: when the member was made is all that is left.
        "too_early": (True, made),
    }  # fmt: skip
    # The day of a response is all that is known of it; when a member was made is known to the second.
    days = told(touches, "membership", "is_day")
    assert {record for record, (is_day,) in days.items() if is_day} == {"by_status", "by_itself"}
    assert told(touches, "membership")["sent"] == ("email", "Website", "email", "site")


def test_to_have_been_there_is_a_response_to_register_a_touch_and_to_cancel_none(
    touches: duckdb.DuckDBPyConnection,
) -> None:
    assert told(touches, "event", "record_key", "is_response", "channel", "campaign_id") == {
        "signed_up": ("hubspot:P:contacts:1", False, "webinar", "c"),
        "came": ("hubspot:P:contacts:1", True, "webinar", "c"),
    }


def test_to_be_put_on_a_static_list_is_an_import(touches: duckdb.DuckDBPyConnection) -> None:
    assert told(touches, "list") == {"l1": ("import", "hubspot", "list", "c")}
    assert told(touches, "list", "touch_type", "is_response") == {"l1": ("list_import", False)}


def test_what_sales_did_is_a_touch_when_it_took_place(touches: duckdb.DuckDBPyConnection) -> None:
    assert told(touches, "engagement", "touch_type", "channel", "medium") == {
        "call": ("call", "sales", "call"), "sdr": ("email", "sales", "email"),
        "answer": ("email", "sales", "email"), "held": ("meeting", "sales", "meeting"),
        "sms": ("message", "sales", "message"), "was": ("meeting", "sales", "meeting"),
        "all_day": ("meeting", "sales", "meeting"),
    }  # fmt: skip
    days = told(touches, "engagement", "is_day")
    assert {record for record, (is_day,) in days.items() if is_day} == {"all_day"}
    assert told(touches, "engagement", "occurred_at")["held"] == (datetime(2026, 5, 2, 10, tzinfo=UTC),)


def test_an_offline_source_says_how_the_person_came_in(touches: duckdb.DuckDBPyConnection) -> None:
    assert told(touches, "contact") == {
        "hubspot:P:contacts:1": ("import", "CONTACTS_IMPORT", "import", None),
        "hubspot:P:contacts:2": ("offline", "SALES_VISIT", "offline", None),
        "hubspot:P:contacts:3": ("paid_social", "LinkedIn", "paid_social", "c"),
    }


def test_whom_hubspot_lists_for_a_campaign_is_a_member_from_its_first_day_or_their_own(
    touches: duckdb.DuckDBPyConnection,
) -> None:
    columns = ("record_key", "campaign_id", "channel", "is_response", "is_day", "occurred_at")
    assert told(touches, "influenced", *columns) == {
        "hubspot:P:campaign_contacts:h-1":
            ("hubspot:P:contacts:1", "c", "paid_media", False, True, datetime(2026, 4, 1, tzinfo=UTC)),
        "hubspot:P:campaign_contacts:h-2":
            ("hubspot:P:contacts:2", "c", "paid_media", False, False, datetime(2026, 4, 10, tzinfo=UTC)),
        "hubspot:P:campaign_contacts:undated-1":
            ("hubspot:P:contacts:1", None, "campaign", False, False, datetime(2026, 4, 20, tzinfo=UTC)),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "covered"),
    [
        ({}, {"in_time"}),
        ({"after_creation": True}, {"in_time", "late"}),
        ({"touch_types": ("form", "call")}, {"in_time", "rep"}),
        ({"without_channels": ("website",)}, {"listed"}),
        ({"touch_types": ("call",), "without_channels": ()}, {"rep"}),
    ],
)
def test_each_rule_of_what_covers_a_deal_is_that_of_config(
    changed: dict[str, Any], covered: set[str]
) -> None:
    reasons = {
        "late": "only_after_creation", "rep": "only_sales_and_lists", "in_time": "covered",
        "listed": "only_offline_or_unknown_sources",
    }  # fmt: skip
    known = rules([{"model": "linear"}])
    known = known.model_copy(update={"coverage": known.coverage.model_copy(update=changed)})
    with duckdb.connect() as connection:
        connection.execute(
            """
            set timezone = 'UTC';
            create table int_opportunities as
            select unnest(['late', 'rep', 'in_time', 'listed']) as opportunity_id, 100 as amount_converted,
                timestamptz '2026-04-01 00:00:00+00' as created_at, date '2026-06-01' as close_date,
                true as is_won;
            create table int_credit_deals as
            select opportunity_id, timestamptz '2026-06-02 00:00:00+00' as counts_until
            from int_opportunities;
            create table int_opportunity_people as
            select opportunity_id, opportunity_id as person_id from int_opportunities;
            create table int_touches as
            select *, person_id as touchpoint_id, true as earns_credit, true as is_counted,
                if(person_id = 'listed', 'import', 'website') as channel
            from (values ('listed', 'form', timestamptz '2026-03-01 00:00:00+00'),
                 ('late', 'form', timestamptz '2026-05-01 00:00:00+00'),
                ('rep', 'call', timestamptz '2026-03-01 00:00:00+00'),
                ('in_time', 'form', timestamptz '2026-03-01 00:00:00+00'))
                as t(person_id, touch_type, occurred_at);
            """
        )
        connection.register("incoming", as_table(*rows.attribution_settings(known)))
        connection.execute("create table attribution_settings as from incoming")
        made(connection, "marts/attribution/attribution_coverage.sql")
        found = connection.execute("select opportunity_id, reason from attribution_coverage").fetchall()
    assert {deal for deal, reason in found if reason == "covered"} == covered
    if not changed:
        assert dict(found) == reasons
