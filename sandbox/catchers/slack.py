"""Slack: an incoming webhook and the Web API methods a bot needs to tell people something.

Faithful: 200 with `ok: false` for what is wrong with a call of the API, plain words with 4xx for the webhook,
429 with Retry-After for more than a message a second and channel (a burst of `BURST` passes).
Simplified: the bot is in every channel; blocks are checked for their type alone. Absent: events, files,
modals.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.catchers import credentials
from sandbox.catchers.people import Workspace, identify
from sandbox.limits import RollingWindow
from sandbox.vendor import tick

if TYPE_CHECKING:
    from sandbox.catchers.app import Catchers

MAX_TEXT, MAX_BLOCKS, MAX_ATTACHMENTS = 40_000, 50, 100
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
                _plain("invalid_token" if team_is_known else "no_team", 403 if team_is_known else 404)
            )
        message = _hook_body(call)
        problem = _problem(message)
        if problem:
            raise Refused(_plain(problem, 400))
        channel = self.people.channel(str(message.get("channel") or WEBHOOK_CHANNEL))
        if channel is None:
            raise Refused(_plain("channel_not_found", 404))
        if channel[2]:
            raise Refused(_plain("channel_is_archived", 410))
        self._slow_down(channel[0])
        self._keep(call, channel, message, "webhook")
        return _plain("ok", 200)

    def _method(self, call: Call) -> Response:
        given = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        arguments = _arguments(call)
        given = given or str(arguments.get("token", ""))
        if not given:
            return _wrong("not_authed")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return _wrong("invalid_auth")
        methods: dict[str, Callable[[Call, dict[str, Any]], Response]] = {
            "api.test": lambda c, a: _right(args=a),
            "auth.test": self._who, "chat.postMessage": self._post, "chat.update": self._update,
            "chat.delete": self._delete, "chat.getPermalink": self._permalink,
            "users.lookupByEmail": self._by_email, "users.info": self._user, "users.list": self._users,
            "conversations.list": self._channels, "conversations.info": self._channel,
            "conversations.open": self._open, "conversations.join": self._channel,
            "conversations.history": self._history,
        }  # fmt: skip
        method = methods.get(call.params["name"])
        return _wrong("unknown_method") if method is None else method(call, arguments)

    def _who(self, call: Call, arguments: dict[str, Any]) -> Response:
        return _right(
            url="https://sandbox.slack.com/", team="Sandbox", user="crm", team_id=credentials.TEAM,
            user_id=BOT_USER, bot_id=BOT_ID,
        )  # fmt: skip

    def _post(self, call: Call, arguments: dict[str, Any]) -> Response:
        channel = self.people.channel(str(arguments.get("channel") or ""))
        if channel is None:
            return _wrong("channel_not_found")
        if channel[2]:
            return _wrong("is_archived")
        problem = _problem(arguments)
        if problem:
            return _wrong({"invalid_payload": "invalid_arguments"}.get(problem, problem))
        self._slow_down(channel[0])
        ts, message = self._keep(call, channel, arguments, "api")
        return _right(channel=channel[0], ts=ts, message=message)

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
            return _wrong("message_not_found")
        if problem:
            return _wrong(problem)
        message = {
            **found[1],
            **{n: arguments[n] for n in ("text", "blocks", "attachments") if n in arguments},
        }
        self.store.db.execute(
            "update slack_messages set text = ?, body = ?, edited_at = ? where seq = ?",
            (str(message["text"]), orjson.dumps(message).decode(), call.now, found[0]),
        )
        return _right(channel=arguments["channel"], ts=message["ts"], text=message["text"], message=message)

    def _delete(self, call: Call, arguments: dict[str, Any]) -> Response:
        found = self._found(arguments)
        if found is None:
            return _wrong("message_not_found")
        self.store.db.execute("update slack_messages set deleted_at = ? where seq = ?", (call.now, found[0]))
        return _right(channel=arguments["channel"], ts=found[1]["ts"])

    def _permalink(self, call: Call, arguments: dict[str, Any]) -> Response:
        found = self._found(arguments)
        if found is None:
            return _wrong("message_not_found")
        link = f"https://sandbox.slack.com/archives/{arguments['channel']}/p{found[1]['ts'].replace('.', '')}"
        return _right(channel=arguments["channel"], permalink=link)

    def _by_email(self, call: Call, arguments: dict[str, Any]) -> Response:
        self.people.read_members()
        member = self.people.members.get(str(arguments.get("email", "")).lower())
        return _wrong("users_not_found") if member is None or member.deleted else _right(user=member.shown())

    def _user(self, call: Call, arguments: dict[str, Any]) -> Response:
        member = self.people.member(str(arguments.get("user")))
        return _wrong("user_not_found") if member is None else _right(user=member.shown())

    def _users(self, call: Call, arguments: dict[str, Any]) -> Response:
        members = [member.shown() for member in self.people.members.values()]
        return _right(members=members, response_metadata={"next_cursor": ""})

    def _channels(self, call: Call, arguments: dict[str, Any]) -> Response:
        rows = self.store.rows(
            "select id, name, archived from slack_channels where user is null order by name"
        )
        hidden = str(arguments.get("exclude_archived", "")).lower() in ("true", "1")
        shown = [_channel(*row) for row in rows if not (hidden and row[2])]
        return _right(channels=shown, response_metadata={"next_cursor": ""})

    def _channel(self, call: Call, arguments: dict[str, Any]) -> Response:
        found = self.people.channel(str(arguments.get("channel") or ""))
        return _wrong("channel_not_found") if found is None else _right(channel=_channel(*found))

    def _open(self, call: Call, arguments: dict[str, Any]) -> Response:
        users = str(arguments.get("users") or "").split(",")
        if len(users) != 1 or self.people.member(users[0]) is None:
            return _wrong("user_not_found")
        return _right(channel={"id": self.people.direct(users[0])})

    def _history(self, call: Call, arguments: dict[str, Any]) -> Response:
        """By id alone: a name is no channel here, though a message may be posted to one."""
        channel = str(arguments.get("channel") or "")
        if not self.store.value("select 1 from slack_channels where id = ?", (channel,)):
            return _wrong("channel_not_found")
        rows = self.store.rows(
            "select body from slack_messages where channel = ? and deleted_at is null "
            "order by seq desc limit 100",
            (channel,),
        )
        return _right(messages=[orjson.loads(body) for (body,) in rows], has_more=False)


def _channel(channel_id: str, name: str, archived: bool) -> dict[str, Any]:
    return {
        "id": channel_id, "name": name, "is_channel": True, "is_archived": bool(archived), "is_member": True,
    }  # fmt: skip


def _right(**content: Any) -> Response:
    return answer({"ok": True, **content})


def _wrong(error: str) -> Response:
    return answer({"ok": False, "error": error})


def _plain(text: str, status: int) -> Response:
    return PlainTextResponse(text, status)


def rate_limited() -> Response:
    return answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "1"})


def _hook_body(call: Call) -> dict[str, Any]:
    """A message, as JSON or as the form field `payload`."""
    text: bytes | str = call.body
    if "form" in call.headers.get("content-type", ""):
        text = dict(parse_qsl(call.body.decode("utf-8", "replace"))).get("payload", "")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise Refused(_plain("invalid_payload", 400))
    return message


def _arguments(call: Call) -> dict[str, Any]:
    """A method's arguments, from JSON, a form or the address; lists in a form are JSON themselves."""
    if "json" in call.headers.get("content-type", ""):
        try:
            given = orjson.loads(call.body or b"{}")
        except orjson.JSONDecodeError:
            raise Refused(_wrong("invalid_json")) from None
        if not isinstance(given, dict):
            raise Refused(_wrong("json_not_object"))
        return {**call.query, **given}
    form: dict[str, Any] = {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
    for name in ("blocks", "attachments", "metadata"):
        if name in form:
            try:
                form[name] = orjson.loads(form[name])
            except orjson.JSONDecodeError:
                raise Refused(
                    _wrong(f"invalid_{name}" if name == "blocks" else "invalid_arguments")
                ) from None
    return form


def _problem(message: dict[str, Any]) -> str:
    """What Slack finds wrong with a message, or nothing."""
    blocks, attachments = message.get("blocks") or [], message.get("attachments") or []
    if not isinstance(message.get("text", ""), str | None):
        return "invalid_payload"
    if not isinstance(blocks, list) or not all(isinstance(b, dict) and b.get("type") for b in blocks):
        return "invalid_blocks"
    if len(blocks) > MAX_BLOCKS:
        return "invalid_blocks"
    if not isinstance(attachments, list):
        return "invalid_payload"
    if len(attachments) > MAX_ATTACHMENTS:
        return "too_many_attachments"
    if not message.get("text") and not blocks and not attachments:
        return "no_text"
    return "msg_too_long" if len(message.get("text") or "") > MAX_TEXT else ""


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
            "text": r[5], "thread_ts": r[6], "via": r[7], "message": orjson.loads(r[8]),
            "edited": r[9] is not None, "deleted": r[10] is not None, "request_id": r[11],
        }
        for r in rows
    ]  # fmt: skip
