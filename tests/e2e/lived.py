"""What happens to the people of `test_decisions`, and what was found on the way: they come, are handed over,
answered, or left waiting.

Belongs here: doing it, to a sandbox and by the loop. What is to come of it is said in the tests.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
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
from pipelines.clients.open import open_salesforce
from pipelines.listening import Named
from pipelines.rules.events import EventsFile
from pipelines.run import StepResult
from pipelines.settings import Settings
from pipelines.state import State, met
from pipelines.steps import Check, Loop, Scope
from tests.e2e.conftest import crm
from tests.e2e.marts import query
from tests.e2e.stores import rows
from tests.fixtures import sandbox
from tests.fixtures.checks import NoChecks
from tests.fixtures.few_models import whole

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
    meeting_at: datetime | None = None
    """When the meeting begins that somebody has booked."""
    solo: str = ""
    """The lead of somebody whom Salesforce alone knows."""
    at_once: tuple[str, int, list[tuple[str, str]]] = ("", 0, [])
    """Owner, tasks and Slack of the form's person, while a round over everything was in the works."""
    at_the_clock: dict[str, str] = field(default_factory=dict)
    """Owners once their clocks had run out, while a round over everything was in the works."""
    met_with_form: frozenset[str] = frozenset()
    """Ids of whoever was met together with the form's person."""
    met: tuple[str, int] = ("", 0)
    """Owner and tasks of who was decided about while the round had read them and not decided."""

    def round(
        self, *_: Any, seconds: int = 600, checks: Check | None = None, data_tests: bool = False
    ) -> None:
        """Refresh, plan, apply, some minutes later."""
        sandbox.pass_time(self.ready, seconds)
        self.rounds += 1
        with Loop(self.settings, checks or NoChecks(), data_tests=data_tests) as loop:
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


@contextlib.contextmanager
def in_the_works(
    s: Scenario, seconds: int = 600, *, data_tests: bool = False
) -> Iterator[Callable[[str], None]]:
    """A round over everything, some minutes later; gives how to let it go on to a gate. At the end it goes to
    its own."""
    gates = HeldOpen()
    with ThreadPoolExecutor(1) as pool:
        refresh = pool.submit(s.round, seconds=seconds, checks=gates, data_tests=data_tests)

        def goes_to(gate: str) -> None:
            if gate == "desired":
                gates.goes_on.release()
            assert gates.stood_at(refresh) == gate

        try:
            yield goes_to
        finally:
            gates.goes_on.release(2)
        refresh.result(timeout=240)


def people_come(s: Scenario, hubspot: HubSpotClient, short: rounds.Prompt) -> None:
    """Others come and a deal is lost; while a refresh is in the works two of them are decided about by
    themselves, and somebody sends a form, which is told three times."""
    others_come(s, hubspot)
    with in_the_works(s) as goes_to:
        goes_to("marts")
        two_are_met(s, short)
        goes_to("desired")
        a_form_is_sent(s, hubspot, short)
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
        with State.open(s.settings) as state, state.reading() as reading:
            last = met.after(reading, met.last(reading) - 1)
            s.met_with_form = frozenset(key.rpartition(":")[2] for key in last)
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
    with open_salesforce(s.settings) as salesforce:
        lead = {"LastName": "Solo", "Company": "Decided", "Email": "solo@decided.example", "Title": "tier 90"}
        (alone,) = salesforce.create_collection("Lead", [lead])
    assert alone.id, alone
    s.solo = alone.id
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


def people_work(s: Scenario, hubspot: HubSpotClient, short: rounds.Prompt) -> None:
    """One lead is given back, one books a meeting; the others wait five hours, until their clocks run out
    while a refresh is in the works, which knows nothing of the call that one of them has just had."""
    a_meeting_is_booked(s, hubspot)
    hubspot.batch_update(
        "contacts", [{"id": s.ids["rejected"], "properties": {"hs_lead_status": "UNQUALIFIED"}}]
    )
    whole(s.settings)
    with in_the_works(s, seconds=5 * 3600, data_tests=True) as goes_to:  # of all that was done before
        goes_to("marts")
        somebody_is_called(s, hubspot)
        for _ in range(10):
            if not (named := [each for each in short.look() if each.is_person]):
                break
            assert short.act(named)
        s.at_the_clock = {who: s.owner(who) for who in PEOPLE}
    s.said.append(slack(s))


def a_meeting_is_booked(s: Scenario, hubspot: HubSpotClient) -> None:
    """By somebody who was handed over and whom Salesforce knows as a lead."""
    hubspot.get("/crm/v3/owners", {"limit": "1"})
    assert hubspot.server_time is not None
    s.meeting_at = (hubspot.server_time + timedelta(days=2)).replace(microsecond=0)
    begins = s.meeting_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"hs_meeting_title": "Demo for the pair", "hs_timestamp": begins, "hs_meeting_start_time": begins,
            "hs_meeting_outcome": "SCHEDULED"}  # fmt: skip
    with_whom = [{"to": {"id": s.ids["pair"]}, "types": [
        {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}]}]  # fmt: skip
    (made,) = hubspot.batch_create("meetings", [{"properties": said, "associations": with_whom}])
    assert made.ok, made


def somebody_is_called(s: Scenario, hubspot: HubSpotClient) -> None:
    now = hubspot.get("/crm/v3/owners", {"limit": "1"}) and hubspot.server_time
    assert now is not None
    call = {
        "hs_timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", "hs_call_status": "COMPLETED",
        "hs_call_title": "We spoke", "hubspot_owner_id": s.contact("called")["hubspot_owner_id"],
    }  # fmt: skip
    (made,) = hubspot.batch_create("calls", [{"properties": call}])
    hubspot.associate("calls", "contacts", [(made.id, s.ids["called"])])


def slack(s: Scenario) -> list[tuple[str, str]]:
    """(channel or person, text) of everything that was posted."""
    answer = httpx.get(f"{s.ready['webhooks']['url']}/_sandbox/slack").raise_for_status().json()
    return [(each["channel_name"], each["text"]) for each in answer["slack"]]
