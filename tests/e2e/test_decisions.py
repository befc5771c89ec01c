"""The two configurations people bring along and a stage automation, end to end: one build, two more rounds.

Belongs here: what both stores and Slack hold after people came, were handed over, answered or left waiting.
A form is sent and its event delivered three times over, to the server that `crm listen` runs.
"""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import rounds
from cli.listen import Inbox, Worker, application, now_ms, served
from pipelines import crashpoints
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.decisions.replay import KINDS, replay
from pipelines.identity.lives import short_hash
from pipelines.listening import Named
from pipelines.rules.events import EventsFile
from pipelines.run import StepResult
from pipelines.settings import Settings
from pipelines.state import State, decision_runs, decisions, met
from pipelines.steps import Check, Loop, Scope
from tests.e2e.conftest import Built, crm
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
PEOPLE = {
    "form": (90, {}), "market": (60, {}), "nurture": (20, {}), "optout": (20, {"hs_email_optout": "true"}),
    "enterprise": (90, {"lifecyclestage": "salesqualifiedlead"}), "rejected": (80, {}), "called": (80, {}),
}  # fmt: skip


@dataclass
class Scenario:
    """What happened, by the name of the person; what was found after each round."""

    home: Path
    config: Path
    settings: Settings
    ready: dict[str, Any]
    ids: dict[str, str] = field(default_factory=dict)
    first_owner: dict[str, str] = field(default_factory=dict)
    rounds: int = 0
    shadow: list[tuple[Any, ...]] = field(default_factory=list)
    said: list[list[tuple[str, str]]] = field(default_factory=list)
    """Slack after the first round in earnest, and after the second."""
    deal: str = ""
    lead: str = ""
    lead_of_form: str = ""
    at_once: tuple[str, int, list[tuple[str, str]]] = ("", 0, [])
    """Owner, tasks and Slack of the form's person, while a round over everything was in the works."""
    met: tuple[str, int] = ("", 0)
    """Owner and tasks of who was decided about while the round had read them and not decided."""

    def round(self, *_: Any, seconds: int = 600, checks: Check | None = None) -> None:
        """Refresh, plan, apply, some minutes later."""
        sandbox.pass_time(self.ready, seconds)
        self.rounds += 1
        with Loop(self.settings, checks or NoChecks()) as loop:
            loop.refresh()
            plan = loop.plan()
            assert plan.stopped == ()
            if not plan.is_empty:
                loop.apply(plan.path)

    def contact(self, who: str) -> dict[str, Any]:
        return json.loads(self._store("select props from contacts where id = ?", self.ids[who])[0][0])

    def owner(self, who: str) -> str:
        """The address of the contact's owner in HubSpot; empty when nobody has it."""
        own = self.contact(who).get("hubspot_owner_id")
        if not own:
            return ""
        return str(self._store("select email from owners where id = ?", own)[0][0])

    def tasks(self, kind: str, record_id: str) -> list[dict[str, Any]]:
        rows = self._store(
            "select t.props from tasks t join associations a on a.from_type = 'tasks' and a.from_id = t.id "
            "where a.to_type = ? and a.to_id = ? group by t.id", kind, record_id,
        )  # fmt: skip
        return [json.loads(row[0]) for row in rows]

    def sequences(self, who: str) -> list[tuple[str, str]]:
        """(sequence, sender) of every enrolment."""
        return self._store(
            "select s.name, e.sender from sequence_enrolments e join sequences s on s.id = e.sequence_id "
            "where e.contact_id = ?", self.ids[who],
        )  # fmt: skip

    def lists(self, who: str) -> list[str]:
        rows = self._store(
            "select json_extract(l.shown, '$.name') from list_members m join lists l on l.id = m.list_id "
            "where m.record_id = ?", self.ids[who],
        )  # fmt: skip
        return [row[0] for row in rows]

    def stages(self, who: str) -> list[str]:
        """What the lifecycle stage was set to, one write after the other, emptied included."""
        rows = self._store(
            "select value from history where object = 'contacts' and id = ? and property = 'lifecyclestage' "
            "order by at, rowid", self.ids[who],
        )  # fmt: skip
        return [row[0] for row in rows]

    def _store(self, statement: str, *values: str) -> list[Any]:
        return rows(self.home, "hubspot", statement, *values)


