"""Consent, one subscription at a time: v3's status, subscribe and unsubscribe, v4's statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, objects, pages, requests
from sandbox.hubspot.records import Invalid

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

BASES = (
    "LEGITIMATE_INTEREST_PQL", "LEGITIMATE_INTEREST_CLIENT", "PERFORMANCE_OF_CONTRACT",
    "CONSENT_WITH_NOTICE", "NON_GDPR", "PROCESS_AND_STORE", "LEGITIMATE_INTEREST_OTHER",
)  # fmt: skip
STATES = ("SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED")
MOST = 100
Status = dict[str, Any]


def routes(hubspot: HubSpot) -> list[Route]:
    old, new = "/communication-preferences/v3", "/communication-preferences/{version}/statuses"
    return [
        *hubspot.route("GET", f"{old}/status/email/{{email}}", lambda call: _read_old(hubspot, call)),
        *hubspot.route("POST", f"{old}/subscribe", lambda call: _old(hubspot, call, "SUBSCRIBED")),
        *hubspot.route("POST", f"{old}/unsubscribe", lambda call: _old(hubspot, call, "UNSUBSCRIBED")),
        *hubspot.route("POST", f"{new}/batch/write", lambda call: _batch(hubspot, call)),
        *hubspot.route("POST", f"{new}/batch/unsubscribe-all/read", lambda call: _out(hubspot, call)),
        *hubspot.route("GET", f"{new}/{{email}}/unsubscribe-all", lambda call: _is_out(hubspot, call)),
        *hubspot.route("POST", f"{new}/{{email}}/unsubscribe-all", lambda call: _leave(hubspot, call)),
        *hubspot.route("GET", f"{new}/{{email}}", lambda call: _read(hubspot, call)),
        *hubspot.route("POST", f"{new}/{{email}}", lambda call: _write(hubspot, call)),
    ]


def known(hubspot: HubSpot, address: str) -> list[Status]:
    """What an address said."""
    rows = hubspot.store.rows(
        "select shown from subscription_statuses where recipient = ? order by type_id", (address.lower(),)
    )
    return pages.shown(rows)


def change_row(call: Call, portal: int, address: str, said: list[Status]) -> dict[str, Any]:
    """A row of the old API's timeline."""
    return {
        "timestamp": call.now, "portalId": portal, "recipient": address,
        "changes": [
            {"change": each["status"], "source": "SOURCE_PUBLIC_API", "portalId": portal,
             "subscriptionId": each["subscriptionId"], "changeType": "SUBSCRIPTION_STATUS"}
            for each in said
        ],
    }  # fmt: skip


def say(hubspot: HubSpot, call: Call, address: str, type_id: int, state: str, body: dict[str, Any]) -> Status:
    """Store one word of an address. Raises what HubSpot answers when it may not be said."""
    row = hubspot.store.row("select shown from subscription_types where id = ?", (type_id,))
    if row is None:
        raise errors.validation(call, f"Subscription {type_id} does not exist")
    before = next((each for each in known(hubspot, address) if each["subscriptionId"] == type_id), None)
    basis = body.get("legalBasis")
    if basis is not None and basis not in BASES:
        raise errors.validation(call, f"legalBasis must be one of {', '.join(BASES)}")
    if state == "SUBSCRIBED" and before and before["status"] == "UNSUBSCRIBED" and before["source"] not in (
        "SOURCE_PUBLIC_API",
    ):  # fmt: skip
        # Who left by themselves comes back by themselves only.
        raise errors.validation(call, f"{address} has unsubscribed and cannot be subscribed by an app")
    said = {
        "channel": "EMAIL", "source": "SOURCE_PUBLIC_API", "status": state, "subscriberIdString": address,
        "subscriptionId": type_id, "subscriptionName": orjson.loads(row[0])["name"],
        "timestamp": times.iso(call.now), "businessUnitId": 0, "legalBasis": basis,
        "legalBasisExplanation": body.get("legalBasisExplanation"),
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert or replace into subscription_statuses values (?, ?, ?)",
        (address, type_id, orjson.dumps(said)),
    )
    hubspot.store.db.execute(
        "insert into subscription_changes (at, shown) values (?, ?)",
        (call.now, orjson.dumps(change_row(call, hubspot.portal.id, address, [said]))),
    )
    call.change(
        "subscriptions",
        f"{address}:{type_id}",
        "update",
        "status",
        None if before is None else str(before["status"]),
        state,
    )
    call.records += 1
    return said


def _address(call: Call, text: Any) -> str:
    if not isinstance(text, str) or "@" not in text.strip("@") or len(text) > 254:
        raise errors.validation(call, f"Email address {str(text)[:80]} is invalid")
    return text.strip().lower()


def _type(call: Call, value: Any) -> int:
    found = requests.whole_id(value)
    if found is None:
        raise errors.validation(call, "subscriptionId must be a number")
    return found


def _old(hubspot: HubSpot, call: Call, state: str) -> Response:
    body = requests.body_of(call)
    address, type_id = _address(call, body.get("emailAddress")), _type(call, body.get("subscriptionId"))
    return answer(_as_old(say(hubspot, call, address, type_id, state, body)))


