"""`/composite/graph` and `/composite/tree`: related rows in one call; a graph or tree is stored as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.salesforce import composite, errors, sobjects
from sandbox.salesforce.child_names import child_called
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import Field, SObject

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MOST_NODES, MOST_GRAPHS, MOST_FAILED = 500, 75, 14
MOST_RECORDS, MOST_LEVELS = 200, 5


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/composite"
    return [
        *sf.route("POST", base + "/graph", lambda call: _graphs(sf, call)),
        *sf.route("POST", base + "/tree/{object}", lambda call: _tree(sf, call)),
    ]


class _Failed(Exception):
    """Takes a graph back whose answers say why."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        super().__init__()
        self.answers = answers


def _graphs(sf: Salesforce, call: Call) -> Response:
    graphs = sobjects.body_of(call).get("graphs")
    if not isinstance(graphs, list) or not graphs or not all(isinstance(each, dict) for each in graphs):
        raise errors.bad_json("graphs must be a list of graphs")
    parts = [each.get("compositeRequest") for each in graphs]
    if not all(isinstance(some, list) and all(isinstance(p, dict) for p in some) for some in parts):
        raise errors.bad_json("each graph needs a compositeRequest, a list of requests")
    if len(graphs) > MOST_GRAPHS or sum(len(some) for some in parts if isinstance(some, list)) > MOST_NODES:
        message = f"A payload may hold {MOST_GRAPHS} graphs and {MOST_NODES} nodes"
        raise errors.error(400, "LIMIT_EXCEEDED", message)
    results, failed = [], 0
    for graph, some in zip(graphs, parts, strict=True):
        if failed > MOST_FAILED:
            halted = errors.body(
                "PROCESSING_HALTED", "Too many graphs have failed; this one was not processed"
            )
            answers, good = [composite.told(part, 400, halted) for part in some or []], False
        else:
            answers, good = _graph(sf, call, some or [])
        failed += not good
        results.append({
            "graphId": graph.get("graphId"), "graphResponse": {"compositeResponse": answers},
            "isSuccessful": good,
        })  # fmt: skip
    return answer({"graphs": results}, charset="UTF-8")


def _graph(sf: Salesforce, call: Call, parts: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """All nodes or none: what failed says so, the others that they were taken back for it."""
    before = len(call.changes)
    try:
        with sf.store.transaction():
            answers = _nodes(sf, call, parts)
            if any(each["httpStatusCode"] >= 400 for each in answers):
                raise _Failed(answers)
        return answers, True
    except _Failed as failed:
        del call.changes[before:]
        return [e if e["httpStatusCode"] >= 400 else composite.taken_back(e) for e in failed.answers], False


def _nodes(sf: Salesforce, call: Call, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, Any] = {}
    answers = []
    for part in parts:
        if not all(isinstance(part.get(key), str) for key in ("method", "url", "referenceId")):
            problem = errors.body("JSON_PARSER_ERROR", "each node needs method, url, referenceId")
            answers.append(composite.told(part, 400, problem))
            continue
        status, content = composite.one_of(sf, call, part, found)
        found[part["referenceId"]] = content
        answers.append(composite.told(part, status, content))
    return answers


def _tree(sf: Salesforce, call: Call) -> Response:
    sobject = sobjects.object_of(sf, call)
    records = sobjects.body_of(call).get("records")
    if not isinstance(records, list) or not records:
        raise errors.bad_json("records must be a list of records")
    results: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    count = _planted(sf, call, sobject, records, None, 1, results, problems)
    if count > MOST_RECORDS:
        raise errors.error(400, "INVALID_INPUT", f"A tree may hold {MOST_RECORDS} records")
    if problems:
        raise Refused(answer({"hasErrors": True, "results": problems}, 400, charset="UTF-8"))
    call.records = len(results)
    return answer({"hasErrors": False, "results": results}, 201, charset="UTF-8")


def _planted(
    sf: Salesforce, call: Call, sobject: SObject, records: list[Any], parent: tuple[Field, str] | None,
    level: int,
    results: list[dict[str, Any]], problems: list[dict[str, Any]],
) -> int:  # fmt: skip
    """Make records and, below each, its children; how many there were."""
    if level > MOST_LEVELS:
        raise errors.error(400, "INVALID_INPUT", f"A tree may have {MOST_LEVELS} levels")
    count = 0
    for record in records:
        count += 1
        attributes = record.get("attributes") if isinstance(record, dict) else None
        reference = attributes.get("referenceId") if isinstance(attributes, dict) else None
        if not isinstance(record, dict) or not isinstance(reference, str):
            raise errors.error(400, "INVALID_INPUT", "Include a reference ID for each record in the request.")
        if any(each["referenceId"] == reference for each in (*results, *problems)):
            problem = {"statusCode": "INVALID_INPUT", "fields": [],
                       "message": "Duplicate ReferenceId provided in the request."}  # fmt: skip
            problems.append({"referenceId": reference, "errors": [problem]})
            continue
        nested = {
            k: v for k, v in record.items() if isinstance(v, dict) and isinstance(v.get("records"), list)
        }
        fields = {k: v for k, v in record.items() if k not in nested and k != "attributes"}
        try:
            if parent is not None:
                fields[parent[0].name] = parent[1]
            own = sf.rows.create(call, sobject, fields)
        except RowError as problem:
            problems.append({"referenceId": reference, "errors": [problem.shown()]})
            continue
        results.append({"referenceId": reference, "id": own})
        for name, inner in nested.items():
            child, field = _child(sf, sobject, name)
            count += _planted(sf, call, child, inner["records"], (field, own), level + 1, results, problems)
    return count


def _child(sf: Salesforce, sobject: SObject, name: str) -> tuple[SObject, Field]:
    found = child_called(sf.org.objects.values(), sobject.name, name)
    if found is not None:
        return found[1:]
    raise errors.error(400, "INVALID_FIELD", f"No such relationship '{name[:80]}' on {sobject.name}")
