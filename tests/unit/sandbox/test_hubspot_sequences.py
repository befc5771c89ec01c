"""Sequences: who is put in, who is refused, what it says afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.conftest import Running

from .flows import made_contact

SEQUENCES = "/automation/v4/sequences"


@pytest.fixture(scope="module")
def sender(shared: Running) -> dict[str, str]:
    owner = next(o for o in shared.hubspot.get("/crm/v3/owners").json()["results"] if o.get("userId"))
    return {"userId": str(owner["userId"]), "email": owner["email"]}


def _enrol(portal: Running, sender: dict[str, str], contact: str, **more: Any) -> Any:
    sequence = portal.hubspot.get(SEQUENCES, params={"userId": sender["userId"]}).json()["results"][0]["id"]
    body = {"sequenceId": sequence, "contactId": contact, "senderEmail": sender["email"], **more}
    return portal.hubspot.post(f"{SEQUENCES}/enrollments", params={"userId": sender["userId"]}, json=body)


def test_a_contact_is_enrolled_once_and_shows_in_which_sequence(
    shared: Running, sender: dict[str, str]
) -> None:
    contact = made_contact(shared, "once")
    assert shared.hubspot.get(f"{SEQUENCES}/enrollments/contact/{contact}").status_code == 404
    done = _enrol(shared, sender, contact)
    assert done.json()["toEmail"] == "once@enrol.example"
    assert _enrol(shared, sender, contact).status_code == 400
    shown = shared.hubspot.get(f"/automation/sequences/2026-03/enrollments/contact/{contact}").json()
    assert (shown["id"], shown["enrolledByEmail"]) == (done.json()["id"], sender["email"])
    assert [w["operation"] for w in shared.writes("hubspot", record_id=contact)][-1] == "enrol"


def test_nobody_is_enrolled_who_cannot_be_written_to(shared: Running, sender: dict[str, str]) -> None:
    assert _enrol(shared, sender, made_contact(shared, "out", hs_email_optout="true")).status_code == 400
    assert _enrol(shared, sender, "999999999").status_code == 404
    contact = made_contact(shared, "sender")
    assert _enrol(shared, sender, contact, senderEmail="stranger@enrol.example").status_code == 400
    assert _enrol(shared, sender, contact, sequenceId="1").status_code == 404
    assert shared.hubspot.post(f"{SEQUENCES}/enrollments", json={}).status_code == 400


def test_a_sequence_shows_its_steps_and_the_list_does_not(shared: Running, sender: dict[str, str]) -> None:
    listed = shared.hubspot.get(SEQUENCES, params={"userId": sender["userId"]}).json()
    assert "steps" not in listed["results"][0]
    one = shared.hubspot.get(f"{SEQUENCES}/{listed['results'][0]['id']}").json()
    assert [step["stepOrder"] for step in one["steps"]] == list(range(len(one["steps"])))
    assert shared.hubspot.get(SEQUENCES).status_code == 400
