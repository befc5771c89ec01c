"""Slack: an incoming webhook and the Web API methods a bot needs to tell people something.

Faithful: 200 with `ok: false` for what is wrong with a call of the API, plain words with 4xx for the webhook,
429 with Retry-After for more than a message a second and channel (a burst of `BURST` passes).
Simplified: the bot is in every channel. Absent: events, files, modals, reactions, messages for later.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, parsed
from sandbox.catchers import blocks, credentials, slack_reads
from sandbox.catchers.people import Workspace, identify
from sandbox.catchers.slack_answers import plain, rate_limited, right, wrong
from sandbox.limits import RollingWindow
from sandbox.vendor import tick

if TYPE_CHECKING:
    from sandbox.catchers.app import Catchers

MAX_TEXT, MAX_ATTACHMENTS = 40_000, 100
BURST, BURST_MS = 60, 60_000
WEBHOOK_CHANNEL = "general"
BOT_USER, BOT_ID, APP_ID = identify("U", "bot"), identify("B", "bot"), identify("A", "bot")
TABLES = """
create table if not exists slack_messages (
    seq integer primary key, at integer not null, ts text not null, channel text not null,
    channel_name text not null, text text not null, thread_ts text, via text not null, body text not null,
    edited_at integer, deleted_at integer, request_id text not null)
