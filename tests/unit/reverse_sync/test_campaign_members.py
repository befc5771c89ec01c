"""Whoever comes to a list, leaves it and comes again: what each run wants of the campaign."""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import pytest

from pipelines.errors import ConfigError
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.actions.campaign_members import _is_there
from pipelines.reverse_sync.mirror.campaign_members import wish

FILE = """
order: [Sent, Responded, Registered]
members:
  - {list: Scans, campaign: Fair, status: Responded, removed: No Show}
  - {list: Guests, campaign: Fair, status: Sent}
  - {form: Sign up, campaign: Fair, status: Registered}
"""


class Team:
    """One campaign, one list that sets a status on leaving, a form, and people with a lead each."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection, self.moments, self.keys = connection, 0, set[str]()
        for statement in (
            "create schema raw_salesforce; create schema raw_hubspot; create schema intermediate; "
            "create schema ops",
            "create table raw_salesforce.campaign as select 'C1' as Id, 'Fair' as Name",
            "create table raw_salesforce.campaign_member_status as select 'C1' as CampaignId, "
            "unnest(['Sent', 'Responded', 'Registered', 'No Show']) as Label",
            "create table raw_salesforce.contact (Id varchar, deleted_at timestamptz, IsDeleted boolean)",
            "create table raw_salesforce.lead (Id varchar, deleted_at timestamptz, IsDeleted boolean, "
            "IsConverted boolean)",
            "create table raw_salesforce.campaign_member (CampaignId varchar, LeadId varchar, "
            "ContactId varchar, Status varchar, deleted_at timestamptz, IsDeleted boolean)",
            "create table raw_hubspot.lists as select * from (values (7, 'Scans', 'MANUAL'), "
            "(8, 'Guests', 'SNAPSHOT'), (9, 'Hot', 'DYNAMIC')) as t(id, name, processing_type)",
            "create table raw_hubspot.list_members (list_id bigint, record_id varchar)",
            "create table raw_hubspot.forms as select 'F' as id, 'Sign up' as name",
            "create table raw_hubspot.form_submissions (form_id varchar, email varchar)",
            "create table raw_hubspot.contacts (id varchar, email varchar, deleted_at timestamptz, "
            "createdate timestamptz, hs_additional_emails varchar[])",
            "create table intermediate.int_person_members (person_id varchar, record_key varchar)",
            "create table ops.journal (person_id varchar, operation varchar, state varchar, "
            "after_value varchar, settled_at timestamptz)",
        ):
            connection.execute(statement)

    def person(self, name: str) -> None:
        self.connection.execute("insert into raw_salesforce.lead values (?, null, false, false)", [name])
        self.connection.execute(
            "insert into raw_hubspot.contacts values (?, ? || '@x.example', null, now(), "
            "['old.' || ? || '@x.example'])",
            [name, name, name],
        )
        for key in (f"salesforce:O:Lead:{name}", f"hubspot:P:contacts:{name}"):
            self.connection.execute("insert into intermediate.int_person_members values (?, ?)", [name, key])

    def listed(self, list_id: int, name: str) -> None:
        self.connection.execute("insert into raw_hubspot.list_members values (?, ?)", [list_id, name])

    def leaves(self, list_id: int, name: str) -> None:
        self.connection.execute(
            "delete from raw_hubspot.list_members where list_id = ? and record_id = ?", [list_id, name]
        )

    def run(self, config_dir) -> list[tuple[str, str]]:
        """Plan, and do what is due as the engine would: no key twice. Returns (person, status) of each."""
        wish(self.connection, config_dir)
        done = []
        for key, kind, person, payload in self.connection.execute(
            "select action_key, kind, person_id, payload "
            "from reverse_sync.actions_campaign_members order by 1"
        ).fetchall():
            if key in self.keys:
                continue
            self.keys.add(key)
            self.moments += 1
            said = json.loads(payload)
            self.connection.execute(
                "insert into ops.journal values (?, ?, 'confirmed', ?, timestamptz '2026-01-01 00:00:00+00' "
                "+ to_minutes(?))", [person, kind, payload, self.moments],
            )  # fmt: skip
            if "list" in said:
                self.listed(int(said["list"]), person)
            else:
                self.stands(person, said["status"])
            done.append((person, said.get("status") or said["list"]))
        return done

    def stands(self, name: str, status: str) -> None:
        self.connection.execute("delete from raw_salesforce.campaign_member where LeadId = ?", [name])
        self.connection.execute(
            "insert into raw_salesforce.campaign_member values ('C1', ?, null, ?, null, false)",
            [name, status],
        )


@pytest.fixture
def team(tmp_path) -> Iterator[Team]:
    (tmp_path / "campaign_members.yml").write_text(FILE)
    with duckdb.connect() as connection:
        yield Team(connection)


def test_whoever_rejoins_a_list_and_leaves_again_is_moved_each_time(team, tmp_path):
    team.person("ann")
    for _ in range(3):
        team.listed(7, "ann")
        assert team.run(tmp_path) == [("ann", "Responded")]
        assert team.run(tmp_path) == []
        team.leaves(7, "ann")
        assert team.run(tmp_path) == [("ann", "No Show")]
        assert team.run(tmp_path) == []


def test_whom_people_moved_after_they_left_is_left_alone(team, tmp_path):
    team.person("ann")
    team.listed(7, "ann")
    team.run(tmp_path)
    team.leaves(7, "ann")
    team.run(tmp_path)
    team.stands("ann", "Registered")
    assert team.run(tmp_path) == []


def test_a_status_outside_of_the_order_is_people_s_own(team, tmp_path):
    team.person("ann")
    team.listed(7, "ann")
    team.stands("ann", "Attended")
    assert team.run(tmp_path) == []
    payload = {"campaign": "C", "status": "Responded", "order": ["Sent", "Responded"], "left": ["No Show"]}
    action = Action("k", "s", "campaign_member", "salesforce", "CampaignMember", "", "", payload, (), "m",
                    "r", "", "compensable")  # fmt: skip
    assert [_is_there(action, each) for each in ("Sent", "No Show", "Attended", "Responded")] == [
        False, False, True, True
    ]  # fmt: skip


def test_leaving_one_list_says_nothing_of_those_who_came_another_way(team, tmp_path):
    for name in ("ann", "bob", "cyd"):
        team.person(name)
    team.listed(7, "ann")
    team.listed(8, "bob")
    # The contact that was merged into hers had filled the form in.
    team.connection.execute("insert into raw_hubspot.form_submissions values ('F', 'Old.Cyd@x.example')")
    assert team.run(tmp_path) == [("ann", "Responded"), ("bob", "Sent"), ("cyd", "Registered")]
    assert team.run(tmp_path) == []
    team.listed(8, "ann")
    team.leaves(7, "ann")
    rounds = [team.run(tmp_path) for _ in range(3)]
    assert rounds == [[("ann", "No Show")], [("ann", "Sent")], []], "the other list has her still"


def test_members_of_a_campaign_are_put_on_a_list_once(team, tmp_path):
    (tmp_path / "campaign_members.yml").write_text(
        "lists: [{campaign: Fair, statuses: [Responded, Registered], list: Guests}]"
    )
    for name, status in (("ann", "Responded"), ("bob", "Sent"), ("cyd", "Registered")):
        team.person(name)
        team.stands(name, status)
    team.listed(8, "cyd")
    assert team.run(tmp_path) == [("ann", "8")]
    team.stands("bob", "Responded")
    team.leaves(8, "ann")
    assert team.run(tmp_path) == [("bob", "8")], "whom people took off is not put on again"


def test_whom_two_campaigns_put_on_one_list_is_put_there_once(team, tmp_path):
    team.connection.execute("insert into raw_salesforce.campaign values ('X', 'Expo')")
    (tmp_path / "campaign_members.yml").write_text(
        "lists: [{campaign: Fair, list: Guests}, {campaign: Expo, list: Guests}]"
    )
    team.person("ann")
    team.stands("ann", "Responded")
    team.connection.execute(
        "insert into raw_salesforce.campaign_member select 'X', * exclude (CampaignId) "
        "from raw_salesforce.campaign_member"
    )
    assert team.run(tmp_path) == [("ann", "8")]


def test_a_list_that_hubspot_fills_itself_is_refused(team, tmp_path):
    (tmp_path / "campaign_members.yml").write_text("lists: [{campaign: Fair, list: Hot}]")
    with pytest.raises(ConfigError, match="HubSpot decides by itself who is on the list Hot"):
        team.run(tmp_path)
