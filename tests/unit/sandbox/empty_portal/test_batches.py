"""Batches to an empty portal whose inputs fail alone."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot import oauth
from tests.unit.sandbox.empty_portal.conftest import TIE, Ask, contact


def test_an_input_of_a_batch_whose_association_is_missing_fails_alone(ask: Ask) -> None:
    tie = [{"to": {"id": "999"}, "types": [TIE | {"associationTypeId": 279}]}]
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
         {"types": [TIE | {"associationTypeId": 279}]}),
        ("/crm/v4/associations/contacts/companies/batch/associate/default", {}),
    ],
)  # fmt: skip
def test_a_pair_of_a_batch_with_an_end_that_is_not_there_fails_alone(
    ask: Ask, path: str, wish: dict[str, Any]
) -> None:
    someone = contact(ask, "first", "Oslo")
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
