"""What an empty portal tells of what was done: journal, associations, events, properties."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot import changes
from sandbox.hubspot.portal import Portal, bring_up
from sandbox.store import Store
from tests.unit.sandbox.empty_portal.conftest import NOW, Ask, contact


class _Known:
    """As much of the server as events are made of."""

    def __init__(self, store: Store) -> None:
        self.store, self.portal = store, Portal(store)


def _company(ask: Ask, name: str) -> str:
    return str(ask("POST", "/crm/v3/objects/companies", {"properties": {"name": name}}).json()["id"])


def _told(ask: Ask, kind: str) -> list[tuple[str, str, str]]:
    """What the journal has of associations of a type: action, and the two ends."""
    journal = "/webhooks-journal/journal/2026-03"
    url = ask("GET", f"{journal}/earliest").json()["url"].removeprefix("http://hs")
    events = ask("GET", url).json()["journalEvents"]
    return [
        (e["action"], str(e["objectId"]), str(e["toObjectId"]))
        for e in events
        if e["type"] == "association" and e["objectTypeId"] == kind
    ]


def test_every_association_of_a_request_is_told_from_both_ends_and_a_label_is_none(
    ask: Ask, store: Store
) -> None:
    person, firms = contact(ask, "tied", "Oslo"), [_company(ask, name) for name in "abcd"]
    for kind in ("0-1", "0-2"):
        subscription = {"subscriptionType": "ASSOCIATION", "objectTypeId": kind}
        ask("POST", "/webhooks-journal/subscriptions/2026-03", subscription)
    pair = "/crm/v4/associations/contacts/companies"
    inputs = [{"from": {"id": person}, "to": {"id": each}} for each in firms]
    assert ask("POST", f"{pair}/batch/associate/default", {"inputs": inputs}).status_code == 200
    added = "ASSOCIATION_ADDED"
    assert _told(ask, "0-1") == [(added, person, each) for each in firms]
    assert _told(ask, "0-2") == [(added, each, person) for each in firms]
    label = ask("POST", f"{pair}/labels", {"name": "payer", "label": "Payer"}).json()["results"][0]
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": label["typeId"]}]
    both = f"/crm/v4/objects/contacts/{person}/associations/companies/{firms[1]}"
    ask("PUT", both, types)
    ask("POST", f"{pair}/batch/labels/archive", {"inputs": [inputs[1] | {"types": types}]})
    assert _told(ask, "0-1")[len(firms) :] == [(added, person, firms[1])] * 2, "they stay associated"
    ask("PUT", both, [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}])
    assert (added, firms[0], person) in _told(ask, "0-2")[len(firms) :]  # is not the primary one any more
    ask("DELETE", both)
    removed = ("ASSOCIATION_REMOVED", firms[1], person)
    assert [each for each in _told(ask, "0-2") if each[0] != added] == [removed]
    known: Any = _Known(store)
    told = [
        event["associationRemoved"]
        for write in changes.writes(known, 0, 1000)
        for name, event in changes.webhook_events(known, write)
        if name == "company.associationChange" and str(event["fromObjectId"]) == firms[1]
    ]
    assert told == [False, False, False, False, True]


def test_a_lead_tells_its_primary_contact_as_it_is_by_now(ask: Ask) -> None:
    person, other = contact(ask, "lead", "Oslo"), contact(ask, "other", "Oslo")
    plain = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 608}]
    ties = [{"to": {"id": each}, "types": plain} for each in (person, other)]
    wish = {"properties": {"hs_lead_name": "One"}, "associations": ties}
    made = ask("POST", "/crm/v3/objects/leads", wish)
    assert made.status_code == 201, made.text
    lead = f"/crm/v3/objects/leads/{made.json()['id']}"

    def primary() -> tuple[str | None, int]:
        name = "hs_primary_contact_id"
        found = ask("GET", f"{lead}?properties={name}&propertiesWithHistory={name}").json()
        return found["properties"][name], len(found["propertiesWithHistory"][name])

    assert primary()[0] == person
    ask("DELETE", f"{lead.replace('v3', 'v4')}/associations/contacts/{person}")
    assert primary() == (None, 2)


def test_a_deleted_event_leaves_neither_its_id_nor_its_lists(ask: Ask, store: Store) -> None:
    area = "/marketing/v3/marketing-events/events"

    def event(name: str) -> str:
        wish = {"eventName": name, "eventOrganizer": "O", "externalAccountId": "a", "externalEventId": name}
        return str(ask("POST", area, wish).json()["objectId"])

    first = event("one")
    store.db.execute("insert into lists_of_events values (?, 1, ?)", (int(first), NOW))
    assert ask("DELETE", f"{area}/one?externalAccountId=a").status_code == 204
    assert int(event("two")) == int(first) + 1
    assert store.value("select count(*) from lists_of_events") == 0


def test_people_of_an_email_told_by_the_old_api_are_a_change_like_others(ask: Ask) -> None:
    base, mail = "/engagements/v1/engagements", {"from": {"email": "a@b.example"}, "subject": "S"}
    own = ask("POST", base, {"engagement": {"type": "EMAIL"}, "metadata": mail}).json()["engagement"]["id"]
    ask("POST", "/_sandbox/clock", {"advance_seconds": 60})
    answer = ask("PATCH", f"{base}/{own}", {"metadata": {"from": {"email": "c@d.example"}}})
    told = answer.json()["engagement"]
    assert told["lastUpdated"] > told["createdAt"]
    name = "hs_email_from_email"
    found = ask("GET", f"/crm/v3/objects/emails/{own}?propertiesWithHistory={name}").json()
    assert [each["value"] for each in found["propertiesWithHistory"][name]] == ["c@d.example", "a@b.example"]


def test_an_older_portal_gets_the_properties_that_came_later(store: Store) -> None:
    store.db.execute("delete from properties where name = 'hs_email_html'")
    bring_up(store)
    assert store.value("select count(*) from properties where name = 'hs_email_html'") == 1


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_pages_of_associations_hold_each_once(ask: Ask, version: str) -> None:
    person, firms = contact(ask, "tied", "Oslo"), [_company(ask, f"F{n}") for n in range(7)]
    inputs = [{"from": {"id": person}, "to": {"id": each}} for each in firms]
    ask("POST", "/crm/v4/associations/contacts/companies/batch/associate/default", {"inputs": inputs})
    found, after, pages = [], "0", 0
    while after:
        path = f"/crm/{version}/objects/contacts/{person}/associations/companies?limit=3&after={after}"
        page = ask("GET", path).json()
        found += [str(each.get("toObjectId") or each["id"]) for each in page["results"]]
        after, pages = page.get("paging", {}).get("next", {}).get("after", ""), pages + 1
    assert (list(dict.fromkeys(found)), pages) == (firms, 3)
