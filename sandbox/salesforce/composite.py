"""`/composite` and `/composite/batch`: several requests in one call, answered together.

A composite is one call to the daily allowance, a batch one for each of its requests, as Salesforce counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.salesforce import errors, sobjects

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MOST, MOST_QUERIES = 25, 5
HALTED = errors.body(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)
_MADE = re.compile(r"/services/data/v\d\d\.0/sobjects/[^/?]+")
_QUERY = re.compile(r"/(query|queryAll|composite/sobjects)\b")
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/composite"
    return [
        *sf.route("POST", base, lambda call: _composite(sf, call)),
        *sf.route("POST", base + "/batch", lambda call: _batch(sf, call)),
    ]


def _parts(call: Call, name: str, needed: tuple[str, ...]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    body = sobjects.body_of(call)
    parts = body.get(name)
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise errors.bad_json(f"{name} must be a list of requests")
    if len(parts) > MOST:
        raise errors.error(400, "PROCESSING_HALTED", f"The limit of {MOST} subrequests was exceeded.")
    for part in parts:
        if not all(isinstance(part.get(key), str) for key in needed):
            raise errors.bad_json(f"each request needs {', '.join(needed)}")
    return body, parts


def _composite(sf: Salesforce, call: Call) -> Response:
    body, parts = _parts(call, "compositeRequest", ("method", "url", "referenceId"))
    if sum(1 for part in parts if _QUERY.search(part["url"].partition("?")[0])) > MOST_QUERIES:
        message = f"Composite requests can have at most {MOST_QUERIES} query or collection operations."
        raise errors.error(400, "LIMIT_EXCEEDED", message)
    found: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    together, failed = body.get("allOrNone") is True, False
    for part in parts:
        if together and failed:
            answers.append(told(part, 400, HALTED))
            continue
        status, content = one_of(sf, call, part, found)
        failed = failed or status >= 400
        found[part["referenceId"]] = content
        answers.append(told(part, status, content))
    if together and failed:
        answers = [a if a["httpStatusCode"] >= 400 else taken_back(a) for a in answers]
        raise Refused(answer({"compositeResponse": answers}, charset="UTF-8"))
    return answer({"compositeResponse": answers}, charset="UTF-8")


def one_of(sf: Salesforce, call: Call, part: dict[str, Any], found: dict[str, Any]) -> tuple[int, Any]:
    """A request's answer; one that refers to what is not there is refused by itself."""
    try:
        return one(sf, call, part, lambda text: filled(text, found))
    except Refused as refused:
        return refused.response.status_code, content_of(refused.response)


def told(part: dict[str, Any], status: int, content: Any) -> dict[str, Any]:
    """An answer among others; what was made has its address."""
    headers = {}
    made = _MADE.match(str(part.get("url")))
    if status == 201 and made and isinstance(content, dict) and "id" in content:
        headers["Location"] = f"{made[0]}/{content['id']}"
    return {
        "body": content, "httpHeaders": headers, "httpStatusCode": status,
        "referenceId": part.get("referenceId"),
    }  # fmt: skip


def taken_back(answered: dict[str, Any]) -> dict[str, Any]:
    """What went well, said to be undone."""
    return answered | {"body": HALTED, "httpHeaders": {}, "httpStatusCode": 400}


def _batch(sf: Salesforce, call: Call) -> Response:
    _, parts = _parts(call, "batchRequests", ("method", "url"))
    results = []
    for number, part in enumerate(parts):
        if number and not sf.daily.take(times.day(call.now)):
            content: Any = errors.body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            results.append({"statusCode": 403, "result": content})
            continue
        url = part["url"] if part["url"].startswith("/") else f"/services/data/{part['url']}"
        status, content = one(sf, call, part | {"url": url, "body": part.get("richInput")}, lambda text: text)
        results.append({"statusCode": status, "result": content})
    bad = any(result["statusCode"] >= 400 for result in results)
    return answer({"hasErrors": bad, "results": results}, charset="UTF-8")


def one(sf: Salesforce, call: Call, part: dict[str, Any], fill: Callable[[str], str]) -> tuple[int, Any]:
    """Answer one request with the handler its own route has."""
    path, _, query = fill(part["url"]).partition("?")
    method = part["method"].upper()
    for route_method, pattern, handler in sf.table:
        match = pattern.match(unquote(path))
        if match and route_method == method and "/composite" not in path.removesuffix("/composite/sobjects"):
            body = part.get("body")
            inner = replace(
                call, method=method, path=unquote(path), query_string=query, params=match.groupdict(),
                body=b"" if body is None else fill(orjson.dumps(body).decode()).encode(),
            )  # fmt: skip
            return _answered(sf, inner, handler)
    return 404, errors.body("NOT_FOUND", "The requested resource does not exist")


def _answered(sf: Salesforce, inner: Call, handler: Callable[[Call], Response]) -> tuple[int, Any]:
    before = len(inner.changes)
    try:
        sf.at_version(inner)
        with sf.store.transaction():
            response = handler(inner)
    except Refused as refused:
        del inner.changes[before:]
        response = refused.response
    return response.status_code, content_of(response)


def content_of(response: Response) -> Any:
    body = bytes(response.body)
    return orjson.loads(body) if body else None


def filled(text: str, found: dict[str, Any]) -> str:
    """Put values of earlier answers where the text refers to them."""

    def value(match: re.Match[str]) -> str:
        here: Any = found.get(match[1])
        for step in re.findall(r"[A-Za-z0-9_]+", match[2]):
            try:
                here = here[int(step)] if isinstance(here, list) else here[step]
            except (KeyError, IndexError, TypeError, ValueError):
                message = f"Invalid reference specified. No value for {match[0][2:-1]} found."
                raise errors.error(400, "PROCESSING_HALTED", message) from None
        return str(here)

    return _REFERENCE.sub(value, text)
