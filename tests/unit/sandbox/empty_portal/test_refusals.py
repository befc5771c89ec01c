"""What an empty portal refuses: ids and instants beyond what there is, what is only read."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot import oauth
from tests.unit.sandbox.empty_portal.conftest import ENGAGEMENTS, LISTS, TIE, Ask, contact


@pytest.mark.parametrize("ends", [("1", "9" * 30), ("9" * 30, "1")])
def test_an_id_longer_than_any_is_refused_where_associations_are_taken_off(
    ask: Ask, ends: tuple[str, str]
) -> None:
    wish = {"inputs": [{"from": {"id": ends[0]}, "to": [{"id": ends[1]}]}]}
    answer = ask("POST", "/crm/v4/associations/contacts/companies/batch/archive", wish)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


_FAR, _LATE = 2**64 - 1, 999_999_999_999_999


_WIDE = TIE | {"associationTypeId": _FAR}


_EARLY = "0001-01-01T00:00:00+14:00"


_RATE = {"fromCurrencyCode": "EUR", "conversionRate": 1, "effectiveAt": _EARLY}


_LABELS = "/crm/v4/associations/contacts/companies/labels"


_LIMITS = "/crm/v4/associations/definitions/configurations/contacts/companies/batch"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/companies/v2/domains/x.example/companies", {"offset": {"companyId": _FAR}}),
        ("POST", "/crm/v3/objects/contacts",
         {"properties": {"email": "n@x.example"}, "associations": [{"to": {"id": "1"}, "types": [_WIDE]}]}),
        ("POST", "/crm/v4/associations/contacts/companies/batch/labels/archive",
         {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}, "types": [_WIDE]}]}),
        *(("POST", "/crm/v4/associations/contacts/companies/batch/labels/archive",
           {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}, "types": [TIE | {"associationTypeId": n}]}]})
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
        ("POST", ENGAGEMENTS, {"engagement": {"type": "NOTE", "timestamp": _LATE}}),
        ("PUT", f"/webhooks/v3/{oauth.APP_ID}/settings", {"targetUrl": "http://[bad"}),
    ],
)  # fmt: skip
def test_a_number_or_instant_beyond_what_there_is_is_refused(
    ask: Ask, method: str, path: str, body: Any
) -> None:
    assert ask(method, path, body).status_code in (400, 404)


def test_a_row_error_where_somebody_leaves_everything_is_a_refusal(ask: Ask) -> None:
    contact(ask, "gone", "Oslo")
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
    someone = contact(ask, "first", "Oslo")
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
