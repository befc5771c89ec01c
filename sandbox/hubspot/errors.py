"""HubSpot's error answers: status, category and shape. No decision about when they are due."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from starlette.responses import Response

from sandbox.call import Call, Refused, answer


def correlation_id(request_id: str) -> str:
    digest = hashlib.sha256(request_id.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def body(call: Call, message: str, category: str, **more: Any) -> dict[str, Any]:
    return {
        "status": "error", "message": message, "correlationId": correlation_id(call.request_id),
        "category": category, **more,
    }  # fmt: skip


def error(call: Call, status: int, message: str, category: str, **more: Any) -> Refused:
    return Refused(answer(body(call, message, category, **more), status))


def of_row(refused: Refused, **context: list[str]) -> dict[str, Any]:
    """The error of a 207 for one input of a batch, of what would refuse it alone."""
    told = orjson.loads(bytes(refused.response.body))
    return {"status": "error", **{name: told.get(name, "") for name in ("category", "message")},
            **({"errors": told["errors"]} if "errors" in told else {}), "context": context}  # fmt: skip


def validation(call: Call, message: str, **more: Any) -> Refused:
    return error(call, 400, message, "VALIDATION_ERROR", **more)


def not_found(call: Call) -> Refused:
    return error(call, 404, "resource not found", "OBJECT_NOT_FOUND")


def unauthorised(call: Call) -> Refused:
    message = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
        "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return error(call, 401, message, "INVALID_AUTHENTICATION")


POLICIES = ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY")


def rate_limited(call: Call, message: str, policy: str) -> Response:
    trace = correlation_id(call.request_id)
    return answer(
        {
            "status": "error", "message": message, "errorType": "RATE_LIMIT", "correlationId": trace,
            "policyName": policy, "requestId": trace,
        }, 429,
    )  # fmt: skip


def invalid_properties(portal_id: int, problems: list[dict[str, str]]) -> dict[str, Any]:
    """Message and errors for values that were refused; `problems` have name, error and message."""
    listed = [
        {
            "isValid": False, "message": p["message"], "error": p["error"], "name": p["name"],
            "localizedErrorMessage": p["message"], "portalId": portal_id,
        }
        for p in problems
    ]  # fmt: skip
    return {
        "message": "Property values were not valid: " + orjson.dumps(listed).decode(),
        "errors": [
            {"message": p["message"], "code": p["error"], "context": {"propertyName": [p["name"]]}}
            for p in problems
        ],
    }
