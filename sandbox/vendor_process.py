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


class Protocol(HttpToolsProtocol):
    """Lends handlers the connection, so that a fault can break it, and knows what came by TLS."""

    behind_tls: int = 0
    """The port of the socket whose connections the front has decrypted."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.server is not None and self.server[1] == self.behind_tls:
            self.scope["scheme"] = "https"
        self.scope["sandbox.transport"] = self.transport  # type: ignore[typeddict-unknown-key]


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
        application(store, clock, limited=limited, **more),
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
    asyncio.run(server.serve(sockets=listening))
    store.close()
