"""A sandbox, and vendors' own clients that know nothing of it but their environment.

Clients that are no dependency of ours are installed by `make clients` into `var/clients`; tests of one
that is not
there are skipped, and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import prepare
from tests.unit.sandbox.conftest import Running, serving


@pytest.fixture(scope="module")
def served(smallest_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = Path(shutil.copytree(smallest_world, tmp_path_factory.mktemp("clients") / "home"))
    with serving(home, "--no-limits") as running:
        yield running


@pytest.fixture(scope="module")
def environment(served: Running) -> dict[str, str]:
    """What `crm sandbox` prints for clients whose hosts are built in."""
    front = served.ready["front"]
    proxy = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), front["url"])
    trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), front["ca_file"])
    return {**os.environ, **proxy, **trust, "PYTHONPATH": front["python_path"]}


@pytest.fixture
def installed() -> Callable[[str], Path]:
    """The program of an installed client, by its name."""

    def find(name: str) -> Path:
        path = prepare.program(name)
        if not path.exists():
            pytest.skip(f"{name} is not installed; make clients does it")
        return path

    return find


def run(command: list[str], environment: dict[str, str], **more: Any) -> str:
    """What a client prints; it must end well."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=240, check=False, **more
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


def records(text: str) -> dict[str, list[dict[str, Any]]]:
    """The records a Singer tap wrote, by stream."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in text.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
    return found


def selected(catalog: str, streams: set[str] | None = None) -> dict[str, Any]:
    """A tap's catalog with these streams (or all) and all of their fields chosen."""
    found: dict[str, Any] = json.loads(catalog)
    for stream in found["streams"]:
        wanted = streams is None or stream["stream"] in streams
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = wanted
            elif wanted and entry["metadata"].get("inclusion") != "unsupported":
                entry["metadata"]["selected"] = True
    return found
