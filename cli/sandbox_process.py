"""Starts the sandbox as a child process and makes sure it ends with us.

The child stops when its standard input closes, so it also ends when we are killed. Belongs here: the process
and the Settings that point at it. The servers are the package `sandbox`, which we never import.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.errors import CrmError
from pipelines.settings import HubSpotConnection, SalesforceConnection, Secret, Settings

_STOP_SECONDS = 10


@contextmanager
def running(
    home: Path, world: str, *, size: str = "S", extra: tuple[str, ...] = ()
) -> Iterator[dict[str, Any]]:
    """The sandbox's ready line (URLs, credentials) while it runs. `home` keeps its state between runs."""
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--home",
        str(home),
        "--world",
        world,
        "--size",
        size,
        *extra,
    ]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        line = child.stdout.readline()
        if not line:
            raise CrmError(
                f"the sandbox did not start (exit {child.wait(_STOP_SECONDS)})",
                remedy="its own words stand above",
            )
        yield json.loads(line)
    finally:
        child.stdin.close()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


def connected(settings: Settings, ready: dict[str, Any]) -> Settings:
    """These settings with the sandbox as their only connections: loopback, and state in `var/`."""
    hubspot, salesforce = ready["hubspot"], ready["salesforce"]
    return replace(
        settings,
        hubspot=HubSpotConnection(url=hubspot["url"], token=Secret(hubspot["token"]), environment="sandbox"),
        salesforce=SalesforceConnection(
            url=salesforce["url"],
            client_id=salesforce["client_id"],
            client_secret=Secret(salesforce["client_secret"]),
            environment="sandbox",
        ),
        write=False,
        state_url="",
    )
