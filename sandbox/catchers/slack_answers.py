"""Slack's answers: right or wrong with 200 for the API, plain words for the webhook."""

from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse, Response

from sandbox.call import answer


def right(**content: Any) -> Response:
    return answer({"ok": True, **content})


def wrong(error: str, **more: Any) -> Response:
    return answer({"ok": False, "error": error, **more})


def plain(text: str, status: int) -> Response:
    return PlainTextResponse(text, status)


def rate_limited() -> Response:
    return answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "1"})
