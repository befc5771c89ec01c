"""The whole step over small tables: what one run leaves for the next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipelines import standing
from pipelines.decisions import step, taken
from pipelines.decisions.step import Decided
from pipelines.run import Run
from pipelines.settings import PROJECT_ROOT
from pipelines.state import handoffs as kept
from pipelines.state.handoffs import Handoff, Score
from tests.unit.decisions.conftest import NOON, Office

HOUR = timedelta(hours=1)
TEAMS = """
people:
  ada@northwind.example: {zone: UTC, hours: {mon-fri: ["09:00-11:00"]}, manager: bo@northwind.example}
  bo@northwind.example: {zone: UTC}
teams: {field: {members: [ada@northwind.example], outside_hours: hold}}
territories: [{name: all, when: "true", team: field}]
"""
HANDOFF = """
new_rules: live
trigger: {value: 75}
active_from: 2026-01-01T00:00:00Z
actions:
  - {type: update-lifecycle, value: SQL}
  - {type: assign-owner, name: owner}
  - {type: create-task, taskType: follow-up-call, needs: owner}
  - {type: enroll-sequence, sequence: s}
sla: {firstContact: 1h}
"""
AT = "timestamptz"
MARTS: dict[str, str] = {
    "marts.opportunities": "opportunity_id, account_id, name, stage, stage_label, amount double, currency, "
    f"owner_id, created_at {AT}, is_closed boolean, opportunity_id_hubspot",
    "marts.attribution_touchpoints": f"person_id, touchpoint_id, touch_type, occurred_at {AT}, campaign_name",
    "intermediate.int_opportunity_people": "opportunity_id, person_id, via",
    "rules.connections": "vendor, org_id, url_host",
    "rules.lifecycle": "vendor, object, is_read boolean, value, canonical_stage, position bigint",
    "staging.stg_hubspot__pipeline_stages":
        "pipeline_id, stage_id, object_type, is_closed boolean, display_order bigint",
    "staging.stg_hubspot__leads": "primary_contact_id, pipeline, stage",
    "staging.stg_hubspot__meeting_links": "link, is_default_link boolean, organizer_user_id",
    "staging.stg_hubspot__contacts": f"record_key, lead_status, updated_at {AT}",
    "staging.stg_hubspot__contacts_property_history": f"contact_key, property, value, changed_at {AT}",
    "staging.stg_hubspot__properties": "object_type, property_name, options",
    "staging.stg_salesforce__lead_statuses": "master_label, api_name",
    "staging.stg_hubspot__owners": "email, user_id, is_active boolean",
    "staging.stg_salesforce__leads": f"record_key, status, is_converted boolean, updated_at {AT}",
    "staging.stg_salesforce__lead_history": f"lead_key, history_id, field, new_value, changed_at {AT}",
    "staging.stg_hubspot__calls": f"record_key, call_id, owner_id, disposition, status, occurred_at {AT}",
    "staging.stg_hubspot__emails": "record_key, sequence_id",
    "intermediate.int_sales_contacts": f"person_id, source_record_key, occurred_at {AT}",
    "intermediate.int_person_records":
        "record_key, vendor, object, record_id, lifecycle_value, is_converted boolean, owner_source_id",
    "intermediate.int_person_members": "person_id, record_key",
    "intermediate.int_refused_purposes": "person_id, purpose",
    "intermediate.int_owners":
        "owner_id, is_active boolean, full_name, owner_id_hubspot, owner_id_salesforce, "
        "left_at timestamptz",
}  # fmt: skip
ROUTING = "rules: [{name: r, team: field, on: [owner-left]}]\n"


@pytest.fixture
def marts(office: Office) -> Office:
    """Pat is a lead with ninety points, whom nobody owns, at noon on a Tuesday."""
    config = office.settings.config_dir
    (config / "templates").mkdir()
    (config / "stages.yml").write_text((PROJECT_ROOT / "config" / "stages.yml").read_text())
    for name, text in (("teams.yml", TEAMS), ("handoff.yml", HANDOFF), ("routing.yml", ROUTING)):
        (config / name).write_text(text)
    owners = [(f"{n}@northwind.example", True, n, f"1{n}", f"005{n}", None) for n in ("ada", "bo")]
    order = ["lead", "marketing_qualified_lead", "sales_qualified_lead", "opportunity", "customer"]
    rows: dict[str, list[tuple[Any, ...]]] = {
        "intermediate.int_owners": owners, "rules.connections": [("hubspot", "1", None)],
        "rules.lifecycle": [("hubspot", "contacts", True, each, each, n) for n, each in enumerate(order)],
    }  # fmt: skip
    office.connection.begin()
    for name, columns in MARTS.items():
        office.table(name, columns, rows.get(name, []))
    stands(office)
    office.connection.commit()
    return office


def stands(office: Office, person_id: str = "pat", score: int = 90, stage: str = "lead") -> None:
    """Who there is now, as contact 7 of HubSpot."""
    office.leads({"person_id": person_id, "lead_score": score, "lifecycle_stage": stage,
                  "created_at": NOON - HOUR})  # fmt: skip
    for column in ("full_name", "company_name", "account_id", "contact_id_hubspot", "lead_id_salesforce",
                   "contact_id_salesforce"):  # fmt: skip
        office.connection.execute(
            f"alter table marts.unified_leads add column if not exists {column} varchar"
        )
    office.connection.execute("update marts.unified_leads set contact_id_hubspot = '7'")
    office.table("intermediate.int_person_members", "person_id, record_key", [(person_id, "k7")])
    office.table("intermediate.int_person_records", MARTS["intermediate.int_person_records"],
                 [("k7", "hubspot", "contacts", "7", stage, False, None)])  # fmt: skip


def status(office: Office, value: str, set_at: float | None, changed_at: float) -> None:
    """HubSpot's lead status of the contact, set and the record changed so many hours after noon."""
    office.table("staging.stg_hubspot__contacts", MARTS["staging.stg_hubspot__contacts"],
                 [("k7", value, NOON + changed_at * HOUR)])  # fmt: skip
    history = [] if set_at is None else [("k7", "hs_lead_status", value, NOON + set_at * HOUR)]
    name = "staging.stg_hubspot__contacts_property_history"
    office.table(name, MARTS[name], history)


