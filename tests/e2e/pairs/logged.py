"""What sales log in both CRMs: calls, notes, tasks and meetings, about merged and converted people too.

Belongs here: these deeds. Edits, merges and deletions are `deeds.py`.
"""

from __future__ import annotations

from typing import Any

import httpx

from pipelines.clients.open import open_hubspot, open_salesforce
from tests.e2e.pairs.scenario import Scenario


def log(s: Scenario) -> None:
    """What sales did: a call and a note in HubSpot, tasks and a meeting in Salesforce."""
    now = httpx.get(f"{s.ready['hubspot']['url']}/_sandbox/clock").json()["now"]
    called, met = s.taken["called"], s.taken["met"]
    call = {"hs_call_title": "Roof quote", "hs_call_body": "<p>Wants slate</p>", "hs_timestamp": now,
            "hs_call_status": "COMPLETED", "hs_call_duration": "125000"}  # fmt: skip
    note = {"hs_note_body": "Prefers mornings", "hs_timestamp": now}
    joined = {**call, "hs_call_title": "Talked to the joined", "hs_call_body": ""}
    with open_hubspot(s.live) as hubspot:
        for name, kind, properties, ends in (
            ("call", "calls", call, _about(called[0], 194)), ("note", "notes", note, _about(met[0], 202)),
            ("call of merged", "calls", joined, _about(s.made["merged in HubSpot"], 194)),
        ):  # fmt: skip
            [row] = hubspot.batch_create(kind, [{"properties": properties, "associations": ends}])
            s.made[name] = str(row.id)
    task = {"WhoId": called[1], "Priority": "High", "ActivityDate": now[:10]}
    with open_salesforce(s.live) as salesforce:
        tasks = salesforce.create_collection("Task", [
            {"Subject": "Send slate samples", **task},
            {"Subject": "Chase the invoice", "Description": "Sent in May", **task},
            {"Subject": "Return the ladder", **task},
            {"Subject": "Measure both sheds", **task, "WhoId": s.right("merged in Salesforce")},
        ])  # fmt: skip
        [event] = salesforce.create_collection("Event", [
            {"Subject": "Site visit", "WhoId": met[1], "StartDateTime": now, "DurationInMinutes": 60,
             "EndDateTime": now, "Location": "Quay 4"}
        ])  # fmt: skip
    named = ("task", "invoice", "ladder", "task of merged")
    s.made |= dict(zip(named, (str(row.id) for row in tasks), strict=True))
    s.made["event"] = str(event.id)


def _about(contact: str, kind: int) -> list[dict[str, Any]]:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}]
    return [{"to": {"id": contact}, "types": types}]


def go_on_with_the_contact(s: Scenario, name: str) -> None:
    """A lead is converted, its contact edited, and in both CRMs somebody logs what they did about it."""
    s.org(do="convert", lead=s.right(name))
    contact = s.salesforce(name, "Lead")["ConvertedContactId"]
    now = httpx.get(f"{s.ready['hubspot']['url']}/_sandbox/clock").json()["now"]
    with open_salesforce(s.live) as salesforce:
        [row] = salesforce.update_collection("Contact", [{"Id": contact, "FirstName": "Wilhelmine"}])
        assert row.ok, row
        task = {"Subject": "Bring the contract", "WhoId": contact, "ActivityDate": now[:10]}
        [row] = salesforce.create_collection("Task", [task])
        assert row.ok, row
    call = {"hs_call_title": "Welcome call", "hs_timestamp": now, "hs_call_status": "COMPLETED"}
    with open_hubspot(s.live) as hubspot:
        [row] = hubspot.batch_create(
            "calls", [{"properties": call, "associations": _about(s.left(name), 194)}]
        )
        assert row.ok, row
