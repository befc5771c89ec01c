"""A mail server that delivers nothing: it keeps what was sent, for tests and for people to look at.

AUTH is offered and checked, not demanded. Faults refuse recipients or contents with the code they are given.
Absent: STARTTLS (the server is on loopback), bounces that come later.
"""

from __future__ import annotations

import hmac
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox import times
from sandbox.catchers import credentials, mail_parts

if TYPE_CHECKING:
    from sandbox.catchers.app import Catchers

MAX_BYTES = 30 * 1024 * 1024
TABLES = """
create table if not exists mails (
    seq integer primary key, at integer not null, sender text not null, recipients text not null,
    subject text not null, signed_in integer not null, raw blob not null)
"""


@dataclass
class Refusal:
    """Answers the next `times` recipients or contents that match with `code`."""

    at: str
    match: re.Pattern[str]
    code: int
    text: str
    times: int
    met: int = 0

    @classmethod
    def parse(cls, spec: dict[str, Any]) -> Refusal:
        at = str(spec.get("at", "rcpt"))
        if at not in ("rcpt", "data"):
            raise ValueError(f"at must be rcpt or data, not {at!r}")
        code = int(spec.get("code", 451))
        if not 400 <= code <= 599:
            raise ValueError("code must be 400 to 599")
        return cls(
            at, re.compile(str(spec.get("match", "."))), code, str(spec.get("text", "Injected fault")),
            int(spec.get("times", 1)),
        )  # fmt: skip

    def shown(self) -> dict[str, Any]:
        return {
            "at": self.at, "match": self.match.pattern, "code": self.code, "text": self.text,
            "times": self.times, "met": self.met,
        }  # fmt: skip


class Mail:
    """What was sent, and what is refused."""

    def __init__(self, catchers: Catchers, portal_token: str) -> None:
        self.catchers, self.store = catchers, catchers.store
        self.store.script(TABLES)
        self.password = credentials.smtp_password(portal_token)
        self.refusals: list[Refusal] = []
        self.port = 0
        """Where it listens."""

    async def listen(self, listener: socket.socket) -> Any:
        """Serve SMTP on a socket that listens already."""
        import asyncio

        loop = asyncio.get_running_loop()
        self.port = int(listener.getsockname()[1])
        return await loop.create_server(
            lambda: SMTP(
                self, data_size_limit=MAX_BYTES, hostname="sandbox", ident="sandbox mail catcher", loop=loop,
                authenticator=self._authenticated, auth_require_tls=False,
            ),
            sock=listener,
        )  # fmt: skip

    def _authenticated(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and given.login == credentials.SMTP_USER.encode()
        good = known and hmac.compare_digest(given.password, self.password.encode())
        return AuthResult(success=good, handled=False)

    def _refused(self, at: str, text: str) -> str | None:
        for refusal in self.refusals:
            if refusal.at == at and refusal.met < refusal.times and refusal.match.search(text):
                refusal.met += 1
                return f"{refusal.code} {refusal.text}"
        return None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = self._refused("rcpt", address)
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        subject = mail_parts.subject(raw)
        refused = self._refused("data", subject)
        if refused:
            return refused
        with self.store.transaction():
            self.store.db.execute(
                "insert into mails (at, sender, recipients, subject, signed_in, raw) "
                "values (?, ?, ?, ?, ?, ?)",
                (
                    self.catchers.clock.now(), str(envelope.mail_from or ""),
                    orjson.dumps(envelope.rcpt_tos).decode(), subject,
                    bool(session.authenticated), raw,
                ),
            )  # fmt: skip
            number = self.store.value("select last_insert_rowid()")
        return f"250 OK kept as {number}"


def shown(store: Any, query: dict[str, str]) -> list[dict[str, Any]]:
    """The mails, oldest first: `after` a sequence number, `to` one of the recipients."""
    found = []
    rows = store.rows(
        "select seq, at, sender, recipients, subject, signed_in, raw from mails where seq > ? order by seq",
        (query.get("after", "0"),),
    )
    for seq, at, sender, recipients, subject, signed_in, raw in rows:
        to = orjson.loads(recipients)
        if "to" in query and query["to"].lower() not in [address.lower() for address in to]:
            continue
        found.append({
            "seq": seq, "at": times.iso(at), "sender": sender, "recipients": to, "subject": subject,
            "signed_in": bool(signed_in), "headers": [list(each) for each in mail_parts.headers(bytes(raw))],
            **mail_parts.parts(bytes(raw)),
        })  # fmt: skip
    return found
