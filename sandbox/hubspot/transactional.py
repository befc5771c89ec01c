"""E-mails sent to one person by an app: transactional and marketing single sends, and SMTP tokens.

Nothing leaves this machine: a send is an e-mail event of the recipient, sent and delivered, or dropped with
HubSpot's reason.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, marketing, marketing_emails, numbers, objects, pages, requests
from sandbox.hubspot.marketing_emails import Json
from sandbox.hubspot.portal import EMAIL
from sandbox.hubspot.records import Conflict, Invalid

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists email_sends (
    id text primary key, send_id text, recipient text not null, shown blob not null) without rowid;
create index if not exists email_sends_once on email_sends (send_id) where send_id is not null;
create index if not exists email_sends_to on email_sends (recipient);
create table if not exists smtp_tokens (id integer primary key, shown blob not null)
"""
_TRANSACTIONAL, _MARKETING = "SINGLE_SEND_API", "MARKETING_SINGLE_SEND_API"


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    give, area, tokens = hubspot.versioned, "/marketing/transactional", "/smtp-tokens"
    once: list[Route] = []
    for path in (
        "/marketing/{version}/email/single-send",
        "/marketing/email-campaigns/{version}/single-send",
    ):
        once += hubspot.route("POST", path, lambda call: _send(hubspot, call, _MARKETING))
    statuses = "/marketing/{version}/email/send-statuses/{id}"
    return [
        *once,
        *hubspot.route("GET", statuses, lambda call: _status(hubspot, call)),
        *give("POST", area, "/single-email/send", lambda call: _send(hubspot, call, _TRANSACTIONAL)),
        *give("GET", area, tokens, lambda call: pages.by_after(call, hubspot.store, "smtp_tokens")),
        *give("POST", area, tokens, lambda call: _make_token(hubspot, call)),
        *give("GET", area, tokens + "/{id}", lambda call: answer(_token(hubspot, call))),
        *give("DELETE", area, tokens + "/{id}", lambda call: _drop_token(hubspot, call)),
        *give("POST", area, tokens + "/{id}/password-reset", lambda call: _new_password(hubspot, call)),
    ]


def _address(call: Call, said: Any) -> str:
    """`ann@x.org`, or `Ann <ann@x.org>`."""
    text = str(said or "").strip()
    text = text[text.rfind("<") + 1 : -1] if text.endswith(">") else text
    if not EMAIL.fullmatch(text):
        raise errors.validation(call, f"Invalid email address: {text[:80]}")
    return text.lower()


def _send(hubspot: HubSpot, call: Call, kind: str) -> Response:
    body = requests.body_of(call)
    message = body.get("message")
    if not isinstance(message, dict) or body.get("emailId") is None:
        raise errors.validation(call, "Some required fields were not set: [emailId, message]")
    found = marketing_emails.find(hubspot, call, body["emailId"])
    if found is None or found[2]:
        raise errors.error(call, 404, f"No email with id {str(body['emailId'])[:20]}", "OBJECT_NOT_FOUND")
    email = found[0]
    if not email["isPublished"] or email["type"] != kind:
        raise errors.validation(call, f"Email {email['id']} is not a published e-mail of type {kind}")
    to, send_id = _address(call, message.get("to")), message.get("sendId")
    known = send_id and hubspot.store.row("select 1 from email_sends where send_id = ?", (str(send_id),))
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, call.request_id))
    stamp = times.iso(call.now)
    told: Json = {
        "statusId": own,
        "requestedAt": stamp,
        "startedAt": stamp,
        "completedAt": stamp,
        "status": "COMPLETE",
    }
    if known:
        told["sendResult"] = "IDEMPOTENT_IGNORE"
    else:
        _know(hubspot, call, to, body.get("contactProperties"))
        reason = "" if kind == _TRANSACTIONAL else _refusal(hubspot, to)
        event = _events(hubspot, call, email, message, to, reason)
        told |= {"sendResult": reason or "SENT", "eventId": {"id": event, "created": stamp}}
    hubspot.store.db.execute(
        "insert into email_sends values (?, ?, ?, ?)",
        (own, None if known or not send_id else str(send_id), to, orjson.dumps(told)),
    )
    call.change("email-sends", own, "create", "sendResult", None, str(told["sendResult"]))
    return answer({"statusId": own, "requestedAt": stamp, "status": "PENDING"})


