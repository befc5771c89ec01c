"""The plan as a file: JSON Lines, a header and then a line per record, sealed by sha256.

Belongs here: the format, writing it whole or not at all, and refusing one that was altered.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipelines.errors import CrmError

_OPTIONS = orjson.OPT_SORT_KEYS


@dataclass(frozen=True)
class FieldChange:
    """One field: what is there, what should be, who says so and why. None is empty."""

    before: str | None
    after: str | None
    provider: str
    rule: str


@dataclass(frozen=True)
class RecordChange:
    """One line of a plan: the fields of one CRM record that are to be written."""

    sync: str
    vendor: str
    object: str
    record_id: str
    record_key: str
    person_id: str | None
    operation: str
    fields: dict[str, FieldChange]
    parent: str | None = None
    """The record that the CRM locks while this one is written, where the sync says which it is."""


def spool_lines(lines: Iterable[str], path: Path) -> tuple[str, int]:
    """Write lines to `path`, which is not a plan yet. Returns their sha256 and how many there are."""
    digest, count = hashlib.sha256(), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for line in lines:
            encoded = line.encode() + b"\n"
            digest.update(encoded)
            file.write(encoded)
            count += 1
    return digest.hexdigest(), count


def assemble(header: dict[str, Any], lines: Path, target: Path) -> None:
    """Header and lines become the plan `target` by a rename: it is there whole, or not at all."""
    part = target.with_suffix(".tmp")
    with part.open("wb") as file:
        file.write(orjson.dumps(header | {"seal": _seal(header)}, option=_OPTIONS) + b"\n")
        with lines.open("rb") as body:
            shutil.copyfileobj(body, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, target)
    lines.unlink()


def read_header(path: Path) -> dict[str, Any]:
    """The header of a plan, after checking that nothing in the file was altered since it was made."""
    if not path.is_file():
        raise CrmError("there is no such plan", where=path.name, remedy="run crm plan")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        first = file.readline()
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    try:
        header: dict[str, Any] = orjson.loads(first)
        seal = header.pop("seal", "")
    except (orjson.JSONDecodeError, AttributeError):
        raise _altered(path, "its first line is not a plan's header") from None
    if digest.hexdigest() != header.get("sha256") or seal != _seal(header):
        raise _altered(path, "it does not match its own checksum")
    return header


def read_changes(path: Path, sync: str = "") -> Iterator[RecordChange]:
    """The fields to write of a plan that `read_header` accepted; lines of other syncs are not even parsed."""
    mine = b'"sync":' + orjson.dumps(sync) if sync else b""
    with path.open("rb") as file:
        file.readline()
        for line in file:
            if mine not in line:
                continue
            content = orjson.loads(line)
            if "fields" not in content:
                continue
            fields = {name: FieldChange(**change) for name, change in content.pop("fields").items()}
            yield RecordChange(fields=fields, **content)


def read_actions(path: Path) -> Iterator[dict[str, Any]]:
    """The actions of such a plan, as their lines have them."""
    with path.open("rb") as file:
        file.readline()
        for line in file:
            if b'"action_key"' in line:
                content = orjson.loads(line)
                if "action_key" in content:
                    yield content


def latest(folder: Path) -> Path | None:
    """The plan that was made last."""
    plans = sorted(folder.glob("*.jsonl"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    return plans[-1] if plans else None


def _seal(header: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(header, option=_OPTIONS)).hexdigest()


def _altered(path: Path, how: str) -> CrmError:
    return CrmError(f"this plan is refused, {how}", where=path.name, remedy="run crm plan for a new one")
