"""One vendor's process: a web server on a socket it was given, until its input ends or a signal comes."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.clock import Clock
from sandbox.hubspot import app as hubspot
from sandbox.pipes import until_eof
from sandbox.salesforce import app as salesforce
from sandbox.store import Store

APPLICATIONS: dict[str, Callable[..., Starlette]] = {
    "hubspot": hubspot.application,
    "salesforce": salesforce.application,
}


class Protocol(HttpToolsProtocol):
    """Lends handlers the connection, so that a fault can break it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["sandbox.transport"] = self.transport  # type: ignore[typeddict-unknown-key]


class _Server(uvicorn.Server):
    """A server that leaves signals to its process."""

    def install_signal_handlers(self) -> None:
        return None


def serve_vendor(vendor: str, home: Path, fd: int, *, limited: bool) -> None:
    """Serve one vendor on an open socket until standard input ends or a signal comes: the child's life."""
    store, clock = Store(home / f"{vendor}.sqlite"), Clock(home / "clock")
    config = uvicorn.Config(
        APPLICATIONS[vendor](store, clock, limited=limited),
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
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=until_eof, args=(0, stop), daemon=True).start()
    asyncio.run(server.serve(sockets=[socket.socket(fileno=fd)]))
    store.close()
