"""What HubSpot's answers mean: status, category and headers to the clients' vocabulary and the rate budget.

Belongs here: reading answers. Waiting and retrying is `clients.transport`.
"""

from __future__ import annotations

from typing import Any

import httpx

from pipelines.clients import errors
from pipelines.clients.rate_limit import RateBudget
from pipelines.clients.transport import Call, json_of

_SIGN_IN = frozenset({"BAD_REFRESH_TOKEN", "BAD_CLIENT_ID", "BAD_CLIENT_SECRET", "BAD_GRANT_TYPE"})
"""What HubSpot's sign-in says about itself in `status`, where other errors have the word error."""


class HubSpotVendor:
    """How the transport reads HubSpot's answers."""

    name = "HubSpot"

    def explain(self, response: httpx.Response, host: str) -> errors.ClientError:
        body = json_of(response)
        body = body if isinstance(body, dict) else {}
        status, code = response.status_code, str(body.get("category") or body.get("errorType") or "")
        said = str(body.get("message") or f"status {status}").rstrip(".")
        if status == 401:
            return errors.AuthFailed(
                "HubSpot does not accept the token", where=host,
                remedy="check HUBSPOT_TOKEN, see docs/going-live.md", code=code, status=status,
            )  # fmt: skip
        if str(body.get("status")) in _SIGN_IN:
            return errors.AuthFailed(
                f"HubSpot does not let the OAuth app in: {said}", where=host, code=str(body["status"]),
                remedy="check HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_REFRESH_TOKEN, see "
                "docs/going-live.md", status=status,
            )  # fmt: skip
        if status == 403:
            return _forbidden(body, said[:500], host, code)
        if status == 404:
            return errors.NotFound(f"HubSpot has no such thing: {said}", where=host, code=code, status=status)
        if status == 429:
            return _too_many(body, host, code)
        if status >= 500 or status in (408, 423, 477):
            return errors.Unavailable(
                f"HubSpot is in trouble (status {status})", where=host,
                remedy="wait a little and run this again", code=code, status=status,
            )  # fmt: skip
        return errors.Rejected(
            f"HubSpot rejected the request: {said[:500]}", where=host, code=detail_code(body) or code,
            status=status, fields=detail_fields(body),
        )  # fmt: skip

    def learn(self, response: httpx.Response, budget: RateBudget, call: Call) -> None:
        """Search answers carry no rate headers; the others name the ten-second window."""
        headers = response.headers
        day = [headers.get(f"X-HubSpot-RateLimit-Daily{each}", "") for each in ("", "-Remaining")]
        if all(each.isdigit() for each in day):
            budget.learn_day(limit=int(day[0]), remaining=int(day[1]))
        try:
            limit = int(headers["X-HubSpot-RateLimit-Max"])
            seconds = int(headers["X-HubSpot-RateLimit-Interval-Milliseconds"]) / 1000
            remaining = int(headers["X-HubSpot-RateLimit-Remaining"])
        except (KeyError, ValueError):
            return
        budget.learn("calls", limit=limit, seconds=seconds, remaining=remaining)


def _forbidden(body: dict[str, Any], said: str, host: str, code: str) -> errors.Forbidden:
    scopes = [
        str(scope)
        for error in [body, *_details(body)]
        for context in (error.get("context"), error.get("errorTokens"))
        if isinstance(context, dict)
        for scope in context.get("requiredGranularScopes") or context.get("requiredScopes") or []
    ]
    if scopes or code == "MISSING_SCOPES":
        named = ", ".join(sorted(set(scopes))) or "named in HubSpot's own log"
        return errors.MissingScope(
            f"the HubSpot token lacks a scope: {named} ({said})", where=host,
            remedy="add it to the service key or private app, see docs/going-live.md", code=code, status=403,
        )  # fmt: skip
    return errors.Forbidden(
        f"HubSpot forbids this: {said}",
        where=host,
        remedy="check what the token may do",
        code=code,
        status=403,
    )


def _too_many(body: dict[str, Any], host: str, code: str) -> errors.ClientError:
    if str(body.get("policyName", "")).upper() == "DAILY":
        return errors.DailyLimitReached(
            "HubSpot's calls of this day are used up", where=host,
            remedy="run this again after midnight in the portal's time zone", code=code, status=429,
        )  # fmt: skip
    return errors.RateLimited(
        "HubSpot says too many calls, also after waiting", where=host,
        remedy="run this again in a minute, or slow down what else uses this token", code=code, status=429,
    )  # fmt: skip


def _details(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [error for error in body.get("errors") or [] if isinstance(error, dict)]


def detail_code(error: dict[str, Any]) -> str:
    """The most specific code of a HubSpot error object."""
    for detail in _details(error):
        if detail.get("code") or detail.get("error"):
            return str(detail.get("code") or detail["error"])
    return str(error.get("category") or "")


def detail_fields(error: dict[str, Any]) -> tuple[str, ...]:
    """The properties a HubSpot error object is about."""
    names: list[str] = []
    for part in [error, *_details(error)]:
        context = part.get("context") if isinstance(part.get("context"), dict) else {}
        found = (
            (context or {}).get("propertyName") or (context or {}).get("properties") or part.get("name") or []
        )
        names += [found] if isinstance(found, str) else [str(name) for name in found]
    return tuple(dict.fromkeys(names))
