"""Slack: an incoming webhook, and the bot's methods that tell somebody something.

Belongs here: Slack's words. Who is told what is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.clients.web import Web
from pipelines.connections import SlackConnection

_EVENT = "crm_action"
"""The type of the metadata in which our key stands, where people do not see it."""
_SETUP = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "missing_scope", "token_expired")


class SlackClient:
    """One workspace."""

    vendor = "slack"
    label = "Slack"

    def __init__(self, connection: SlackConnection | None, web: Web) -> None:
        self._connection, self._web = connection, web
        self._people: dict[str, str] = {}

    @property
    def calls(self) -> int:
        return self._web.count.calls

    @property
    def count(self) -> CallCount:
        return self._web.count

    @property
    def now(self) -> datetime:
        return self._web.now

    def by_webhook(self, text: str) -> str:
        """Post to the webhook's own channel."""
        url = self._known().webhook_url.reveal()
        if not url:
            raise errors.AuthFailed(
                "there is no SLACK_WEBHOOK_URL", remedy="set it, or let the channel use the bot"
            )
        answer = self._web.post(url, {"text": text})
        if answer.status_code == 200:
            return str(answer.headers.get("x-slack-req-id", "posted"))
        code = answer.text.strip()[:80]
        if answer.status_code in (403, 404):
            raise errors.AuthFailed(
                f"Slack does not take this webhook: {code}", code=code, status=answer.status_code
            )
        raise errors.Rejected(f"Slack refused the message: {code}", code=code, status=answer.status_code)

    def post(self, to: str, text: str, key: str) -> str:
        """Post as the bot to a channel, or to a person by e-mail address. Returns `channel:ts`."""
        body = {
            "channel": self._place(to),
            "text": text,
            "metadata": {"event_type": _EVENT, "event_payload": {"key": key}},
        }
        said = self._method("chat.postMessage", body, writes=True)
        return f"{said['channel']}:{said['ts']}"

    def find(self, to: str, key: str) -> str | None:
        """A message of ours by its key, among the latest of its place."""
        place = self._place(to)
        if place.startswith("#"):  # a message may be posted to a name, but only an id can be asked
            place = self._id_of(place.removeprefix("#"))
        body = {"channel": place, "limit": 100, "include_all_metadata": True}
        for message in self._method("conversations.history", body).get("messages") or []:
            told = message.get("metadata") or {}
            if told.get("event_type") == _EVENT and (told.get("event_payload") or {}).get("key") == key:
                return f"{body['channel']}:{message['ts']}"
        return None

    def delete(self, posted: str) -> None:
        channel, _, ts = posted.partition(":")
        self._method("chat.delete", {"channel": channel, "ts": ts}, writes=True)

    def _place(self, to: str) -> str:
        """A channel as it is named; a person's own conversation with the bot."""
        if "@" not in to or to.startswith("@"):
            return to
        if to not in self._people:
            user = self._method("users.lookupByEmail", {"email": to})["user"]["id"]
            self._people[to] = str(self._method("conversations.open", {"users": user})["channel"]["id"])
        return self._people[to]

    def _id_of(self, name: str) -> str:
        """A channel's id. Raises Rejected when the bot sees no such channel."""
        cursor = ""
        while True:
            body = {"types": "public_channel,private_channel", "limit": 1000, "cursor": cursor}
            said = self._method("conversations.list", body)
            for channel in said.get("channels") or []:
                if channel.get("name") == name:
                    return str(channel["id"])
            cursor = str((said.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                raise errors.Rejected(f"the bot sees no channel #{name}", code="channel_not_found")

    def _method(self, name: str, body: Mapping[str, Any], *, writes: bool = False) -> dict[str, Any]:
        known = self._known()
        token = known.bot_token.reveal()
        if not token:
            raise errors.AuthFailed(
                "there is no SLACK_BOT_TOKEN", remedy="set it, or let the channel use the webhook"
            )
        headers = {"Authorization": f"Bearer {token}"}
        if name == "users.lookupByEmail":  # one of the methods that take no JSON
            answer = self._web.post(f"{known.api_url}{name}?email={body['email']}", {}, headers, writes=False)
        else:
            answer = self._web.post(f"{known.api_url}{name}", body, headers, writes=writes)
        try:
            said: dict[str, Any] = answer.json()
        except ValueError:
            said = {"ok": False, "error": f"http_{answer.status_code}"}
        if said.get("ok"):
            return said
        code = str(said.get("error") or "unknown_error")
        if code in _SETUP:
            raise errors.AuthFailed(f"Slack does not know this bot: {code}", code=code)
        raise errors.Rejected(f"Slack said {code} to {name}", code=code, fields=("channel",))

    def _known(self) -> SlackConnection:
        if self._connection is None:
            raise errors.AuthFailed(
                "there is no Slack connection",
                remedy="set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL, see docs/routing.md",
            )
        return self._connection
