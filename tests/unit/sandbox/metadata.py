"""Deploys of files written by hand: the package, a field, and what became of it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from .conftest import API, Running

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


def package(**members: list[str]) -> str:
    types = "".join(
        "<types>" + "".join(f"<members>{m}</members>" for m in listed) + f"<name>{kind}</name></types>"
        for kind, listed in members.items()
    )
    return f"{HEAD}<Package {SPACE}>{types}<version>62.0</version></Package>"


def field(name: str, more: str = "<type>Text</type><length>20</length>") -> str:
    return f"<fields><fullName>{name}</fullName><label>{name}</label>{more}</fields>"


def deployed(shared: Running, files: dict[str, str], **options: Any) -> dict[str, Any]:
    """The result of a deploy of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    said = {"deployOptions": {"rollbackOnError": True, "singlePackage": True, **options}}
    begun = shared.salesforce.post(
        f"{API}/metadata/deployRequest",
        files={"json": ("", json.dumps(said), "application/json"),
               "file": ("deploy.zip", packed.getvalue(), "application/zip")},
    )  # fmt: skip
    assert begun.status_code == 201, begun.text
    status = shared.salesforce.get(f"{API}/metadata/deployRequest/{begun.json()['id']}?includeDetails=true")
    found: dict[str, Any] = status.json()["deployResult"]
    return found
