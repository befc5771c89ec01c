"""`/_sandbox/openapi.json`: the routes of a vendor's server as an OpenAPI description, for fuzzers.

It says which addresses there are, what stands in them and that bodies are JSON: what an answer looks like is
the vendor's own documentation's business.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import answer

Json = dict[str, Any]
PATH = "/_sandbox/openapi.json"
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_KNOWN: dict[str, list[str]] = {
    "type": ["contacts", "deals", "companies"], "object": ["Lead", "Account", "Contact"],
    "field": ["External_Id__c", "Id"], "number": ["59.0"], "kind": ["u", "c"], "api": ["v3"],
}  # fmt: skip


def route() -> Route:
    async def told(request: Request) -> Response:
        return answer(described(request.app.routes, request.url.path))

    return Route(PATH, told, methods=["GET"])


def described(routes: Any, title: str) -> Json:
    """The description of some routes."""
    paths: dict[str, Json] = {}
    for each in routes:
        if isinstance(each, Route):
            path = _PARAMETER.sub(r"{\1}", each.path)
            for method in sorted((each.methods or set()) - {"HEAD"}):
                paths.setdefault(path, {})[method.lower()] = _operation(path, method)
    return {
        "openapi": "3.0.3", "info": {"title": title, "version": "1"},
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}], "paths": paths,
    }  # fmt: skip


def _operation(path: str, method: str) -> Json:
    names = _PARAMETER.findall(path)
    found: Json = {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _schema(path, name)} for name in names
        ],
        "responses": {"default": {"description": "What the vendor says"}},
    }
    if method in ("POST", "PUT", "PATCH"):
        anything: Json = {"schema": {"type": "object", "additionalProperties": True}}
        found["requestBody"] = {"content": {"application/json": anything}}
    return found


def _schema(path: str, name: str) -> Json:
    """Mostly what may stand there, so that requests get beyond the address."""
    if name == "version":
        versions = ["v67.0", "v50.0"] if path.startswith("/services") else ["v3", "v4", "2026-03", "2026-09"]
        return {"type": "string", "enum": versions}
    known = _KNOWN.get(name)
    return {"type": "string", "enum": known} if known else {"type": "string", "minLength": 1}
