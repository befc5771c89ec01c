"""SOAP, `Service.asmx`: the envelope in and out, faults, and which operation is asked for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times, xmltree
from sandbox.call import Call, Refused
from sandbox.marketing_cloud import account, soap_actions, soap_describe, soap_retrieve, wsdl
from sandbox.marketing_cloud.soap_retrieve import BadRequest
from sandbox.marketing_cloud.soap_text import child, local

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

PATH, WSDL_PATH = "/Service.asmx", "/etframework.wsdl"
_API = "http://exacttarget.com/wsdl/partnerAPI"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    f'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wsse="{_SECURITY}" '
    'xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">'
)
_FAULT = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"
_CHANGES = {
    "CreateRequest": ("Create", "CreateResponse"), "UpdateRequest": ("Update", "UpdateResponse"),
    "DeleteRequest": ("Delete", "DeleteResponse"),
}  # fmt: skip
_LIVES = 5 * times.MINUTE


def routes(mc: MarketingCloud) -> list[Route]:
    return [
        *mc.route("POST", PATH, lambda call: _serve(mc, call)),
        *mc.route("GET", WSDL_PATH, lambda call: _described(mc, call)),
    ]


def is_asked(call: Call) -> bool:
    """Whether a request is SOAP's; the vendor minds no case in addresses."""
    return call.path.rstrip("/").lower() == PATH.lower()


def is_open(call: Call) -> bool:
    """Whether a request needs no token: the description of the service is for everybody."""
    return call.path.rstrip("/").lower() == WSDL_PATH


def fault(call: Call, message: str, code: str = "Client") -> Refused:
    """A SOAP fault: always status 500."""
    qualified = f'<faultcode xmlns:q0="{_SECURITY}">q0:{code}' if code == "Security" else (
        f"<faultcode>soap:{code}"
    )  # fmt: skip
    body = (
        f"<soap:Fault>{qualified}</faultcode><faultstring>{escape(message)}</faultstring>"
        f"<faultactor>{escape(call.base_url)}{PATH}</faultactor></soap:Fault>"
    )
    return Refused(_envelope(call, _FAULT, body, 500))


def _described(mc: MarketingCloud, call: Call) -> Response:
    _, where = mc.instances(call)
    return Response(
        wsdl.text(where.rstrip("/") + PATH), 200, {"Last-Modified": wsdl.CHANGED}, media_type="text/xml"
    )


def _serve(mc: MarketingCloud, call: Call) -> Response:
    try:
        envelope = xmltree.parse(call.body)
    except xmltree.Malformed:
        raise fault(call, "The message could not be read.") from None
    body = child(envelope, "Body")
    message = next(iter(body), None) if body is not None else None
    name = local(message) if message is not None else ""
    if message is not None and name in _CHANGES:
        return _change(mc, call, name, message)
    if message is None or name not in _OTHER:
        raise fault(call, "The SOAP action specified on the message was not recognized.")
    action, answered = _OTHER[name](mc, call, message)
    return _envelope(call, f"{action}Response", answered)


def _identifier(call: Call) -> str:
    return f"<RequestID>{account.guid('soap', call.request_id, call.now)}</RequestID>"


def _change(mc: MarketingCloud, call: Call, asked: str, message: Element) -> Response:
    action, name = _CHANGES[asked]
    status, results = soap_actions.change(mc, call, action, message)
    answered = (
        f'<{name} xmlns="{_API}">{results}{_identifier(call)}<OverallStatus>{status}</OverallStatus></{name}>'
    )
    return _envelope(call, f"{action}Response", answered)


def _perform(mc: MarketingCloud, call: Call, message: Element) -> tuple[str, str]:
    status, results = soap_actions.change(mc, call, "Perform", message)
    return "Perform", _message(
        "PerformResponseMsg",
        f"<Results>{results}</Results><OverallStatus>{status}</OverallStatus><OverallStatusMessage />",
        call,
    )


def _execute(mc: MarketingCloud, call: Call, message: Element) -> tuple[str, str]:
    status, results = soap_actions.execute(mc, call, message)
    inside = f"<OverallStatus>{status}</OverallStatus>{_identifier(call)}{results}"
    return "Execute", f'<ExecuteResponseMsg xmlns="{_API}">{inside}</ExecuteResponseMsg>'


def _message(name: str, inside: str, call: Call) -> str:
    return f'<{name} xmlns="{_API}">{inside}{_identifier(call)}</{name}>'


def _describe(mc: MarketingCloud, call: Call, message: Element) -> tuple[str, str]:
    return "Describe", _message("DefinitionResponseMsg", soap_describe.describe(message), call)


def _status(mc: MarketingCloud, call: Call, message: Element) -> tuple[str, str]:
    told = soap_describe.system_status() + "<OverallStatus>OK</OverallStatus><OverallStatusMessage />"
    return "GetSystemStatus", _message("SystemStatusResponseMsg", told, call)


def _version(mc: MarketingCloud, call: Call, message: Element) -> tuple[str, str]:
    return "VersionInfo", _message("VersionInfoResponseMsg", soap_describe.version(), call)


def _retrieve(mc: MarketingCloud, call: Call, message: Element) -> tuple[str, str]:
    request = child(message, "RetrieveRequest")
    if request is None:
        raise fault(call, "The message has no RetrieveRequest.")
    try:
        status, identifier, results = soap_retrieve.retrieve(mc, call, request)
    except BadRequest as problem:
        status, results = escape(xmltree.clean(str(problem))), ""
        identifier = account.guid("soap", call.request_id, call.now)
    return "Retrieve", (
        f'<RetrieveResponseMsg xmlns="{_API}"><OverallStatus>{status}</OverallStatus>'
        f"<RequestID>{identifier}</RequestID>{results}</RetrieveResponseMsg>"
    )


_OTHER: dict[str, Callable[[MarketingCloud, Call, Element], tuple[str, str]]] = {
    "RetrieveRequestMsg": _retrieve, "PerformRequestMsg": _perform, "ExecuteRequestMsg": _execute,
    "DefinitionRequestMsg": _describe, "SystemStatusRequestMsg": _status, "VersionInfoRequestMsg": _version,
}  # fmt: skip


def _envelope(call: Call, action: str, answered: str, status: int = 200) -> Response:
    def urn(part: str) -> str:
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{part}|{call.request_id}')}"

    created, expires = (times.iso(moment)[:19] + "Z" for moment in (call.now, call.now + _LIVES))
    body = (
        f"{_HEAD}<soap:Header><wsa:Action>{action}</wsa:Action><wsa:MessageID>{urn('message')}</wsa:MessageID>"
        f"<wsa:RelatesTo>{urn('relates')}</wsa:RelatesTo>"
        "<wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>"
        f'<wsse:Security><wsu:Timestamp wsu:Id="Timestamp-{urn("stamp")[9:]}"><wsu:Created>{created}'
        f"</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp></wsse:Security></soap:Header>"
        f"<soap:Body>{answered}</soap:Body></soap:Envelope>"
    )
    return Response(body, status, media_type="text/xml")
