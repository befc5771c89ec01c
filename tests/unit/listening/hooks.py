"""Deliveries of HubSpot's webhooks, and who sees to the people in them.

Belongs here: what several tests of listening are given. What is claimed stands in the tests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import orjson
from starlette.testclient import TestClient

from cli.listen import Inbox, application
from pipelines.connections import HubSpotConnection, Secret
from pipelines.errors import CrmError
from pipelines.listening import Entry, Event, Named
from pipelines.settings import Settings

NOW = 1_780_000_000_000
URL = "https://crm.example/hooks"
PATH = "/hubspot"


def settings(secret: str = "s3cret") -> Settings:
    hubspot = HubSpotConnection(
        url="http://127.0.0.1:1", token=Secret("t"), environment="sandbox", client_secret=Secret(secret)
    )
    return Settings(home=Path("unused"), config_dir=Path("unused"), hubspot=hubspot)


def event(**changed: Any) -> dict[str, Any]:
    return {"eventId": 1, "subscriptionType": "contact.creation", "objectId": 7, "occurredAt": NOW - 50,
            "attemptNumber": 0, **changed}  # fmt: skip


def signed(body: bytes, at: int = NOW, secret: str = "s3cret") -> dict[str, str]:
    text = b"POST" + (URL + PATH).encode() + body + str(at).encode()
    mark = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    return {"X-HubSpot-Signature-v3": mark, "X-HubSpot-Request-Timestamp": str(at)}


def deliver(inbox: Inbox, events: Any, **how: Any) -> int:
    body = orjson.dumps(events)
    with TestClient(application(settings(), inbox, URL, lambda: NOW)) as client:
        return client.post(PATH, content=body, headers=signed(body, **how)).status_code


class Short:
    """Sees to people; what it finds when it looks is set by the test."""

    def __init__(self, found: list[Named] | None = None, *, done: bool = True, fails: bool = False) -> None:
        self.found, self.done, self.fails = found or [], done, fails
        self.acted: list[list[str]] = []
        self.entered: list[tuple[str, str]] = []
        self.published = False
        self.is_ready = threading.Event()

    def has_published(self) -> bool:
        return self.published

    def get_ready(self) -> None:
        self.is_ready.set()

    def not_ours(self, events: Sequence[Event]) -> list[Event]:
        return list(events)

    def look(self) -> list[Named]:
        return self.found

    def act(self, named: Collection[Named], entries: Sequence[Entry] = ()) -> bool:
        if self.fails:
            raise CrmError("Salesforce cannot be reached")
        self.entered += [(each.named.record_id, each.journey) for each in entries]
        self.acted.append([each.record_id for each in named])
        return self.done
