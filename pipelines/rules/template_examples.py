"""A person and a deal with everything that is ever known of one: templates are tried with them when read.

Belongs here: the examples, and the sentence about a template that could never be filled of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.errors import ConfigError
from pipelines.rules.templates import Templates

_SOMEBODY = {"email": "a@x.example", "name": "A"}
_DEAL = {"name": "", "stage": "", "amount": 1.0, "currency": ""}
A_PERSON: Mapping[str, Any] = {
    "person": dict.fromkeys(("name", "email", "job_title", "company", "country"), ""),
    "owner": _SOMEBODY, "manager": _SOMEBODY, "previous_owner": "b@x.example", "score": 80, "stage": "lead",
    "history": [{"on": "2000-01-01", "what": "form", "campaign": "c"}], "deals": [_DEAL], "links": ["https://x"],
    **dict.fromkeys(("team", "rule", "reason", "next_step", "meeting_link", "now", "waited", "handoff"), ""),
}  # fmt: skip
"""What a template is given of a person."""
A_DEAL: Mapping[str, Any] = {
    "person": {}, "owner": _SOMEBODY, "manager": _SOMEBODY, "history": (), "deals": (), "links": [],
    **dict.fromkeys(("team", "rule", "reason", "next_step", "meeting_link", "now", "automation"), ""),
    "deal": {
        **_DEAL, "close_date": datetime(2000, 1, 1, tzinfo=UTC),
        **dict.fromkeys(("lost_reason", "won_reason", "old", "new"), ""),
    },
}  # fmt: skip
"""What a template is given of a deal."""


def unfit(templates: Templates, name: str, example: Mapping[str, Any]) -> str:
    """Why a template could not be filled though everything is known; empty if it can, or is not there."""
    try:
        if templates.has(name):
            templates.render(name, example)
    except ConfigError as error:
        return error.what
    return ""
