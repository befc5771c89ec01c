"""Salesforce's change events: what an org says has changed, by Bayeux long polling, from a replay id on.

Belongs here: the protocol (handshake, subscribe, connect) and where a subscription goes on. Which org selects
which objects is set there (Setup, Change Data Capture). What an event sets off is `pipelines.listening`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.clients import errors
from pipelines.clients.transport import Call, Transport, json_of

CHANNEL = "/data/ChangeEvents"
"""Of everything that the org selects."""
NEW_ONLY = -1
WAIT_MS = 25_000
"""How long an answer may take when nothing happens: less than our own patience, and than proxies'."""
_GAP = "GAP_"


@dataclass(frozen=True)
class ChangeEvent:
    """What happened to some records, when by the org's clock (milliseconds). A gap names no fields and,
    when it overflowed, not even which records."""

    entity: str
    change: str
    record_ids: tuple[str, ...]
    fields: tuple[str, ...]
    at_ms: int

    @property
    def is_gap(self) -> bool:
        return self.change.startswith(_GAP)


class ChangeStream:
    """One subscriber. Not for several threads. `lost` says whether events may have passed unseen."""

    def __init__(self, transport: Transport, version: str) -> None:
        self._transport = transport
        self._path = f"/cometd/{version.removeprefix('v')}"
        self._client = ""
        self.replay_id = NEW_ONLY
        self.lost = False
        self._stood = False

    def subscribe(self) -> None:
        """Shake hands, and go on after the last event that came; where the org keeps it no more, with what
        is new, and `lost`. Raises Forbidden when the user may not subscribe."""
        hands = self._one(
            {"channel": "/meta/handshake", "version": "1.0", "minimumVersion": "1.0",
             "supportedConnectionTypes": ["long-polling"], "ext": {"replay": True}}
        )  # fmt: skip
        if not hands.get("successful"):
            raise self._refused(hands)
        self._client = str(hands["clientId"])
        if self._stood and self.replay_id == NEW_ONLY:
            self.lost = True  # no event came before it broke, so there is none to go on after
        answer = self._subscribed(self.replay_id)
        if not answer.get("successful") and self.replay_id != NEW_ONLY:
            self.lost, self.replay_id = True, NEW_ONLY
            answer = self._subscribed(NEW_ONLY)
        if not answer.get("successful"):
            raise self._refused(answer)
        self._stood = True

    def events(self) -> list[ChangeEvent]:
        """Wait for what happens next; nothing when nothing did. A subscription that the org forgot is made
        again from the last replay id."""
        if not self._client:
            self.subscribe()
        body = {"channel": "/meta/connect", "clientId": self._client, "connectionType": "long-polling",
                "advice": {"timeout": WAIT_MS}}  # fmt: skip
        found: list[ChangeEvent] = []
        for message in self._ask(body):
            if message.get("channel") == "/meta/connect":
                if not message.get("successful"):
                    self._client = ""  # the next call shakes hands again
            elif "data" in message:
                found.append(self._event(message["data"]))
        return found

    def close(self) -> None:
        if self._client:
            self._ask({"channel": "/meta/disconnect", "clientId": self._client})
            self._client = ""

    def _subscribed(self, replay: int) -> Mapping[str, Any]:
        return self._one(
            {"channel": "/meta/subscribe", "clientId": self._client, "subscription": CHANNEL,
             "ext": {"replay": {CHANNEL: replay}}}
        )  # fmt: skip

    def _event(self, data: Mapping[str, Any]) -> ChangeEvent:
        self.replay_id = int((data.get("event") or {}).get("replayId") or self.replay_id)
        header = data["payload"]["ChangeEventHeader"]
        return ChangeEvent(
            str(header["entityName"]), str(header["changeType"]),
            tuple(str(each) for each in header.get("recordIds") or ()),
            tuple(str(each) for each in header.get("changedFields") or ()), int(header["commitTimestamp"]),
        )  # fmt: skip

    def _one(self, message: dict[str, Any]) -> Mapping[str, Any]:
        """The answer to a message about the subscription itself."""
        return next((m for m in self._ask(message) if m.get("channel") == message["channel"]), {})

    def _ask(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        answer = json_of(self._transport.send(Call(method="POST", path=self._path, json=[message])))
        if not isinstance(answer, list):
            raise errors.Unavailable("Salesforce's change events do not answer", where=self._transport.host)
        return iter(answer)

    def _refused(self, answer: Mapping[str, Any]) -> errors.Forbidden:
        return errors.Forbidden(
            f"Salesforce's change events cannot be subscribed to: {answer.get('error') or 'no reason given'}",
            where=self._transport.host, remedy="changes are asked for by cursor instead",
        )  # fmt: skip
