"""SOAP, `Service.asmx`: the envelope in and out, faults, and which operation is asked for."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused
from sandbox.marketing_cloud import account, soap_changes, soap_retrieve
from sandbox.marketing_cloud.soap_retrieve import BadRequest, child, local

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

PATH = "/Service.asmx"
_API = "http://exacttarget.com/wsdl/partnerAPI"
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" '
    'xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">'
)
_REQUESTS = {
    "RetrieveRequestMsg": "Retrieve", "CreateRequest": "Create", "UpdateRequest": "Update",
    "DeleteRequest": "Delete", "PerformRequestMsg": "Perform",
}  # fmt: skip
_ANSWERS = {
    "Create": "CreateResponse", "Update": "UpdateResponse", "Delete": "DeleteResponse",
    "Perform": "PerformResponseMsg",
}  # fmt: skip
_LIVES = 5 * times.MINUTE


def routes(mc: MarketingCloud) -> list[Route]:
    return mc.route("POST", PATH, lambda call: _serve(mc, call))


def fault(message: str, code: str = "Client") -> Refused:
    """A SOAP fault: always status 500."""
    body = (
        f"{_HEAD}<soap:Body><soap:Fault><faultcode>soap:{code}</faultcode><faultstring>{message}"
        "</faultstring></soap:Fault></soap:Body></soap:Envelope>"
    )
    return Refused(Response(body, 500, media_type="text/xml"))


def _serve(mc: MarketingCloud, call: Call) -> Response:
    if b"<!DOCTYPE" in call.body[:1_000] or b"<!ENTITY" in call.body:
        raise fault("The message could not be read.")
    try:
        envelope = ElementTree.fromstring(call.body)  # noqa: S314 - a document type is refused above
    except (ElementTree.ParseError, ValueError, LookupError):
        raise fault("The message could not be read.") from None
    body = child(envelope, "Body")
    message = next(iter(body), None) if body is not None else None
    action = _REQUESTS.get(local(message)) if message is not None else None
    if message is None or action is None:
        raise fault("The SOAP action specified on the message was not recognized.")
    if action == "Retrieve":
        return _retrieve(mc, call, message)
    status, results = soap_changes.change(mc, call, action, message)
    request = account.guid("soap", call.request_id, call.now)
    name = _ANSWERS[action]
    if action == "Perform":
        results = f"<Results>{results}</Results>"
    answered = (
        f'<{name} xmlns="{_API}">{results}<RequestID>{request}</RequestID>'
        f"<OverallStatus>{status}</OverallStatus></{name}>"
    )
    return _envelope(call, f"{action}Response", answered)


def _retrieve(mc: MarketingCloud, call: Call, message: ElementTree.Element) -> Response:
    request = child(message, "RetrieveRequest")
    if request is None:
        raise fault("The message has no RetrieveRequest.")
    try:
        status, identifier, results = soap_retrieve.retrieve(mc, call, request)
    except BadRequest as problem:
        status, results = str(problem).replace("&", "&amp;").replace("<", "&lt;"), ""
        identifier = account.guid("soap", call.request_id, call.now)
    answered = (
        f'<RetrieveResponseMsg xmlns="{_API}"><OverallStatus>{status}</OverallStatus>'
        f"<RequestID>{identifier}</RequestID>{results}</RetrieveResponseMsg>"
    )
    return _envelope(call, "RetrieveResponse", answered)


def _envelope(call: Call, action: str, answered: str) -> Response:
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
    return Response(body, 200, media_type="text/xml")
