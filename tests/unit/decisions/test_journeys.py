"""Journeys as handoffs and queues use them: coming in, new data on the way, going out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.decisions import journeys, pending
from pipelines.decisions.composing import Composer
from pipelines.decisions.doing import About, Doing, Row
from pipelines.decisions.facts import Facts, Person, gather
from pipelines.decisions.routing import Entering
from pipelines.errors import ConfigError
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.actions.enrolment import ListMembership, SequenceEnrolment
from pipelines.reverse_sync.actions.marketing_cloud import JourneyEntry
from pipelines.rules.actions import ActionRule
from pipelines.rules.handoff import load_handoffs
from pipelines.rules.journeys import load_journeys
from pipelines.rules.notifications import NotificationsFile
from pipelines.rules.routing import load_routing
from pipelines.rules.stages import load_stages
from pipelines.rules.teams import Queue, load_teams
from pipelines.rules.templates import Templates
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.tables import table

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
CONFIG = PROJECT_ROOT / "config"


def person(person_id: str, *, opted_out: bool = False) -> Person:
    told = {"name": person_id, "email": f"{person_id}@x.example"}
    return Person(person_id, told, 81, "lead", opted_out, None, None, "00Q", None)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Ana may come in, Bo's mail bounces, Cy has no address. The draft of `silent` has an event, what is
    published has none."""
    connection = duckdb.connect()
    connection.execute("""
        create schema intermediate; create schema staging; create schema marts; create schema rules;
        create table rules.journey_entries as select 'nurture' as journey, 'news' as purpose
            union all select 'silent', null;
        create table marts.unified_leads as select * from (values ('ana', true, 'none'), ('bo', true, 'hard'),
            ('cy', false, 'none')) t (person_id, is_email_valid, bounce_state);
        create table intermediate.int_subscribers as select * from (values
            ('ana', '003A', 'marketing_cloud:7:Subscriber:003A', 'ana@x', true, 'contact_id', 'Active'),
            ('ana', '00QA', 'marketing_cloud:7:Subscriber:00QA', 'ana@x', false, 'lead_id', 'Active'),
            ('bo', '00QB', 'marketing_cloud:7:Subscriber:00QB', 'bo@x', true, 'lead_id', 'Held')
        ) t (person_id, subscriber_key, subscriber_record_key, email, is_current_key, key_kind, status);
        create table staging.stg_marketing_cloud__journeys as select * from (values
            ('nurture', 1, 'Stopped', 'old-event'), ('nurture', 2, 'Published', 'event'),
            ('silent', 1, 'Published', null), ('silent', 2, 'Draft', 'event')
        ) t (journey_key, version, status, event_definition_key);
        create table intermediate.int_journey_stays as select * from (values
            ('00QA', 'nurture', false), ('003A', 'nurture', true), ('00QB', 'nurture', false)
        ) t (subscriber_key, journey_key, has_ended);
        create table intermediate.int_journey_reentry as select * from (values
            ('ana', 'once', 'the journey takes a person once'), ('ana', 'nurture', null)
        ) t (person_id, journey_key, turned_away);
        create table intermediate.int_journey_goals as select 'ana' as person_id, 'met' as journey_key;
        create table staging.stg_marketing_cloud__event_definitions as
            select 'event' as event_definition_key, 'id' as data_extension_id;
        create table staging.stg_marketing_cloud__data_extensions as
            select 'id' as data_extension_id, 'entries' as data_extension_key;
        create table staging.stg_marketing_cloud__data_extension_fields as select * from (values
            ('entries', 'EntryId', 1, true, null), ('entries', 'Region', 2, true, null),
            ('entries', 'Country', 3, true, 'NL')
        ) t (data_extension_key, name, position, is_required, default_value);
        create table staging.stg_marketing_cloud__journey_entries as select * from (values
            ('event', 'E1', '00QA', '{"leadscore": "12"}'), ('event', 'E2', '003A', '{"leadscore": "40"}')
        ) t (event_definition_key, entry_id, subscriber_key, data);
    """)
    yield connection
    connection.close()


