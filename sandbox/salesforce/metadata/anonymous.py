"""Anonymous Apex, by REST (`tooling/executeAnonymous`) and by SOAP (`/services/Soap/s/`); Apex REST.

Nothing here runs Apex. What does not parse is refused as Salesforce refuses it. What only writes to the debug
log has no effect and succeeds; anything else ends with an exception that says it was not run, so that nobody
takes an effect for granted that there was not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import xmltree
from sandbox.call import Call, answer
from sandbox.salesforce import errors
from sandbox.salesforce.metadata import apex, xml
from sandbox.salesforce.metadata import soap as metadata_soap

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
NOT_RUN = "System.UnexpectedException: the sandbox parses Apex and does not run it; nothing was done"
_DEBUG = re.compile(r"\s*system\s*\.\s*debug\s*\((?:[^()]|\([^()]*\))*\)\s*", re.I)
_ENDS = (";", "}", "")


def routes(sf: Salesforce) -> list[Route]:
    rest, soap = "/services/data/{version}/tooling/executeAnonymous", "/services/Soap/s/{number}"
    found = [*sf.route("GET", rest, _by_rest)]
    for path in (soap, soap + "/{organization}"):
        found += sf.route("POST", path, _by_soap)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        found += sf.route(method, "/services/apexrest/{path:path}", _no_class)
    return found


def executed(code: str) -> Json:
    """What running it comes to."""
    problem = _problem(code)
    if problem is not None:
        line, message = problem
        return _result(line=line, column=1, problem=message)
    statements = [each for each in apex.bare(code).split(";") if each.strip()]
    if all(_DEBUG.fullmatch(each) for each in statements):
        return _result()
    return _result(exception=NOT_RUN)


def _result(
    *, line: int = -1, column: int = -1, problem: str | None = None, exception: str | None = None
) -> Json:
    return {
        "line": line, "column": column, "compiled": problem is None,
        "success": problem is None and exception is None, "compileProblem": problem,
        "exceptionStackTrace": "AnonymousBlock: line 1, column 1" if exception else None,
        "exceptionMessage": exception,
    }  # fmt: skip


def _problem(code: str) -> tuple[int, str] | None:
    """The line and the words of what does not parse, as far as this looks."""
    text = apex.bare(code)
    for opening, closing in (("{", "}"), ("(", ")"), ("[", "]")):
        depth = 0
        for number, line in enumerate(text.splitlines(), 1):
            depth += line.count(opening) - line.count(closing)
            if depth < 0:
                return number, f"Unexpected token '{closing}'."
        if depth:
            return max(1, len(text.splitlines())), f"Missing '{closing}' at 'EOF'"
    last = text.rstrip()
    if last[-1:] not in _ENDS:
        return len(last.splitlines()), f"Unexpected token '{last.split()[-1]}'."
    return None


def _by_rest(call: Call) -> Response:
    code = call.query.get("anonymousBody")
    if code is None:
        raise errors.error(400, "MALFORMED_QUERY", "anonymousBody is required")
    return answer(executed(code), charset="UTF-8")


def _by_soap(call: Call) -> Response:
    try:
        _, envelope = xml.read(call.body)
    except xml.BadXml as problem:
        raise metadata_soap.fault("MALFORMED_XML", str(problem)) from None
    body = envelope.get("Body")
    asked = body.get("executeAnonymous") if isinstance(body, dict) else None
    # By its place: Salesforce's own CLI calls it `apexcode`.
    code = next(iter(asked.values()), None) if isinstance(asked, dict) else None
    if not isinstance(code, str):
        raise metadata_soap.fault("UNKNOWN_EXCEPTION", "executeAnonymous is the only call there is here")
    space = "http://soap.sforce.com/2006/08/apex"
    result = xmltree.written("result", executed(code))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        f'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{space}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header><DebuggingInfo><debugLog/>'
        "</DebuggingInfo></soapenv:Header><soapenv:Body><executeAnonymousResponse>"
        f"{result}</executeAnonymousResponse></soapenv:Body></soapenv:Envelope>"
    )
    return Response(text, media_type="text/xml")


def _no_class(call: Call) -> Response:
    """No class is exposed: there is none that runs."""
    raise errors.error(404, "NOT_FOUND", "Could not find a match for URL")
