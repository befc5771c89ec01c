"""SOAP as Marketing Cloud speaks it: envelopes with the token inside, retrieves in pages, results.

Belongs here: XML in and out. What is asked for is the callers' business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import httpx

from pipelines.clients import errors
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult

PATH = "/Service.asmx"
API = "http://exacttarget.com/wsdl/partnerAPI"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NOT_SHOWN = re.compile(r"Request Property\(s\) (.+?) do not match with the fields of")
Row = dict[str, str]


@dataclass(frozen=True)
class Filter:
    """A comparison: `equals`, `greaterThanOrEqual`, `between`... of a property with values."""

    property: str
    operator: str
    values: tuple[str | datetime, ...]

    def xml(self, tag: str = "Filter") -> str:
        values = "".join(_value(each) for each in self.values)
        return (
            f'<{tag} xsi:type="SimpleFilterPart"><Property>{escape(self.property)}</Property>'
            f"<SimpleOperator>{self.operator}</SimpleOperator>{values}</{tag}>"
        )


def among(name: str, values: Sequence[str]) -> Filter:
    """Whether a property is one of these: `IN` is for several, a single one is compared with."""
    return Filter(name, "IN" if len(values) > 1 else "equals", tuple(values))


@dataclass(frozen=True)
class Both:
    """Two comparisons that must hold."""

    left: Filter
    right: Filter

    def xml(self, tag: str = "Filter") -> str:
        return (
            f'<{tag} xsi:type="ComplexFilterPart">{self.left.xml("LeftOperand")}'
            f"<LogicalOperator>AND</LogicalOperator>{self.right.xml('RightOperand')}</{tag}>"
        )


def _value(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return f"<DateValue>{value.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}</DateValue>"
    return f"<Value>{escape(value)}</Value>"


def envelope(action: str, body: str, token: str, url: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:xsi="{_XSI}"><s:Header>'
        f'<a:Action>{action}</a:Action><a:To>{escape(url)}</a:To><fueloauth xmlns="http://exacttarget.com">'
        f"{escape(token)}</fueloauth></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def retrieve_body(kind: str, properties: Sequence[str], where: Filter | Both | None) -> str:
    listed = "".join(f"<Properties>{escape(name)}</Properties>" for name in properties)
    chosen = where.xml() if where is not None else ""
    return (
        f'<RetrieveRequestMsg xmlns="{API}"><RetrieveRequest><ObjectType>{kind}</ObjectType>{listed}{chosen}'
        "</RetrieveRequest></RetrieveRequestMsg>"
    )


def continue_body(request: str) -> str:
    return (
        f'<RetrieveRequestMsg xmlns="{API}"><RetrieveRequest><ContinueRequest>{escape(request)}'
        "</ContinueRequest></RetrieveRequest></RetrieveRequestMsg>"
    )


@dataclass(frozen=True)
class Page:
    """A page of a retrieve. `following`: the request to go on with, or nothing."""

    rows: list[Row]
    following: str


Ask = Callable[[str, str], httpx.Response]
"""Sends (action, body) and gives the answer."""


def pages(ask: Ask, body: str, host: str) -> Iterator[Page]:
    """A retrieve's pages to the end. Raises NotFound or UnknownField, for an object and a property."""
    while True:
        status, request, rows = _retrieved(ask("Retrieve", body), host)
        more = status == "MoreDataAvailable"
        if not more and status != "OK":
            raise _refused(status, host)
        if more and not request:
            raise errors.Truncated("Marketing Cloud says there is more and not how to get it", where=host)
        yield Page(rows, request if more else "")
        if not more:
            return
        body = continue_body(request)


def _refused(status: str, host: str) -> errors.ClientError:
    said = f"Marketing Cloud: {status.removeprefix('Error: ')[:300]}"
    if "API Permission Failed" in status:
        return errors.MissingScope(said, where=host, remedy="give the package the scope")
    if "Unable to find a handler" in status:
        return errors.NotFound(said, where=host)
    named = _NOT_SHOWN.search(status)
    if named is None:
        return errors.Rejected(said, where=host)
    names = tuple(name.strip() for name in named[1].split(","))
    return errors.UnknownField(said, where=host, fields=names)


def _retrieved(response: httpx.Response, host: str) -> tuple[str, str, list[Row]]:
    root = parsed(response, host)
    found: list[Row] = []
    status = request = ""
    for message in root.iter(f"{{{API}}}RetrieveResponseMsg"):
        for element in message:
            name = element.tag.rpartition("}")[2]
            if name == "Results":
                found.append(flat(element))
            elif name == "OverallStatus":
                status = element.text or ""
            elif name == "RequestID":
                request = element.text or ""
    if not status:
        raise errors.Truncated("Marketing Cloud's answer is not whole", where=host, remedy="run this again")
    return status, request, found


def flat(element: ElementTree.Element) -> Row:
    """An object's properties by name, those of an object inside it as `Outer.Inner`."""
    row: Row = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        if len(child):
            for inner in child:
                if inner.text and inner.text.strip():
                    row[f"{name}.{inner.tag.rpartition('}')[2]}"] = inner.text
        else:
            row[name] = child.text or ""
    return row


def parsed(response: httpx.Response, host: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(response.content)  # noqa: S314 - expat refuses to blow up entities
    except ElementTree.ParseError:
        raise errors.Truncated(
            "Marketing Cloud's answer is not whole XML", where=host, remedy="run this again"
        ) from None


@dataclass(frozen=True)
class Result:
    """What became of one object of a change."""

    ok: bool
    message: str
    code: str = ""
    id: str = ""
    position: int = 0
    """Which of the objects that were sent it is about."""


def results(response: httpx.Response, host: str) -> list[Result]:
    """The results of Create, Update, Delete or Perform."""
    found: list[Result] = []
    for element in parsed(response, host).iter():
        name = element.tag.rpartition("}")[2]
        if name in ("Results", "Result") and element.find(f"{{{API}}}StatusCode") is not None:
            row = flat(element)
            found.append(
                Result(row.get("StatusCode") == "OK", row.get("StatusMessage", ""), row.get("ErrorCode", ""),
                       row.get("NewObjectID", "") or row.get("Task.ID", ""),
                       int(row.get("OrdinalID") or len(found)))
            )  # fmt: skip
    return found


def outcomes(response: httpx.Response, host: str, ids: Sequence[str]) -> Outcomes:
    """What became of each of the objects that were sent, in their order."""
    missing = RowResult(False, code=MISSING_FROM_ANSWER, message="the answer does not mention this row")
    found = {
        each.position: RowResult(True)
        if each.ok
        else RowResult(False, code=each.code or "ERROR", message=each.message)
        for each in results(response, host)
    }
    return Outcomes([replace(found.get(n, missing), id=one) for n, one in enumerate(ids)])


def object_xml(kind: str, properties: Mapping[str, str], inside: str = "", tag: str = "Objects") -> str:
    return f'<{tag} xsi:type="{kind}">{_listed(properties)}{inside}</{tag}>'


def element(name: str, properties: Mapping[str, str]) -> str:
    """An object inside another one."""
    return f"<{name}>{_listed(properties)}</{name}>"


def _listed(properties: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in properties.items())
