"""What Salesforce does by SOAP alone: merging records.

Belongs here: the request and its answer. Which records are merged, and what of the others is kept, is
`reverse_sync.actions.merging`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.clients.salesforce.soap import Soap
from pipelines.clients.transport import Auth, Transport

NAMESPACE = "urn:partner.soap.sforce.com"
MERGE_LIMIT = 200


class Merge(NamedTuple):
    """`other` goes into `master`, which gets these values besides."""

    master: str
    other: str
    values: Mapping[str, Any]


class PartnerApi:
    """The Partner API of one org."""

    def __init__(self, transport: Transport, auth: Auth, base: str) -> None:
        self._soap = Soap(
            transport, auth, "u", base.rpartition("/v")[2], NAMESPACE,
            "give the integration user the permission to edit and delete these records",
        )  # fmt: skip

    def merge(self, sobject: str, merges: Sequence[Merge]) -> Outcomes:
        """At most MERGE_LIMIT merges, one after the other; each fails alone."""
        if len(merges) > MERGE_LIMIT:
            raise ValueError(f"Salesforce takes at most {MERGE_LIMIT} merges at once, not {len(merges)}")
        if not merges:
            return Outcomes()
        requests = "".join(_request(sobject, each) for each in merges)
        root = self._soap.ask(f"<merge>{requests}</merge>", "write")
        rows = [_row(each) for each in root.iter(f"{{{NAMESPACE}}}result")][: len(merges)]
        missing = RowResult(
            False, code=MISSING_FROM_ANSWER, message="Salesforce's answer does not mention this merge"
        )
        return Outcomes(rows + [missing] * (len(merges) - len(rows)))


def _request(sobject: str, merge: Merge) -> str:
    values = "".join(f"<o:{name}>{escape(str(value))}</o:{name}>" for name, value in merge.values.items())
    return (
        '<request><masterRecord xmlns:o="urn:sobject.partner.soap.sforce.com" xsi:type="o:sObject">'
        f"<o:type>{sobject}</o:type><o:Id>{escape(merge.master)}</o:Id>{values}</masterRecord>"
        f"<recordToMergeIds>{escape(merge.other)}</recordToMergeIds></request>"
    )


def _row(result: ElementTree.Element) -> RowResult:
    def text(name: str) -> str:
        return result.findtext(f"{{{NAMESPACE}}}{name}") or ""

    if text("success") == "true":
        return RowResult(True, text("id"))
    problem = f"errors/{{{NAMESPACE}}}"
    return RowResult(
        False, text("id") or None, code=text(f"{problem}statusCode"), message=text(f"{problem}message")
    )