def _know(hubspot: HubSpot, call: Call, to: str, said: Any) -> None:
    """The contact with what the send says of it, made where there is none."""
    wanted = requests.properties_of(call, {"properties": said if said is not None else {}})
    kind = hubspot.portal.type_of("contacts")
    assert kind is not None
    record = hubspot.records.get(kind, to, "email")
    try:
        if record is None:
            hubspot.records.create(call, kind, {**wanted, "email": to})
        elif wanted:
            hubspot.records.update(call, record, wanted)
    except (Invalid, Conflict) as problem:
        raise objects.invalid(hubspot, call, problem) from None


def _refusal(hubspot: HubSpot, to: str) -> str:
    """Why a marketing e-mail is not sent to somebody."""
    kind = hubspot.portal.type_of("contacts")
    contact = hubspot.records.get(kind, to, "email") if kind else None
    is_out = contact is not None and contact.props.get("hs_email_optout") == "true"
    return "PREVIOUSLY_UNSUBSCRIBED_PORTAL" if is_out else ""


def _events(hubspot: HubSpot, call: Call, email: Json, message: Json, to: str, reason: str) -> str:
    """What happens of a send, as e-mail events; the id of the first."""
    campaign = int(email["primaryEmailCampaignId"])
    first: Json = {}
    kinds: list[tuple[str, Json]] = [
        (
            "SENT",
            {"subject": email["subject"], "from": str(message.get("from") or email["from"].get("replyTo"))},
        ),
        ("DROPPED", {"dropReason": reason}) if reason else ("DELIVERED", {"response": "250 2.0.0 OK"}),
    ]
    for place, (kind, more) in enumerate(kinds):
        own = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call.request_id}:{place}")), "created": call.now}
        shown = {
            **own, "type": kind, "recipient": to, "portalId": hubspot.portal.id, "appId": 113,
            "appName": "Batch", "emailCampaignId": campaign, **more, **({"sentBy": first} if first else {}),
        }  # fmt: skip
        hubspot.store.db.execute(
            "insert into email_events values (?, ?, ?, ?, ?, ?)",
            (own["id"], call.now, kind, to, campaign, orjson.dumps(shown)),
        )
        call.change("email-events", str(own["id"]), "create", "type", None, kind)
        first = first or own
    call.records += 1
    return str(first["id"])


def _status(hubspot: HubSpot, call: Call) -> Response:
    return answer(marketing.one(hubspot, call, "email_sends"))


def _make_token(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    name = body.get("campaignName")
    if not isinstance(name, str) or not name.strip() or not isinstance(body.get("createContact"), bool):
        raise errors.validation(call, "Some required fields were not set: [campaignName, createContact]")
    number = numbers.following(hubspot.store, "smtp_tokens")
    shown = {
        "id": str(number), "campaignName": name.strip(), "createContact": body["createContact"],
        "createdAt": times.iso(call.now), "createdBy": "marketing@northwind.example",
        "emailCampaignId": str(numbers.following(hubspot.store, "email_campaigns", first=880_000)),
    }  # fmt: skip
    campaign = {
        "id": int(shown["emailCampaignId"]), "appId": 113, "appName": "Batch", "name": name.strip(),
        "subject": "", "type": "SMTP_TOKEN", "numIncluded": 0, "counters": {}, "lastUpdatedTime": call.now,
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert into email_campaigns values (?, ?, ?)", (campaign["id"], call.now, orjson.dumps(campaign))
    )
    hubspot.store.db.execute("insert into smtp_tokens values (?, ?)", (number, orjson.dumps(shown)))
    call.change("smtp-tokens", str(number), "create", "campaignName", None, name.strip())
    return answer(shown | {"password": _password(call)}, 201)


def _password(call: Call) -> str:
    """Told once, and good for nothing: no server here takes it."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"smtp {call.request_id}").hex


def _token(hubspot: HubSpot, call: Call) -> Json:
    found: Json = marketing.one(hubspot, call, "smtp_tokens")
    return found


def _drop_token(hubspot: HubSpot, call: Call) -> Response:
    shown = _token(hubspot, call)
    hubspot.store.db.execute("delete from smtp_tokens where id = ?", (int(shown["id"]),))
    numbers.removed(hubspot.store, "smtp_tokens", int(shown["id"]))
    call.change("smtp-tokens", shown["id"], "delete", "campaignName", shown["campaignName"], None)
    return Response(status_code=204)


def _new_password(hubspot: HubSpot, call: Call) -> Response:
    return answer(_token(hubspot, call) | {"password": _password(call)})
