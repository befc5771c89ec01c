"""The SOAP API for old clients, partner and enterprise alike: envelope, sign-in, faults, who answers what.

`login` is there for versions 31 to 64, as at Salesforce. Records over SOAP are in `soap_records`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times, xmltree
from sandbox.call import Call, Refused
from sandbox.salesforce import auth, describe, oauth_flows, passwords, soap_reads, soap_records
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.soap_records import SoapFault
from sandbox.xmltree import Node

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

FIRST, LAST, LAST_LOGIN = 31, 68, 64
_NAMESPACES = {"u": "urn:partner.soap.sforce.com", "c": "urn:enterprise.soap.sforce.com"}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{space}" '
    'xmlns:sf="{faults}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
)
_TAIL = "</soapenv:Body></soapenv:Envelope>"


def routes(sf: Salesforce) -> list[Route]:
    paths = ("/services/Soap/{kind}/{number}", "/services/Soap/{kind}/{number}/{org}")
    return [r for path in paths for r in sf.route("POST", path, lambda call: _answer(sf, call))]


def _answer(sf: Salesforce, call: Call) -> Response:
    kind = call.params["kind"]
    if kind not in _NAMESPACES:
        raise Refused(Response(status_code=404))
    try:
        root = xmltree.parse(call.body)
    except xmltree.Malformed as problem:
        raise _refusal(kind, SoapFault("INVALID_SOAP", str(problem), plain="soapenv:Client")) from None
    body = xmltree.child(root, "Body")
    operation = body[0] if body is not None and len(body) else None
    try:
        if operation is None:
            raise SoapFault("INVALID_SOAP", "the body has no operation", plain="soapenv:Client")
        result = _done(sf, call, root, operation)
    except SoapFault as fault:
        raise _refusal(kind, fault) from None
    name = xmltree.local(operation)
    inner = "" if result is None else soap_records.written("result", result, enterprise=kind == "c")
    space = _NAMESPACES[kind]
    head = _HEAD.format(space=space, faults=f"urn:sobject.{space[4:]}")
    return _xml(f"{head}<{name}Response>{inner}</{name}Response>{_TAIL}", 200)


def _done(sf: Salesforce, call: Call, root: Node, operation: Node) -> Any:
    number = call.params["number"].partition(".")[0]
    if not number.isdecimal() or not FIRST <= int(number) <= LAST:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"Unsupported API version {call.params['number'][:10]}")
    name = xmltree.local(operation)
    if name == "login":
        return _login(sf, call, operation, int(number))
    session = xmltree.text(root, "Header", "SessionHeader", "sessionId")
    if not auth.is_live(sf, session):
        raise SoapFault(
            "INVALID_SESSION_ID",
            "Invalid Session ID found in SessionHeader: Illegal Session. Session not found",
        )
    if not sf.daily.take(times.day(call.now)):
        raise SoapFault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    handler = _OPERATIONS.get(name)
    if handler is None:
        message = f"No operation available for request {operation.tag.replace('}', '').lstrip('{')[:80]}"
        raise SoapFault("INVALID_OPERATION", message, plain="soapenv:Client")
    call.params = {**call.params, "version": f"v{number}.0"}
    header = ("Header", "AssignmentRuleHeader")
    call.assign = xmltree.text(root, *header, "assignmentRuleId") or (
        "TRUE" if xmltree.text(root, *header, "useDefaultRule") == "true" else "FALSE"
    )
    try:
        return handler(sf, call, operation)
    except RowError as problem:
        raise SoapFault(problem.code, problem.message) from None


def _login(sf: Salesforce, call: Call, node: Node, number: int) -> dict[str, Any]:
    if number > LAST_LOGIN:
        raise SoapFault(
            "UNSUPPORTED_API_VERSION", f"SOAP API login() is not supported in version {number}.0 and later."
        )
    expired = passwords.kept(sf, sf.org.user_id)[1]
    given = xmltree.text(node, "password")
    if not oauth_flows.may_sign_in(sf, xmltree.text(node, "username"), given):
        message = "Invalid username, password, security token; or user locked out."
        raise SoapFault("INVALID_LOGIN", message, kind="LoginFault")
    token = auth.new_session(sf, call)
    base, kind = auth.instance_url(call), call.params["kind"]
    return {
        "metadataServerUrl": f"{base}/services/Soap/m/{number}.0/{sf.org.id}",
        "passwordExpired": expired, "sandbox": True,
        "serverUrl": f"{base}/services/Soap/{kind}/{number}.0/{sf.org.id}",
        "sessionId": token, "userId": sf.org.user_id, "userInfo": _user_info(sf, call, node),
    }  # fmt: skip


def _user_info(sf: Salesforce, call: Call, node: Node) -> dict[str, Any]:
    user = sf.rows.get(sf.org.objects["User"], sf.org.user_id) or {}
    return {
        "accessibilityMode": False, "chatterExternal": False, "currencySymbol": None,
        "orgAttachmentFileSizeLimit": 5_242_880, "orgDefaultCurrencyIsoCode": None,
        "orgDefaultCurrencyLocale": None, "orgDisallowHtmlAttachments": False, "orgHasPersonAccounts": False,
        "organizationId": sf.org.id, "organizationMultiCurrency": True, "organizationName": "Northwind",
        "profileId": user.get("ProfileId"), "roleId": user.get("UserRoleId"),
        "sessionSecondsValid": auth.SESSION // 1000,
        "userDefaultCurrencyIsoCode": sf.store.get_meta("currency"), "userEmail": user.get("Email"),
        "userFullName": user.get("Name"), "userId": sf.org.user_id, "userLanguage": "en_US",
        "userLocale": "en_US", "userName": user.get("Username"), "userTimeZone": user.get("TimeZoneSidKey"),
        "userType": "Standard", "userUiSkin": "Theme3",
    }  # fmt: skip


def _timestamp(sf: Salesforce, call: Call, node: Node) -> dict[str, Any]:
    return {"timestamp": times.iso(call.now)}


def _logout(sf: Salesforce, call: Call, node: Node) -> None:
    """Ends every session of the user; there is one user."""
    sf.store.db.execute("delete from tokens")


_REST_ALONE = {
    "urls", "listviewable", "lookupLayoutable", "sobjectDescribeOption", "extendedBy", "extendsInterfaces",
}  # fmt: skip
_NIL = {
    "keyPrefix", "defaultImplementation", "implementedBy", "implementsInterfaces", "networkScopeFieldName",
    "recordTypeId", "url",
}  # fmt: skip
"""What a describe over SOAP says when it is empty; other elements are left out then, as it wants."""


def _schematic(told: Any, *, top: bool = True) -> Any:
    """A describe as the WSDL has it."""
    if isinstance(told, list):
        return [_schematic(each, top=False) for each in told]
    if not isinstance(told, dict):
        return told
    found = {
        name: _schematic(value, top=False)
        for name, value in told.items()
        if name not in _REST_ALONE and (value is not None or name in _NIL)
    }
    return found | ({"idEnabled": False} if top else {})


def _describe_global(sf: Salesforce, call: Call, node: Node) -> dict[str, Any]:
    number = call.params["version"].removeprefix("v")
    entries = [_schematic(describe.global_entry(each, number)) for each in sf.org.objects.values()]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}


def _describe(sf: Salesforce, call: Call, node: Node) -> list[dict[str, Any]]:
    found = []
    for each in node:
        sobject = sf.org.object(xmltree.text(each))
        if sobject is None:
            raise SoapFault("INVALID_TYPE", f"sObject type '{xmltree.text(each)[:80]}' is not supported.")
        shown = describe.object_describe(sf.org, sobject, call.params["version"].removeprefix("v"))
        urls, shown = shown["urls"], _schematic(shown)
        base = auth.instance_url(call)
        for name, known in (
            ("Detail", "uiDetailTemplate"),
            ("Edit", "uiEditTemplate"),
            ("New", "uiNewRecord"),
        ):
            shown[f"url{name}"] = f"{base}{urls[known]}"
        found.append(shown)
    return found


_OPERATIONS: dict[str, Callable[[Any, Call, Node], Any]] = {
    "getUserInfo": _user_info, "getServerTimestamp": _timestamp, "logout": _logout,
    "describeGlobal": _describe_global, "describeSObject": _describe, "describeSObjects": _describe,
    "describeTabs": lambda sf, call, node: [], **passwords.OPERATIONS,
    **soap_records.OPERATIONS, **soap_reads.OPERATIONS,
}  # fmt: skip


def _xml(text: str, status: int) -> Response:
    return Response(text.encode(), status, media_type="text/xml;charset=UTF-8")


def refusal(call: Call, code: str, message: str) -> Response:
    """What is refused before the message is read."""
    kind = call.path.removeprefix("/services/Soap/").partition("/")[0]
    return _refusal(kind if kind in _NAMESPACES else "u", SoapFault(code, message)).response


def _refusal(kind: str, fault: SoapFault) -> Refused:
    space = _NAMESPACES[kind]
    head = _HEAD.format(space=space, faults=f"urn:fault.{space[4:]}")
    words = xmltree.written("faultstring", f"{fault.code}: {fault.message}")
    detail = (
        f'<detail><sf:{fault.kind} xsi:type="sf:{fault.kind}">'
        + xmltree.written("exceptionCode", fault.code, "sf:")
        + xmltree.written("exceptionMessage", fault.message, "sf:")
        + f"</sf:{fault.kind}></detail>"
    )
    code = fault.plain or f"sf:{fault.code}"
    inner = f"<faultcode>{code}</faultcode>{words}{'' if fault.plain else detail}"
    return Refused(_xml(f"{head}<soapenv:Fault>{inner}</soapenv:Fault>{_TAIL}", 500))