@pytest.fixture(scope="module")
def lived(built_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    folder = tmp_path_factory.mktemp("decisions")
    home = folder / "var"
    shutil.copytree(built_once.home, home)
    config = a_team_s_config(folder)
    with sandbox.served(home, config, extra=()) as (settings, ready):
        scenario = Scenario(home, config, settings, ready)
        rules_are_seen(scenario)
        people_come(scenario)
        people_work(scenario)
        yield scenario


def rules_are_seen(s: Scenario) -> None:
    """The first round, with files that nobody has confirmed yet: they decide in shadow."""
    s.round()
    s.shadow = query(
        s.home, "select provider, count(*) from ops.journal where sync in ('routing', 'handoff', "
        "'stage_automation') group by all",
    )  # fmt: skip
    done = crm(s.home, "rules", "confirm", env={"CRM_CONFIG": str(s.config)})
    assert done.exit_code == 0, done.output


class Thrice:
    """Our server, whose answer is lost twice: HubSpot delivers the same events three times."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.times = threading.Semaphore(0)
        self.count = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.count += 1
        is_lost = self.count < 3

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                assert message["status"] == 200
                message = {**message, "status": 500} if is_lost else message
            await send(message)

        await self.app(scope, receive, answer)
        if scope["type"] == "http":
            self.times.release()


class HeldOpen(NoChecks):
    """Gates at which a refresh stands still until it is let go on: `marts` is asked before it decides,
    `desired` when it has decided and is not published."""

    def __init__(self) -> None:
        self.stands: queue.Queue[str] = queue.Queue()
        self.goes_on = threading.Semaphore(0)

    def __call__(self, scope: Scope, *rest: Any) -> StepResult:
        if scope != "raw":
            self.stands.put(scope)
            assert self.goes_on.acquire(timeout=240), "nobody let it go on"
        return super().__call__(scope, *rest)

    def stood_at(self, refresh: Future[None]) -> str:
        """Where it stands still now; raises what ended it instead."""
        while not refresh.done():
            with contextlib.suppress(queue.Empty):
                return self.stands.get(timeout=1)
        refresh.result()
        raise AssertionError("the refresh did not stand still")


def people_come(s: Scenario) -> None:
    """Others come and a deal is lost; while a refresh is in the works two of them are decided about by
    themselves, and somebody sends a form, which is told three times."""
    gates = HeldOpen()
    prompt = rounds.prompt(s.settings, lambda _: None, lambda: Loop(s.settings, NoChecks()))
    with (
        open_hubspot(s.settings) as hubspot,
        prompt as short,
        ThreadPoolExecutor(1) as pool,
    ):
        short.get_ready()
        others_come(s, hubspot)
        refresh = pool.submit(s.round, checks=gates)
        try:
            assert gates.stood_at(refresh) == "marts"
            two_are_met(s, short)
            gates.goes_on.release()
            assert gates.stood_at(refresh) == "desired"
            a_form_is_sent(s, hubspot, short)
        finally:
            gates.goes_on.release(2)
        refresh.result(timeout=240)
    s.said.append(slack(s))
    s.first_owner = {who: s.owner(who) for who in PEOPLE}


def two_are_met(s: Scenario, short: rounds.Prompt) -> None:
    """The process dies before it has kept what it decided about one, and again when it has; then that one is
    decided about once more, the other left to the refresh."""
    called, enterprise = (Named("hubspot", "contacts", s.ids[who]) for who in ("called", "enterprise"))
    for dies, named in (("events.deciding", called), ("events.decided", called),
                        ("events.decided", enterprise)):  # fmt: skip
        with crashpoints.armed(dies), pytest.raises(crashpoints.Crashed):
            short.act([named])
    assert (s.owner("called"), s.owner("enterprise")) == ("", "")
    assert short.act([called])
    s.met = (s.owner("called"), len(s.tasks("contacts", s.ids["called"])))


def a_form_is_sent(s: Scenario, hubspot: HubSpotClient, short: rounds.Prompt) -> None:
    """The events of it come three times, to the server that `crm listen` runs."""
    inbox, before = Inbox(), s.rounds
    thrice = Thrice(application(s.settings, inbox, "", now_ms))
    with served(thrice, 0) as url:
        worker = Worker(EventsFile(), inbox, s.round, pytest.fail, short, refreshed=time.monotonic())
        app = f"/webhooks/v3/{s.ready['hubspot']['app_id']}"
        hubspot.change("PUT", f"{app}/settings", {"targetUrl": f"{url}/hubspot"})
        hubspot.change("POST", f"{app}/subscriptions", {"eventType": "contact.creation", "active": True})
        send_form(s)
        for wait in (60, 180, 0):
            assert thrice.times.acquire(timeout=60), "the event was not delivered"
            sandbox.pass_time(s.ready, wait)
        hubspot.change("DELETE", f"{app}/settings", {})
        s.lead_of_form = a_lead_comes(s)
        worker.once()
        assert (thrice.count, s.rounds - before) == (3, 0)
        s.at_once = (s.owner("form"), len(s.tasks("contacts", s.ids["form"])), slack(s))
        worker.once()
        assert s.rounds == before, "our own writing set off a round over everything"


def send_form(s: Scenario) -> None:
    form, portal = s._store("select id from forms where archived = 0 order by id limit 1")[0][0], \
        s.ready["hubspot"]["portal_id"]  # fmt: skip
    said = {"email": "form@decided.example", "firstname": "Form", "lastname": "Tester", "jobtitle": "tier 90"}
    answer = httpx.post(
        f"{s.ready['hubspot']['url']}/submissions/v3/integration/submit/{portal}/{form}",
        json={"fields": [{"name": name, "value": value} for name, value in said.items()]},
    )
    assert answer.status_code == 200, answer.text
    found = "select id from contacts where json_extract(props, '$.email') = 'form@decided.example'"
    s.ids["form"] = str(s._store(found)[0][0])


def a_lead_comes(s: Scenario) -> str:
    """The same person in Salesforce, where nobody delivers anything: it is asked for."""
    with open_salesforce(s.settings) as salesforce:
        lead = {"LastName": "Tester", "Company": "Decided", "Email": "form@decided.example"}
        (made,) = salesforce.create_collection("Lead", [lead])
    assert made.id, made
    return made.id


def others_come(s: Scenario, hubspot: HubSpotClient) -> None:
    others = {who: said for who, said in PEOPLE.items() if who != "form"}
    made = hubspot.batch_create("contacts", [
        {"properties": {"email": f"{who}@decided.example", "firstname": who.title(), "lastname": "Tester",
                        "jobtitle": f"tier {points}", **more}}
        for who, (points, more) in others.items()
    ])  # fmt: skip
    s.ids |= {who: str(row.id) for who, row in zip(others, made, strict=True)}
    lonely = (
        "select opportunity_id_hubspot from marts.opportunities where not is_closed "
        "and opportunity_id_salesforce is null order by opportunity_id_hubspot limit 1"
    )
    [[s.deal]] = query(s.home, lonely)
    assert all(hubspot.batch_update("deals", [{"id": s.deal, "properties": {"dealstage": "closedlost"}}]))
    paired = query(s.home, "select contact_id_hubspot, lead_id_salesforce from marts.unified_leads where "
                   "lifecycle_stage = 'lead' and contact_id_hubspot is not null "
                   "and lead_id_salesforce is not null and not is_opted_out order by 1 limit 1")  # fmt: skip
    s.ids["pair"], s.lead = paired[0]
    hubspot.batch_update("contacts", [{"id": s.ids["pair"], "properties": {"jobtitle": "tier 90"}}])


def people_work(s: Scenario) -> None:
    """One lead is called by who has it, one given back; the others wait five hours."""
    with open_hubspot(s.settings) as hubspot:
        now = hubspot.get("/crm/v3/owners", {"limit": "1"}) and hubspot.server_time
        assert now is not None
        call = {
            "hs_timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", "hs_call_status": "COMPLETED",
            "hs_call_title": "We spoke", "hubspot_owner_id": s.contact("called")["hubspot_owner_id"],
        }  # fmt: skip
        (made,) = hubspot.batch_create("calls", [{"properties": call}])
        hubspot.associate("calls", "contacts", [(made.id, s.ids["called"])])
        hubspot.batch_update(
            "contacts", [{"id": s.ids["rejected"], "properties": {"hs_lead_status": "UNQUALIFIED"}}]
        )
    s.round(seconds=5 * 3600)
    s.said.append(slack(s))


def slack(s: Scenario) -> list[tuple[str, str]]:
    """(channel or person, text) of everything that was posted."""
    answer = httpx.get(f"{s.ready['webhooks']['url']}/_sandbox/slack").raise_for_status().json()
    return [(each["channel_name"], each["text"]) for each in answer["slack"]]


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
        met_at_last = {key.rpartition(":")[2] for key in met.after(reading, met.last(reading) - 1)}
    assert lived.ids["form"] in met_at_last
    assert lived.ids["called"] not in met_at_last, "read again with the form's person, and not met again"
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


def test_who_waits_goes_to_the_manager_and_who_was_called_stays(lived: Scenario) -> None:
    for who in ("form", "market", "enterprise"):
        assert lived.owner(who) in MANAGERS, who
        assert len(told(lived, 1, who, "has waited")) == 1, who
    assert lived.owner("called") == lived.first_owner["called"]
    assert told(lived, 1, "called", "has waited") == []


def test_a_handoff_is_complete_when_sales_was_in_touch_and_one_that_is_given_back_is_recycled(
    lived: Scenario,
) -> None:
    states = dict(query(lived.home, "select l.email, h.state || ' ' || (h.completed_at is not null) from "
                        " decisions.handoffs h join marts.unified_leads l using (person_id) "
                        "where l.email like '%@decided.example'"))  # fmt: skip
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
