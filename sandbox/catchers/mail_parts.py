"""A mail taken apart for people. Anybody may send anything: what cannot be read is told as it came."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from typing import Any


def _parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _safe(text: str) -> str:
    """Text that can be stored and written as JSON: bytes that are no text are marked."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def subject(raw: bytes) -> str:
    return next((value for name, value in headers(raw) if name.lower() == "subject"), "")


def headers(raw: bytes) -> list[tuple[str, str]]:
    message = BytesHeaderParser(policy=policy.default).parsebytes(raw)
    found = []
    for name, value in message.raw_items():
        try:
            told = str(message.policy.header_fetch_parse(name, value))
        except Exception:  # noqa: BLE001 - the library raises anything
            told = str(value)
        found.append((_safe(name), _safe(told)))
    return found


def parts(raw: bytes) -> dict[str, Any]:
    """Text, HTML and what is attached; of a mail that cannot be taken apart its source."""
    try:
        message = _parsed(raw)
        return {
            "text": _body(message, "plain"), "html": _body(message, "html"),
            "attachments": [
                {"name": _safe(part.get_filename() or ""), "type": part.get_content_type(),
                 "bytes": len(part.get_payload(decode=True) or b"")}
                for part in message.iter_attachments()
            ],
        }  # fmt: skip
    except Exception:  # noqa: BLE001 - the library raises anything
        return {"text": raw.decode("utf-8", "replace"), "html": "", "attachments": []}


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return _safe(str(part.get_content()))
    except (LookupError, UnicodeError, ValueError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
