"""`/services/Soap/m/{version}`: readMetadata, ten components a call, listMetadata and describeMetadata."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused
from sandbox.salesforce.metadata import xml

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
MOST = 10
READABLE = ("CustomObject", "Layout", "PermissionSet", "CustomField", "RecordType", "ValidationRule")
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
        _, envelope = xml.read(call.body)
    except xml.BadXml as problem:
        raise fault("MALFORMED_XML", str(problem)) from None
    body = envelope.get("Body") or {}
    doing: dict[str, Callable[[Salesforce, Json], str]] = {
        "readMetadata": _read, "listMetadata": _list, "describeMetadata": _describe,
    }  # fmt: skip
    for name, work in doing.items():
        if name in body:
            wish = body[name] if isinstance(body[name], dict) else {}
            return Response(_HEAD + work(sf, wish) + _TAIL, media_type="text/xml")
    raise fault("UNKNOWN_EXCEPTION", f"this org answers {' and '.join(doing)} only")


def _read(sf: Salesforce, wish: Json) -> str:
    kind, names = str(wish.get("type")), list(wish.get("fullNames") or [])
    if kind not in READABLE:
        raise fault("INVALID_TYPE", f"Unknown type: {kind}")
    if len(names) > MOST:
        raise fault("LIMIT_EXCEEDED", f"readMetadata takes at most {MOST} components, not {len(names)}")
    records = ""
    for name in names:
        found = component(sf, kind, name)
        text = "".join(xml.written(n, v) for n, v in found.items()) if found else ""
        nil = "" if found else ' xsi:nil="true"'
        records += f'<records xsi:type="{kind}"{nil}>{text}</records>'
    return f"<readMetadataResponse><result>{records}</result></readMetadataResponse>"


def _describe(sf: Salesforce, wish: Json) -> str:
    """The types of components there are, with where they lie in a package."""
    kinds = [
        ("ApexClass", "classes", "cls", True, ()), ("ApexTrigger", "triggers", "trigger", True, ()),
        ("CustomObject", "objects", "object", False, ("CustomField", "RecordType", "ValidationRule")),
        ("Layout", "layouts", "layout", False, ()),
        ("PermissionSet", "permissionsets", "permissionset", False, ()),
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
    return f"<describeMetadataResponse><result>{found}</result></describeMetadataResponse>"


def component(sf: Salesforce, kind: str, name: str) -> Json | None:
    """A component as it is read; None when the org has none of that name."""
    if kind == "CustomObject":
        return sf.metadata.custom_object(sf.org, name)
    found = sf.metadata.get(kind, name)
    return None if found is None else {"fullName": name} | found


def _list(sf: Salesforce, wish: Json) -> str:
    found = ""
    for query in wish.get("queries") or []:
        kind = str(query.get("type"))
        names = sf.metadata.names(kind)
        if kind == "CustomObject":
            names = sorted(sf.org.whole)
        for name in names:
            file = f"{kind}/{name}"
            stamp = times.iso(sf.clock.now())
            properties = {
                "createdById": sf.org.user_id, "createdByName": "Integration User", "createdDate": stamp,
                "fileName": file, "fullName": name, "id": "", "lastModifiedById": sf.org.user_id,
                "lastModifiedByName": "Integration User", "lastModifiedDate": stamp, "type": kind,
            }  # fmt: skip
            found += xml.written("result", properties)
    return f"<listMetadataResponse>{found}</listMetadataResponse>"
