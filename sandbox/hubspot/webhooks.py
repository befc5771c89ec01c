"""Webhooks: an app's target and subscriptions, and deliveries signed as HubSpot signs them, with retries.

What is delivered is read from the write log, so an event is there for every stored change and none besides.
A delivery that fails is tried again up to ten times in the next 24 hours of the world's time. Only
addresses on
this machine are called. Simplified: deliveries go out one after the other, subscriptions are one app's.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.clock import real_ms
from sandbox.hubspot import changes, errors, oauth, pages, requests

if TYPE_CHECKING:
    import httpx

    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists webhook_subscriptions (
    id integer primary key, type text not null, property text, active integer not null, created integer
    not null);
create table if not exists webhook_queue (
    seq integer primary key, events blob not null, attempt integer not null, due integer not null)
"""
MOST_EVENTS, TIMEOUT, MOST_SUBSCRIPTIONS = 100, 5.0, 1_000
RETRIES = tuple(m * times.MINUTE for m in (1, 3, 10, 30, 60, 120, 180, 240, 300, 360))
"""How long after a failure the next attempt is: ten within 24 hours."""
_NEEDS_PROPERTY = ".propertyChange"
SUBJECTS = ("contact", "company", "deal", "ticket", "product", "line_item", "object")
"""What events are about: six types by their names, any other as an `object` with its `objectTypeId`."""
_CONVERSATIONS = ("creation", "deletion", "privacyDeletion", "propertyChange", "newMessage")
"""What may be subscribed to of conversations, of which nothing is ever told."""


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    columns = [row[1] for row in hubspot.store.rows("pragma table_info(webhook_subscriptions)")]
    if "object_type" not in columns:  # a portal that was made before objects could be subscribed to
        hubspot.store.script("alter table webhook_subscriptions add column object_type text")
    found: list[Route] = []
    settings, subscriptions = "/webhooks/{version}/{app}/settings", "/webhooks/{version}/{app}/subscriptions"
    give = hubspot.route
    found += give("GET", settings, lambda call: _settings(hubspot, call))
    found += give("PUT", settings, lambda call: _set(hubspot, call))
    found += give("DELETE", settings, lambda call: _unset(hubspot, call))
    found += give("GET", subscriptions, lambda call: _list(hubspot, call))
    found += give("POST", subscriptions, lambda call: _subscribe(hubspot, call))
    found += give("POST", subscriptions + "/batch/update", lambda call: _switch_many(hubspot, call))
    found += give("GET", subscriptions + "/{id}", lambda call: answer(_one(hubspot, call)))
    found += give("PATCH", subscriptions + "/{id}", lambda call: _switch(hubspot, call))
    found += give("DELETE", subscriptions + "/{id}", lambda call: _unsubscribe(hubspot, call))
    return found


def _checked(hubspot: HubSpot, call: Call) -> None:
    if call.params["app"] != str(oauth.APP_ID):
        raise errors.not_found(call)


def _settings(hubspot: HubSpot, call: Call) -> Response:
    _checked(hubspot, call)
    target = hubspot.store.value("select value from meta where key = 'webhook_target'")
    if not target:
        raise errors.not_found(call)
    return answer(orjson.loads(target))


