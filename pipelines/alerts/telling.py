"""Telling people of an incident: Slack, mail, a webhook, each place once.

Belongs here: one message to one place. A place that cannot be reached now is told by the next run; the
incident's id goes with the message, so that a message sent again after a lost answer can be known for one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from pipelines.clients import errors
from pipelines.clients.mail import MailClient
from pipelines.clients.slack import SlackClient
from pipelines.clients.web import Web
from pipelines.rules.alerts import Place
from pipelines.settings import Settings

log = logging.getLogger(__name__)


def tell(
    places: Iterable[Place], incident: Mapping[str, Any], settings: Settings
) -> tuple[set[str], list[str]]:
    """Tell each place that has not been told. Names of all that have been by now, and what went wrong."""
    told = set(filter(None, str(incident["told"]).split("\n")))
    problems = []
    for place in places:
        if place.name in told:
            continue
        try:
            _send(place, incident, settings)
        except errors.AnswerLost as lost:
            log.warning("nobody knows whether %s was told: %s", place.name, lost)
        except errors.ClientError as error:
            problems.append(f"{place.name} could not be told of an incident: {error}")
            continue
        told.add(place.name)
    return told, problems


def _send(place: Place, incident: Mapping[str, Any], settings: Settings) -> None:
    key = str(incident["incident_id"])
    subject = f"CRM integration: {incident['kind']}"
    text = (
        f"{incident['sentence']}\nRun {incident['run_id']}, since {incident['opened_at']:%Y-%m-%d %H:%M} UTC."
    )
    if place.kind == "mail":
        with closing(MailClient(settings.mail, may_write=settings.write)) as mail:
            mail.send(place.to, subject, text, key)
        return
    with closing(Web(place.name, may_write=settings.write)) as web:
        if place.kind == "webhook":
            _post(
                web, place, {"incident": incident["incident"], "key": key, "subject": subject, "text": text}
            )
        elif place.via == "webhook":
            SlackClient(settings.slack, web).by_webhook(f"{subject}. {text}")
        else:
            SlackClient(settings.slack, web).post(place.to, f"{subject}. {text}", key)


def _post(web: Web, place: Place, body: Mapping[str, Any]) -> None:
    answer = web.post(place.to, body, {"Idempotency-Key": str(body["key"])})
    if answer.status_code >= 300:
        code = str(answer.status_code)
        raise errors.Rejected(f"the webhook answered {code}", code=code, status=answer.status_code)