@pytest.fixture
def facts(warehouse: duckdb.DuckDBPyConnection) -> Facts:
    return Facts(journeys=journeys.gather(warehouse, ["ana", "bo", "cy"]))


def rows(facts: Facts, who: Person, **rule: Any) -> tuple[list[Any], list[str]]:
    doing = Doing(facts, load_teams(CONFIG), load_stages(CONFIG), Templates({}), NotificationsFile(), NOON)
    about = About("h1", "handoff", "handoff x", "because", who)
    made = doing.of_person(ActionRule.model_validate({"name": "j", "journey": "nurture", **rule}), about)
    return made, doing.notes


def action(row: Any) -> Action:
    return Action(
        row.action_key, row.sync, row.kind, row.vendor, row.object, row.record_key, row.person_id or "",
        row.payload, row.needs, row.provider, row.rule, row.reason, "compensable",
    )  # fmt: skip


def test_a_handoff_enters_the_current_key_by_the_published_version_and_what_is_missing_is_said(facts):
    (row,), notes = rows(facts, person("ana"), type="enter-journey")
    assert (row.kind, row.vendor, row.record_key) == (
        "journey_entry", "marketing_cloud", "marketing_cloud:7:Subscriber:003A",
    )  # fmt: skip
    said = row.payload
    assert (said["event"], said["extension"], said["contact_key"]) == ("event", "entries", "003A")
    assert said["data"] == {
        "ContactKey": "003A", "EmailAddress": "ana@x", "PersonId": "ana", "LeadScore": 81,
    }  # fmt: skip
    assert "requires Region" in JourneyEntry.unfit(action(row))
    assert notes == []


def test_a_published_version_without_an_event_does_not_take_the_drafts(facts):
    (row,), _ = rows(facts, person("ana"), type="enter-journey", journey="silent")
    assert (row.payload["journey_status"], row.payload["event"]) == ("Published", None)
    assert JourneyEntry.unfit(action(row)) == "an entry needs an event and a contact key"


def test_an_event_brings_somebody_in_once_by_the_key_of_the_event(facts):
    facts.people["ana"] = person("ana")
    doing = Doing(facts, load_teams(CONFIG), load_stages(CONFIG), Templates({}), NotificationsFile(), NOON)
    composer = Composer(doing, load_routing(CONFIG), load_handoffs(CONFIG), [], NOON, "run")
    came = [Entering("ana", "nurture", key, "contact.creation") for key in ("e1", "e1", "e2")]
    first, again, other = composer.of_events([*came, Entering("cy", "nurture", "e3", "contact.creation")])
    assert (first.kind, first.payload["contact_key"]) == ("journey_entry", "003A")
    assert first.action_key == again.action_key != other.action_key
    assert first.payload["opted_out"] is False
    facts.people["ana"] = replace(person("ana"), refused=frozenset({"news"}))  # what the journey writes for
    assert composer.of_events(came)[0].payload["opted_out"] is True
    (row,), _ = rows(facts, facts.people["ana"], type="enter-journey", purpose="events")
    assert row.payload["opted_out"] is True, "an action's purpose does not take the journey's place"


def test_nobody_who_refuses_is_entered_and_whoever_is_no_active_subscriber_is_said(facts):
    facts.journeys.journeys["nurture"] = facts.journeys.journeys["nurture"]._replace(missing=None)
    (row,), _ = rows(facts, person("ana", opted_out=True), type="enter-journey")
    assert JourneyEntry.unfit(action(row)) == "this person refuses e-mail"
    (row,), _ = rows(facts, person("ana"), type="enter-journey")
    assert JourneyEntry.unfit(action(row)) == ""
    refusing = replace(person("ana"), refused=frozenset({"events"}))
    for purpose, why in (("events", "this person refuses e-mail"), ("other", "")):
        (row,), _ = rows(facts, refusing, type="enter-journey", purpose=purpose)
        assert JourneyEntry.unfit(action(row)) == why
    made, notes = rows(facts, person("bo"), type="enter-journey")
    assert made == []
    assert "no subscriber by an id" in notes[0]


