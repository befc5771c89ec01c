"""One vendor's process: a web server on sockets it was given, until its input ends or a signal comes."""

from __future__ import annotations

import asyncio
import importlib
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.clock import Clock
from sandbox.pipes import until_eof
from sandbox.store import Store

APPLICATIONS = {
    "hubspot": "sandbox.hubspot.app",
    "salesforce": "sandbox.salesforce.app",
    "marketing_cloud": "sandbox.marketing_cloud.app",
    "catchers": "sandbox.catchers.app",
}
"""Where each vendor's `application` is; a process imports its own alone."""


_SPELLED = (
    b"ETag", b"WWW-Authenticate", b"Sforce-NumberOfRecords", b"X-HubSpot-Correlation-Id",
    b"X-HubSpot-RateLimit-Daily", b"X-HubSpot-RateLimit-Daily-Remaining",
    b"X-HubSpot-RateLimit-Interval-Milliseconds", b"X-HubSpot-RateLimit-Max",
    b"X-HubSpot-RateLimit-Remaining",
    b"X-HubSpot-RateLimit-Secondly", b"X-HubSpot-RateLimit-Secondly-Remaining",
)  # fmt: skip
"""Header names that do not begin each word with one capital, as all others do."""


class _Name(bytes):
    """A header's name as the vendor spells it. The web server compares names in lower case and would write
    them so, and some clients look for the spelling."""

    def lower(self) -> _Name:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes) and bytes.lower(self) == other

    __hash__ = bytes.__hash__


class Spelled:
    """Middleware: headers go out as the vendors spell them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.known = {name.lower(): _Name(name) for name in _SPELLED}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(self._spelled(name), value) for name, value in message["headers"]]
            await send(message)

        await self.app(scope, receive, sent)

    def _spelled(self, name: bytes) -> _Name:
        found = self.known.get(name)
        if found is None:
            words = b"-".join(part.capitalize() for part in name.split(b"-"))
            found = self.known.setdefault(name, _Name(words))
        return found


class Protocol(HttpToolsProtocol):
    """Lends handlers the connection, so that a fault can break it, and knows what came by TLS."""

    behind_tls: int = 0
    """The port of the socket whose connections the front has decrypted."""
    ending = threading.Event()
    """Set when the server is asked to stop: what waits for news answers then."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.server is not None and self.server[1] == self.behind_tls:
            self.scope["scheme"] = "https"
        self.scope["sandbox.transport"] = self.transport  # type: ignore[typeddict-unknown-key]
        self.scope["sandbox.ending"] = self.ending  # type: ignore[typeddict-unknown-key]


class _Server(uvicorn.Server):
    """A server that leaves signals to its process."""

    def install_signal_handlers(self) -> None:
        return None


def serve_vendor(vendor: str, home: Path, fds: dict[str, int], *, limited: bool) -> None:
    """Serve one vendor on open sockets until standard input ends or a signal comes: the child's life.

    The sockets named `http` and `https` are the web server's; others are handed to the application by name.
    """
    store, clock = Store(home / f"{vendor}.sqlite"), Clock(home / "clock")
    sockets = {name: socket.socket(fileno=fd) for name, fd in fds.items()}
    listening = [sockets.pop("http")]
    if "https" in sockets:
        listening.append(sockets.pop("https"))
        Protocol.behind_tls = listening[1].getsockname()[1]
    more: dict[str, Any] = {"sockets": sockets} if sockets else {}
    application = importlib.import_module(APPLICATIONS[vendor]).application
    config = uvicorn.Config(
        Spelled(application(store, clock, limited=limited, **more)),
        http=Protocol,
        access_log=False,
        log_level="error",
        date_header=False,
        server_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)

    def stop(*_: object) -> None:
        Protocol.ending.set()
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=until_eof, args=(0, stop), daemon=True).start()
    asyncio.run(server.serve(sockets=listening))
    store.close()
