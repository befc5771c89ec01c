"""What Salesforce's answers mean: status and errorCode to the clients' vocabulary, and the org's call usage.

Belongs here: reading answers. Waiting and retrying is `clients.transport`.
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from pipelines.clients import errors
from pipelines.clients.rate_limit import RateBudget
from pipelines.clients.transport import Call, json_of

_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_NO_SUCH_THING = frozenset({"NOT_FOUND", "INVALID_TYPE"})
_NOT_ALLOWED = frozenset({"INSUFFICIENT_ACCESS", "API_DISABLED_FOR_ORG", "FUNCTIONALITY_NOT_ENABLED"})
_IN_TROUBLE = frozenset({"SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION"})


class SalesforceVendor:
    """How the transport reads Salesforce's answers."""

    name = "Salesforce"

    def __init__(self) -> None:
        self.usage: tuple[int, int] | None = None
        """API calls of the last 24 hours used and allowed, when an answer has said so."""

    def learn(self, response: httpx.Response, budget: RateBudget, call: Call) -> None:
        found = _USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        if found:
            self.usage = used, allowed = (int(found[1]), int(found[2]))
            budget.learn_day(limit=allowed, remaining=max(0, allowed - used))

    def explain(self, response: httpx.Response, host: str) -> errors.ClientError:
        first = _first(json_of(response))
        status, code = response.status_code, str(first.get("errorCode") or first.get("error") or "")
        said = str(first.get("message") or first.get("error_description") or f"status {status}").rstrip(".")
        known: dict[str, Any] = {"where": host, "code": code, "status": status}
        if "error" in first and "errorCode" not in first and status < 500:
            return errors.AuthFailed(
                f"Salesforce does not let us in: {said}",
                remedy="check SALESFORCE_CLIENT_ID and its secret or key, see docs/going-live.md", **known,
            )  # fmt: skip
        if status == 401:
            return errors.AuthFailed(
                "Salesforce does not accept the session",
                remedy="check the connected app, see docs/going-live.md",
                **known,
            )
        if code == "REQUEST_LIMIT_EXCEEDED":
            return _limit(said, known)
        if code == "INVALID_FIELD":
            return errors.UnknownField(f"Salesforce does not show a field: {_last_line(said)}", **known)
        if status == 404 or code in _NO_SUCH_THING:
            return errors.NotFound(f"Salesforce has no such thing: {_last_line(said)}", **known)
        if status == 403 or code in _NOT_ALLOWED:
            return errors.Forbidden(
                f"Salesforce forbids this: {said}",
                remedy="give the integration user the permission set",
                **known,
            )
        if status >= 500 or status in (406, 408, 420, 423) or code in _IN_TROUBLE:
            return errors.Unavailable(
                f"Salesforce is in trouble ({code or f'status {status}'})",
                remedy="wait a little and run this again", **known,
            )  # fmt: skip
        fields = tuple(str(name) for name in first.get("fields") or ())
        return errors.Rejected(f"Salesforce rejected the request: {said[:500]}", fields=fields, **known)


def _limit(said: str, known: dict[str, Any]) -> errors.ClientError:
    if "concurrent" in said.lower():
        return errors.RateLimited(
            "Salesforce says too many long requests at once", remedy="run this again in a minute", **known
        )
    return errors.DailyLimitReached(
        "Salesforce's calls of the last 24 hours are used up", remedy="run this again in some hours", **known
    )


def _first(body: Any) -> dict[str, Any]:
    """The first error: REST answers a list of them, OAuth an object."""
    if isinstance(body, list):
        body = body[0] if body else {}
    return body if isinstance(body, dict) else {}


def _last_line(said: str) -> str:
    """The sentence that matters: Salesforce puts the piece of SOQL and a caret above it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next(
        (line for line in reversed(lines) if line.startswith("No such column")), lines[-1] if lines else ""
    )
