"""What Marketing Cloud's answers mean: REST's errorcode, OAuth's error and SOAP's fault in one vocabulary.

Belongs here: reading answers. Waiting and retrying is `clients.transport`.
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from pipelines.clients import errors
from pipelines.clients.rate_limit import RateBudget
from pipelines.clients.transport import Call, json_of

THROTTLED, BLOCKED = 50100, 50200
_FAULT = re.compile(rb"<faultstring[^>]*>\s*(.*?)\s*</faultstring>", re.S)


def fault_of(response: httpx.Response) -> str:
    """The sentence of a SOAP fault, or nothing."""
    found = _FAULT.search(response.content) if b"faultstring" in response.content else None
    return found[1].decode("utf-8", "replace") if found else ""


def status_of(response: httpx.Response) -> int:
    """HTTP's status, or for a SOAP fault, which is always 500, the one it stands for."""
    said = fault_of(response).lower()
    if not said:
        return response.status_code
    if "token expired" in said or "login failed" in said:
        return 401
    if "too many requests" in said or "concurrent" in said:
        return 429
    return 400 if response.status_code == 500 else response.status_code


class MarketingCloudVendor:
    """How the transport reads Marketing Cloud's answers."""

    name = "Marketing Cloud"

    def learn(self, response: httpx.Response, budget: RateBudget, call: Call) -> None:
        """The answers say nothing about limits."""

    def explain(self, response: httpx.Response, host: str) -> errors.ClientError:
        body = json_of(response)
        body = body if isinstance(body, dict) else {}
        status, code = status_of(response), str(body.get("errorcode") or body.get("error") or "")
        said = str(
            body.get("message") or body.get("error_description") or fault_of(response) or f"status {status}"
        ).rstrip(".")
        known: dict[str, Any] = {"where": host, "code": code, "status": status}
        if "error" in body:
            return errors.AuthFailed(
                f"Marketing Cloud does not let us in: {said}",
                remedy="check MARKETING_CLOUD_CLIENT_ID and its secret, and that the package has not expired",
                **known,
            )  # fmt: skip
        if status == 401:
            return errors.AuthFailed(
                "Marketing Cloud does not accept the token", remedy="check the installed package", **known
            )
        if status == 429:
            return errors.RateLimited(
                "Marketing Cloud says too many calls", remedy="run this again in a minute", **known
            )
        if status == 403:
            return errors.MissingScope(
                f"Marketing Cloud forbids this: {said}", remedy="give the package the scope", **known
            )
        if status == 404:
            return errors.NotFound(f"Marketing Cloud has no such thing: {said}", **known)
        if status >= 500:
            return errors.Unavailable(
                f"Marketing Cloud is in trouble (status {status})", remedy="wait a little and run this again",
                **known,
            )  # fmt: skip
        more = body.get("additionalErrors") or body.get("resultMessages") or ()
        details = "; ".join(str(each.get("message")) for each in more if isinstance(each, dict))
        return errors.Rejected(f"Marketing Cloud rejected the request: {details or said}"[:600], **known)
