"""Lists of events that follow each other by a token: which are done, which is being read, where it goes on.

Belongs here: HubSpot's paging of events. The window and the files are `pipelines.sources.events`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import orjson

from pipelines.clients import errors
from pipelines.clients.hubspot.pages import Page
from pipelines.sources.events import Row, Wanted


def one_after_another(
    names: Iterable[str], wanted: Wanted, pages: Callable[[str, str | None], Iterator[Page]],
    row: Callable[[str, Any], Row],
) -> Iterator[tuple[list[Row], str]]:  # fmt: skip
    """Pages of several lists. The position: which are done, which is being read, and its next page."""
    at: dict[str, Any] = orjson.loads(wanted.position) if wanted.position else {}
    done: list[str] = list(at.get("done", ()))
    for name in names:
        if name in done:
            continue
        token = at.get("after") if at.get("in") == name else None
        for page in _from_token(partial(pages, name), token):
            place: dict[str, Any] = (
                {"done": [*done, name]}
                if page.after is None
                else {"done": done, "in": name, "after": page.after}
            )
            yield [row(name, each) for each in page.results], orjson.dumps(place).decode()
        done.append(name)


def _from_token(ask: Callable[[str | None], Iterator[Page]], token: str | None) -> Iterator[Page]:
    """The pages from a killed run's token on; from the first when HubSpot knows the token no more."""
    found = ask(token)
    if token is not None:
        try:
            yield next(found)
        except StopIteration:
            return
        except (errors.Rejected, errors.NotFound):
            found = ask(None)
    yield from found
