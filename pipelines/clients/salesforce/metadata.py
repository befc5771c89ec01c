"""What an org is made of: read by SOAP, changed by deploys of a zip, Apex listed by the Tooling API.

Belongs here: requests and answers. What is read and deployed, and why, is `pipelines.schema`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import httpx
import orjson

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.salesforce.soap import Soap
from pipelines.clients.transport import Auth, Call, Transport, json_of

Json = dict[str, Any]
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
READ_LIMIT = 10
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class MetadataApi:
    """The metadata of one org. Safe to use from several threads."""

    def __init__(self, transport: Transport, auth: Auth, base: str) -> None:
        self._transport, self._base = transport, base
        self.version = base.rpartition("/v")[2]
        self._soap = Soap(
            transport, auth, "m", self.version, NAMESPACE,
            "give the integration user the permission Modify Metadata Through Metadata API Functions",
        )  # fmt: skip

    def read(self, kind: str, names: Sequence[str]) -> dict[str, ElementTree.Element]:
        """The components of these full names that are there, ten a call."""
        found: dict[str, ElementTree.Element] = {}
        for some in batched(names, READ_LIMIT):
            asked = "".join(f"<fullNames>{escape(name)}</fullNames>" for name in some)
            body = self._soap.ask(f"<readMetadata><type>{kind}</type>{asked}</readMetadata>")
            for record in body.iter(f"{{{NAMESPACE}}}records"):
                name = record.findtext(f"{{{NAMESPACE}}}fullName")
                if name and record.get(_XSI) != "true":
                    found[name] = record
        return found

    def names(self, kind: str) -> list[str]:
        """The full names of all components of a type."""
        asked = f"<listMetadata><queries><type>{kind}</type></queries></listMetadata>"
        body = self._soap.ask(asked)
        return [each.text or "" for each in body.iter(f"{{{NAMESPACE}}}fullName")]

    def deploy(self, archive: bytes, options: Json) -> str:
        """Begin a deploy; its id. A deploy that only checks changes nothing and is no write."""
        said = httpx.Request(
            "POST", "http://x", files={
                "entity_content": ("", orjson.dumps({"deployOptions": options}), "application/json"),
                "file": ("deploy.zip", archive, "application/zip"),
            },
        )  # fmt: skip
        said.read()
        call = Call(
            method="POST", path=f"{self._base}/metadata/deployRequest",
            effect="read" if options.get("checkOnly") else "write", content=said.content,
            headers={"Content-Type": said.headers["Content-Type"]},
        )  # fmt: skip
        return str(self._json(call)["id"])

    def status(self, deploy: str) -> Json:
        """How a deploy stands: its deployResult."""
        path = f"{self._base}/metadata/deployRequest/{deploy}"
        answer = self._json(Call(method="GET", path=path, params={"includeDetails": "true"}))
        return dict(answer.get("deployResult") or {})

    def tooling(self, soql: str) -> list[Json]:
        """The records of a Tooling query, at most a page of them."""
        answer = self._json(Call(method="GET", path=f"{self._base}/tooling/query", params={"q": soql}))
        return list(answer.get("records") or [])

    def _json(self, call: Call) -> Json:
        body = json_of(self._transport.send(call))
        if not isinstance(body, dict):
            raise errors.Truncated(
                "Salesforce's answer is not whole JSON", where=self._transport.host, remedy="run this again"
            )
        return body
