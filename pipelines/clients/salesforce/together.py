"""Several requests in one call: `/composite`, which Salesforce counts as a single call of the daily limit.

Belongs here: packing, sending and unpacking. `/composite/batch` is not used: each of its requests counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.transport import Call, Transport, Vendor, json_of

MOST, MOST_QUERIES = 25, 5


@dataclass(frozen=True)
class Answer:
    """What one of the requests came to: a body, or the error it stands for."""

    body: Any = None
    error: errors.ClientError | None = None

    def get(self) -> Any:
        """The body. Raises the error."""
        if self.error is not None:
            raise self.error
        return self.body


class Together:
    """Sends many reads in few calls. Safe to use from several threads."""

    def __init__(self, transport: Transport, vendor: Vendor, base: str) -> None:
        self._transport, self._vendor, self._base = transport, vendor, base

    def describes(self, sobjects: Sequence[str], pool: Executor) -> dict[str, Answer]:
        """Describe of each object."""
        return self._all({n: f"{self._base}/sobjects/{n}/describe" for n in sobjects}, MOST, pool)

    def queries(self, soql: dict[str, tuple[str, bool]], pool: Executor) -> dict[str, Answer]:
        """The first page of each query, by the caller's name for it; with True also deleted rows."""
        paths = {
            name: f"{self._base}/{'queryAll' if all_rows else 'query'}?q={quote(text)}"
            for name, (text, all_rows) in soql.items()
        }
        return self._all(paths, MOST_QUERIES, pool)

    def deleted(self, windows: dict[str, tuple[str, str]], pool: Executor) -> dict[str, Answer]:
        """getDeleted of each object, between two instants as Salesforce writes them."""
        paths = {
            name: f"{self._base}/sobjects/{name}/deleted?start={quote(start)}&end={quote(end)}"
            for name, (start, end) in windows.items()
        }
        return self._all(paths, MOST, pool)

    def _all(self, paths: dict[str, str], most: int, pool: Executor) -> dict[str, Answer]:
        send: Callable[[Sequence[tuple[str, str]]], dict[str, Answer]] = self._send
        found: dict[str, Answer] = {}
        for answers in pool.map(send, batched(list(paths.items()), most)):
            found |= answers
        return found

    def _send(self, some: Sequence[tuple[str, str]]) -> dict[str, Answer]:
        requests = [
            {"method": "GET", "url": path, "referenceId": f"r{n}"} for n, (_, path) in enumerate(some)
        ]
        body = {"allOrNone": False, "compositeRequest": requests}
        sent = self._transport.send(Call(method="POST", path=f"{self._base}/composite", json=body))
        answer = json_of(sent)
        parts = answer.get("compositeResponse") if isinstance(answer, dict) else None
        if not isinstance(parts, list) or len(parts) != len(some):
            raise errors.Truncated("Salesforce's composite answer is not whole", where=self._transport.host)
        return {name: self._read(part) for (name, _), part in zip(some, parts, strict=True)}

    def _read(self, part: dict[str, Any]) -> Answer:
        status = int(part.get("httpStatusCode") or 0)
        if 200 <= status < 300:
            return Answer(part.get("body"))
        response = httpx.Response(status, content=orjson.dumps(part.get("body")))
        return Answer(error=self._vendor.explain(response, self._transport.host))
