"""Duplicates merged in the CRMs: once, into the record that is kept, while both are what they were."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.reverse_sync.actions.merging import KNOWN_BY, seen
from tests.fixtures.actions import statements

from .conftest import Bench


def contacts(bench: Bench, ids: list[str]) -> dict[str, dict[str, Any]]:
    """What each id leads to."""
    with open_hubspot(bench.settings) as hubspot:
        names = [*KNOWN_BY["contacts"], "hs_merged_object_ids"]
        return {i: row for i in ids for row in hubspot.batch_read("contacts", [i], names)}


def leads(bench: Bench, ids: list[str], fields: str) -> dict[str, dict[str, Any]]:
    listed = ", ".join(f"'{i}'" for i in ids)
    soql = f"SELECT Id, {fields} FROM Lead WHERE Id IN ({listed})"
    with open_salesforce(bench.settings) as salesforce:
        return {
            str(row["Id"]): row
            for page in salesforce.query_pages(soql, all_rows=True)
            for row in page.records
        }


def wish(
    bench: Bench, vendor: str, kind: str, kept: str, gone: str, hashes: tuple[str, str]
) -> dict[str, Any]:
    payload = {
        "survivor_id": kept, "other_id": gone, "survivor_seen": hashes[0], "other_seen": hashes[1]
    }  # fmt: skip
    return {
        "action_key": f"{bench.settings.home.name}/{kind}/{kept}/{gone}", "sync": "merges", "kind": "merge",
        "vendor": vendor, "object": kind, "record_key": f"{vendor}:{bench.crms.orgs[vendor]}:{kind}:{kept}",
        "provider": "computed", "rule": "identity.yml", "reason": "one address", "payload": payload,
    }  # fmt: skip


@pytest.mark.parametrize("status", ["", "drop_answer"])
def test_contacts_are_merged_once_and_those_that_changed_since_are_not(bench: Bench, status: str) -> None:
    kept, gone, other, stale, *_ = bench.ids["hubspot"]
    before = contacts(bench, [kept, gone, other, stale])
    hashes = {i: seen("contacts", row["properties"]) for i, row in before.items()}
    bench.publish(
        *statements(
            wish(bench, "hubspot", "contacts", kept, gone, (hashes[kept], hashes[gone])),
            wish(bench, "hubspot", "contacts", other, stale, (hashes[other], hashes[kept])),
            wish(bench, "hubspot", "contacts", other, other, (hashes[other], hashes[other])),
            wish(bench, "hubspot", "deals", other, stale, (hashes[other], hashes[stale])),
        )
    )
    plan = bench.plan()
    assert sorted(each.reason for each in plan.held if each.sync == "merges") == [
        "a record is not merged with itself", "nothing here merges deals",
    ]  # fmt: skip
    if status:
        bench.crms.faults("POST .*contacts/merge$", status)
    done = bench.apply(plan)
    assert (done.rejected, done.unknown) == (1, 0)
    after = contacts(bench, [kept, gone, other, stale])
    assert after[kept]["id"] == after[gone]["id"]
    mails = [before[i]["properties"]["email"] for i in (kept, gone)]
    assert after[kept]["properties"]["email"] == (mails[0] or mails[1])
    assert {kept, gone} <= set(after[kept]["properties"]["hs_merged_object_ids"].split(";"))
    assert (after[other]["id"], after[stale]["id"]) == (other, stale)


@pytest.mark.parametrize("status", ["", "drop_answer"])
def test_leads_are_merged_and_what_was_empty_in_the_one_that_is_kept_is_filled(
    bench: Bench, status: str
) -> None:
    kept, first, second, stale = sorted(bench.ids["salesforce"][:4])  # done in the order of their keys
    with open_salesforce(bench.settings) as salesforce:
        salesforce.update_collection("Lead", [
            {"Id": kept, "Title": None, "City": "Porto", "State": None, "MobilePhone": None},
            {"Id": first, "Title": "First", "City": "Lyon", "State": "Rhone", "MobilePhone": None},
            {"Id": second, "Title": "Second", "City": "Bonn", "State": "NRW", "MobilePhone": "+49 228 1"},
        ])  # fmt: skip
    before = leads(bench, [kept, first, second, stale], "FirstName, LastName, Email")
    hashes = {i: seen("Lead", row) for i, row in before.items()}
    bench.publish(
        *statements(
            wish(bench, "salesforce", "Lead", kept, first, (hashes[kept], hashes[first])),
            wish(bench, "salesforce", "Lead", kept, second, (hashes[kept], hashes[second])),
            wish(bench, "salesforce", "Lead", kept, stale, (hashes[kept], hashes[first])),
        )
    )
    plan = bench.plan()
    if status:
        bench.crms.faults("POST .*/Soap/u/.*", status)
    done = bench.apply(plan)
    assert done.unknown == 0
    after = leads(
        bench, [kept, first, second, stale], "IsDeleted, MasterRecordId, Title, City, State, MobilePhone"
    )
    assert [(after[i]["IsDeleted"], after[i]["MasterRecordId"]) for i in (first, second, stale)] == [
        (True, kept), (True, kept), (False, None),
    ]  # fmt: skip
    mine = after[kept]
    filled = (mine["Title"], mine["City"], mine["State"], mine["MobilePhone"])
    assert filled == ("First", "Porto", None, "+49 228 1")
