"""Answers that are not whole: pages that lack rows, bodies that end too early. Which ones, say the faults."""

from __future__ import annotations

import orjson
from starlette.responses import Response
from starlette.types import Send

_ROWS = ("results", "records", "items")
_NEXT = ("paging", "nextRecordsUrl")


def shorten(response: Response, *, is_last: bool) -> None:
    """Leave out the second half of a page's rows; `is_last`: and what says that there is more."""
    try:
        page = orjson.loads(bytes(response.body))
    except orjson.JSONDecodeError:
        return
    for name in _ROWS:
        if isinstance(page, dict) and isinstance(page.get(name), list):
            page[name] = page[name][: len(page[name]) // 2]
            if is_last:
                for following in _NEXT:
                    page.pop(following, None)
    response.body = orjson.dumps(page)
    response.headers["content-length"] = str(len(response.body))


async def send_half(response: Response, send: Send) -> None:
    """The head of an answer that promises all of its body, and half of it."""
    head = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(head)
    body = bytes(response.body)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