def run(office: Office, number: int, hours: float) -> Decided:
    """Decide so many hours after noon, and keep it."""
    at = NOON + hours * HOUR
    done = step.decide(office.connection, office.state, office.settings, Run(f"run{number}"), at)
    with office.state.writing() as writing:
        taken.keep(writing, office.connection)
    return done


def asked(office: Office, table: str = "actions", columns: str = "action_key, kind") -> list[tuple[Any, ...]]:
    return office.connection.execute(f"select {columns} from decisions.{table}").fetchall()


def test_who_is_handed_over_while_nobody_works_gets_an_owner_when_somebody_does_and_the_rest_is_done_then(
    marts: Office,
) -> None:
    run(marts, 1, 0)
    ((key, kind),) = asked(marts)
    assert (key.partition(".")[2], kind) == ("update-lifecycle.hubspot", "fields")
    assert asked(marts, "handoffs", "owner_email, undone") == [("", "create-task\nenroll-sequence")]
    assert [state for (state,) in asked(marts, "assignments", "state")] == ["held"]
    run(marts, 2, 2)
    assert len(asked(marts)) == 1, "it is still night for her"
    run(marts, 3, 22)
    assert asked(marts, "handoffs", "owner_email, undone") == [("ada@northwind.example", "")]
    assert [kind for _, kind in asked(marts)] == ["fields", "task", "enrolment"]
    assert asked(marts, "assignments", "state, owner_email") == [("assigned", "ada@northwind.example")]
    run(marts, 4, 22.1)
    assert len(asked(marts)) == 3, "once"
    run(marts, 5, 23.2)
    assert ("assigned", "bo@northwind.example") in asked(marts, "assignments", "state, owner_email"), (
        "an hour"
    )


@pytest.mark.parametrize("set_at", [-9, None], ids=["by HubSpot's history", "by what it was then"])
def test_who_crosses_again_with_the_status_of_the_first_time_is_not_given_back_for_it(
    marts: Office, set_at: float | None
) -> None:
    status(marts, "UNQUALIFIED", set_at, -9)
    run(marts, 1, -2)
    assert [kind for _, kind in asked(marts)] == ["fields", "task", "enrolment"]
    stands(marts, stage="sales_qualified_lead")
    status(marts, "UNQUALIFIED", set_at, -1.9)  # we wrote the stage
    run(marts, 2, -1.8)
    assert asked(marts, "handoffs", "state") == [("offered",)]
    status(marts, "BAD_TIMING", -1.7 if set_at else None, -1.7)
    run(marts, 3, -1.6)
    assert asked(marts, "handoffs", "state") == [("recycled",)]
    ((key, kind),) = asked(marts)
    assert (key.partition(".")[2], kind) == ("recycle.hubspot", "fields"), "what waited is not done any more"
    with marts.state.reading() as reading:
        assert kept.stages(reading) == (("pat", "marketing_qualified_lead", NOON - 1.6 * HOUR),)