_ENTRY = "{{name: {}, event: {}, journey: nurture, purpose: {}}}"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("journeys.yml", f"entries:\n  - {_ENTRY.format('a', 'e', 'nwes')}\n",
         "a writes for nwes, which is no purpose of consent.yml (journeys.yml line 2)"),
        ("journeys.yml", f"entries:\n  - {_ENTRY.format('a', 'e', 'news')}\n"
            f"  - {_ENTRY.format('b', 'f', 'deals')}\n",
         "nurture writes for news and for deals"),
        ("teams.yml", "teams: {}\nqueues:\n  q: {journey: nurture, purpose: nwes}\n",
         "queue q writes for nwes, which is no purpose of consent.yml (teams.yml line 3)"),
    ],
)  # fmt: skip
def test_a_purpose_that_consent_yml_does_not_have_is_an_error_with_its_line(tmp_path, file, text, said):
    (tmp_path / "consent.yml").write_text("purposes: {news: {hubspot: 501}, deals: {hubspot: 502}}\n")
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigError) as raised:
        (load_teams if file == "teams.yml" else load_journeys)(tmp_path)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("journey", "why"),
    [("once", "takes a person once"), ("met", "has met the goal of the journey"), ("nurture", None)],
)
def test_a_decision_keeps_the_re_entry_rule_of_the_journey_and_its_goal(facts, journey, why):
    known = facts.journeys
    known.journeys[journey] = known.journeys["nurture"]._replace(missing=None)
    said = known.entry("ana", 81, journey, opted_out=False)
    assert (why is None and said["already"] is None) or why in said["already"]
    (row,), _ = rows(facts, person("ana"), type="enter-journey", journey=journey)
    assert (why or "") in JourneyEntry.unfit(action(row))
    assert bool(JourneyEntry.unfit(action(row))) == bool(why)


def test_whom_no_mail_reaches_is_not_entered_by_a_decision_either(facts):
    known = facts.journeys
    known.journeys["nurture"] = known.journeys["nurture"]._replace(missing=None)
    for who, why in (("ana", ""), ("bo", "bounces for good"), ("cy", "no valid e-mail")):
        known.subscribers[who] = known.subscribers["ana"]
        (row,), _ = rows(facts, person(who), type="enter-journey")
        said = JourneyEntry.unfit(action(row))
        assert why in said
        assert bool(said) == bool(why)


def test_data_of_every_entry_is_changed_over_both_keys_and_what_was_there_is_kept(facts):
    made, _ = rows(facts, person("ana"), type="update-journey", fields={"LeadScore": 90})
    assert [(r.kind, r.payload["entry_id"], r.payload["data"], r.payload["before"]) for r in made] == [
        ("journey_update", "E1", {"LeadScore": "90"}, {"LeadScore": "12"}),
        ("journey_update", "E2", {"LeadScore": "90"}, {"LeadScore": "40"}),
    ]  # fmt: skip
    assert len({row.action_key for row in made}) == 2
    facts.journeys.entries.clear()
    made, notes = rows(facts, person("ana"), type="update-journey", fields={"LeadScore": 90})
    assert made == []
    assert "must keep its event up" in notes[0]


def test_a_decision_takes_somebody_out_and_a_queue_lets_somebody_in(facts):
    """Under the key that is inside, as the lead's is after a conversion, and of somebody held, too."""
    for who, key in (("ana", "00QA"), ("bo", "00QB")):
        (row,), _ = rows(facts, person(who, opted_out=True), type="leave-journey")
        assert (row.kind, row.payload) == ("journey_exit", {"journey": "nurture", "contact_key": key})
        assert row.record_key.endswith(key)
    made, notes = rows(facts, person("cy"), type="leave-journey")
    assert made == []
    assert "not in it" in notes[0]
    doing = Doing(facts, load_teams(CONFIG), load_stages(CONFIG), Templates({}), NotificationsFile(), NOON)
    about = About("d1", "routing", "x", "because", person("ana"))
    has = replace(person("ana", opted_out=True), contact_hubspot="5", owner="ada@x.example")
    listed, mailed = doing.enrol_in_queue(
        replace(about, person=has), "nurture", Queue(hubspot_list="L", hubspot_sequence="s")
    )
    assert (listed.payload["opted_out"], mailed.payload["sender"]) == (True, "ada@x.example")
    queued = doing.enrol_in_queue(about, "nurture", Queue(journey="nurture"))
    assert [row.kind for row in queued] == ["journey_entry"]


