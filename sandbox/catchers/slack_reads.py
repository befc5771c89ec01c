"""What a bot reads of Slack: people, channels and what stands in them, page by page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import orjson
from starlette.responses import Response

from sandbox.call import Call, Refused
from sandbox.catchers.credentials import TEAM
from sandbox.catchers.people import Workspace
from sandbox.catchers.slack_answers import right, wrong
from sandbox.store import Store

Method = Callable[[Call, dict[str, Any]], Response]
MOST, STANDARD = 1_000, 100
_NAME = re.compile(r"[a-z0-9_-]{1,80}")
_TS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


def methods(store: Store, people: Workspace) -> dict[str, Method]:
    reads = _Reads(store, people)
    return {
        "team.info": reads.team, "users.lookupByEmail": reads.by_email, "users.info": reads.user,
        "users.list": reads.users, "conversations.list": reads.channels,
        "conversations.info": reads.channel, "conversations.join": reads.channel,
        "conversations.open": reads.open, "conversations.create": reads.create,
        "conversations.members": reads.members, "conversations.history": reads.history,
        "conversations.replies": reads.replies,
    }  # fmt: skip


def _page(arguments: dict[str, Any], every: list[Any], standard: int = MOST) -> tuple[list[Any], str]:
    """A page of a list, and where the next begins."""
    limit, cursor = str(arguments.get("limit") or standard), str(arguments.get("cursor") or "")
    if not limit.isdecimal() or not int(limit[:6]) > 0:
        raise Refused(wrong("invalid_limit"))
    try:
        start = int(base64.b64decode(cursor, validate=True).decode()) if cursor else 0
    except ValueError:
        raise Refused(wrong("invalid_cursor")) from None
    end = max(start, 0) + min(int(limit[:6]), MOST)
    following = base64.b64encode(str(end).encode()).decode() if end < len(every) else ""
    return every[max(start, 0) : end], following


class _Reads:
    """The methods, over the workspace."""

    def __init__(self, store: Store, people: Workspace) -> None:
        self.store, self.people = store, people

    def team(self, call: Call, arguments: dict[str, Any]) -> Response:
        return right(team={"id": TEAM, "name": "Sandbox", "domain": "sandbox", "email_domain": ""})

    def by_email(self, call: Call, arguments: dict[str, Any]) -> Response:
        self.people.read_members()
        member = self.people.members.get(str(arguments.get("email", "")).lower())
        return wrong("users_not_found") if member is None or member.deleted else right(user=member.shown())

    def user(self, call: Call, arguments: dict[str, Any]) -> Response:
        member = self.people.member(str(arguments.get("user")))
        return wrong("user_not_found") if member is None else right(user=member.shown())

    def users(self, call: Call, arguments: dict[str, Any]) -> Response:
        self.people.read_members()
        shown, following = _page(arguments, [member.shown() for member in self.people.members.values()])
        return right(members=shown, response_metadata={"next_cursor": following})

    def channels(self, call: Call, arguments: dict[str, Any]) -> Response:
        rows = self.store.rows(
            "select id, name, archived from slack_channels where user is null order by name"
        )
        hidden = str(arguments.get("exclude_archived", "")).lower() in ("true", "1")
        is_asked = "public_channel" in str(arguments.get("types") or "public_channel")
        every = [_channel(*row) for row in rows if is_asked and not (hidden and row[2])]
        shown, following = _page(arguments, every)
        return right(channels=shown, response_metadata={"next_cursor": following})

    def _one(self, arguments: dict[str, Any]) -> tuple[str, str, bool]:
        """By id alone: a name is no channel here, though a message may be posted to one."""
        wanted = str(arguments.get("channel") or "")
        row = self.store.row("select id, name, archived from slack_channels where id = ?", (wanted,))
        if row is None:
            raise Refused(wrong("channel_not_found"))
        return str(row[0]), str(row[1]), bool(row[2])

    def channel(self, call: Call, arguments: dict[str, Any]) -> Response:
        return right(channel=_channel(*self._one(arguments)))

    def members(self, call: Call, arguments: dict[str, Any]) -> Response:
        self._one(arguments)
        every = [member.id for member in self.people.members.values() if not member.deleted]
        shown, following = _page(arguments, every, STANDARD)
        return right(members=shown, response_metadata={"next_cursor": following})

    def open(self, call: Call, arguments: dict[str, Any]) -> Response:
        users = str(arguments.get("users") or "").split(",")
        if len(users) != 1 or self.people.member(users[0]) is None:
            return wrong("user_not_found")
        return right(channel={"id": self.people.direct(users[0])})

    def create(self, call: Call, arguments: dict[str, Any]) -> Response:
        name = str(arguments.get("name") or "")
        if not _NAME.fullmatch(name):
            return wrong("invalid_name_specials" if name else "invalid_name_required")
        if self.store.value("select 1 from slack_channels where name = ?", (name,)):
            return wrong("name_taken")
        call.effect = "write"
        return right(channel=_channel(self.people.add_channel(name), name, False))

    def history(self, call: Call, arguments: dict[str, Any]) -> Response:
        """Newest first; a reply stands in its thread, unless it was told to the channel too."""
        every = [
            m for m in self._messages(arguments)
            if m.get("thread_ts") in (None, m["ts"]) or m.get("subtype") == "thread_broadcast"
        ]  # fmt: skip
        shown, following = _page(arguments, list(reversed(every)), STANDARD)
        return _told(shown, following)

    def replies(self, call: Call, arguments: dict[str, Any]) -> Response:
        """A thread from its first message on."""
        first = str(arguments.get("ts") or "")
        every = [m for m in self._messages(arguments) if first in (m["ts"], m.get("thread_ts"))]
        if not any(m["ts"] == first for m in every):
            return wrong("thread_not_found")
        shown, following = _page(arguments, every, MOST)
        return _told(shown, following)

    def _messages(self, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        """A channel's messages between `oldest` and `latest`, oldest first."""
        channel, inclusive = self._one(arguments)[0], str(arguments.get("inclusive", "")).lower()
        least, most = (str(arguments.get(name) or "") for name in ("oldest", "latest"))
        for name, told in (("oldest", least), ("latest", most)):
            if told and not _TS.fullmatch(told):
                raise Refused(wrong(f"invalid_ts_{name}"))
        rows = self.store.rows(
            "select body from slack_messages where channel = ? and deleted_at is null order by seq",
            (channel,),
        )
        ends = [float(each) for each in (least, most) if each and inclusive in ("true", "1")]
        return [
            message
            for message in (orjson.loads(body) for (body,) in rows)
            if float(message["ts"]) in ends
            or (float(least or 0) < float(message["ts"]) and (not most or float(message["ts"]) < float(most)))
        ]


def _told(messages: list[dict[str, Any]], following: str) -> Response:
    more = {"response_metadata": {"next_cursor": following}} if following else {}
    return right(messages=messages, has_more=bool(following), **more)


def _channel(channel_id: str, name: str, archived: bool) -> dict[str, Any]:
    return {
        "id": channel_id, "name": name, "is_channel": True, "is_archived": bool(archived), "is_member": True,
    }  # fmt: skip
