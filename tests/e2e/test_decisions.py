"""The two configurations people bring along and a stage automation, end to end: one build, two more rounds.

Belongs here: what both stores and Slack hold after people came, were handed over, answered or left waiting.
A form is sent and its event delivered three times over, to the server that `crm listen` runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from cli import rounds
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.decisions.replay import KINDS, replay
from pipelines.identity.lives import short_hash
from pipelines.state import State, decision_runs, decisions
from pipelines.steps import Loop
from tests.e2e.conftest import WRITTEN, Built, begun
from tests.e2e.lived import Scenario, people_come, people_work, rules_are_seen
from tests.e2e.marts import query
from tests.e2e.stores import rows, sobject
from tests.fixtures import sandbox
from tests.fixtures.brought_along import a_team_s_config
from tests.fixtures.checks import NoChecks

pytestmark = pytest.mark.loop


def _addresses(*names: str) -> set[str]:
    return {f"{name}@northwind.example" for name in names}


INBOUND = _addresses("jonah.pike", "elena.marchetti", "grace.adeyemi", "lucas.moreau", "sofia.delgado")
ENTERPRISE = _addresses("maya.okafor", "tobias.lindqvist", "priya.raman", "carlos.mendes", "hannah.vogel")
MANAGERS = _addresses("dana.whitfield", "matteo.ricci", "harriet.osborne")


@pytest.fixture(scope="module")
def lived(settled_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    folder = tmp_path_factory.mktemp("decisions")
    home = begun(settled_once.home, folder, (*WRITTEN, "staging"))
    config = a_team_s_config(folder)
    with sandbox.served(home, config, extra=()) as (settings, ready):
        scenario = Scenario(home, config, settings, ready)
        rules_are_seen(scenario)
        prompt = rounds.prompt(settings, lambda _: None, lambda: Loop(settings, NoChecks(), data_tests=False))
        with open_hubspot(settings) as hubspot, prompt as short:
            short.get_ready()
            people_come(scenario, hubspot, short)
            people_work(scenario, hubspot, short)
        yield scenario


def told(s: Scenario, place: int, who: str, word: str) -> list[str]:
    """To whom Slack said something about somebody after a round."""
    name = f"{who.title()} Tester"
    return [to for to, text in s.said[place] if name in text and word in text]


def test_rules_that_nobody_confirmed_do_nothing(lived: Scenario) -> None:
    assert lived.shadow == []


def test_a_form_has_an_owner_a_task_and_a_message_once_though_its_event_came_three_times(
    lived: Scenario,
) -> None:
    owner = lived.first_owner["form"]
    assert owner in INBOUND
    first, tasks, said = lived.at_once
    assert (first, tasks) == (owner, 1)
    assert len([text for _, text in said if "Form Tester" in text and "sales qualified" in text]) == 1
    assert lived.contact("form")["lifecyclestage"] == "salesqualifiedlead"
    (task,) = lived.tasks("contacts", lived.ids["form"])
    assert (task["hs_task_priority"], task["hs_task_type"]) == ("HIGH", "CALL")
    due, made = (datetime.fromisoformat(task[name]) for name in ("hs_timestamp", "hs_createdate"))
    assert timedelta(hours=23) < due - made <= timedelta(hours=24)
    assert "Form Tester" in task["hs_task_body"]
    assert len(told(lived, 0, "form", "sales qualified")) == 1
    assert lived.sequences("form") == [("sales-outreach-sequence", owner)]


def test_who_was_met_while_a_refresh_was_in_the_works_is_neither_doubled_nor_lost_by_it(
    lived: Scenario,
) -> None:
    assert lived.met == (lived.first_owner["called"], 1)
    assert lived.first_owner["enterprise"] in ENTERPRISE
    with State.open(lived.settings) as state, state.reading() as reading:
        kept = [d.person_id for d in decisions.load(reading, "routing") if d.caused_by != "escalation"]
    assert lived.ids["form"] in lived.met_with_form
    assert lived.ids["called"] not in lived.met_with_form, "read again with the form's, and met again"
    portal = lived.ready["hubspot"]["portal_id"]
    for who in ("called", "enterprise", "form", "market"):
        assert kept.count(short_hash(f"hubspot:{portal}:contacts:{lived.ids[who]}")) == 1, who


def test_both_records_of_a_person_who_came_at_once_are_theirs_and_the_batch_agrees(lived: Scenario) -> None:
    people = query(
        lived.home, "select l.person_id, l.contact_id_hubspot, l.lead_id_salesforce, count(d.decision_id) "
        "from marts.unified_leads l left join decisions.assignments d on d.person_id = l.person_id "
        "and d.caused_by = 'handoff' where l.email = 'form@decided.example' group by all",
    )  # fmt: skip
    [(person, contact, lead, decisions)] = people
    assert (contact, lead, decisions) == (lived.ids["form"], lived.lead_of_form, 1)
    key = f"hubspot:{lived.ready['hubspot']['portal_id']}:contacts:{contact}"
    assert person == short_hash(key)
    stored = sobject(lived.home, "Lead", lead)
    assert stored["Lead_Status__c"] == "SQL"
    holder = sobject(lived.home, "User", stored["OwnerId"])
    assert holder["Email"] == lived.owner("form"), "the other CRM has another owner"


def test_scores_go_to_the_team_that_the_given_file_names(lived: Scenario) -> None:
    assert lived.first_owner["enterprise"] in ENTERPRISE
    assert lived.first_owner["market"] in INBOUND
    for who in ("enterprise", "market"):
        assert len(told(lived, 0, who, "is yours")) == 1, who


def test_a_cold_lead_is_nurtured_and_who_opted_out_is_not(lived: Scenario) -> None:
    assert lived.lists("nurture") == ["Nurture"]
    assert lived.sequences("nurture") == [("nurture-sequence", "ben.whitaker@northwind.example")]
    assert (lived.lists("optout"), lived.sequences("optout"), lived.owner("optout")) == ([], [], "")
    reasons = query(lived.home, "select reason from decisions.assignments where state = 'held' and "
                    "person_id in (select person_id from marts.unified_leads where email = "
                    "'optout@decided.example')")  # fmt: skip
    assert [("no consent or no address" in reason) for (reason,) in reasons] == [True]


def test_a_qualified_lead_is_qualified_in_both_crms(lived: Scenario) -> None:
    assert lived.contact("pair")["lifecyclestage"] == "salesqualifiedlead"
    assert sobject(lived.home, "Lead", lived.lead)["Lead_Status__c"] == "SQL"
    assert len(lived.tasks("contacts", lived.ids["pair"])) >= 1


def test_a_meeting_that_is_booked_after_the_handoff_is_an_event_of_salesforce_once(lived: Scenario) -> None:
    soql = "SELECT WhoId, StartDateTime FROM Event WHERE Subject = 'Demo for the pair'"
    with open_salesforce(lived.settings) as salesforce:
        events = [row for page in salesforce.query_pages(soql) for row in page.records]
    assert lived.meeting_at is not None
    begins = lived.meeting_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    assert [(row["WhoId"], row["StartDateTime"]) for row in events] == [(lived.lead, begins)]
    state = query(lived.home, "select state from decisions.handoffs join marts.unified_leads l "
                  f"using (person_id) where l.lead_id_salesforce = '{lived.lead}'")  # fmt: skip
    assert state == [("accepted",)]


def test_who_is_qualified_in_salesforce_alone_stays_so_in_the_rounds_that_follow(lived: Scenario) -> None:
    assert sobject(lived.home, "Lead", lived.solo)["Lead_Status__c"] == "SQL"
    found = query(lived.home, "select l.lifecycle_stage, h.state, h.undone from marts.handoffs h "
                  "join marts.unified_leads l using (person_id) "
                  "where l.email = 'solo@decided.example'")  # fmt: skip
    assert found == [("sales_qualified_lead", "offered", "enroll-sequence")]
    tasks = rows(lived.home, "salesforce", "select Priority from Task where WhoId = ?", lived.solo)
    assert tasks == [("High",)]


def test_who_waits_goes_to_the_manager_beside_a_refresh_and_who_was_called_stays(lived: Scenario) -> None:
    for who in ("form", "market", "enterprise"):
        assert lived.owner(who) in MANAGERS, who
        assert lived.at_the_clock[who] == lived.owner(who), f"{who} waited for the refresh"
        assert len(told(lived, 1, who, "has waited")) == 1, who
    assert lived.owner("called") == lived.first_owner["called"]
    assert told(lived, 1, "called", "has waited") == []


def test_a_handoff_is_complete_when_sales_was_in_touch_and_one_that_is_given_back_is_recycled(
    lived: Scenario,
) -> None:
    states = dict(query(lived.home, "select l.email, h.state || ' ' || (h.completed_at is not null) from "
                        "decisions.handoffs h join marts.unified_leads l using (person_id) "
                        "where l.email like '%@decided.example' and h.lead_score >= 75"))  # fmt: skip
    assert states["called@decided.example"] == "accepted true"
    assert states["rejected@decided.example"] == "recycled false"
    assert states["form@decided.example"] == "offered false"


def test_a_stage_goes_back_by_being_emptied_first_and_both_passes_keep_their_dates(lived: Scenario) -> None:
    assert lived.stages("rejected")[-3:] == ["salesqualifiedlead", "", "marketingqualifiedlead"]
    contact = lived.contact("rejected")
    assert contact["lifecyclestage"] == "marketingqualifiedlead"
    assert (
        contact["hs_v2_date_entered_salesqualifiedlead"]
        < contact["hs_v2_date_entered_marketingqualifiedlead"]
    )


def test_a_lost_deal_is_asked_for_its_reason_once(lived: Scenario) -> None:
    tasks = [t["hs_task_subject"] for t in lived.tasks("deals", lived.deal)]
    assert len([subject for subject in tasks if subject.startswith("Why was ")]) == 1
    assert len([text for to, text in lived.said[1] if to == "deals" and "was lost" in text]) == 1
    [[deal]] = rows(lived.home, "hubspot", "select props from deals where id = ?", lived.deal)
    assert json.loads(deal)["hs_manual_forecast_category"] == "OMIT"


def test_every_run_is_decided_again_as_it_was_handoffs_and_automations_too(lived: Scenario) -> None:
    with State.open(lived.settings) as state:
        with state.reading() as reading:
            known = {(run.run_id, run.kind) for kind in KINDS for run in decision_runs.runs(reading, kind)}
        assert {kind for _, kind in known} == set(KINDS)
        for run_id in {run_id for run_id, _ in known}:
            again = replay(state, run_id)
            assert again.rows > 0
            assert again.differences == ()


def test_nothing_was_done_twice(lived: Scenario) -> None:
    for who in ("form", "rejected", "called"):
        assert len(lived.tasks("contacts", lived.ids[who])) == 1, who
        assert len(lived.sequences(who)) == 1, who
        assert len(told(lived, 1, who, "sales qualified")) == 1, who
