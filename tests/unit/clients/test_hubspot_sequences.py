"""What one user of HubSpot's may not do speaks against that user's enrolment, and stops nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.clients import errors
from pipelines.clients.hubspot.sequences import Sequences

FORBIDDEN = errors.Forbidden("HubSpot forbids this: a seat is needed", code="FORBIDDEN", status=403)


class Portal:
    """Refuses the list of sequences, or an enrolment."""

    def __init__(self, listing: Exception | None = None, enrolling: Exception | None = None) -> None:
        self.listing, self.enrolling = listing, enrolling

    def path(self, name: str) -> str:
        return name

    def pages(self, *_: Any) -> Iterator[dict[str, str]]:
        if self.listing is not None:
            raise self.listing
        yield {"id": "7", "name": "outreach"}

    def change(self, *_: Any) -> dict[str, str]:
        if self.enrolling is not None:
            raise self.enrolling
        return {"id": "9"}


def enrolled(portal: Portal) -> str:
    sequences = Sequences(portal)  # type: ignore[arg-type]
    return sequences.enrol("1", sequences.find("1", "outreach"), "5", "ada@x.example")


def test_a_sender_without_a_seat_or_an_inbox_is_refused_in_hubspot_s_words_and_a_missing_scope_is_ours() -> (
    None
):
    assert enrolled(Portal()) == "9"
    for portal, code in ((Portal(FORBIDDEN), "NO_SEAT"), (Portal(None, FORBIDDEN), "NO_SENDER")):
        with pytest.raises(errors.Rejected, match="a seat is needed") as refused:
            enrolled(portal)
        assert refused.value.code == code
    scope = errors.MissingScope("the HubSpot token lacks a scope", code="MISSING_SCOPES", status=403)
    for portal in (Portal(scope), Portal(None, scope)):
        with pytest.raises(errors.MissingScope):
            enrolled(portal)
