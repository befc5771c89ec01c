"""A portal before it has customers: its number, its token, its definitions. Used by every world."""

from __future__ import annotations

import hashlib

from sandbox.hubspot import portal
from sandbox.store import Store

PORTAL_ID = 48_290_173


def prepare(
    store: Store, seed: int, at: int, *, currency: str = "USD", zone: str = "America/New_York"
) -> None:
    """Make a portal without records."""
    portal.prepare(store, PORTAL_ID, time_zone=zone, currency=currency, at=at)
    digest = hashlib.sha256(f"hubspot:{seed}".encode()).hexdigest()
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    store.set_meta("token", f"pat-na1-{'-'.join(parts)}")
