"""Ids that follow from what they name, so that the same thing cannot be decided or done twice.

Belongs here: hashes of keys.
"""

from __future__ import annotations

import hashlib


def decision_id(kind: str, person_id: str, event_key: str = "new") -> str:
    """One decision of a kind per person and event."""
    what = f"{kind}:{person_id}" if event_key == "new" else f"{kind}:{person_id}:{event_key}"
    return short(what)


def short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
