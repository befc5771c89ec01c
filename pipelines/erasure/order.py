"""The order of an erasure in the works: who is meant, kept until it is done, so that a killed one can go on.

It is the one file that names the people while they are being erased; only its owner can read it, and the last
act of an erasure removes it. Belongs here: that file.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.erasure.subject import Subject
from pipelines.errors import CrmError


@dataclass(frozen=True)
class Order:
    """What is to be done. `reason` and `erasure_id` go into the receipt, so they must not name anybody."""

    erasure_id: str
    reason: str
    subject: Subject
    went: tuple[str, ...] = ()
    """Record keys of what went from the warehouse with them; the state is gone through for them too."""


def save(path: Path, order: Order) -> None:
    part = path.with_suffix(".tmp")
    part.unlink(missing_ok=True)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(asdict(order), file)
        file.flush()
        os.fsync(fd)
    os.replace(part, path)


def load(path: Path) -> Order | None:
    """The erasure that was interrupted; None when there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise CrmError(
            "the note of an interrupted erasure cannot be read", where=path.name,
            remedy="remove it and give crm erase the same people again",
        ) from None  # fmt: skip
    subject: dict[str, Any] = {
        name: value if isinstance(value, int) else tuple(value) for name, value in content["subject"].items()
    }
    went = tuple(content.get("went", ()))
    return Order(content["erasure_id"], content["reason"], Subject(**subject), went)


def done(path: Path) -> None:
    """The order has been carried out: overwritten with zeros, then removed."""
    if path.exists():
        path.write_bytes(b"\0" * path.stat().st_size)
        path.unlink()
