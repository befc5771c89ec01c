"""Salesforce's SOAP doors: an envelope out, an envelope back, what a fault means.

Belongs here: what the Metadata and the Partner API share. What is asked of them is `metadata` and `partner`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from pipelines.clients import errors
from pipelines.clients.transport import Auth, Call, Effect, Transport

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><env:Envelope '
    'xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="{namespace}"><env:Header><SessionHeader>'
    "<sessionId>{session}</sessionId></SessionHeader></env:Header><env:Body>{body}</env:Body></env:Envelope>"
)


@dataclass(frozen=True)
class Soap:
    """One API of an org. `remedy` is what helps when it refuses a call. Safe to use from several threads."""

    transport: Transport
    auth: Auth
    kind: Literal["m", "u"]
    version: str
    namespace: str
    remedy: str

    def ask(self, body: str, effect: Effect = "read", *, renewed: bool = False) -> ElementTree.Element:
        """The answer's envelope. Raises Rejected for a fault, AnswerLost for a write without an answer."""
        session = self.auth.headers()["Authorization"].removeprefix("Bearer ")
        text = _ENVELOPE.format(namespace=self.namespace, session=escape(session), body=body)
        call = Call(
            method="POST", path=f"/services/Soap/{self.kind}/{self.version}", content=text.encode(),
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
            answers=frozenset({500}), effect=effect,
        )  # fmt: skip
        response = self.transport.send(call)
        try:
            root = ElementTree.fromstring(response.content)  # noqa: S314 - the org's own answer, by TLS
        except ElementTree.ParseError:
            raise self._not_whole(effect) from None
        fault = root.findtext(".//faultstring")
        if fault is None:
            return root
        if "INVALID_SESSION_ID" in fault and not renewed and self.auth.renew():
            return self.ask(body, effect, renewed=True)
        raise errors.Rejected(
            f"Salesforce says {fault.rstrip('.')}", where=self.transport.host, remedy=self.remedy,
            code=fault.partition(":")[0],
        )  # fmt: skip

    def _not_whole(self, effect: Effect) -> errors.ClientError:
        """A write may have been done all the same."""
        kind = errors.AnswerLost if effect == "write" else errors.Truncated
        return kind(
            "Salesforce's answer is not whole XML", where=self.transport.host, remedy="run this again"
        )
