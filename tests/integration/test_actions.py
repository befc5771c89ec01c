"""Tasks and notes in the sandbox over HTTP: made once, looked for when an answer is lost."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pipelines.clients.open import open_hubspot, open_salesforce
from tests.fixtures.actions import statements

from .conftest import Bench


def _wish(bench: Bench) -> list[dict[str, Any]]:
    return [
        {
            "action_key": f"{bench.settings.home.name}/task", "record_key": bench.key("hubspot", 0),
            "payload": {"subject": "Call her", "body": "She asked.", "priority": "high"},
        },
        {
            "action_key": f"{bench.settings.home.name}/note", "record_key": bench.key("hubspot", 0),
            "kind": "note", "object": "notes", "payload": {"body": "Came by webinar"},
        },
        {
            "action_key": f"{bench.settings.home.name}/lead", "record_key": bench.key("salesforce", 0),
            "vendor": "salesforce", "object": "Task", "payload": {"subject": "Call him", "priority": "high"},
        },
    ]  # fmt: skip


def _tasks(bench: Bench) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Our tasks and notes of the contact, and our tasks of the lead."""
    with open_hubspot(bench.settings) as hubspot:
        ours: list[dict[str, Any]] = []
        for name, body in (("tasks", "hs_task_body"), ("notes", "hs_note_body")):
            found = hubspot.associations("contacts", name, [bench.ids["hubspot"][0]])
            ids = [str(to["toObjectId"]) for each in found for to in each["to"]]
            wanted = ["hs_task_subject", "hs_task_priority", body]
            ours += [
                each["properties"]
                for each in hubspot.batch_read(name, ids, wanted)
                if bench.settings.home.name in (each["properties"].get(body) or "")
            ]
    with open_salesforce(bench.settings) as salesforce:
        who = bench.ids["salesforce"][0]
        soql = f"SELECT Subject, Priority, Description, ActivityDate FROM Task WHERE WhoId = '{who}'"
        rows = [row for page in salesforce.query_pages(soql) for row in page.records]
    return ours, [row for row in rows if bench.settings.home.name in (row["Description"] or "")]


@pytest.mark.parametrize("status", ["", "drop_answer", "reset"])
def test_tasks_and_notes_are_made_once_though_the_answer_is_lost(bench: Bench, status: str) -> None:
    bench.publish(*statements(*_wish(bench)))
    plan = bench.plan()
    if status:
        bench.crms.faults("(batch/create|POST .*composite/sobjects$)", status)
    done = bench.apply(plan)
    assert (done.rejected, done.unknown, done.held) == (0, 0, 0)
    at_hubspot, at_salesforce = _tasks(bench)
    assert sorted(str(each.get("hs_task_subject")) for each in at_hubspot) == ["Call her", "None"]
    (task,) = at_salesforce
    assert (task["Subject"], task["Priority"], task["ActivityDate"]) == ("Call him", "High", "2026-06-30")
    assert bench.plan().is_empty
    if not status:
        assert (done.calls, done.repair) == (plan.calls, 0)
    for url in bench.crms.urls.values():
        httpx.post(f"{url}/_sandbox/faults", json=[]).raise_for_status()
