"""Whom a logged e-mail is from and to: `hs_email_headers`, which is written, fills what is only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def told(props: Mapping[str, str]) -> dict[str, str]:
    """What the headers of an e-mail say; nothing where they are no JSON object."""
    try:
        headers = orjson.loads(props.get("hs_email_headers", ""))
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(headers, dict):
        return {}
    found: dict[str, str] = {}
    for end in ("from", "to", "cc", "bcc"):
        people = headers.get(end) or []
        listed = [
            each for each in (people if isinstance(people, list) else [people]) if isinstance(each, dict)
        ]
        for name, word in (("email", "email"), ("firstName", "firstname"), ("lastName", "lastname")):
            said: list[Any] = [each.get(name) for each in listed]
            text = ";".join(each for each in said if isinstance(each, str) and each)
            if text and (end in ("from", "to") or word == "email"):
                found[f"hs_email_{end}_{word}"] = text
    return found