def is_here(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _set(hubspot: HubSpot, call: Call) -> Response:
    _checked(hubspot, call)
    body = requests.body_of(call)
    url, throttling = str(body.get("targetUrl") or ""), body.get("throttling")
    if not url.startswith(("https://", "http://")) or not is_here(url):
        raise errors.validation(
            call, "targetUrl must be an address on this machine: nothing leaves the sandbox"
        )
    if not isinstance(throttling, dict):
        throttling = {"maxConcurrentRequests": 10, "period": "SECONDLY"}
    stamp = times.iso(call.now)
    shown = {"targetUrl": url, "throttling": throttling, "createdAt": stamp, "updatedAt": stamp}
    if not hubspot.store.value("select 1 from meta where key = 'webhook_at'"):
        # What happened before there was anybody to tell is not told.
        last = hubspot.store.value("select coalesce(max(seq), 0) from writes")
        hubspot.store.set_meta("webhook_at", str(last))
    hubspot.store.set_meta("webhook_target", orjson.dumps(shown).decode())
    return answer(shown)


def _unset(hubspot: HubSpot, call: Call) -> Response:
    _checked(hubspot, call)
    hubspot.store.db.execute("delete from meta where key in ('webhook_target', 'webhook_at')")
    hubspot.store.db.execute("delete from webhook_queue")
    return Response(status_code=204)


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    named = {"propertyName": row[2]} if row[2] else {}
    named |= {"objectTypeId": row[5]} if row[5] else {}
    stamp = times.iso(row[4])
    return {
        "id": str(row[0]), "eventType": row[1], **named, "active": bool(row[3]), "createdAt": stamp,
        "updatedAt": stamp,
    }  # fmt: skip


def _list(hubspot: HubSpot, call: Call) -> Response:
    _checked(hubspot, call)
    rows = hubspot.store.rows(
        "select id, type, property, active, created, object_type from webhook_subscriptions order by id"
    )
    return answer({"results": [_shown(row) for row in rows]})


def _one(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    _checked(hubspot, call)
    row = hubspot.store.row(
        "select id, type, property, active, created, object_type from webhook_subscriptions where id = ?",
        (requests.whole_id(call.params["id"]),),
    )
    if row is None:
        raise errors.not_found(call)
    return _shown(row)


def _subscribe(hubspot: HubSpot, call: Call) -> Response:
    _checked(hubspot, call)
    body = requests.body_of(call)
    kind, name = str(body.get("eventType") or ""), body.get("propertyName")
    subject, _, what = kind.partition(".")
    known = what in changes.WEBHOOK.values() and subject in SUBJECTS
    if what == "privacyDeletion":
        known = subject == "contact"
    if not known and (subject != "conversation" or what not in _CONVERSATIONS):
        raise errors.validation(call, f"{kind[:60]} is not a type of event")
    typed = hubspot.portal.type_of(str(body.get("objectTypeId"))) if subject == "object" else None
    if subject == "object" and typed is None:
        raise errors.validation(call, "objectTypeId must be a type of objects for events of object.*")
    if kind.endswith(_NEEDS_PROPERTY) and (not isinstance(name, str) or not name or name in changes.UNTOLD):
        raise errors.validation(call, "propertyName must be a property that can be subscribed to")
    count = int(hubspot.store.value("select count(*) from webhook_subscriptions"))
    if count >= MOST_SUBSCRIPTIONS:
        raise errors.validation(call, f"There are {MOST_SUBSCRIPTIONS} subscriptions already")
    hubspot.store.db.execute(
        "insert into webhook_subscriptions (type, property, active, created, object_type) "
        "values (?, ?, ?, ?, ?)",
        (
            kind,
            name if kind.endswith(_NEEDS_PROPERTY) else None,
            body.get("active") is True,
            call.now,
            None if typed is None else typed.type_id,
        ),
    )
    call.params = {**call.params, "id": str(hubspot.store.value("select last_insert_rowid()"))}
    return answer(_one(hubspot, call), 201)


def _switch(hubspot: HubSpot, call: Call) -> Response:
    shown = _one(hubspot, call)
    active = requests.body_of(call).get("active") is True
    hubspot.store.db.execute(
        "update webhook_subscriptions set active = ? where id = ?", (active, int(shown["id"]))
    )
    return answer(shown | {"active": active})


def _switch_many(hubspot: HubSpot, call: Call) -> Response:
    _checked(hubspot, call)
    results, problems = [], []
    for item in requests.inputs_of(call, requests.body_of(call), MOST_EVENTS):
        call.params = {**call.params, "id": str(item.get("id"))}
        try:
            shown = _one(hubspot, call) | {"active": item.get("active") is True}
        except Refused as refused:
            problems.append(errors.of_row(refused, ids=[call.params["id"][:40]]))
            continue
        hubspot.store.db.execute(
            "update webhook_subscriptions set active = ? where id = ?", (shown["active"], int(shown["id"]))
        )
        results.append(shown)
    return pages.done(call, results, problems)


def _unsubscribe(hubspot: HubSpot, call: Call) -> Response:
    shown = _one(hubspot, call)
    hubspot.store.db.execute("delete from webhook_subscriptions where id = ?", (int(shown["id"]),))
    return Response(status_code=204)


def signed(secret: str, url: str, body: bytes, at: int) -> dict[str, str]:
    """The headers that prove a delivery, in both versions of the signature."""
    text = b"POST" + url.encode() + body + str(at).encode()
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json", "User-Agent": "HubSpot Connect 2.0",
        "X-HubSpot-Signature": hashlib.sha256(secret.encode() + body).hexdigest(),
        "X-HubSpot-Signature-Version": "v1", "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": str(at),
    }  # fmt: skip


async def deliver(hubspot: HubSpot) -> None:
    """Deliver for as long as the server runs: whenever something was written, and when a retry is due."""
    async with _Sender() as sender:
        while True:
            hubspot.written.clear()
            if hubspot.store.value("select 1 from meta where key = 'webhook_target'"):
                with hubspot.store.transaction():
                    _queue(hubspot)
                await _send_due(hubspot, sender)
            await _send_of_flows(hubspot, sender)
            try:
                await asyncio.wait_for(hubspot.written.wait(), 0.5)
            except TimeoutError:
                continue


class _Sender:
    """A client that is made with the first that is sent: its import is much of what the server's start takes,
    and most worlds send nothing."""

    _client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> _Sender:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def is_taken(self, method: str, url: str, secret: str, body: bytes, *, below: int) -> bool:
        """Whether somebody answered with a status `below`. Whoever checks the signature compares its time
        with the machine's clock, not with the world's."""
        import httpx

        self._client = self._client or httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        headers = signed(secret, url, body, real_ms())
        try:
            reply = await self._client.request(method, url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):  # an address that is none is nobody's
            return False
        return reply.status_code < below


def _queue(hubspot: HubSpot) -> None:
    """Put what was written since into batches, as far as somebody subscribed to it."""
    after = int(hubspot.store.value("select value from meta where key = 'webhook_at'") or 0)
    wanted: dict[tuple[str, str | None, str | None], list[int]] = {}
    for own, kind, name, typed in hubspot.store.rows(
        "select id, type, property, object_type from webhook_subscriptions where active = 1 order by id"
    ):
        wanted.setdefault((kind, name, typed), []).append(own)
    some = changes.writes(hubspot, after, 10_000)
    events = []
    for write in some:
        if not changes.is_of_record(hubspot, write):
            continue
        for kind, event in changes.webhook_events(hubspot, write):
            for own in wanted.get((kind, event.get("propertyName"), event.get("objectTypeId")), ()):
                head = {"subscriptionId": own, "subscriptionType": kind, "appId": oauth.APP_ID}
                events.append(event | head | {"attemptNumber": 0})
    for at in range(0, len(events), MOST_EVENTS):
        hubspot.store.db.execute(
            "insert into webhook_queue (events, attempt, due) values (?, 0, ?)",
            (orjson.dumps(events[at : at + MOST_EVENTS]), hubspot.clock.now()),
        )
    if some:
        hubspot.store.set_meta("webhook_at", str(some[-1]["seq"]))


async def _send_of_flows(hubspot: HubSpot, sender: _Sender) -> None:
    """What workflows send, each call until somebody takes it."""
    secret = oauth.credentials(hubspot.token)["client_secret"]
    for seq, method, url, body, attempt in hubspot.store.rows(
        "select seq, method, url, body, attempt from flow_calls where due <= ? order by seq limit 50",
        (hubspot.clock.now(),),
    ):
        delivered = await sender.is_taken(method, url, secret, body, below=500)
        _settle(hubspot, "flow_calls", seq, attempt, delivered=delivered)


async def _send_due(hubspot: HubSpot, sender: _Sender) -> None:
    secret = oauth.credentials(hubspot.token)["client_secret"]
    for seq, blob, attempt in hubspot.store.rows(
        "select seq, events, attempt from webhook_queue where due <= ? order by seq limit 50",
        (hubspot.clock.now(),),
    ):
        target = hubspot.store.value("select value from meta where key = 'webhook_target'")
        if not target:
            return
        url = orjson.loads(target)["targetUrl"]
        body = orjson.dumps([event | {"attemptNumber": attempt} for event in orjson.loads(blob)])
        delivered = await sender.is_taken("POST", url, secret, body, below=400)
        _settle(hubspot, "webhook_queue", seq, attempt, delivered=delivered)


def _settle(hubspot: HubSpot, queue: str, seq: int, attempt: int, *, delivered: bool) -> None:
    """Done with, or due again later."""
    with hubspot.store.transaction():
        if delivered or attempt >= len(RETRIES):
            hubspot.store.db.execute(f"delete from {queue} where seq = ?", (seq,))
        else:
            hubspot.store.db.execute(
                f"update {queue} set attempt = ?, due = ? where seq = ?",
                (attempt + 1, hubspot.clock.now() + RETRIES[attempt], seq),
            )
