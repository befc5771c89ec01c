"""Activities, campaigns and deletions in the sandbox over HTTP: done once, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pipelines.clients.hubspot import campaigns
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.reverse_sync.actions.activities import HubSpotActivity, SalesforceActivity
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.actions.campaign_members import CampaignMember
from pipelines.reverse_sync.actions.deletes import HubSpotDelete, SalesforceDelete
from pipelines.reverse_sync.actions.hubspot_records import HubSpotCreator
from pipelines.reverse_sync.destinations.hubspot import HubSpotDestination
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from tests.fixtures.actions import statements

from .conftest import Bench


def _rows(bench: Bench) -> list[dict[str, Any]]:
    """A call of HubSpot's as a task, a task of Salesforce's as one, and a campaign of Salesforce's."""
    name = bench.settings.home.name
    call = {"fields": {"Subject": f"Call {name}", "Status": "Completed", "ActivityDate": "2026-06-29"},
            "body": "Description", "who": bench.ids["salesforce"][0], "what": "", "source": "s"}  # fmt: skip
    task = {"fields": {"hs_task_subject": f"Task {name}", "hs_timestamp": "2026-06-30T09:00:00Z",
                       "hs_task_status": "NOT_STARTED"},
            "body": "hs_task_body", "who": bench.ids["hubspot"][0], "what": "", "source": "s"}  # fmt: skip
    new = {"properties": {"hs_name": f"Fair {name}"}, "key": "k", "key_field": "hs_notes", "types": {}}
    about = {"due_at": None, "rule": "activities.yml"}
    return [
        {"action_key": f"{name}/call", "record_key": bench.key("salesforce", 0), "vendor": "salesforce",
         "kind": "activity", "object": "Task", "payload": call, **about},
        {"action_key": f"{name}/task", "record_key": bench.key("hubspot", 0), "kind": "activity",
         "object": "tasks", "payload": task, **about},
        {"action_key": f"{name}/fair", "record_key": "salesforce:o:Campaign:1", "kind": "create_record",
         "object": "campaigns", "payload": new, **about},
    ]  # fmt: skip


def _made(bench: Bench) -> tuple[int, int, int]:
    """Salesforce tasks, HubSpot tasks and campaigns of this test."""
    name = bench.settings.home.name
    with open_salesforce(bench.settings) as org:
        soql = f"SELECT Id, Description FROM Task WHERE Subject = 'Call {name}'"
        calls = [row for page in org.query_pages(soql) for row in page.records]
    assert all(f"[crm:{name}/call]" in row["Description"] for row in calls)
    with open_hubspot(bench.settings) as portal:
        found = portal.associations("contacts", "tasks", [bench.ids["hubspot"][0]])
        ids = [str(to["toObjectId"]) for each in found for to in each["to"]]
        texts = [row["properties"] for row in portal.batch_read("tasks", ids, ["hs_task_body"])]
        fairs = campaigns.named(portal, f"fair {name}", ["hs_notes"])
    tasks = [each for each in texts if f"[crm:{name}/task]" in (each["hs_task_body"] or "")]
    return len(calls), len(tasks), len(fairs)


@pytest.mark.parametrize("status", ["", "drop_answer", "reset"])
def test_each_is_made_once_though_the_answer_is_lost(bench: Bench, status: str) -> None:
    bench.publish(*statements(*_rows(bench)))
    plan = bench.plan()
    if status:
        bench.crms.faults("(POST .*batch/create|POST .*composite/sobjects$|POST .*/campaigns/[^/]+$)", status)
    done = bench.apply(plan)
    assert (done.rejected, done.unknown, done.held) == (0, 0, 0)
    assert _made(bench) == (1, 1, 1)
    assert bench.plan().is_empty
    for url in bench.crms.urls.values():
        httpx.post(f"{url}/_sandbox/faults", json=[]).raise_for_status()


def test_a_campaign_that_is_there_by_name_is_the_partner(bench: Bench) -> None:
    name = bench.settings.home.name
    with open_hubspot(bench.settings) as portal:
        there = campaigns.create(portal, {"hs_name": f"FAIR {name} "})
        row = next(each for each in _rows(bench) if each["object"] == "campaigns")
        [made] = HubSpotCreator(HubSpotDestination(portal)).send([_action(row)])
        assert (made.ok, made.id, made.code) == (True, there, "LINKED")
        campaigns.create(portal, {"hs_name": f"Fair {name}"})
        [doubtful] = HubSpotCreator(HubSpotDestination(portal)).send([_action(row)])
        assert (doubtful.ok, doubtful.code) == (False, "MORE_THAN_ONE")


def _action(row: dict[str, Any]) -> Action:
    return Action(row["action_key"], "s", row["kind"], row.get("vendor", "hubspot"), row["object"],
                  row["record_key"], "", row["payload"], (), "mirrored", "r", "", "compensable")  # fmt: skip


