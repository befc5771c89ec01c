"""A portal with nothing in it but what a test puts there, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import times
from sandbox.clock import Clock
from sandbox.hubspot import app, changes, list_filters, oauth
from sandbox.hubspot.portal import Portal, bring_up
from sandbox.store import Store
from sandbox.worlds import portal

NOW = times.parse("2026-06-30T12:00:00Z")
LISTS = "/crm/v3/lists"
Ask = Callable[..., httpx.Response]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "hubspot.sqlite")
    with made.transaction():
        portal.prepare(made, 1, NOW)
    yield made
    made.close()


@pytest.fixture
def ask(store: Store, tmp_path: Path) -> Iterator[Ask]:
    """Asks the portal: a method, an address, a body to send as JSON, further headers."""
    clock = Clock.create(tmp_path / "clock", NOW)
    transport = httpx.ASGITransport(app=app.application(store, clock, limited=False))
    headers = {"Authorization": f"Bearer {store.get_meta('token')}"}

    async def asked(method: str, path: str, body: Any, more: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://hs", headers=headers) as client:
            return await client.request(method, path, json=body, headers=more)

    yield lambda method, path, body=None, more=None: asyncio.run(asked(method, path, body, more or {}))
    clock.close()


def _contact(ask: Ask, name: str, city: str) -> str:
    properties = {"email": f"{name}@empty.example", "city": city}
    return str(ask("POST", "/crm/v3/objects/contacts", {"properties": properties}).json()["id"])


def _list(ask: Ask, name: str, condition: dict[str, Any]) -> str:
    branch = {"filterBranchType": "AND", "filterBranches": [], "filters": [condition]}
    wish = {"name": name, "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    answer = ask("POST", LISTS, wish)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["list"]["listId"])


_IN_OSLO = {
    "filterType": "PROPERTY", "property": "city",
    "operation": {"operationType": "STRING", "operator": "IS_EQUAL_TO", "value": "Oslo"},
}  # fmt: skip


def test_every_way_to_a_dynamic_list_tells_the_size_it_has_by_now(ask: Ask) -> None:
    _contact(ask, "first", "Oslo")
    own = _list(ask, "Oslo", _IN_OSLO)
    _contact(ask, "second", "Oslo")

    def sizes() -> set[str]:
        found = ask("POST", f"{LISTS}/search", {"additionalProperties": ["hs_list_size"]}).json()["lists"]
        found += ask("GET", f"{LISTS}?listIds={own}").json()["lists"]
        found += [ask("GET", f"{LISTS}/object-type-id/0-1/name/Oslo").json()["list"]]
        told = {each["additionalProperties"]["hs_list_size"] for each in found}
        return told | {str(ask("GET", f"{LISTS}/{own}").json()["list"]["size"])}

    assert ask("GET", f"{LISTS}/{own}/memberships").json()["total"] == 2
    assert [sizes(), sizes(), sizes()] == [{"2"}] * 3
    _contact(ask, "third", "Oslo")
    assert ask("GET", f"{LISTS}?listIds={own}").json()["lists"][0]["additionalProperties"] == {
        "hs_list_size": "3"
    }


def test_a_list_of_who_is_on_another_follows_the_other(ask: Ask) -> None:
    inner = _list(ask, "Inner", _IN_OSLO)
    outer = _list(ask, "Outer", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": inner})
    itself = str(int(outer) + 1)
    _list(ask, "Itself", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": itself})
    someone = _contact(ask, "someone", "Oslo")
    members = ask("GET", f"{LISTS}/{outer}/memberships").json()["results"]
    assert [each["recordId"] for each in members] == [someone]
    far = _list(ask, "Far", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "9" * 30})
    totals = [ask("GET", f"{LISTS}/{each}/memberships").json()["total"] for each in (inner, itself, far)]
    assert totals == [1, 0, 0]


@pytest.mark.parametrize("ends", [("1", "9" * 30), ("9" * 30, "1")])
def test_an_id_longer_than_any_is_refused_where_associations_are_taken_off(
    ask: Ask, ends: tuple[str, str]
) -> None:
    wish = {"inputs": [{"from": {"id": ends[0]}, "to": [{"id": ends[1]}]}]}
    answer = ask("POST", "/crm/v4/associations/contacts/companies/batch/archive", wish)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_look_at_a_dynamic_list_costs_what_was_written_since(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ids = list_filters._ids
    monkeypatch.setattr(
        list_filters, "_ids", lambda hs, sql, values: (asked.append(sql), ids(hs, sql, values))[1]
    )
    _contact(ask, "first", "Oslo")
    own = _list(ask, "Oslo", _IN_OSLO)
    outer = _list(ask, "Outer", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": own})
    asked.clear()
    second = _contact(ask, "second", "Bergen")
    ask("POST", "/crm/v3/objects/companies", {"properties": {"name": "Elsewhere"}})

    def totals() -> list[int]:
        return [ask("GET", f"{LISTS}/{each}/memberships").json()["total"] for each in (own, outer)]

    assert totals() == [1, 1]
    assert all(f"id in ({second})" in sql for sql in asked)
    asked.clear()
    ask("POST", "/crm/v3/objects/companies", {"properties": {"name": "Another"}})
    assert (totals(), asked) == ([1, 1], [])
    ask("PATCH", f"/crm/v3/objects/contacts/{second}", {"properties": {"city": "Oslo"}})
    assert totals() == [2, 2]
    ask("DELETE", f"/crm/v3/objects/contacts/{second}")
    assert totals() == [1, 1]


def test_a_list_that_turns_static_holds_whom_its_filters_met_on_the_day(ask: Ask) -> None:
    own, day = _list(ask, "Oslo", _IN_OSLO), {"conversionType": "CONVERSION_DATE", "year": 2026, "month": 7}
    ask("PUT", f"{LISTS}/{own}/schedule-conversion", day | {"day": 2})
    in_time = _contact(ask, "intime", "Oslo")
    ask("POST", "/_sandbox/clock", {"now": "2026-07-03T00:00:00Z"})
    _contact(ask, "late", "Oslo")
    assert ask("GET", f"{LISTS}/{own}").json()["list"]["processingType"] == "SNAPSHOT"
    members = ask("GET", f"{LISTS}/{own}/memberships").json()["results"]
    assert [each["recordId"] for each in members] == [in_time]
    refused = ask("PUT", f"{LISTS}/{own}/update-list-filters", {"filterBranch": {"filterBranchType": "OR"}})
    assert refused.status_code == 400


def test_the_sizes_of_a_list_count_from_who_is_on_it(ask: Ask, store: Store) -> None:
    ids = [_contact(ask, name, "Oslo") for name in ("a", "b", "c")]
    wish = {"name": "Picked", "objectTypeId": "0-1", "processingType": "MANUAL"}
    own = ask("POST", LISTS, wish).json()["list"]["listId"]
    for each in ids[:2]:  # who is there from the beginning of the world
        store.db.execute("insert into list_members values (?, ?, ?)", (int(own), int(each), NOW))
    history = f"{LISTS}/{own}/size-and-edits-history/between?startDate=2020-01-01&endDate=2030-01-01"

    def last() -> int:
        return int(ask("GET", history).json()["sizeHistory"][-1]["size"])

    ask("PUT", f"{LISTS}/{own}/memberships/remove", ids[:1])
    assert last() == 1
    ask("PUT", f"{LISTS}/{own}/memberships/add", ids)
    assert last() == 3
    ask("DELETE", f"{LISTS}/{own}/memberships")
    assert last() == 0


_FAR, _LATE = 2**64 - 1, 999_999_999_999_999
_TIE = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _FAR}
_EARLY = "0001-01-01T00:00:00+14:00"
_RATE = {"fromCurrencyCode": "EUR", "conversionRate": 1, "effectiveAt": _EARLY}
_ENGAGEMENTS = "/engagements/v1/engagements"
_LABELS = "/crm/v4/associations/contacts/companies/labels"
_LIMITS = "/crm/v4/associations/definitions/configurations/contacts/companies/batch"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/companies/v2/domains/x.example/companies", {"offset": {"companyId": _FAR}}),
        ("POST", "/crm/v3/objects/contacts",
         {"properties": {"email": "n@x.example"}, "associations": [{"to": {"id": "1"}, "types": [_TIE]}]}),
        ("POST", "/crm/v4/associations/contacts/companies/batch/labels/archive",
         {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}, "types": [_TIE]}]}),
        *(("POST", "/crm/v4/associations/contacts/companies/batch/labels/archive",
           {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}, "types": [_TIE | {"associationTypeId": n}]}]})
          for n in (True, 1.0)),
        ("PUT", _LABELS, {"associationTypeId": _FAR, "label": "L"}),
        ("DELETE", f"{_LABELS}/{'9' * 30}", None),
        ("POST", f"{_LIMITS}/create", {"inputs": [{"typeId": _FAR, "maxToObjectIds": 1}]}),
        ("POST", f"{_LIMITS}/create", {"inputs": [{"typeId": 1, "maxToObjectIds": _FAR}]}),
        ("POST", f"{_LIMITS}/purge", {"inputs": [{"typeId": _FAR}]}),
        ("DELETE", f"/crm-object-schemas/v3/schemas/contacts/associations/{'9' * 30}", None),
        ("POST", "/settings/v3/currencies/exchange-rates", _RATE),
        ("POST", "/crm/v3/objects/notes", {"properties": {"hs_timestamp": _EARLY}}),
        ("POST", "/crm/v3/objects/notes", {"properties": {"hs_timestamp": _LATE}}),
        ("POST", "/crm/v3/objects/calls", {"properties": {"hs_call_duration": "1e400"}}),
        ("POST", _ENGAGEMENTS, {"engagement": {"type": "NOTE", "timestamp": _LATE}}),
        ("PUT", f"/webhooks/v3/{oauth.APP_ID}/settings", {"targetUrl": "http://[bad"}),
    ],
)  # fmt: skip
def test_a_number_or_instant_beyond_what_there_is_is_refused(
    ask: Ask, method: str, path: str, body: Any
) -> None:
    assert ask(method, path, body).status_code in (400, 404)


def _text(operator: str, **more: Any) -> dict[str, Any]:
    operation = {"operationType": "STRING", "operator": operator, **more}
    return {"filterType": "PROPERTY", "property": "city", "operation": operation}


@pytest.mark.parametrize(
    ("branch", "members"),
    [
        ({"filters": 5}, 0),
        ({"filterBranches": 5}, 0),
        ({"filters": [_text("IS_AFTER", timePoint={"year": "x", "month": 1, "day": 1})]}, 0),
        ({"filters": [_text("IS_AFTER", value="9" * 30) | {"property": "createdate"}]}, 0),
        ({"filters": [_text("CONTAINS", values=[f"os{n}" for n in range(1_200)] + ["OSL"])]}, 1),
        ({"filters": [_text("DOES_NOT_CONTAIN", values=[f"os{n}" for n in range(1_200)])]}, 1),
        ({"filters": [_text("DOES_NOT_CONTAIN", values=["x", "osl"])]}, 0),
        ({"filters": [_IN_OSLO] * 1_200}, 1),
    ],
    ids=range(8),
)
def test_a_list_whose_filters_make_no_sense_or_are_very_many_is_worked_out_all_the_same(
    ask: Ask, branch: dict[str, Any], members: int
) -> None:
    _contact(ask, "one", "Oslo")
    wish = {"filterBranchType": "AND", "filters": [], "filterBranches": []} | branch
    made = ask("POST", LISTS, {"name": "L", "objectTypeId": "0-1", "processingType": "DYNAMIC",
                               "filterBranch": wish})  # fmt: skip
    if made.status_code == 200:
        found = ask("GET", f"{LISTS}/{made.json()['list']['listId']}/memberships")
        assert (found.status_code, found.json()["total"]) == (200, members)
    else:
        assert (made.status_code, members) == (400, 0)


def test_folders_of_lists_are_five_deep_and_no_deeper(ask: Ask) -> None:
    folders = f"{LISTS}/folders"

    def made(parent: str) -> httpx.Response:
        return ask("POST", folders, {"name": "F", "parentFolderId": parent})

    chain, loose = ["0"], str(made("0").json()["folder"]["id"])
    for _ in range(5):
        chain.append(str(made(chain[-1]).json()["folder"]["id"]))
    assert made(chain[-1]).status_code == 400
    assert made(loose).status_code == 200
    assert [ask("PUT", f"{folders}/{loose}/move/{parent}").status_code for parent in chain[3:5]] == [200, 400]


def test_a_row_error_where_somebody_leaves_everything_is_a_refusal(ask: Ask) -> None:
    _contact(ask, "gone", "Oslo")
    path = "/communication-preferences/v4/statuses/gone@empty.example/unsubscribe-all?channel=EMAIL"
    answer = ask("POST", path, None, {"X-Sandbox-Fault": "row_error"})
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_only_searches_of_objects_and_lists_count_as_searches(ask: Ask) -> None:
    limited = {"x-hubspot-ratelimit-max"}
    searched = ask("POST", "/crm/objects/2026-03/contacts/search", {})
    listed = ask("POST", f"{LISTS}/search", {})
    events = ask("GET", "/marketing/v3/marketing-events/events/search?q=x")
    assert [limited & set(each.headers) for each in (searched, listed, events)] == [set(), set(), limited]


def test_answers_to_a_survey_are_read_and_not_written(ask: Ask) -> None:
    area, item = "/crm/v3/objects/feedback_submissions", {"properties": {"hs_survey_type": "NPS"}}
    batches = [("POST", f"{area}/batch/{verb}", {"inputs": [item | {"id": "1"}]})
               for verb in ("create", "update", "upsert", "archive")]  # fmt: skip
    one = [("POST", area, item), ("PATCH", f"{area}/1", item), ("DELETE", f"{area}/1", None)]
    assert {ask(*each).status_code for each in (*one, *batches)} == {405}
    assert ask("GET", area).status_code == ask("POST", f"{area}/search", {}).status_code == 200


def test_an_export_names_its_type_in_capitals_too(ask: Ask) -> None:
    wish = {"exportType": "VIEW", "exportName": "E", "objectProperties": ["email"], "objectType": "CONTACT"}
    assert ask("POST", "/crm/v3/exports/export/async", wish).status_code == 202


def test_a_type_of_ones_own_takes_no_name_of_hubspots(ask: Ask) -> None:
    someone = _contact(ask, "first", "Oslo")
    for name in ("contact", "schemas"):
        labels = {"singular": name, "plural": name}
        made = ask("POST", "/crm-object-schemas/v3/schemas", {
            "name": name, "labels": labels, "primaryDisplayProperty": "title",
            "requiredProperties": ["title"], "associatedObjects": [],
            "properties": [{"name": "title", "label": "T", "type": "string", "fieldType": "text"}],
        })  # fmt: skip
        assert made.status_code in (200, 201), made.text
    found = ask("GET", "/crm/v3/objects/contact").json()["results"]
    assert [each["id"] for each in found] == [someone]
    journal = "/webhooks-journal"
    wish = {"objectTypeId": "schemas", "subscriptionType": "OBJECT"}
    assert ask("POST", f"{journal}/subscriptions/2026-03", wish).status_code == 201
    link = ask("GET", f"{journal}/journal/2026-03/latest").json()["url"]
    assert ask("GET", link.removeprefix("http://hs")).json()["journalEvents"] == []


@pytest.mark.parametrize(
    ("plural", "paths"),
    [
        ("tickets", ["/crm-objects/v1/objects/tickets/paged"]),
        ("companies", ["/companies/v2/companies/paged", "/companies/v2/companies/recent/modified"]),
        ("contacts", ["/contacts/v1/lists/all/contacts/all", "/contacts/v1/lists/all/contacts/recent",
                      "/contacts/v1/search/query?q=late"]),
        ("notes", [f"{_ENGAGEMENTS}/paged", f"{_ENGAGEMENTS}/recent/modified",
                   f"{_ENGAGEMENTS}/modified/after"]),
    ],
)  # fmt: skip
def test_the_old_lists_do_not_show_rows_that_are_late(ask: Ask, plural: str, paths: list[str]) -> None:
    named = {
        "tickets": {"subject": "late", "hs_pipeline": "0", "hs_pipeline_stage": "1"},
        "companies": {"name": "late", "domain": "late.example"},
        "contacts": {"email": "late@x.example"},
        "notes": {"hs_timestamp": "2026-06-30T12:00:00Z"},
    }

    def rows() -> list[int]:
        keys = ("objects", "companies", "contacts", "results")
        found = [ask("GET", path).json() for path in paths]
        if plural == "companies":
            found.append(ask("POST", "/companies/v2/domains/late.example/companies", {}).json())
        return [len(next(each[key] for key in keys if key in each)) for each in found]

    wish, late = {"properties": named[plural]}, {"X-Sandbox-Fault": "late_rows"}
    assert ask("POST", f"/crm/v3/objects/{plural}", wish, late).status_code == 201
    assert set(rows()) == {0}
    ask("POST", f"/crm/v3/objects/{plural}", {"properties": named[plural] | (
        {"email": "late2@x.example"} if plural == "contacts" else {})})  # fmt: skip
    assert set(rows()) == {1}


def test_an_input_of_a_batch_whose_association_is_missing_fails_alone(ask: Ask) -> None:
    tie = [{"to": {"id": "999"}, "types": [_TIE | {"associationTypeId": 279}]}]
    inputs: list[dict[str, Any]] = [
        {"objectWriteTraceId": own, "properties": {"email": f"{own}@x.example"}} for own in ("a", "b")
    ]
    inputs[1]["associations"] = tie
    answer = ask("POST", "/crm/v3/objects/contacts/batch/create", {"inputs": inputs})
    told = answer.json()
    assert (answer.status_code, told["numErrors"], len(told["results"])) == (207, 1, 1)
    assert told["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert told["errors"][0]["context"] == {"objectWriteTraceId": ["b"]}
    assert ask("GET", "/crm/v3/objects/contacts/b@x.example?idProperty=email").status_code == 404


@pytest.mark.parametrize(
    ("path", "wish"),
    [
        ("/crm/v3/associations/contacts/companies/batch/create", {"type": "contact_to_company"}),
        ("/crm/v4/associations/contacts/companies/batch/create",
         {"types": [_TIE | {"associationTypeId": 279}]}),
        ("/crm/v4/associations/contacts/companies/batch/associate/default", {}),
    ],
)  # fmt: skip
def test_a_pair_of_a_batch_with_an_end_that_is_not_there_fails_alone(
    ask: Ask, path: str, wish: dict[str, Any]
) -> None:
    someone = _contact(ask, "first", "Oslo")
    company = ask("POST", "/crm/v3/objects/companies", {"properties": {"name": "C"}}).json()["id"]
    inputs = [wish | {"from": {"id": someone}, "to": {"id": end}} for end in ("999", company)]
    told = ask("POST", path, {"inputs": inputs})
    assert (told.status_code, told.json()["numErrors"]) == (207, 1)
    assert told.json()["errors"][0]["context"] == {"fromObjectId": [someone], "toObjectId": ["999"]}
    there = ask("GET", f"/crm/v4/objects/contacts/{someone}/associations/companies").json()["results"]
    assert [str(each["toObjectId"]) for each in there] == [company]


def test_a_subscription_that_is_not_there_fails_alone_in_a_batch(ask: Ask) -> None:
    area = f"/webhooks/v3/{oauth.APP_ID}/subscriptions"
    own = ask("POST", area, {"eventType": "contact.creation", "active": False}).json()["id"]
    inputs = [{"id": each, "active": True} for each in ("999", own)]
    told = ask("POST", f"{area}/batch/update", {"inputs": inputs})
    assert (told.status_code, told.json()["numErrors"]) == (207, 1)
    assert ask("GET", f"{area}/{own}").json()["active"] is True


def test_rates_made_by_the_batch_are_told_with_their_times(ask: Ask) -> None:
    wish = {"inputs": [{"fromCurrencyCode": "EUR", "conversionRate": 1.1}]}
    told = ask("POST", "/settings/v3/currencies/exchange-rates/batch/create", wish).json()
    assert {"status", "results", "startedAt", "completedAt"} <= set(told)


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
    person, firms = _contact(ask, "tied", "Oslo"), [_company(ask, name) for name in "abcd"]
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
    person, other = _contact(ask, "lead", "Oslo"), _contact(ask, "other", "Oslo")
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


def test_properties_made_by_a_batch_that_is_refused_are_as_they_were_before(ask: Ask) -> None:
    base = {"label": "L", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    area = "/crm/v3/properties/contacts"
    ask("POST", area, base | {"name": "old"})
    ask("DELETE", f"{area}/old")
    names = [base | {"name": name} for name in ("old", "fresh", "email")]
    assert ask("POST", f"{area}/batch/create", {"inputs": names}).status_code == 409
    assert ask("GET", f"{area}/old?archived=true").status_code == 200
    assert ask("GET", f"{area}/fresh").status_code == 404
    ask("POST", "/_sandbox/faults", [{"match": area, "status": "noop", "times": 1}])
    assert ask("POST", area, base | {"name": "fresh"}).status_code == 201
    assert ask("GET", f"{area}/fresh").status_code == 404


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
    person, firms = _contact(ask, "tied", "Oslo"), [_company(ask, f"F{n}") for n in range(7)]
    inputs = [{"from": {"id": person}, "to": {"id": each}} for each in firms]
    ask("POST", "/crm/v4/associations/contacts/companies/batch/associate/default", {"inputs": inputs})
    found, after, pages = [], "0", 0
    while after:
        path = f"/crm/{version}/objects/contacts/{person}/associations/companies?limit=3&after={after}"
        page = ask("GET", path).json()
        found += [str(each.get("toObjectId") or each["id"]) for each in page["results"]]
        after, pages = page.get("paging", {}).get("next", {}).get("after", ""), pages + 1
    assert (list(dict.fromkeys(found)), pages) == (firms, 3)
