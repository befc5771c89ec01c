"""Serving a home: a process per vendor, one line of JSON when all are ready, nothing left behind.

The parent holds the addresses and the life of the children; each child serves one vendor and ends when its
standard input does, so a killed parent leaves no server behind. A vendor of `ON_DEMAND` is started by the
first connection: most runs never speak to it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from sandbox import locks
from sandbox.catchers import credentials
from sandbox.clock import real_ms
from sandbox.front import CERTIFICATE, JAVA, JAVA_PASSWORD, NODE, TRUST
from sandbox.hubspot import oauth
from sandbox.pipes import until_eof
from sandbox.salesforce.login import password, security_token
from sandbox.store import Store

HOST = "127.0.0.1"
SOCKETS = {
    "hubspot": ("http", "https"),
    "salesforce": ("http", "https"),
    "marketing_cloud": ("http", "https"),
    "catchers": ("http", "https", "smtp"),
    "front": ("http",),
}
"""The sockets of each server. What comes by `https` was decrypted by the front."""
READY = "ready.json"
"""The file in the home that holds the line while the home is served: other commands find it there."""
ON_DEMAND = ("catchers", "front", "marketing_cloud")


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
    """A vendor's process and where it listens: its ports by name, `http` the web server's.

    Without a process it waits for its first connection on `listeners`.
    """

    vendor: str
    ports: dict[str, int]
    process: subprocess.Popen[bytes] | None = None
    listeners: dict[str, socket.socket] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    """Words its process is told besides."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.ports['http']}"

    @property
    def pid(self) -> int | None:
        return None if self.process is None else self.process.pid

    @property
    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None


def waiting(vendor: str, listeners: dict[str, socket.socket]) -> Child:
    """A vendor that is not started yet, on sockets that listen already, so that calls wait, not fail."""
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    return Child(vendor, ports, listeners=listeners)


def start(child: Child, home: Path, *, limited: bool) -> Child:
    """Start the process of a vendor that waits, on its sockets."""
    fds = {name: listener.fileno() for name, listener in child.listeners.items()}
    for fd in fds.values():
        os.set_inheritable(fd, True)
    told = ",".join(f"{name}={fd}" for name, fd in fds.items())
    child.process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        [
            sys.executable,
            "-m",
            "sandbox",
            "_vendor",
            child.vendor,
            str(home),
            told,
            str(int(limited)),
            *child.more,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=list(fds.values()),
        start_new_session=True,
    )
    for listener in child.listeners.values():
        listener.close()
    child.listeners = {}
    return child


def stop(child: Child) -> None:
    """End a vendor's process, or what waited for one."""
    for listener in child.listeners.values():
        listener.close()
    if child.process is None:
        return
    try:
        child.process.wait(5)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()


def ready_line(home: Path, world: dict[str, Any], children: list[Child]) -> bytes:
    """What a client needs to know, as one line of JSON."""
    by_name = {child.vendor: child for child in children}
    portal, org = (
        Store(home / "hubspot.sqlite", read_only=True),
        Store(home / "salesforce.sqlite", read_only=True),
    )
    token = portal.get_meta("token")
    line: dict[str, Any] = {"world": world["identity"]["world"], "home": str(home), "pid": os.getpid()}
    line["hubspot"] = {
        "token": token, "portal_id": portal.get_meta("portal_id"), **oauth.credentials(token),
        "developer_key": oauth.developer_key(token),
        "app_id": oauth.APP_ID,
    }  # fmt: skip
    line["salesforce"] = {
        name: org.get_meta(name)
        for name in ("organization_id", "client_id", "client_secret", "username", "refresh_token")
    } | {"jwt_key_file": str(home / "salesforce_jwt_key.pem")}
    if "marketing_cloud" in by_name:
        line["marketing_cloud"] = _marketing_cloud(home)
    secret = org.get_meta("client_secret")
    line["salesforce"] |= {"password": password(secret), "security_token": security_token(secret)}
    catchers = by_name["catchers"]
    line |= credentials.ready(catchers.url, catchers.ports["smtp"], token)
    for child in children:
        line.setdefault(child.vendor, {}).update({"url": child.url, "pid": child.pid})
    line["front"]["ca_file"] = str(home / CERTIFICATE)
    line["front"] |= {
        "python_path": str(home / TRUST), "node_preload": str(home / TRUST / NODE),
        "java_truststore": str(home / JAVA), "java_truststore_password": JAVA_PASSWORD,
    }  # fmt: skip
    portal.close()
    org.close()
    return orjson.dumps(line) + b"\n"


def _marketing_cloud(home: Path) -> dict[str, str]:
    account = Store(home / "marketing_cloud.sqlite", read_only=True)
    names = ("client_id", "client_secret", "member_id", "subdomain")
    found = {name: account.get_meta(name) for name in names}
    account.close()
    return found


def serve(home: Path, world: dict[str, Any], ports: dict[str, int], *, limited: bool) -> int:
    """Serve all vendors until told to stop; 0, or 1 when a server died by itself.

    `ports`: by `vendor.socket`, those that are not to be any free one.
    """
    children = [
        waiting(vendor, {name: listen(ports.get(f"{vendor}.{name}", 0)) for name in names})
        for vendor, names in SOCKETS.items()
        if vendor != "marketing_cloud" or (home / "marketing_cloud.sqlite").is_file()
    ]
    front = next(child for child in children if child.vendor == "front")
    front.more = tuple(
        f"{child.vendor}={child.ports['http']}:{child.ports['https']}"
        for child in children
        if child is not front
    )
    if not (home / TRUST / NODE).is_file():
        from sandbox.front import authority

        authority.ensure(home, real_ms())
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    for child in children:
        if child.vendor not in ON_DEMAND:
            start(child, home, limited=limited)
    threading.Thread(target=until_eof, args=(0, stopped.set), daemon=True).start()
    line = ready_line(home, world, children)
    announced = _announce(home / READY, line)
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    died = False
    while not died and not _stopped_or_asked(stopped, children, home, limited=limited):
        died = any(child.died for child in children)
        if announced is None:
            announced = _announce(home / READY, line)
    for child in children:
        if child.process is not None and child.process.stdin:
            child.process.stdin.close()
    for child in children:
        stop(child)
    if announced is not None:
        (home / READY).unlink(missing_ok=True)
        os.close(announced)
    return 1 if died else 0


def _announce(ready: Path, line: bytes) -> int | None:
    """This server's line for those who look for a sandbox of this home, and its lock; None while another's
    stands there."""
    held = locks.file(ready)
    if held is not None:
        os.ftruncate(held, 0)
        os.write(held, line)
    return held


def _stopped_or_asked(stopped: threading.Event, children: list[Child], home: Path, *, limited: bool) -> bool:
    """Wait a moment for the end, starting whichever vendor is asked meanwhile; whether it has come."""
    resting = {listener: child for child in children for listener in child.listeners.values()}
    if not resting:
        return stopped.wait(0.2)
    asked, _, _ = select.select(list(resting), [], [], 0.2)
    for child in {resting[listener].vendor: resting[listener] for listener in asked}.values():
        start(child, home, limited=limited)
    return stopped.is_set()
