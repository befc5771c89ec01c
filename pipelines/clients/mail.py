"""Mail by SMTP, one message at a time over one connection.

Belongs here: the mail server's words. What is said to whom is decided elsewhere.
"""

from __future__ import annotations

import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.connections import MailConnection, is_loopback

_TIMEOUT = 15.0


class MailClient:
    """One server."""

    vendor = "mail"
    label = "the mail server"

    def __init__(self, connection: MailConnection | None, *, may_write: bool) -> None:
        self._connection, self._may_write = connection, may_write
        self._server: smtplib.SMTP | None = None
        self.count = CallCount()

    @property
    def calls(self) -> int:
        return self.count.calls

    @property
    def now(self) -> datetime:
        """A mail server tells no time of its own."""
        return datetime.now(UTC)

    def send(self, to: str, subject: str, body: str, key: str) -> str:
        """Send one message; its Message-ID follows from our key, so a second copy shows as the same."""
        connection = self._known()
        message = EmailMessage()
        domain = connection.sender.rpartition("@")[2] or "localhost"
        message_id = f"<{key}@{domain}>"
        message["From"], message["To"] = connection.sender, to
        message["Subject"] = " ".join(subject.split())
        message["Date"], message["Message-ID"] = format_datetime(self.now), message_id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        server = self._connected(connection)
        self.count.one()
        try:
            server.send_message(message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            code, said = _refusal(error)
            kind = errors.Rejected if code >= 500 else errors.Unavailable
            raise kind(f"the mail server refused: {said}", code=str(code), status=code) from None
        except (smtplib.SMTPServerDisconnected, OSError):
            self._server = None
            raise errors.AnswerLost("the mail server did not say whether it took the message") from None
        return message_id

    def close(self) -> None:
        if self._server is not None:
            try:
                self._server.quit()
            except (smtplib.SMTPException, OSError):
                self._server.close()
            self._server = None

    def _connected(self, connection: MailConnection) -> smtplib.SMTP:
        if self._server is not None:
            return self._server
        try:
            server = smtplib.SMTP(connection.host, connection.port, timeout=_TIMEOUT)
            if connection.starttls:
                server.starttls(context=ssl.create_default_context())
            if connection.username:
                server.login(connection.username, connection.password.reveal())
        except smtplib.SMTPAuthenticationError:
            raise errors.AuthFailed("the mail server does not know SMTP_USERNAME and SMTP_PASSWORD") from None
        except (smtplib.SMTPException, OSError):
            raise errors.Unreachable("the mail server cannot be reached", remedy="check SMTP_HOST") from None
        self._server = server
        return server

    def _known(self) -> MailConnection:
        if self._connection is None:
            raise errors.AuthFailed("there is no mail connection", remedy="set SMTP_HOST and SMTP_FROM")
        if not (self._may_write or is_loopback(f"smtp://{self._connection.host}")):
            raise errors.Forbidden(
                "sending mail is switched off, nothing was sent", remedy="set CRM_WRITE=on"
            )
        return self._connection


def _refusal(error: smtplib.SMTPException) -> tuple[int, str]:
    said: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
    else:
        assert isinstance(error, smtplib.SMTPResponseException)
        code, said = error.smtp_code, error.smtp_error
    return int(code), said.decode("utf-8", "replace") if isinstance(said, bytes) else said