def test_a_queue_whose_sender_sends_no_sequences_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "teams.yml").write_text(
        "people: {Ada@x.example: {sends_sequences: false}}\nteams: {}\nqueues:\n"
        "  l: {hubspot_list: L, sender: ada@x.example}\n  q: {hubspot_sequence: s, sender: ADA@x.example}\n"
    )
    with pytest.raises(ConfigError, match=r"queue q sends for .*, who sends no sequences.*line 5"):
        load_teams(tmp_path)


def test_a_queue_s_sequence_waits_for_a_sender_who_sends_them_and_goes_then() -> None:
    who = replace(person("ana"), contact_hubspot="5", owner="ada@x.example")
    without = Facts({"ana": who}, no_senders=frozenset({"ada@x.example"}))
    doing = Doing(without, load_teams(CONFIG), load_stages(CONFIG), Templates({}), NotificationsFile(), NOON)
    about = About("d1", "routing", "x", "because", who)
    (held,) = doing.enrol_in_queue(about, "nurture", Queue(hubspot_sequence="s"))
    assert "ada@x.example sends no sequences" in SequenceEnrolment.unfit(action(held))
    assert pending.anew(held, without) == held
    assert SequenceEnrolment.unfit(action(pending.anew(held, Facts({"ana": who})))) == ""


