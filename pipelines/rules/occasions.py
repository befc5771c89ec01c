"""Occasions on which routing tells people: that each has a channel, and a template that can be filled.

Belongs here: what `routing.yml`, `notifications.yml` and the templates have to agree on. What is said then is
`pipelines.decisions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.rules.notifications import load_notifications
from pipelines.rules.routing import Routing, load_routing
from pipelines.rules.template_examples import A_PERSON, unfit
from pipelines.rules.templates import load_templates


def check_occasions(config_dir: Path) -> None:
    """Raises ConfigError when somebody is to be told and cannot be."""
    routing, notifications = load_routing(config_dir), load_notifications(config_dir)
    templates, asked = load_templates(config_dir), list(_asked(routing))
    channel = routing.file.notifications.channel
    if asked and channel not in notifications.channels:
        raise ConfigError(
            f"people are told by channel {channel}, which notifications.yml does not have",
            where=routing.file_name, remedy="add it, or name another",
        )  # fmt: skip
    for occasion in asked:
        name = notifications.templates.get(occasion, occasion)
        if not templates.has(name):
            raise ConfigError(
                f"nobody can be told of a {occasion}: config/templates has no {name}.j2",
                where="templates", remedy="add it, or name another in notifications.yml",
            )  # fmt: skip
        why = unfit(templates, name, A_PERSON)
        if not why and notifications.channels[channel].kind == "mail" and not templates.has_subject(name):
            why = f"template {name} goes by mail, and has no line subject:"
        if why:
            raise ConfigError(why, where=f"templates/{name}.j2", remedy="mend it")


def _asked(routing: Routing) -> Iterator[str]:
    wanted, escalation = routing.file.notifications, routing.file.escalation
    told = {"new-lead": wanted.new_lead, "reassignment": wanted.reassignment, "escalation": wanted.escalation}
    yield from (occasion for occasion, is_wanted in told.items() if is_wanted)
    if escalation is not None:
        yield from ["warning"] * bool(escalation.warn) + ["acceptance"] * (escalation.acceptance is not None)
        if escalation.action == "notify-manager" and not wanted.escalation:
            yield "escalation"
