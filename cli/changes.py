"""Salesforce's change events, taken in by a thread of their own while `crm listen` runs.

Belongs here: the thread. The protocol is `pipelines.clients.salesforce.changes`. Where events are switched
off, or the connection breaks, the look by cursor and the refresh find what they would have told.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cli.listen import Inbox, now_ms
from pipelines import listening
from pipelines.clients import errors
from pipelines.errors import CrmError

if TYPE_CHECKING:
    from pipelines.clients.salesforce.changes import ChangeStream
    from pipelines.settings import Settings

_PAUSE_SECONDS = 30.0
"""Before a stream that broke is tried again."""


@contextlib.contextmanager
def subscribed(settings: Settings, inbox: Inbox, said: Callable[[str], None]) -> Iterator[threading.Event]:
    """Take events in while the block runs. The event it gives is set once the subscription stands."""
    from pipelines.clients.open import open_salesforce

    stopped, standing = threading.Event(), threading.Event()
    with open_salesforce(settings) as client:

        def run() -> None:
            stream = client.changes()
            while not stopped.is_set():
                try:
                    _take(stream, inbox, stopped, standing)
                except Exception as error:
                    if stopped.is_set():
                        return  # the client was closed under a call that was waiting
                    if not isinstance(error, CrmError):
                        raise
                    if isinstance(error, errors.Forbidden):
                        said(str(error))
                        return
                    sentence = str(error).rstrip(".")
                    said(f"{sentence}; Salesforce's changes are asked for by cursor meanwhile")
                    stopped.wait(_PAUSE_SECONDS)

        thread = threading.Thread(target=run, name="changes", daemon=True)
        thread.start()
        try:
            yield standing
        finally:
            stopped.set()


def _take(stream: ChangeStream, inbox: Inbox, stopped: threading.Event, standing: threading.Event) -> None:
    stream.subscribe()
    standing.set()
    while not stopped.is_set():
        found: list[listening.Event] = []
        for event in stream.events():
            if event.is_gap:
                found.append(gap(event.at_ms))
            else:
                found += listening.of_changes(
                    event.entity, event.change, event.record_ids, event.fields, event.at_ms
                )
        if stream.lost:
            found.append(gap(now_ms()))
            stream.lost = False
        inbox.take_in(found)


def gap(at_ms: int) -> listening.Event:
    return listening.Event(listening.GAP, "", "", at_ms, f"gap {at_ms}")
