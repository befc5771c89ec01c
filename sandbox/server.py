"""Serving a home: a process per vendor, one line of JSON when both are ready, nothing left behind.

The parent holds the addresses and the life of the children; each child serves one vendor and ends when its
standard input does, so a killed parent leaves no server behind.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sandbox.hubspot import oauth
from sandbox.pipes import until_eof
from sandbox.store import Store

HOST = "127.0.0.1"


class PortInUse(Exception):
    """A port that was asked for and is taken."""


def listen(port: int) -> socket.socket:
    """A bound socket on loopback. Raises PortInUse."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen(256)
    except OSError as problem:
        found.close()
        raise PortInUse(
            f"Port {port} is in use ({problem.strerror}); give another one or 0 for a free one."
        ) from None
    return found


@dataclass
class Child:
    """A vendor's process and where it listens."""

    vendor: str
    url: str
    process: subprocess.Popen[bytes]


def start(vendor: str, home: Path, listener: socket.socket, *, limited: bool) -> Child:
    """Start a vendor's process on a socket that listens already, so that calls wait instead of failing."""
    os.set_inheritable(listener.fileno(), True)
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        [
            sys.executable,
            "-m",
            "sandbox",
            "_vendor",
            vendor,
            str(home),
            str(listener.fileno()),
            str(int(limited)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[listener.fileno()],
        start_new_session=True,
    )
    port = listener.getsockname()[1]
    listener.close()
    return Child(vendor, f"http://{HOST}:{port}", process)


def ready_line(home: Path, world: dict[str, Any], children: list[Child]) -> bytes:
    """What a client needs to know, as one line of JSON."""
    urls = {child.vendor: child.url for child in children}
    pids = {child.vendor: child.process.pid for child in children}
    portal, org = (
        Store(home / "hubspot.sqlite", read_only=True),
        Store(home / "salesforce.sqlite", read_only=True),
    )
    line = {
        "world": world["identity"]["world"],
        "home": str(home),
        "pid": os.getpid(),
        "hubspot": {
            "url": urls["hubspot"],
            "pid": pids["hubspot"],
            "token": portal.get_meta("token"),
            "portal_id": portal.get_meta("portal_id"),
            **oauth.credentials(portal.get_meta("token")),
        },
        "salesforce": {
            "url": urls["salesforce"],
            "pid": pids["salesforce"],
            "organization_id": org.get_meta("organization_id"),
            "client_id": org.get_meta("client_id"),
            "client_secret": org.get_meta("client_secret"),
            "username": org.get_meta("username"),
            "refresh_token": org.get_meta("refresh_token"),
            "jwt_key_file": str(home / "salesforce_jwt_key.pem"),
        },
    }
    portal.close()
    org.close()
    return orjson.dumps(line) + b"\n"


def serve(home: Path, world: dict[str, Any], ports: dict[str, int], *, limited: bool) -> int:
    """Serve both vendors until told to stop; 0, or 1 when a server died by itself."""
    listeners = {vendor: listen(port) for vendor, port in ports.items()}
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    children = [start(vendor, home, listener, limited=limited) for vendor, listener in listeners.items()]
    threading.Thread(target=until_eof, args=(0, stopped.set), daemon=True).start()
    sys.stdout.buffer.write(ready_line(home, world, children))
    sys.stdout.buffer.flush()
    died = False
    while not stopped.wait(0.2) and not died:
        died = any(child.process.poll() is not None for child in children)
    for child in children:
        if child.process.stdin:
            child.process.stdin.close()
    for child in children:
        try:
            child.process.wait(5)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
    return 1 if died else 0
