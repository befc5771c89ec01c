"""The tokens of Slack and the mail server, made from the portal's, so that they outlive a restart."""

from __future__ import annotations

import hashlib

TEAM = "T0SANDBOX1"
SMTP_USER = "sandbox"


def _made(name: str, portal_token: str) -> str:
    return hashlib.sha256(f"{name} {portal_token}".encode()).hexdigest()


def bot_token(portal_token: str) -> str:
    digest = _made("bot", portal_token)
    numbers = str(int(digest[:24], 16))
    return "-".join(("xoxb", numbers[:12], numbers[12:25], digest[24:48]))


def webhook_path(portal_token: str) -> str:
    """The path of the one incoming webhook; whoever knows it may post to its channel."""
    digest = _made("webhook", portal_token)
    return f"/services/{TEAM}/B{digest[:9].upper()}/{digest[10:34]}"


def smtp_password(portal_token: str) -> str:
    return _made("smtp", portal_token)[:20]


def ready(http_url: str, smtp_port: int, portal_token: str) -> dict[str, dict[str, object]]:
    """What a client needs to know of each of the three."""
    return {
        "slack": {
            "url": http_url,
            "api_url": f"{http_url}/api/",
            "webhook_url": http_url + webhook_path(portal_token),
            "bot_token": bot_token(portal_token),
        },
        "mail": {
            "url": http_url,
            "host": "127.0.0.1",
            "port": smtp_port,
            "username": SMTP_USER,
            "password": smtp_password(portal_token),
        },
        "webhooks": {"url": http_url, "hook_url": f"{http_url}/hooks/"},
    }
