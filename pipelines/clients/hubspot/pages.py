"""A page of one of HubSpot's lists: what is on it, and where the next begins.

Belongs here: reading an answer. Asking for it is `client`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from pipelines.clients import errors

_TAIL = 2_000
_NEXT = re.compile(rb'"paging":\{"next":\{"after":"([^"\\]+)"(?:,"link":"[^"\\]*")?\}\}\}\s*$')
"""The end of a page that has another behind it, as HubSpot writes it."""


@dataclass(frozen=True)
class Page:
    """Some records, and where the next page begins (None: this is the last). `total`: if HubSpot says it."""

    results: list[dict[str, Any]]
    after: str | None
    total: int | None = None

    def __len__(self) -> int:
        return len(self.results)

    @property
    def ids(self) -> list[str]:
        return [str(each["id"]) for each in self.results]

    def picked(self, wanted: Sequence[bool], after: str | None) -> Page:
        """Some of its records, and another place to go on from."""
        return Page(list(compress(self.results, wanted)), after, self.total)


def page_in(body: dict[str, Any]) -> Page:
    """The page of a parsed answer. Raises Truncated when it has no results."""
    if not isinstance(body.get("results"), list):
        raise errors.Truncated("HubSpot's page has no results", remedy="run this again")
    after = ((body.get("paging") or {}).get("next") or {}).get("after")
    return Page(body["results"], None if after is None else str(after), body.get("total"))


def next_of(answer: bytes) -> str | None:
    """Where the page after an unread one begins, by how the answer ends; None: only reading it tells."""
    found = _NEXT.search(answer, max(0, len(answer) - _TAIL))
    return found[1].decode() if found else None
