"""Marketing Cloud's error answers: one JSON object on REST. SOAP's faults are in `soap`."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sandbox.call import Refused, answer

DOCUMENTATION = "https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/error-handling.htm"
NOT_FOUND, THROTTLED, BLOCKED, VALIDATION = 404, 50100, 50200, 10006
EXTENSION_KEY, TOO_LONG, NULL_VALUE, MISSING_FIELD, KEY_OPERATION = 70003, 70002, 70001, 71003, 71005
THERE_ALREADY = 2


def response(status: int, code: int, message: str, **more: Any) -> Response:
    return answer({"documentation": DOCUMENTATION, "errorcode": code, "message": message, **more}, status)


def error(status: int, code: int, message: str, **more: Any) -> Refused:
    return Refused(response(status, code, message, **more))


def not_found(message: str = "Not Found") -> Refused:
    return error(404, NOT_FOUND, message)


def invalid(message: str, code: int = VALIDATION, **more: Any) -> Refused:
    return error(400, code, message, **more)
