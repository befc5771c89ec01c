"""One request on its way through a vendor: what came in, and what it changed. Handlers take a `Call`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.responses import Response

from sandbox.faults import Fault
from sandbox.store import Change, Store

DEEPEST = 200
"""Levels of a JSON body. What is deeper can be read but not be written again."""


class Refused(Exception):
    """Ends a request with the vendor's own error answer; everything it changed is taken back."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


@dataclass
class Call:
    """A request and the transaction it runs in."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    body: bytes
    store: Store
    now: int
    request_id: str
    base_url: str
    changes: list[Change] = field(default_factory=list)
    records: int = 0
    effect: str = ""
    assign: str = ""
    """Which rule is to say who owns records, where a client says so other than by a header."""
    by: tuple[str, str] = ("INTEGRATION", "sandbox-app")
    """The kind and the name of whoever changes something, as histories tell it."""
    kept: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    """What is stored of the call itself: it stays when a fault takes back what the call did."""
    fault: Fault | None = None
    """A fault that the handler itself has to bring about: it refuses rows."""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def query_list(self, name: str) -> list[str]:
        """All values of a parameter, repeated or separated by commas."""
        values = [v for k, v in parse_qsl(self.query_string, keep_blank_values=True) if k == name]
        return [part for value in values for part in value.split(",") if part]

    def says(self, name: str) -> bool:
        """Whether a parameter is true, in any case: clients in Python send `True`."""
        return self.query.get(name, "").lower() == "true"

    def json(self) -> Any:
        """The body. Raises orjson.JSONDecodeError, a ValueError, of no JSON or of one too deep to keep."""
        return parsed(self.body)

    def keep(self, sql: str, values: tuple[Any, ...]) -> None:
        """Store what later calls ask for by name: a receipt, not a record."""
        self.store.db.execute(sql, values)
        self.kept.append((sql, values))

    def change(
        self, obj: str, record_id: str, operation: str, field: str, before: str | None, after: str | None
    ) -> None:
        if before == after and operation == "update":
            operation = "noop"
        self.changes.append(Change(obj, record_id, operation, field, before, after))


def parsed(text: bytes | str) -> Any:
    """JSON that can be written again. Raises orjson.JSONDecodeError of any other."""
    found = orjson.loads(text)
    body = text.encode() if isinstance(text, str) else text
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deep(found):
        raise orjson.JSONDecodeError(f"nested more than {DEEPEST} deep", "", 0)
    return found


def _is_deep(found: Any) -> bool:
    level = [found]
    for _ in range(DEEPEST):
        inside = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for part in inside for each in part if isinstance(each, dict | list)]
        if not level:
            return False
    return True


def answer(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None, charset: str = "utf-8"
) -> Response:
    """A JSON answer; bytes are taken as JSON that is rendered already."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return Response(body, status, dict(headers or {}), f"application/json;charset={charset}")
