"""Change Data Capture over CometD: long polling, replay ids, gap events, 72 hours.

Events are cut from the write log, so there is one for every stored change; a replay id is a place in
that log.
What one transaction did to a record is one event, and records it changed alike share one. Simplified: every
object is captured. Absent: Pub/Sub over gRPC, enrichment, platform events.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import answer, parsed
from sandbox.salesforce import auth, values
from sandbox.salesforce.fields import SObject

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

RETAINED, MOST = 72 * times.HOUR, 500
POLL_SECONDS = 20.0
"""How long a connect waits for something to tell: real seconds, less than clients' own limits."""
_TYPES = {
    "create": "CREATE", "update": "UPDATE", "delete": "DELETE", "undelete": "UNDELETE", "purge": "GAP_DELETE",
    "convert": "UPDATE", "gap_create": "GAP_CREATE", "gap_update": "GAP_UPDATE", "gap_delete": "GAP_DELETE",
    "gap_overflow": "GAP_OVERFLOW",
}  # fmt: skip
_ALL = "/data/ChangeEvents"
Message = dict[str, Any]


@dataclass
class _Client:
    """Somebody who shook hands, and from where in the log each channel goes on."""

    channels: dict[str, int] = field(default_factory=dict)


@dataclass
class Hub:
    """Who listens."""

    clients: dict[str, _Client] = field(default_factory=dict)
    count: int = 0


def routes(sf: Salesforce) -> list[Route]:
    hub = Hub()

    async def post(request: Request) -> Response:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() not in ("bearer", "oauth") or not auth.is_live(sf, token):
            return answer([{"successful": False, "error": "401::Authentication invalid"}], 401)
        try:
            messages = parsed(await request.body())
        except orjson.JSONDecodeError:
            return answer([{"successful": False, "error": "400::The message is not JSON"}], 400)
        messages = [messages] if isinstance(messages, dict) else messages
        if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
            return answer([{"successful": False, "error": "400::A list of messages is wanted"}], 400)
        found: list[Message] = []
        ending = request.scope.get("sandbox.ending", threading.Event())
        for message in messages:
            found += await _answered(sf, hub, message, ending)
        return answer(found)

    paths = ("/cometd/{version}", "/cometd/{version}/{rest:path}")
    return [Route(path, post, methods=["POST"]) for path in paths]


async def _answered(sf: Salesforce, hub: Hub, message: Message, ending: threading.Event) -> list[Message]:
    channel, own = str(message.get("channel") or ""), str(message.get("clientId") or "")
    reply: Message = {"channel": channel, "successful": True}
    if message.get("id") is not None:
        reply["id"] = message["id"]
    if channel == "/meta/handshake":
        hub.count += 1
        own = hashlib.sha256(f"cometd {sf.org.id} {hub.count}".encode()).hexdigest()[:26]
        hub.clients[own] = _Client()
        return [reply | {
            "clientId": own, "version": "1.0", "minimumVersion": "1.0",
            "supportedConnectionTypes": ["long-polling"], "ext": {"replay": True, "payload.format": True},
            "advice": {"reconnect": "retry", "interval": 0, "timeout": int(POLL_SECONDS * 1000)},
        }]  # fmt: skip
    client = hub.clients.get(own)
    if client is None:
        advice = {"reconnect": "handshake", "interval": 0}
        return [reply | {"successful": False, "error": "403::Unknown client", "advice": advice}]
    reply["clientId"] = own
    if channel == "/meta/connect":
        return await _connected(sf, client, reply, ending)
    if channel == "/meta/subscribe":
        return [_subscribed(sf, client, message, reply)]
    if channel == "/meta/unsubscribe":
        client.channels.pop(str(message.get("subscription")), None)
        return [reply | {"subscription": message.get("subscription")}]
    if channel == "/meta/disconnect":
        hub.clients.pop(own, None)
        return [reply]
    return [reply | {"successful": False, "error": f"404::{channel[:80]} is no channel to publish on"}]


def _subscribed(sf: Salesforce, client: _Client, message: Message, reply: Message) -> Message:
    """From -1 what is new, from -2 all that is retained, else what follows a replay id."""
    name = str(message.get("subscription") or "")
    reply |= {"subscription": name}
    if name != _ALL and _object(sf, name) is None:
        return reply | {
            "successful": False,
            "error": f"403:denied_by_security_policy:{name[:80]} is not there",
        }
    ext = message.get("ext")
    replay = ext.get("replay") if isinstance(ext, dict) else None
    wanted = replay.get(name, -1) if isinstance(replay, dict) else -1
    first, last = _kept(sf)
    if wanted == -1:
        client.channels[name] = last
    elif wanted == -2:
        client.channels[name] = first
    elif type(wanted) is int and first <= wanted <= last:
        client.channels[name] = wanted
    else:
        said = (
            f"The replayId {str(wanted)[:20]} you provided was invalid. Please provide a valid ID, -2 to "
            "replay all events, or -1 to replay only new events."
        )
        return reply | {"successful": False, "error": f"400::{said}"}
    return reply


def _kept(sf: Salesforce) -> tuple[int, int]:
    since = sf.clock.now() - RETAINED
    first = sf.store.value("select min(seq) - 1 from writes where at >= ?", (since,))
    last = int(sf.store.value("select coalesce(max(seq), 0) from writes"))
    return last if first is None else int(first), last