def _as_old(said: Status) -> dict[str, Any]:
    return {
        "id": str(said["subscriptionId"]), "name": said["subscriptionName"],
        "description": said["subscriptionName"], "status": said["status"],
        "sourceOfStatus": "SUBSCRIPTION_STATUS",
        "brandId": said["businessUnitId"], "preferenceGroupName": None, "legalBasis": said["legalBasis"],
        "legalBasisExplanation": said["legalBasisExplanation"],
    }  # fmt: skip


def _read_old(hubspot: HubSpot, call: Call) -> Response:
    address = _address(call, call.params["email"])
    found = [_as_old(each) for each in known(hubspot, address)]
    return answer({"recipient": address, "subscriptionStatuses": found})


def _channel(call: Call, said: Any) -> None:
    if said != "EMAIL":
        raise errors.validation(call, "channel must be EMAIL")


def _read(hubspot: HubSpot, call: Call) -> Response:
    _channel(call, call.query.get("channel"))
    found = known(hubspot, _address(call, call.params["email"]))
    return pages.done(call, found)


def _one(hubspot: HubSpot, call: Call, address: Any, body: dict[str, Any]) -> Status:
    _channel(call, body.get("channel"))
    state = body.get("statusState")
    if state not in STATES:
        raise errors.validation(call, f"statusState must be one of {', '.join(STATES)}")
    return say(hubspot, call, _address(call, address), _type(call, body.get("subscriptionId")), state, body)


def _write(hubspot: HubSpot, call: Call) -> Response:
    return answer(_one(hubspot, call, call.params["email"], requests.body_of(call)))


def _batch(hubspot: HubSpot, call: Call) -> Response:
    inputs = requests.inputs_of(call, requests.body_of(call), MOST)
    results = [_one(hubspot, call, each.get("subscriberIdString"), each) for each in inputs]
    return pages.done(call, results)


def _of_all(hubspot: HubSpot, call: Call, address: str) -> Status:
    """Whether an address left everything: the contact that has it says so."""
    contacts = hubspot.portal.type_of("contacts")
    contact = hubspot.records.get(contacts, address, "email") if contacts else None
    out = contact is not None and contact.props.get("hs_email_optout") == "true"
    said = known(hubspot, address)
    out = out or (bool(said) and all(each["status"] == "UNSUBSCRIBED" for each in said))
    stamp = max((each["timestamp"] for each in said), default=times.iso(call.now))
    return {
        "subscriberIdString": address, "channel": "EMAIL", "businessUnitId": 0, "timestamp": stamp,
        "wideStatusType": "PORTAL_WIDE", "status": "UNSUBSCRIBED" if out else "SUBSCRIBED",
    }  # fmt: skip


def _is_out(hubspot: HubSpot, call: Call) -> Response:
    _channel(call, call.query.get("channel"))
    found = _of_all(hubspot, call, _address(call, call.params["email"]))
    return pages.done(call, [found])


def _out(hubspot: HubSpot, call: Call) -> Response:
    _channel(call, call.query.get("channel"))
    inputs = requests.strings(call, requests.body_of(call), "inputs")
    if len(inputs) > MOST:
        raise errors.validation(call, f"The maximum number of inputs is {MOST}, not {len(inputs)}")
    results = []
    for each in inputs:
        address = _address(call, each)
        results.append({"subscriberIdString": address, "statuses": [_of_all(hubspot, call, address)]})
    return pages.done(call, results)


def _leave(hubspot: HubSpot, call: Call) -> Response:
    """Out of every subscription, as the batch of one."""
    _channel(call, call.query.get("channel"))
    address = _address(call, call.params["email"])
    found = unsubscribe(hubspot, call, [address])
    return pages.done(call, found[0]["statuses"] if call.says("verbose") else [])


def unsubscribe(hubspot: HubSpot, call: Call, addresses: list[str]) -> list[Status]:
    """Take addresses off every subscription; contacts that have them show it."""
    types = pages.shown(hubspot.store.rows("select shown from subscription_types order by id"))
    portal, contacts = hubspot.portal.id, hubspot.portal.type_of("contacts")
    assert contacts is not None
    results = []
    for address in dict.fromkeys(each.strip().lower() for each in addresses):
        said = [_refusal(call, address, int(each["id"]), each["name"]) for each in types]
        for each in said:
            hubspot.store.db.execute(
                "insert or replace into subscription_statuses values (?, ?, ?)",
                (address, each["subscriptionId"], orjson.dumps(each)),
            )
        hubspot.store.db.execute(
            "insert into subscription_changes (at, shown) values (?, ?)",
            (call.now, orjson.dumps(change_row(call, portal, address, said))),
        )
        contact = hubspot.records.get(contacts, address, "email")
        if contact is not None and not contact.archived:
            try:
                hubspot.records.update(call, contact, {"hs_email_optout": True})
            except Invalid as problem:
                raise objects.invalid(hubspot, call, problem) from None
        results.append({"subscriberIdString": address, "statuses": said})
    call.records = len(results)
    return results


def _refusal(call: Call, address: str, type_id: int, name: str) -> dict[str, Any]:
    return {
        "channel": "EMAIL", "source": "SOURCE_PUBLIC_API", "status": "UNSUBSCRIBED",
        "subscriberIdString": address, "subscriptionId": type_id, "subscriptionName": name,
        "timestamp": times.iso(call.now), "businessUnitId": 0, "legalBasis": None,
        "legalBasisExplanation": None,
    }  # fmt: skip
