"""One JSON call over HTTP to somewhere that is no CRM, with the clients' own errors.

Belongs here: connecting, waiting as long as the other end asks, and telling what was not sent from what
nobody knows about. What an answer means is its client's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.connections import is_loopback

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_LONGEST_WAIT = 30.0
_ATTEMPTS = 4


class Web:
    """A way to one host. `may_write`: this run may send to others than this machine."""

    def __init__(
        self, label: str, *, may_write: bool, sleep: Callable[[float], None] = time.sleep,
        http: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.label, self._may_write, self._sleep = label, may_write, sleep
        self._http = httpx.Client(timeout=_TIMEOUT, transport=http, follow_redirects=False)
        self.count = CallCount()
        self.now = datetime.now(UTC)

    def close(self) -> None:
        self._http.close()

    def post(
        self,
        url: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        writes: bool = True,
    ) -> httpx.Response:
        """The answer, whatever its status but 429 and 5xx. `writes`: something is told to somebody."""
        if writes and not (self._may_write or is_loopback(url)):
            raise errors.Forbidden(
                f"sending to {self.label} is switched off, nothing was sent",
                remedy="set CRM_WRITE=on if you mean to",
            )
        for attempt in range(1, _ATTEMPTS + 1):
            answer = self._once(url, body, headers or {}, again=attempt > 1)
            if answer.status_code != 429:
                break
            wait = _seconds(answer.headers.get("retry-after"))
            if attempt == _ATTEMPTS or wait > _LONGEST_WAIT:
                raise errors.RateLimited(f"{self.label} takes no more messages for now", status=429)
            self._sleep(wait)
        if answer.status_code >= 500:
            raise errors.AnswerLost(f"{self.label} answered {answer.status_code}", status=answer.status_code)
        return answer

    def _once(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, again: bool
    ) -> httpx.Response:
        self.count.one(again=again)
        try:
            answer = self._http.post(url, json=dict(body), headers=dict(headers))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise errors.Unreachable(f"{self.label} cannot be reached", remedy="check its address") from None
        except httpx.HTTPError:
            raise errors.AnswerLost(f"{self.label} took a message and did not answer") from None
        date = answer.headers.get("date")
        if date:
            self.now = parsedate_to_datetime(date).astimezone(UTC)
        return answer


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 1))
    except ValueError:
        return 1.0