def test_a_run_in_which_nothing_is_new_is_due_when_quiet_hours_end(marts: Office) -> None:
    config = marts.settings.config_dir
    (config / "templates" / "t.j2").write_text("{{ person.email }}")
    (config / "notifications.yml").write_text(
        "channels: {slack: {kind: slack, to: '#s'}}\nquiet_hours: {from: '09:30', to: '10:40'}\n"
    )
    (config / "handoff.yml").write_text(
        HANDOFF.replace("enroll-sequence, sequence: s", "send-notification, template: t")
    )
    run(marts, 1, -2)  # ten o'clock
    columns = "kind, due_at - $noon::timestamptz"
    assert ("message", timedelta(hours=-1, minutes=-20)) in marts.connection.execute(
        f"select {columns} from decisions.actions", {"noon": NOON}
    ).fetchall()
    due = standing.next_due(marts.connection)
    assert due == NOON - timedelta(hours=1, minutes=20)
    run(marts, 2, -1.2)
    assert [at for kind, at in asked(marts, "actions", "kind, due_at") if kind == "message"] == [None]


def test_a_handoff_that_is_changed_goes_on_as_it_was_confirmed_for_those_under_way_too(marts: Office) -> None:
    run(marts, 1, -2)
    path = marts.settings.config_dir / "handoff.yml"
    path.write_text(
        HANDOFF.replace("new_rules: live", "new_rules: shadow").replace(
            "firstContact: 1h", "firstContact: 9m"
        )
        + "rejected_statuses: [CONNECTED]\n"
    )
    (marts.settings.config_dir / "routing.yml").write_text(
        ROUTING + "load: {closed_statuses: [Dead, Deed, UNQUALIFIED]}\n"
    )
    named = ("contacts", "hs_lead_status", '[{"value": "CONNECTED"}]')
    marts.table("staging.stg_hubspot__properties", MARTS["staging.stg_hubspot__properties"], [named])
    lead_statuses = "staging.stg_salesforce__lead_statuses"
    marts.table(lead_statuses, MARTS[lead_statuses], [("Dead", "Dead")])
    status(marts, "CONNECTED", -1.9, -1.9)
    done = run(marts, 2, -1.5)
    assert any("is new or changed and decides in shadow" in note for note in done.notes)
    unknown = [note for note in done.notes if "lead status" in note]
    assert unknown == [
        "routing.yml names Deed in load.closed_statuses, which is a lead status of neither CRM"
    ]
    assert asked(marts, "handoffs", "state") == [("accepted",)]
    assert asked(marts, "assignments", "owner_email") == [("ada@northwind.example",)]
    assert standing.next_due(marts.connection) == NOON - HOUR, "an hour of hers, and not nine minutes"


@pytest.mark.parametrize(("owner", "is_complete"), [(None, False), ("ada@northwind.example", True)])
def test_a_handoff_is_complete_when_the_crm_shows_its_owner(
    marts: Office, owner: str | None, is_complete: bool
) -> None:
    offer = Handoff(
        "h", "handoff", "pat", "accepted", "ada@northwind.example", "", NOON - HOUR, NOON, None, "r"
    )
    with marts.state.writing() as writing:
        kept.save(writing, [offer])
        kept.save_scores(writing, [Score("handoff", "pat", False, 1)])
    marts.connection.execute("update marts.unified_leads set owner_id = ?", [owner])
    contacts = "intermediate.int_sales_contacts"
    marts.table(contacts, MARTS[contacts], [("pat", "hubspot:1:calls:9", NOON)])
    run(marts, 1, 1)
    ((done_at,),) = asked(marts, "handoffs", "completed_at")
    assert (done_at == NOON) is is_complete


def test_who_is_merged_stays_handed_over_once_and_what_sales_says_of_them_counts(marts: Office) -> None:
    run(marts, 1, -2)
    stands(marts, "older")
    marts.table(
        "intermediate.int_person_aliases", "alias, person_id, since timestamptz", [("pat", "older", NOON)]
    )
    status(marts, "CONNECTED", -1.9, -1.9)
    run(marts, 2, -1.8)
    assert asked(marts, "handoffs", "person_id, state") == [("older", "accepted")]
    stands(marts, "older", score=60)
    run(marts, 3, -1.7)
    stands(marts, "older", score=80)
    run(marts, 4, -1.6)
    assert len(asked(marts, "handoffs", "state")) == 2, "it crosses again once it was below"
