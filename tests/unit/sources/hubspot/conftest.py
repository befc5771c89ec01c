"""The loop with HubSpot alone, and many people in its portal."""

from __future__ import annotations

from dataclasses import replace

import pytest

LISTED = ("GET", "/crm/objects/2026-03/contacts")


@pytest.fixture
def loop(loop):
    """Only this vendor is connected, and of people and companies no history is kept."""
    (loop.settings.config_dir / "extract.yml").write_text(
        "hubspot: {history: {contacts: none, companies: none}}"
    )
    loop.settings = replace(loop.settings, salesforce=None)
    return loop


def fill(loop, count=250):
    for number in range(1, count + 1):
        loop.hubspot.put("contacts", str(number), email=f"p{number}@x.example", firstname="", lead_score="7")
