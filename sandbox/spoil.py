"""Answers that are not whole: pages that lack rows, bodies that end too early. Which ones, say the faults."""

from __future__ import annotations

import re
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Send

_ROWS = (
    "results", "records", "items", "objects", "contacts", "companies", "deals", "events", "lists",
    "campaigns", "ids", "deletedRecords", "entry",
)  # fmt: skip
"""What the vendors call the rows of a page in JSON."""
_NEXT, _MORE = ("paging", "nextRecordsUrl"), ("hasMore", "has-more")
_ELEMENTS = (b"Results", b"records")
"""And in SOAP."""
_LAST = (
    (rb"(<OverallStatus>)MoreDataAvailable<", rb"\1OK<"), (rb"(<done>)false<", rb"\1true<"),
    (rb"<queryLocator>[^<]*</queryLocator>", b'<queryLocator xsi:nil="true"/>'),
)  # fmt: skip


def shorten(response: Response, *, is_last: bool) -> bool:
    """Leave out the second half of a page's rows; `is_last`: and what says that there is more.
    False when it is no page, or has nothing to leave out."""
    kind, body = response.headers.get("content-type", ""), bytes(response.body)
    if response.status_code != 200:
        return False
    if kind.startswith("text/csv"):
        shorter = _fewer_lines(response, body, is_last=is_last)
    else:
        shorter = (_fewer_elements if "xml" in kind else _fewer_items)(body, is_last=is_last)
    response.body = shorter
    response.headers["content-length"] = str(len(shorter))
    return shorter != body


def _fewer_items(body: bytes, *, is_last: bool) -> bytes:
    try:
        page: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    name = next((n for n in _ROWS if isinstance(page, dict) and isinstance(page.get(n), list)), None)
    if name is None or not page[name]:
        return body
    page[name] = page[name][: len(page[name]) // 2]
    if is_last:
        for following in _NEXT:
            page.pop(following, None)
        page |= {more: False for more in _MORE if more in page} | ({"done": True} if "done" in page else {})
        if isinstance(page.get("links"), dict):
            page["links"].pop("next", None)
    return orjson.dumps(page)


def _fewer_elements(body: bytes, *, is_last: bool) -> bytes:
    spans = next((found for name in _ELEMENTS if (found := _elements(body, name))), [])
    if not spans:
        return body
    shorter = body[: spans[len(spans) // 2][0]] + body[spans[-1][1] :]
    for pattern, last in _LAST if is_last else ():
        shorter = re.sub(pattern, last, shorter)
    return shorter


def _elements(body: bytes, name: bytes) -> list[tuple[int, int]]:
    """Where the outermost elements of a name begin and end."""
    found, depth, start = [], 0, 0
    for tag in re.finditer(rb"<(/?)(?:\w+:)?%s(?=[\s>/])[^>]*?(/?)>" % name, body):
        if not depth and not tag[1]:
            start = tag.start()
        depth += 0 if tag[2] else -1 if tag[1] else 1
        if not depth:
            found.append((start, tag.end()))
    return found


def _fewer_lines(response: Response, body: bytes, *, is_last: bool) -> bytes:
    """Rows of CSV; a quoted value may go on in the next line."""
    head, *rows = _rows_of(body)
    if not rows:
        return body
    kept = rows[: len(rows) // 2]
    if "sforce-numberofrecords" in response.headers:
        response.headers["sforce-numberofrecords"] = str(len(kept))
    if is_last and "sforce-locator" in response.headers:
        response.headers["sforce-locator"] = "null"
    return b"".join([head, *kept])


def _rows_of(body: bytes) -> list[bytes]:
    found, row = [], b""
    for line in body.splitlines(keepends=True):
        row += line
        if row.count(b'"') % 2 == 0:
            found.append(row)
            row = b""
    return [*found, row] if row or not found else found


async def send_half(response: Response, send: Send) -> None:
    """The head of an answer that promises all of its body, and half of it; nothing of one without a body."""
    body = bytes(response.body)
    if not body:
        return
    head = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(head)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