def test_what_was_made_is_removed_unless_somebody_worked_on_it(bench: Bench) -> None:
    call, task, fair = map(_action, _rows(bench))
    with open_hubspot(bench.settings) as portal, open_salesforce(bench.settings) as org:
        at_hubspot, at_salesforce = HubSpotDestination(portal), SalesforceDestination(org)
        for handler, action, edit in (
            (SalesforceActivity(at_salesforce), call, _ticked(org)),
            (HubSpotActivity(at_hubspot), task, _done(portal)),
            (HubSpotCreator(at_hubspot), fair, _moved(portal)),
        ):
            [made] = handler.send([action])
            edit(str(made.id))
            [kept] = handler.undo([(action, str(made.id))])
            assert (kept.ok, kept.code) == (False, "CHANGED_BY_OTHERS"), action
            [other] = handler.send([_again(action)])
            [gone] = handler.undo([(_again(action), str(other.id))])
            assert gone.ok
    assert _made(bench)[:2] == (1, 1)


def _again(action: Action) -> Action:
    """The same once more, under another name where a name is unique."""
    payload = dict(action.payload)
    if "properties" in payload:
        payload["properties"] = {"hs_name": payload["properties"]["hs_name"] + " again"}
    return Action(**{**vars(action), "payload": payload})


def _ticked(org: SalesforceClient) -> Callable[[str], object]:
    return lambda i: org.update_collection("Task", [{"Id": i, "Status": "In Progress"}])


def _done(portal: HubSpotClient) -> Callable[[str], object]:
    return lambda i: portal.batch_update("tasks", [{"id": i, "properties": {"hs_task_status": "COMPLETED"}}])


def _moved(portal: HubSpotClient) -> Callable[[str], object]:
    return lambda i: campaigns.update(portal, [{"id": i, "properties": {"hs_name": "Moved"}}])


def test_a_member_moves_forward_only_and_to_statuses_the_campaign_has_or_may_get(bench: Bench) -> None:
    with open_salesforce(bench.settings) as org:
        [campaign] = org.create_collection("Campaign", [{"Name": f"Members {bench.settings.home.name}"}])
        handler = CampaignMember(SalesforceDestination(org))

        def said(status: str, *, create: bool = False, forced: bool = False) -> tuple[bool, str]:
            payload = {"campaign": campaign.id, "status": status, "create_status": create, "forced": forced,
                       "order": ["Sent", "Waiting", "Responded"]}  # fmt: skip
            row = {"action_key": f"m {status} {create} {forced}", "kind": "campaign_member",
                   "vendor": "salesforce", "object": "CampaignMember",
                   "record_key": bench.key("salesforce", 1), "payload": payload}  # fmt: skip
            [done] = handler.send([_action(row)])
            return done.ok, done.code

        def held() -> list[str]:
            soql = f"SELECT Status FROM CampaignMember WHERE CampaignId = '{campaign.id}'"
            return [str(row["Status"]) for page in org.query_pages(soql) for row in page.records]

        assert said("Waiting") == (False, "NO_SUCH_STATUS")
        assert said("Waiting", create=True) == (True, "")
        assert held() == ["Waiting"]
        assert said("Sent", create=True) == (True, "WAS_THERE")
        assert held() == ["Waiting"]
        assert said("Responded", create=True) == (True, "WAS_THERE"), "undo does not take such a member away"
        assert held() == ["Responded"]
        assert said("Sent", forced=True) == (True, "WAS_THERE")
        assert held() == ["Sent"]


def test_a_deletion_is_found_done_and_doing_it_again_is_no_failure(bench: Bench) -> None:
    with open_hubspot(bench.settings) as portal, open_salesforce(bench.settings) as org:
        at_hubspot, at_salesforce = HubSpotDestination(portal), SalesforceDestination(org)
        for handler, vendor, name in (
            (SalesforceDelete(at_salesforce), "salesforce", "Lead"),
            (HubSpotDelete(at_hubspot), "hubspot", "contacts"),
        ):
            key = bench.key(vendor, 5)
            action = Action(
                "d", "s", "delete_record", vendor, name, key, "", {}, (), "mirrored", "r", "", "final"
            )
            assert handler.look_up([action])[0].id == ""
            assert handler.send([action])[0].ok
            assert handler.look_up([action])[0].id == bench.ids[vendor][5]
            assert handler.send([action])[0].ok


def test_a_plan_with_a_deletion_stops_until_the_guard_says_how_many(bench: Bench) -> None:
    row = {"action_key": f"{bench.settings.home.name}/gone", "kind": "delete_record", "object": "contacts",
           "record_key": bench.key("hubspot", 4), "payload": {"deleted": "x"}, "due_at": None}  # fmt: skip
    bench.publish(*statements(row))
    assert any("delete_record (the guard allows 0)" in sentence for sentence in bench.plan().stopped)
    syncs = bench.settings.config_dir / "syncs.yml"
    syncs.write_text("guards: {actions: {kinds: {delete_record: 1}}}\n" + syncs.read_text())
    assert bench.plan().stopped == ()