def _refreshed(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The rest of what a refresh knows of people; Ana was `anna` before a merge."""
    for name, columns in (
        ("marts.attribution_touchpoints",
         "person_id, occurred_at timestamptz, touch_type, campaign_name, touchpoint_id"),
        ("marts.opportunities",
         "account_id, name, stage_label, stage, amount, currency, is_closed boolean, created_at"),
        ("intermediate.int_owners", "owner_id, full_name, owner_id_hubspot, owner_id_salesforce"),
        ("rules.connections", "vendor, org_id, url_host"),
        ("staging.stg_hubspot__pipeline_stages",
         "object_type, pipeline_id, stage_id, is_closed boolean, display_order"),
        ("staging.stg_hubspot__leads", "primary_contact_id, pipeline, stage"),
        ("staging.stg_hubspot__meeting_links", "link, is_default_link boolean, organizer_user_id"),
        ("staging.stg_hubspot__owners", "email, user_id"),
        ("intermediate.int_person_members", "person_id, record_key"),
        ("intermediate.int_person_records",
         "record_key, vendor, object, record_id, lifecycle_value, is_converted boolean"),
        ("rules.lifecycle", "vendor, object, is_read boolean, value, canonical_stage"),
    ):  # fmt: skip
        table(warehouse, name, columns)
    table(warehouse, "intermediate.int_person_aliases", "alias, person_id", [("anna", "ana")])
    table(warehouse, "intermediate.int_refused_purposes", "person_id, purpose", [("ana", "events")])
    leads = "person_id, email, full_name, job_title, company_name, country, lead_score double, " \
        "lifecycle_stage, is_opted_out boolean, owner_id, account_id, contact_id_hubspot, " \
        "lead_id_salesforce, contact_id_salesforce, bounce_state, is_email_valid boolean"  # fmt: skip
    row = ("ana", "ana@x", "Ana", *[None] * 3, 81, "lead", False, *[None] * 5, "none", True)
    table(warehouse, "marts.unified_leads", leads, [row])
    warehouse.execute("delete from staging.stg_marketing_cloud__data_extension_fields where name = 'Region'")


@pytest.mark.parametrize(
    ("since", "why"),
    [
        ("select 1", ("", "")),
        ("update marts.unified_leads set is_opted_out = true", ("refuses e-mail", "has opted out")),
        (
            "insert into intermediate.int_refused_purposes values ('ana', 'news')",
            ("refuses e-mail", "has opted out"),
        ),
        ("update marts.unified_leads set bounce_state = 'hard'", ("bounces for good", "")),
        ("delete from marts.unified_leads", ("not known any more", "not known any more")),
        ("update intermediate.int_subscribers set status = 'Held'", ("no active subscriber", "")),
        ("insert into intermediate.int_journey_goals values ('ana', 'nurture')", ("has met the goal", "")),
        ("update staging.stg_marketing_cloud__journeys set status = 'Paused'", ("is Paused", "")),
    ],
)
def test_what_speaks_against_an_entry_or_enrolment_that_waits_is_that_of_today(warehouse, since, why):
    """Decided while the journey was paused, for somebody under the id and key of before a merge, who refuses
    another purpose than the one they are written to for."""
    _refreshed(warehouse)
    decided = Row(
        "h1.j", "handoff", "journey_entry", "marketing_cloud", "Subscriber",
        "marketing_cloud:7:Subscriber:00QA", "anna",
        {"journey": "nurture", "journey_status": "Paused", "event": "old-event", "extension": "old",
         "contact_key": "00QA", "opted_out": False, "already": None},
    )  # fmt: skip
    assert "is Paused" in JourneyEntry.unfit(action(decided))
    sequence = {"sequence": "Welcome", "sender": "s@x.example", "email": "a@x", "opted_out": False,
                "purpose": "news"}  # fmt: skip
    enrolled = replace(decided, action_key="h1.s", kind="enrolment", record_key="hubspot:1:contacts:5",
                       payload=sequence)  # fmt: skip
    told = replace(decided, action_key="h1.m", kind="message", payload={"to": "x", "text": "as it was"})
    warehouse.execute(since)
    listed = replace(
        enrolled, action_key="h1.l", kind="list_membership", payload={"list": "Nurture", "purpose": "news"}
    )
    rows = [decided, enrolled, told, listed]
    here = pending.guarded(warehouse, rows, {"ana"}.__contains__)
    assert here == {"anna": "ana"}
    entry, enrolment, message, member = pending.today(rows, here, gather(warehouse, here.values(), NOON))
    for found, said in zip(
        (JourneyEntry.unfit(action(entry)), SequenceEnrolment.unfit(action(enrolment))), why, strict=True
    ):
        assert said in found
        assert bool(said) == bool(found)
    if not why[0]:
        assert (entry.payload["event"], entry.payload["contact_key"]) == ("event", "003A")
        assert entry.record_key.endswith(":003A")
        assert enrolment.payload == {**sequence, "email": "ana@x"}
    assert message == told
    assert bool(ListMembership.unfit(action(member))) == bool(why[1])
    assert (entry.action_key, enrolment.action_key) == ("h1.j", "h1.s")
    assert pending.today(rows, pending.guarded(warehouse, rows, frozenset().__contains__), Facts()) == [told]


def test_a_lead_that_was_converted_is_no_record_to_write_to_and_the_others_have_their_stage(warehouse):
    _refreshed(warehouse)
    warehouse.execute("""
        update marts.unified_leads set lead_id_salesforce = '00Q1';
        insert into rules.lifecycle values ('hubspot', 'contacts', true, 'mql', 'marketing_qualified_lead');
        insert into intermediate.int_person_members values ('ana', 'k1'), ('ana', 'k2'), ('ana', 'k3');
        insert into intermediate.int_person_records values ('k1', 'hubspot', 'contacts', '5', 'MQL', false),
            ('k2', 'hubspot', 'contacts', '6', 'ours', false),
            ('k3', 'salesforce', 'Lead', '00Q1', null, true)
    """)
    ana = gather(warehouse, ["ana"], NOON).people["ana"]
    assert ana.lead_salesforce is None
    assert [(each.record_id, each.stage) for each in ana.staged] == [
        ("5", "marketing_qualified_lead"), ("6", None)
    ]  # fmt: skip