"""


class Slack:
    """The workspace, and what was posted in it."""

    def __init__(self, catchers: Catchers, portal_token: str, *, limited: bool) -> None:
        self.catchers, self.store, self.limited = catchers, catchers.store, limited
        self.store.script(TABLES)
        self.people = Workspace(self.store, catchers.home / "hubspot.sqlite")
        self.token = credentials.bot_token(portal_token)
        self.webhook = credentials.webhook_path(portal_token)
        self._windows: dict[str, RollingWindow] = {}

    def routes(self) -> list[Route]:
        """The webhook, and one endpoint for all methods of the API, which differ by name alone."""
        give = self.catchers.route
        return [
            *give("POST", "/services/{team}/{bot}/{secret}", self._hook),
            *give("POST", "/api/{name}", self._method),
            *give("GET", "/api/{name}", self._method),
        ]

    def _slow_down(self, channel: str) -> None:
        window = self._windows.setdefault(channel, RollingWindow(BURST, BURST_MS))
        if self.limited and not window.take(tick()):
            raise Refused(rate_limited())

    def _hook(self, call: Call) -> Response:
        if not hmac.compare_digest(call.path.rstrip("/").encode(), self.webhook.encode()):
            team_is_known = call.params["team"] == credentials.TEAM
            raise Refused(
                plain("invalid_token" if team_is_known else "no_team", 403 if team_is_known else 404)
            )
        message = _hook_body(call)
        problem = _problem(message)
        if problem:
            raise Refused(plain(problem, 400))
        channel = self.people.channel(str(message.get("channel") or WEBHOOK_CHANNEL))
        if channel is None:
            raise Refused(plain("channel_not_found", 404))
        if channel[2]:
            raise Refused(plain("channel_is_archived", 410))
        self._slow_down(channel[0])
        self._keep(call, channel, message, "webhook")
        return plain("ok", 200)

    def _method(self, call: Call) -> Response:
        kind, _, given = call.headers.get("authorization", "").strip().partition(" ")
        given = given.strip() if kind.lower() == "bearer" else ""
        arguments = _arguments(call)
        given = given or str(arguments.get("token", ""))
        if not given:
            return wrong("not_authed")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return wrong("invalid_auth")
        methods: dict[str, Callable[[Call, dict[str, Any]], Response]] = {
            "api.test": lambda c, a: right(args=a),
            "auth.test": self._who, "chat.postMessage": self._post, "chat.update": self._update,
            "chat.delete": self._delete, "chat.getPermalink": self._permalink,
            **slack_reads.methods(self.store, self.people),
        }  # fmt: skip
        method = methods.get(call.params["name"])
        return wrong("unknown_method") if method is None else method(call, arguments)

    def _who(self, call: Call, arguments: dict[str, Any]) -> Response:
        return right(
            url="https://sandbox.slack.com/", team="Sandbox", user="crm", team_id=credentials.TEAM,
            user_id=BOT_USER, bot_id=BOT_ID,
        )  # fmt: skip

    def _post(self, call: Call, arguments: dict[str, Any]) -> Response:
        channel = self.people.channel(str(arguments.get("channel") or ""))
        if channel is None:
            return wrong("channel_not_found")
        if channel[2]:
            return wrong("is_archived")
        problem = _problem(arguments)
        if problem:
            return _refused({"invalid_payload": "invalid_arguments"}.get(problem, problem), arguments)
        self._slow_down(channel[0])
        ts, message = self._keep(call, channel, arguments, "api")
        return right(channel=channel[0], ts=ts, message=message)

    def _keep(
        self, call: Call, channel: tuple[str, str, bool], given: dict[str, Any], via: str
    ) -> tuple[str, dict[str, Any]]:
        count = self.store.value("select count(*) from slack_messages")
        ts = f"{call.now // 1000}.{int(count) + 1:06d}"
        kept = {
            name: given[name] for name in ("blocks", "attachments", "metadata", "username") if given.get(name)
        }
        message = {
            "type": "message", "subtype": "bot_message", "text": str(given.get("text") or ""), "ts": ts,
            "user": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID, "team": credentials.TEAM, **kept,
        }  # fmt: skip
        if given.get("thread_ts"):
            message["thread_ts"] = str(given["thread_ts"])
            if str(given.get("reply_broadcast", "")).lower() in ("true", "1"):
                message["subtype"] = "thread_broadcast"
        self.store.db.execute(
            "insert into slack_messages (at, ts, channel, channel_name, text, thread_ts, via, body, "
            "request_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                call.now, ts, channel[0], channel[1], message["text"], message.get("thread_ts"), via,
                orjson.dumps(message).decode(), call.request_id,
            ),
        )  # fmt: skip
        call.effect, call.records = "write", 1
        return ts, message

    def _found(self, arguments: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        row = self.store.row(
            "select seq, body from slack_messages where channel = ? and ts = ? and deleted_at is null",
            (str(arguments.get("channel")), str(arguments.get("ts") or arguments.get("message_ts"))),
        )
        return None if row is None else (int(row[0]), orjson.loads(row[1]))

    def _update(self, call: Call, arguments: dict[str, Any]) -> Response:
        found, problem = self._found(arguments), _problem(arguments)
        if found is None:
            return wrong("message_not_found")
        if problem:
            return _refused(problem, arguments)
        message = {
            **found[1],
            **{n: arguments[n] for n in ("text", "blocks", "attachments") if n in arguments},
        }
        self.store.db.execute(
            "update slack_messages set text = ?, body = ?, edited_at = ? where seq = ?",
            (str(message["text"] or ""), orjson.dumps(message).decode(), call.now, found[0]),
        )
        return right(channel=arguments["channel"], ts=message["ts"], text=message["text"], message=message)

    def _delete(self, call: Call, arguments: dict[str, Any]) -> Response:
        found = self._found(arguments)
        if found is None:
            return wrong("message_not_found")
        self.store.db.execute("update slack_messages set deleted_at = ? where seq = ?", (call.now, found[0]))
        return right(channel=arguments["channel"], ts=found[1]["ts"])

    def _permalink(self, call: Call, arguments: dict[str, Any]) -> Response:
        found = self._found(arguments)
        if found is None:
            return wrong("message_not_found")
        link = f"https://sandbox.slack.com/archives/{arguments['channel']}/p{found[1]['ts'].replace('.', '')}"
        return right(channel=arguments["channel"], permalink=link)


def _hook_body(call: Call) -> dict[str, Any]:
    """A message, as JSON or as the form field `payload`."""
    text: bytes | str = call.body
    if "form" in call.headers.get("content-type", ""):
        text = dict(parse_qsl(call.body.decode("utf-8", "replace"))).get("payload", "")
    try:
        message = parsed(text)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise Refused(plain("invalid_payload", 400))
    return message


def _arguments(call: Call) -> dict[str, Any]:
    """A method's arguments, from JSON, a form or the address; lists in a form are JSON themselves."""
    if "json" in call.headers.get("content-type", ""):
        try:
            given = call.json() if call.body else {}
        except orjson.JSONDecodeError:
            raise Refused(wrong("invalid_json")) from None
        if not isinstance(given, dict):
            raise Refused(wrong("json_not_object"))
        return {**call.query, **given}
    form: dict[str, Any] = {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
    for name in ("blocks", "attachments", "metadata"):
        if name in form:
            try:
                form[name] = parsed(form[name])
            except orjson.JSONDecodeError:
                raise Refused(wrong(f"invalid_{name}" if name == "blocks" else "invalid_arguments")) from None
    return form


def _problem(message: dict[str, Any]) -> str:
    """What Slack finds wrong with a message, or nothing."""
    listed, attachments = message.get("blocks") or [], message.get("attachments") or []
    if not isinstance(message.get("text", ""), str | None):
        return "invalid_payload"
    if blocks.problem(listed):
        return "invalid_blocks"
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        return "invalid_payload"
    if any(blocks.problem(each.get("blocks") or []) for each in attachments):
        return "invalid_blocks"
    if len(attachments) > MAX_ATTACHMENTS:
        return "too_many_attachments"
    if not message.get("text") and not listed and not attachments:
        return "no_text"
    return "msg_too_long" if len(message.get("text") or "") > MAX_TEXT else ""


def _refused(problem: str, message: dict[str, Any]) -> Response:
    """The API's answer to a message that is wrong; of blocks it says where."""
    if problem != "invalid_blocks":
        return wrong(problem)
    listed = [message.get("blocks") or []]
    listed += [each.get("blocks") or [] for each in message.get("attachments") or ()]
    told = next((said for each in listed if (said := blocks.problem(each))), "")
    return wrong(problem, errors=[told], response_metadata={"messages": [f"[ERROR] {told}"]})


def shown(store: Any, query: dict[str, str]) -> list[dict[str, Any]]:
    """What was posted, oldest first; `channel`, `via` and `after` (a sequence number) narrow it."""
    clauses, values = ["seq > ?"], [query.get("after", "0")]
    for name, column in (("channel", "channel_name"), ("via", "via"), ("request_id", "request_id")):
        if name in query:
            clauses.append(f"{column} = ?")
            values.append(query[name].removeprefix("#"))
    rows = store.rows(
        "select seq, at, ts, channel, channel_name, text, thread_ts, via, body, edited_at, deleted_at, "
        f"request_id from slack_messages where {' and '.join(clauses)} order by seq",
        values,
    )
    return [
        {
            "seq": r[0], "at": times.iso(r[1]), "ts": r[2], "channel": r[3], "channel_name": r[4],
            "text": r[5], "words": _words(r[5], orjson.loads(r[8])), "thread_ts": r[6], "via": r[7],
            "message": orjson.loads(r[8]),
            "edited": r[9] is not None, "deleted": r[10] is not None, "request_id": r[11],
        }
        for r in rows
    ]  # fmt: skip


def _words(text: str, message: dict[str, Any]) -> str:
    """What a message says to people: its text, or what its blocks and attachments say."""
    return text or blocks.words([*(message.get("blocks") or []), *(message.get("attachments") or [])])
