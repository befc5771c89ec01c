"""Marketing Cloud in the loop: a score lets a lead into a journey; what they do there comes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from sqlalchemy import select, update

from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.rows import upsert_some
from pipelines.clients.open import open_marketing_cloud, open_salesforce
from pipelines.settings import PROJECT_ROOT, Settings, as_environment
from pipelines.state.tables import runs
from pipelines.steps import Loop
from tests.e2e.conftest import WRITTEN, Built, begun, command_for
from tests.fixtures import nursery
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import served

pytestmark = pytest.mark.loop
JOURNEY, PEOPLE = "crm-nurture", "crm_people"


@dataclass
class World:
    settings: Settings
    url: str
    org: str
    sandbox: Path
    env: dict[str, str]
    converted: tuple[str, str] = ("", "")
    """The lead of a journey, and the contact it became."""
    calls_before: int = 0
    """Those of the build that all this begins with."""

    @contextmanager
    def loop(self) -> Iterator[Loop]:
        with Loop(self.settings, NoChecks(), data_tests=False) as loop:
            yield loop

    def refresh(self) -> None:
        """The gates are asked by `crm listen`."""
        with self.loop() as loop:
            loop.refresh()

    def pass_an_hour(self) -> None:
        """For Marketing Cloud's clock, and for our memory of when a sync was written."""
        httpx.post(f"{self.url}/_sandbox/clock", json={"advance_seconds": 3600}).raise_for_status()
        with self.loop() as loop, loop.state.writing() as state:
            for run_id, began in state.execute(select(runs.c.run_id, runs.c.started_at)).all():
                earlier = update(runs).where(runs.c.run_id == run_id)
                state.execute(earlier.values(started_at=began - timedelta(hours=1)))

    def listen(self) -> None:
        """`crm listen`, until a round has been recorded and it is told to stop."""
        with nursery.running(["listen"], self.env) as child:
            lines: list[str] = []
            for line in child.output:
                lines.append(line)
                if line.split()[1:2] == ["record"]:
                    break
            os.kill(child.pid, signal.SIGTERM)
            rest = child.output.read()
            assert child.ended() == 0, "".join(lines) + rest

    def activate(self) -> Any:
        with self.loop() as loop:
            loop.recover()
            plan = loop.plan()
            if not plan.is_empty:
                loop.apply(plan.path)
            loop.record()
            return loop.plan()

    def ask(self, sql: str, file: Literal["published", "warehouse"] = "published") -> list[tuple[Any, ...]]:
        with self.loop() as loop, loop.warehouse.reading(file) as connection:
            return connection.execute(sql).fetchall()

    def stored(self, vendor: str, sql: str) -> list[tuple[Any, ...]]:
        """What a vendor holds."""
        store = sqlite3.connect(self.sandbox / f"{vendor}.sqlite")
        found = store.execute(sql).fetchall()
        store.close()
        return found

    def rows(self, extension: str) -> dict[str, dict[str, Any]]:
        """Rows of a data extension by their keys."""
        sql = "select pk, body from extension_rows join data_extensions d on d.id = extension where d.key = "
        return {pk: json.loads(body) for pk, body in self.stored("marketing_cloud", f"{sql}'{extension}'")}

    def do(self, **wish: Any) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.post(f"{self.url}/_sandbox/account", json=wish).json()
        return answer

    def convert(self, lead: str) -> str:
        """The contact that a lead becomes, whom Marketing Cloud Connect takes in."""
        httpx.post(f"{self.org}/_sandbox/org", json={"do": "convert", "lead": lead}).raise_for_status()
        [(contact,)] = self.stored("salesforce", f"select ConvertedContactId from Lead where Id = '{lead}'")
        assert self.do(do="synchronize", contact=contact) == {"made": 1}
        return str(contact)

    def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.do(do="entries", journey=JOURNEY)["entries"]
        return found

    def fired(self) -> int:
        """Entry events that were taken, whether or not their answer arrived."""
        page = httpx.get(
            f"{self.url}/_sandbox/requests", params={"path": "/interaction/v1/events", "status": "201"}
        )
        return len(page.json()["requests"])

    def counted(self) -> int:
        """Calls by our own count, of whatever made them."""
        folder = self.settings.marketing_cloud and self.settings.marketing_cloud.calls_folder
        assert folder is not None
        return sum(day.stat().st_size for day in folder.iterdir())

    def asked(self) -> int:
        """Calls by the account's own count."""
        query = "select count(*) from requests where path not like '/_sandbox%'"
        [(calls,)] = self.stored("marketing_cloud", query)
        return int(calls)

    def faults(self, *faults: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_sandbox/faults", json=list(faults)).raise_for_status()


KILLED = """
import os, signal
from cli.main import app
from pipelines.clients.marketing_cloud.client import MarketingCloudClient

fire = MarketingCloudClient.fire


def fire_and_die(self, *said):
    fire(self, *said)
    os.kill(os.getpid(), signal.SIGKILL)


MarketingCloudClient.fire = fire_and_die
app()
"""
"""`crm`, killed by the system between an entry event and its answer."""
CAMPAIGN = "select Id, Name from Campaign order by Id limit 1"
EXTENSIONS = f"""<CreateRequest xmlns="{soap.API}"><Objects xsi:type="DataExtension"
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><CustomerKey>accounts</CustomerKey><Name>Accounts</Name>
<Fields><Field><Name>AccountId</Name><FieldType>Text</FieldType><MaxLength>16</MaxLength>
<IsPrimaryKey>true</IsPrimaryKey><IsRequired>true</IsRequired></Field>
<Field><Name>Title</Name><FieldType>Text</FieldType><MaxLength>200</MaxLength></Field></Fields></Objects>
<Objects xsi:type="DataExtension" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<CustomerKey>installations</CustomerKey><Name>Installations</Name>
<Fields><Field><Name>SerialNumber</Name><FieldType>Text</FieldType><MaxLength>20</MaxLength>
<IsPrimaryKey>true</IsPrimaryKey><IsRequired>true</IsRequired></Field>
<Field><Name>Title</Name><FieldType>Text</FieldType><MaxLength>200</MaxLength></Field></Fields></Objects></CreateRequest>"""
CONFIG = {
    "data_extensions.yml": """
extensions:
  - data_extension: accounts
    of: accounts
    where: name is not null
    on_leave: delete
    key: {column: AccountId, from: account_id}
    columns: [{from: name, to: Title, expression: upper(name)}]
  - data_extension: installations
    of: hubspot.installations
    key: {column: SerialNumber, from: serial_number}
    columns: [{from: installation_name, to: Title}]
""",
    "engagement.yml": """
members:
  - {journey: crm-nurture, did: clicked, campaign: %(campaign)s, status: Opened}
  - {journey: crm-nurture, did: goal, campaign: %(campaign)s, status: Responded}
create_statuses: true
tasks:
  - {name: demo, journey: crm-nurture, did: clicked, url: "*demo*", subject: "Wants a demo, from {mailing}"}
""",
}


@pytest.fixture(scope="module")
def world(built_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("marketing")
    home = begun(built_once.published, folder, (*WRITTEN, "journeys", "stg_salesforce__canceled_events"))
    shutil.rmtree(home / "calls")
    config = Path(shutil.copytree(PROJECT_ROOT / "config", folder / "config"))
    with served(home, config) as (settings, ready):
        urls = (ready["marketing_cloud"]["url"], ready["salesforce"]["url"])
        env = command_for(home, env=as_environment(settings, {"CRM_STATE_URL": ""})).env
        made = World(settings, *urls, home / "sandbox", env)
        made.calls_before = made.asked()
        campaign, _ = made.stored("salesforce", CAMPAIGN)[0]
        for name, text in CONFIG.items():
            (config / name).write_text(text % {"campaign": campaign} if "%" in text else text)
        kept = (config / "journeys.yml").read_text().replace("keep_up: {}", "keep_up: {LeadScore: 0}")
        kept = kept.replace("stages: [customer]", "stages: [customer, lead]")  # out again with the next round
        (config / "journeys.yml").write_text(kept)
        syncs = (config / "syncs.yml").read_text()
        (config / "syncs.yml").write_text(syncs.replace("syncFrequency: hourly", "syncFrequency: real-time"))
        with open_marketing_cloud(made.settings) as client:
            results = list(soap.results(client.soap_call("Create", EXTENSIONS, write=True), client.host))
        assert [result.ok for result in results] == [True, True]
        made.refresh()
        yield made


def test_a_scored_lead_enters_a_journey_and_its_clicks_are_touches_of_its_attribution(world):
    """Killed between the call and its answer, and its answers lost: nobody enters twice."""
    wanted = world.ask("select action_key, payload from reverse_sync.actions_journey_entries")
    assert len(wanted) >= 3
    # The first entry is sent and the process is killed outright before it learns what became of it.
    with world.loop() as loop:
        plan = loop.plan()
    [cost] = [note for note in plan.notes if note.startswith("marketing_cloud_people: ")]
    assert "calls a day by setting" in cost
    said, code = nursery.python(KILLED, ["apply", str(plan.path)], world.env)
    assert code == -signal.SIGKILL, said
    assert world.fired() == 1
    # An answer is lost on its way: it was done, and nobody says so.
    world.faults({"match": "POST /interaction/v1/events", "status": "drop_answer", "times": 1})
    after = world.activate()
    assert after.records == 0, after.counts
    assert (after.actions["journeys"].total, after.actions["journeys"].done) == (0, len(wanted)), after.held
    entered = world.entries()
    assert sorted(e["contact"] for e in entered) == sorted(json.loads(p)["contact_key"] for _, p in wanted)
    assert world.fired() == len(wanted)

    # Warm people stand in the data extension, as the marts have them.
    ours = dict(world.ask('select record_id, "LeadScore" from reverse_sync.sync_marketing_cloud__people'))
    rows = world.rows(PEOPLE).values()
    assert {row["ContactKey"]: int(row["LeadScore"]) for row in rows} == ours

    # So do accounts in an extension of the team's own.
    accounts = dict(
        world.ask("select account_id, upper(name) from marts.unified_accounts where name is not null")
    )
    assert {row["AccountId"]: row["Title"] for row in world.rows("accounts").values()} == accounts

    # And so does an object of HubSpot's that is the portal's own.
    installed = "select serial_number, installation_name from raw_hubspot.custom_installations"
    custom = dict(world.ask(installed, "warehouse"))
    held = {row["SerialNumber"]: row["Title"] for row in world.rows("installations").values()}
    assert held == custom != {}

    # Somebody opens what the journey sent, clicks, and meets its goal: touches after the next refresh.
    contact = entered[0]["contact"]
    person = next(
        p for p, k in world.ask("select person_id, subscriber_key from marts.subscribers") if k == contact
    )
    world.pass_an_hour()  # sooner, and a machine would have clicked
    world.do(do="open", contact=contact)
    world.do(do="click", contact=contact, url="https://www.northwind.example/demo")
    world.do(do="meet_goal", contact=contact, journey=JOURNEY)
    other = entered[1]["contact"]
    with open_marketing_cloud(world.settings) as client:
        entry = next(key for key, row in world.rows("crm-high-score").items() if row["ContactKey"] == other)
        stale = [{"EntryId": entry, "LeadScore": "1"}]
        assert upsert_some(client, "crm-high-score", ("EntryId",), stale)[0].ok
        # A row whose account nobody has any more; and a lead of the journey is converted.
        assert upsert_some(client, "accounts", ("AccountId",), [{"AccountId": "gone", "Title": "OLD"}])[0].ok
    lead = next(each["contact"] for each in entered[2:] if each["contact"].startswith("00Q"))
    world.converted = lead, world.convert(lead)
    # Somebody gets another name in Salesforce; `crm listen` writes Marketing Cloud's people in real time.
    named = next(
        row["ContactKey"] for row in world.rows(PEOPLE).values() if row["ContactKey"].startswith("003")
    )
    with open_salesforce(world.settings) as client:
        assert client.update_collection("Contact", [{"Id": named, "FirstName": "Zephyrine"}])[0].ok
    world.pass_an_hour()
    world.listen()
    [row] = [each for each in world.rows(PEOPLE).values() if each["ContactKey"] == named]
    assert row["FirstName"] == "Zephyrine"
    touches = world.ask(
        f"select touch_type, earns_credit, channel from marts.attribution_touchpoints "
        f"where person_id = '{person}' and (content = 'https://www.northwind.example/demo' "
        f"or content like 'Nurture%') order by 1"
    )
    assert touches == [
        ("email_click", True, "email"), ("email_open", False, "email"), ("journey_goal", False, "email"),
    ]  # fmt: skip
    columns = "emails_clicked, last_engaged_at is not null, journey_goals"
    clicked = world.ask(f"select {columns} from marts.unified_leads where person_id = '{person}'")
    assert clicked[0][0] >= 1
    assert clicked[0][1:] == (True, 1)
    # `crm listen` may come to a second round, which takes the others out again, before it is told to stop.
    journeys = (
        "select current_population + met_exit_criteria, cumulative_population, people_at_goal "
        "from marts.journeys where journey_key = 'crm-nurture'"
    )
    assert world.ask(journeys) == [(len(wanted) - 1, len(wanted), 1)]

    # What they did is a status of a campaign and a task, once; data that went stale in the journey is mended.
    with world.loop() as loop:
        assert loop.plan().to_do == 0
    campaign, _ = world.stored("salesforce", CAMPAIGN)[0]
    member = f"select Status from CampaignMember where CampaignId = '{campaign}' and "
    assert world.stored("salesforce", f"{member} '{contact}' in (ContactId, LeadId)") == [("Responded",)]
    task = "select count(*), min(WhoId) from Task where Subject like 'Wants a demo, from %'"
    assert world.stored("salesforce", task) == [(1, contact)]
    assert "gone" not in {row["AccountId"] for row in world.rows("accounts").values()}
    assert {e["contact"]: e["state"] for e in world.entries()}[other] == "exited"
    scores = dict(world.ask("select subscriber_key, lead_score from marts.unified_leads"))
    assert int(world.rows("crm-high-score")[entry]["LeadScore"]) == scores[other]


def test_a_paused_journey_and_an_expired_package_are_noticed_and_the_rest_goes_on(world):
    """After the test above: a plan made for a journey that does not take people says so and fires nothing."""
    journeys = world.ask("select journey_version_id from marts.journeys where journey_key = 'crm-nurture'")
    before = world.fired()
    token = world.settings.marketing_cloud
    assert token is not None
    with open_marketing_cloud(world.settings) as client:
        client.rest("POST", f"/interaction/v1/interactions/pause/{journeys[0][0]}", json={}, write=True)
    world.refresh()
    with world.loop() as loop:
        # The journal is forgotten here, so that everybody would be entered again.
        with loop.state.writing() as connection:
            from pipelines.state.tables import journal

            connection.execute(journal.delete().where(journal.c.operation == "journey_entry"))
        plan = loop.plan()
        held = [each.reason for each in plan.held if JOURNEY in each.reason]
    assert held
    assert all("Paused" in reason and "let nobody in" in reason for reason in held)
    assert world.fired() == before
    # The package expires: its tables keep what they had, the CRMs are read all the same.
    world.do(do="expire_package")
    with world.loop() as loop:
        extracted = loop.extract()
        stale = "select distinct vendor from ops.loads where status = 'stale'"
        with loop.warehouse.reading("work") as connection:
            assert connection.execute(stale).fetchall() == [("marketing_cloud",)]
    assert extracted.status == "partial"
    assert any("package has not expired" in note for note in extracted.notes), extracted.notes
    # Whatever made a call, and though it was killed or its answer lost: all are counted.
    assert world.asked() == world.calls_before + world.counted()


def test_the_history_of_a_lead_and_of_the_contact_it_became_is_one_person_s_and_both_are_billed(world):
    """After the refresh of the test above: that of `crm listen` lacks a contact to whom the round over few
    wrote before it had read them."""
    lead, became = world.converted
    keys = world.ask(
        "select subscriber_key, is_current_key, is_billed_twice, list_contains(journeys, 'crm-nurture') "
        f"from marts.subscribers where person_id = (select person_id from marts.subscribers "
        f"where subscriber_key = '{lead}') order by 2"
    )
    assert keys == [(lead, False, True, True), (became, True, True, False)]
