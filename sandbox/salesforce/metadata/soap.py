"""`/services/Soap/m/{version}`: the envelope, who answers what, and what only reads.

Components one by one are `soap_changes`, packages `soap_packages`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.responses import Response
from starlette.routing import Route

from sandbox import xmltree
from sandbox.call import Call, Refused
from sandbox.salesforce.metadata import shown, soap_changes, soap_packages, xml
from sandbox.salesforce.metadata.deploy import NotTaken
from sandbox.salesforce.metadata.soap_changes import MOST, Operation, SoapProblem
from sandbox.xmltree import Node

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

_SESSION = re.compile(rb"<(?:\w+:)?sessionId>\s*([^<\s]+)\s*</")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    f'xmlns="{xml.NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
)
_TAIL = "</soapenv:Body></soapenv:Envelope>"


def routes(sf: Salesforce) -> list[Route]:
    path = "/services/Soap/m/{soap_version}"
    return [
        *sf.route("POST", path, lambda call: _answer(sf, call)),
        *sf.route("POST", path + "/{org}", lambda call: _answer(sf, call)),
        *sf.route("POST", path + "/{org}/{id}", lambda call: _answer(sf, call)),
    ]


def session_of(body: bytes) -> str:
    """The session id of a SOAP request; empty when it has none."""
    found = _SESSION.search(body)
    return found[1].decode() if found else ""


def fault(code: str, message: str) -> Refused:
    text = (
        f"{_HEAD}<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {escape(message)}"
        f"</faultstring></soapenv:Fault>{_TAIL}"
    )
    return Refused(Response(text, 500, media_type="text/xml"))


def _answer(sf: Salesforce, call: Call) -> Response:
    try:
        root = xmltree.parse(call.body)
    except xmltree.Malformed as problem:
        raise fault("MALFORMED_XML", str(problem)) from None
    body = xmltree.child(root, "Body")
    operation = body[0] if body is not None and len(body) else None
    if operation is None:
        raise fault("INVALID_SOAP", "the body has no operation")
    name = xmltree.local(operation)
    work = _OPERATIONS.get(name)
    if work is None:
        raise fault("INVALID_OPERATION", f"No operation available for request {name[:80]}")
    try:
        inner = work(sf, call, root, operation)
    except (SoapProblem, NotTaken) as problem:
        raise fault(problem.code, str(problem)) from None
    return Response(f"{_HEAD}<{name}Response>{inner}</{name}Response>{_TAIL}", media_type="text/xml")


def _read(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    kind = xmltree.text(operation, "type")
    names = [xmltree.text(node) for node in xmltree.children(operation, "fullNames")]
    if kind not in shown.READABLE:
        raise fault("INVALID_TYPE", f"Unknown type: {kind}")
    if len(names) > MOST:
        raise fault("LIMIT_EXCEEDED", f"readMetadata takes at most {MOST} components, not {len(names)}")
    records = ""
    for name in names:
        found = shown.component(sf, kind, name)
        text = "".join(xml.written(n, v) for n, v in found.items()) if found else ""
        nil = "" if found else ' xsi:nil="true"'
        records += f'<records xsi:type="{kind}"{nil}>{text}</records>'
    return f"<result>{records}</result>"


def _describe(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    """The types of components there are, with where they lie in a package."""
    kinds = [
        ("ApexClass", "classes", "cls", True, ()), ("ApexTrigger", "triggers", "trigger", True, ()),
        ("CustomObject", "objects", "object", False, ("CustomField", "RecordType", "ValidationRule")),
        ("Layout", "layouts", "layout", False, ()),
        ("PermissionSet", "permissionsets", "permissionset", False, ()),
        ("Settings", "settings", "settings", False, ()),
    ]  # fmt: skip
    found = "".join(
        xml.written("metadataObjects", {
            "childXmlNames": list(children), "directoryName": folder, "inFolder": False,
            "metaFile": meta, "suffix": suffix, "xmlName": kind,
        })
        for kind, folder, suffix, meta, children in kinds
    )  # fmt: skip
    rest = "<organizationNamespace></organizationNamespace><partialSaveAllowed>true</partialSaveAllowed>"
    found += f"{rest}<testRequired>false</testRequired>"
    return f"<result>{found}</result>"


def _list(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    kinds = [xmltree.text(query, "type") for query in xmltree.children(operation, "queries")]
    return "".join(
        xml.written("result", shown.properties(sf, kind, name))
        for kind in kinds
        for name in shown.names(sf, kind)
    )


_OPERATIONS: dict[str, Operation] = {
    "readMetadata": _read, "listMetadata": _list, "describeMetadata": _describe,
    **soap_changes.OPERATIONS, **soap_packages.OPERATIONS,
}  # fmt: skip