def _object(sf: Salesforce, channel: str) -> SObject | None:
    """`/data/LeadChangeEvent`, `/data/Thing__ChangeEvent`."""
    name = channel.removeprefix("/data/")
    if name == channel or not name.endswith("ChangeEvent"):
        return None
    stem = name.removesuffix("ChangeEvent")
    return sf.org.object(stem + "c" if stem.endswith("__") else stem)


def _name(sobject: SObject) -> str:
    return f"/data/{sobject.name.removesuffix('c') if sobject.custom else sobject.name}ChangeEvent"


async def _connected(
    sf: Salesforce, client: _Client, reply: Message, ending: threading.Event
) -> list[Message]:
    """Wait until there is something to tell, but not for ever, nor when the server is to stop."""
    loop = asyncio.get_running_loop()
    until = loop.time() + POLL_SECONDS
    while True:
        sf.written.clear()
        events = _news(sf, client)
        left = until - loop.time()
        if events or left <= 0 or not client.channels or ending.is_set():
            advice = {"reconnect": "retry", "interval": 0, "timeout": int(POLL_SECONDS * 1000)}
            return [*events, reply | {"advice": advice}]
        try:
            await asyncio.wait_for(sf.written.wait(), min(left, 0.5))
        except TimeoutError:
            continue


def _news(sf: Salesforce, client: _Client) -> list[Message]:
    """What each channel has not told yet, each on its own place in the log."""
    found: list[Message] = []
    for channel, place in list(client.channels.items()):
        rows = sf.store.rows(
            "select seq, at, object, record_id, operation, field, after, request_id from writes "
            "where seq > ? and operation <> 'noop' order by seq limit ?",
            (place, MOST),
        )
        if not rows:
            continue
        if len(rows) == MOST:
            # The changes of one request stay together.
            rows = [r for r in rows if r[7] != rows[-1][7]] or rows
        client.channels[channel] = rows[-1][0]
        found += _events(sf, channel, rows)
    return found


def _events(sf: Salesforce, channel: str, rows: list[tuple[Any, ...]]) -> list[Message]:
    """What a request did to a record is one event, numbered by its last row of the log; equal ones merge."""
    wanted = None if channel == _ALL else _object(sf, channel)
    grouped: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        sobject = sf.org.object(row[2])
        if sobject is None or row[4] not in _TYPES or (wanted is not None and wanted.name != sobject.name):
            continue
        gap = row[4] if _TYPES[row[4]].startswith("GAP") else ""
        grouped.setdefault((row[7], row[2], row[3], gap), []).append(row)
    merged: dict[tuple[Any, ...], Message] = {}
    counts: dict[str, int] = {}
    for (request, name, record_id, _), some in grouped.items():
        kind = _kind(some)
        if kind is None:
            continue
        fields = _fields(sf.org.objects[name], kind, some)
        alike = (request, name, kind, orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))
        if alike in merged and not kind.startswith("GAP"):
            _join(merged[alike], record_id, some[-1])
            continue
        counts[request] = counts.get(request, 0) + 1
        key = alike if not kind.startswith("GAP") else (*alike, record_id)
        merged[key] = _event(sf, sf.org.objects[name], record_id, kind, fields, some, counts[request])
    return list(merged.values())


def _kind(rows: list[tuple[Any, ...]]) -> str | None:
    """What came of a record in a transaction: made and deleted in one, it never was."""
    kinds = [_TYPES[row[4]] for row in rows]
    if kinds[-1] == "DELETE":
        return None if "CREATE" in kinds else "DELETE"
    return next((kind for kind in ("CREATE", "UNDELETE") if kind in kinds), kinds[-1])


def _join(event: Message, record_id: str, row: tuple[Any, ...]) -> None:
    """Another record that was changed alike."""
    header = event["data"]["payload"]["ChangeEventHeader"]
    header["recordIds"].append(record_id)
    header["commitNumber"] = event["data"]["event"]["replayId"] = row[0]


def _fields(sobject: SObject, kind: str, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if kind.startswith("GAP") or kind == "DELETE":
        return found
    for row in rows:
        known = sobject.field(row[5])
        if known is not None and (not known.formula or known.kind == "Summary"):
            found[known.name] = values.shown(known.type)(row[6])
    return found


def _event(
    sf: Salesforce, sobject: SObject, record_id: str, kind: str, fields: dict[str, Any],
    rows: list[tuple[Any, ...]], number: int,
) -> Message:  # fmt: skip
    name, request = sobject.name, rows[0][7]
    header = {
        "entityName": name, "recordIds": [record_id], "changeType": kind,
        "changeOrigin": "com/salesforce/api/rest",
        "transactionKey": hashlib.sha256(str(request).encode()).hexdigest()[:32],
        "sequenceNumber": number,
        "commitTimestamp": rows[-1][1], "commitNumber": rows[-1][0], "commitUser": sf.org.user_id,
        "nulledFields": [n for n, v in fields.items() if v is None], "diffFields": [],
        "changedFields": sorted(fields) if kind == "UPDATE" else [],
    }  # fmt: skip
    payload = {"ChangeEventHeader": header, **fields}
    schema = hashlib.sha256(name.encode()).hexdigest()[:22]
    data = {"schema": schema, "payload": payload, "event": {"replayId": rows[-1][0]}}
    return {"channel": _name(sobject), "data": data}
