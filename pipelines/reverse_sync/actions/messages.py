"""Messages to people: Slack, mail, and a webhook of anybody's. Told once; nothing takes them back but Slack's
bot.

Belongs here: the engine's words for those clients. Payload: `to`, `text`, and `subject` (mail), `via` (Slack:
bot or webhook), `url` and `body` (webhook).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.clients.mail import MailClient
from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.slack import SlackClient
from pipelines.clients.web import Web
from pipelines.connections import is_loopback
from pipelines.reverse_sync.actions.base import CANNOT_TELL, NOT_THERE, Action, Channel, Found, Reversibility
from pipelines.settings import Settings

NEVER = "a message that was sent is sent"


class _Message:
    """What messages share: one at a time, and they count against nobody's day."""

    kind: ClassVar[str] = "message"
    batch_size: ClassVar[int] = 1
    reversibility: ClassVar[Reversibility] = "final"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(0)

    @staticmethod
    def forecast(actions: int) -> int:
        return actions

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        return [CANNOT_TELL for _ in actions]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        return Outcomes([RowResult(False, i, code="FINAL", message=NEVER) for _, i in actions])


class SlackMessage(_Message):
    """A message in a channel or to a person, whose e-mail address finds them."""

    vendor: ClassVar[str] = "slack"

    def __init__(self, channel: SlackClient) -> None:
        self._slack = channel

    @staticmethod
    def unfit(action: Action) -> str:
        return (
            "" if action.payload.get("text") and action.payload.get("to") else "a message needs to and text"
        )

    def send(self, actions: Sequence[Action]) -> Outcomes:
        (action,) = actions
        text, to = str(action.payload["text"]), str(action.payload["to"])
        if action.payload.get("via") == "webhook":
            return Outcomes([RowResult(True, self._slack.by_webhook(text))])
        return Outcomes([RowResult(True, self._slack.post(to, text, action.action_key))])

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """Among the latest of its place, by our key in the message's metadata; a webhook cannot be asked, nor
        a bot without channels:read and channels:history."""
        return [self._found(action) for action in actions]

    def _found(self, action: Action) -> Found:
        if action.payload.get("via") == "webhook":
            return CANNOT_TELL
        try:
            posted = self._slack.find(str(action.payload["to"]), action.action_key)
        except (errors.AuthFailed, errors.Rejected):  # a bot that may post need not be let to read
            return CANNOT_TELL
        return Found(posted) if posted else NOT_THERE


class MailMessage(_Message):
    """A mail to one address."""

    vendor: ClassVar[str] = "mail"

    def __init__(self, channel: MailClient) -> None:
        self._mail = channel

    @staticmethod
    def unfit(action: Action) -> str:
        said = action.payload
        if not (said.get("text") and said.get("subject")):
            return "a mail needs a subject and a text"
        return "" if "@" in str(said.get("to") or "") else "a mail needs an address to go to"

    def send(self, actions: Sequence[Action]) -> Outcomes:
        (action,) = actions
        said = action.payload
        sent = self._mail.send(str(said["to"]), str(said["subject"]), str(said["text"]), action.action_key)
        return Outcomes([RowResult(True, sent)])


class WebhookMessage(_Message):
    """A POST of JSON to an address that config names, with our key in `Idempotency-Key`."""

    vendor: ClassVar[str] = "webhook"

    def __init__(self, channel: WebhookChannel) -> None:
        self._web = channel.web

    @staticmethod
    def unfit(action: Action) -> str:
        url = str(action.payload.get("to") or "")
        safe = urlsplit(url).scheme == "https" or is_loopback(url)
        return "" if safe else "a webhook needs an https address to go to"

    def send(self, actions: Sequence[Action]) -> Outcomes:
        (action,) = actions
        said = action.payload
        body = {
            "key": action.action_key,
            "rule": action.rule,
            "subject": said.get("subject"),
            "text": said.get("text"),
        }
        answer = self._web.post(str(said["to"]), body, {"Idempotency-Key": action.action_key})
        if answer.status_code >= 300:
            raise errors.Rejected(
                f"the webhook answered {answer.status_code}",
                code=str(answer.status_code),
                status=answer.status_code,
            )
        return Outcomes([RowResult(True, f"{answer.status_code}")])


class WebhookChannel:
    """Anybody's webhooks."""

    vendor = "webhook"
    label = "the webhook"

    def __init__(self, web: Web) -> None:
        self.web = web

    @property
    def calls(self) -> int:
        return self.web.count.calls

    @property
    def count(self) -> CallCount:
        return self.web.count

    @property
    def now(self) -> datetime:
        return self.web.now


@contextmanager
def open_slack(settings: Settings) -> Iterator[Channel]:
    web = Web("Slack", may_write=settings.write)
    try:
        yield SlackClient(settings.slack, web)
    finally:
        web.close()


@contextmanager
def open_mail(settings: Settings) -> Iterator[Channel]:
    client = MailClient(settings.mail, may_write=settings.write)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def open_webhook(settings: Settings) -> Iterator[Channel]:
    web = Web("the webhook", may_write=settings.write)
    try:
        yield WebhookChannel(web)
    finally:
        web.close()


def may_go_on(settings: Settings) -> None:
    """A channel that is missing or switched off says so when something is sent: it holds up nothing else."""
