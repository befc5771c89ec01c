"""Peers from PyPI, each in an environment of its own; tap-hubspot and tap-salesforce pointed at the sandbox.

The packages are not changed: a `sitecustomize` module on their path sends what goes to the vendors' hosts
to the sandbox instead. Belongs here: making the environments, the taps' configuration and catalogs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.processes import BIN

TAPS = {"hubspot": "tap-hubspot==4.5.0", "salesforce": "tap-salesforce==2.8.1"}
_REDIRECT = """\
import os

from requests.adapters import HTTPAdapter

_send = HTTPAdapter.send


def send(self, request, *args, **kwargs):
    for host in ("https://api.hubapi.com", "https://login.salesforce.com"):
        if request.url.startswith(host):
            request.url = os.environ["SANDBOX_URL"] + request.url[len(host):]
    return _send(self, request, *args, **kwargs)


HTTPAdapter.send = send
"""
_SINCE = "2000-01-01T00:00:00Z"


def cache() -> Path:
    """Where the environments are kept between runs."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"  # noqa: TID251 - not a setting of ours
    return Path(root) / "crm-integration" / "peers"


def python(*packages: str) -> Path:
    """An interpreter that has these packages, made now if it is not there.

    Raises CalledProcessError without a network.
    """
    home = cache() / "+".join(packages)
    complete = home / "complete"
    if not complete.exists():
        uv = shutil.which("uv") or f"{BIN}/uv"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", home / "bin" / "python", *packages], check=True
        )
        complete.touch()
    return home / "bin" / "python"


def install(vendor: str) -> Path:
    """The tap's program, installed now if it is not there. Raises CalledProcessError without a network."""
    home = python(TAPS[vendor]).parent.parent
    program = home / "bin" / TAPS[vendor].partition("==")[0]
    redirect = home / "redirect"
    redirect.mkdir(exist_ok=True)
    (redirect / "sitecustomize.py").write_text(_REDIRECT)
    return program


def environment(program: Path, url: str) -> dict[str, str]:
    return {"PYTHONPATH": str(program.parent.parent / "redirect"), "SANDBOX_URL": url}


def hubspot(program: Path, ready: Mapping[str, Any], columns: list[str], home: Path) -> list[str]:
    """The command that writes all contacts to standard output.

    Its own discovery asks for endpoints that the sandbox does not have (companies of the first API), so the
    catalog says what it would say of contacts.
    """
    config = {"api_key": ready["token"], "start_date": _SINCE}
    chosen = {"inclusion": "available", "selected": True}
    catalog = {
        "streams": [
            {
                "stream": "contacts",
                "tap_stream_id": "contacts",
                "key_properties": ["id"],
                "schema": {"properties": {f"property_{name}": {} for name in columns}},
                "metadata": [
                    {"breadcrumb": [], "metadata": {"selected": True}},
                    *(
                        {"breadcrumb": ["properties", f"property_{name}"], "metadata": chosen}
                        for name in columns
                    ),
                ],
            }
        ]
    }
    return [str(program), "--config", _kept(home, config), "--properties", _kept(home, catalog)]


def salesforce(program: Path, ready: Mapping[str, Any], home: Path) -> list[str]:
    """The command that writes all contacts to standard output, by REST: it knows only the first Bulk API."""
    config = {name: ready[name] for name in ("refresh_token", "client_id", "client_secret")}
    config |= {"start_date": _SINCE, "api_type": "REST", "select_fields_by_default": True}
    path = _kept(home, config)
    found = subprocess.run(
        [program, "--config", path, "--discover"], env=environment(program, ready["url"]), check=True,
        capture_output=True,
    )  # fmt: skip
    catalog = json.loads(found.stdout)
    catalog["streams"] = [each for each in catalog["streams"] if each["stream"] == "Contact"]
    for each in catalog["streams"][0]["metadata"]:
        if not each["breadcrumb"]:
            each["metadata"] |= {
                "selected": True, "replication-method": "INCREMENTAL", "replication-key": "SystemModstamp",
            }  # fmt: skip
    return [str(program), "--config", path, "--properties", _kept(home, catalog)]


def _kept(home: Path, content: Mapping[str, Any]) -> str:
    path = home / f"tap-{len(list(home.glob('tap-*')))}.json"
    path.write_text(json.dumps(content))
    return str(path)
