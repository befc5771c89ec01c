"""A form that is sent: its submission, its contact, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx

from tests.unit.sandbox.conftest import Running

SUBMIT = "/submissions/v3/integration/submit"


def send(shared: Running, said: dict[str, str], *, form: str = "", portal: str = "") -> Any:
    """As a web page does: without a token."""
    known = shared.hubspot.get("/marketing/v3/forms").json()["results"][0]["id"]
    own = shared.hubspot.get("/account-info/v3/details").json()["portalId"]
    fields = [{"name": name, "value": value} for name, value in said.items()]
    body = {"fields": fields, "context": {"pageUri": "https://x.example/demo"}}
    url = f"{str(shared.hubspot.base_url).rstrip('/')}{SUBMIT}/{portal or own}/{form or known}"
    return httpx.post(url, json=body)


def contact(shared: Running, email: str) -> dict[str, Any]:
    names = {"idProperty": "email", "properties": "firstname,num_conversion_events,first_conversion_date,"
             "recent_conversion_date,lifecyclestage"}  # fmt: skip
    found: dict[str, Any] = shared.hubspot.get(f"/crm/v3/objects/contacts/{email}", params=names).json()
    return found


def test_a_form_makes_its_contact_once_and_both_submissions_are_listed(shared: Running) -> None:
    email = "forms@form.example"
    for first in ("Ann", "Anne"):
        assert send(shared, {"email": email, "firstname": first, "unknown": "x"}).status_code == 200
    properties = contact(shared, email)["properties"]
    assert (properties["firstname"], properties["lifecyclestage"]) == ("Anne", "lead")
    assert properties["num_conversion_events"] == "2"
    form = shared.hubspot.get("/marketing/v3/forms").json()["results"][0]["id"]
    listed = shared.hubspot.get(f"/form-integrations/v1/submissions/forms/{form}").json()["results"][:2]
    assert [{v["name"]: v["value"] for v in each["values"]}["firstname"] for each in listed] == [
        "Anne",
        "Ann",
    ]


def test_what_cannot_be_sent_is_refused_and_makes_nobody(shared: Running) -> None:
    assert send(shared, {"firstname": "Nobody"}).json()["errors"][0]["errorType"] == "REQUIRED_FIELD"
    assert send(shared, {"email": "gone@form.example"}, form="none").status_code == 404
    assert send(shared, {"email": "gone@form.example"}, portal="1").status_code == 404
    assert "properties" not in contact(shared, "gone@form.example")
