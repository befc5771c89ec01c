"""Whom somebody asked to erase: e-mail addresses and record keys, from the command line or a list.

Belongs here: reading and refusing. Whether such a person is known is found in `subject`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.state.suppression import normalised

_ADDRESS = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\".]+")
_RECORD_KEY = re.compile(r"(hubspot|salesforce):[^\s:]+:[^\s:]+:[^\s:]+")


@dataclass(frozen=True)
class Asked:
    """One person asked for: by an address in lower case, or by a record key. `line` is for messages."""

    email: str = ""
    record_key: str = ""
    line: str = ""


def parse(text: str, line: str = "") -> Asked:
    """An e-mail address or a record key. Raises UsageError, which does not repeat what was given."""
    given = text.strip()
    if _RECORD_KEY.fullmatch(given):
        return Asked(record_key=given, line=line)
    if _ADDRESS.fullmatch(given):
        return Asked(email=normalised(given), line=line)
    raise UsageError(
        f"{line or 'what was given'} is neither a file, an e-mail address nor a record key"
        if not line else f"{line} is neither an e-mail address nor a record key",
        where="crm erase", remedy="nothing was erased; write ann@example.org or hubspot:PORTAL:contacts:ID",
    )  # fmt: skip


def read_list(file: Path) -> list[Asked]:
    """A list, one person a line; empty lines and lines that begin with # do not count."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError("the list is not UTF-8 text", where=file.name, remedy="nothing was erased") from None
    found = [
        parse(line, f"line {number} of {file.name}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not found:
        raise UsageError("the list names nobody", where=file.name, remedy="nothing was erased")
    return found
