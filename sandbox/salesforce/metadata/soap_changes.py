"""create, update, upsert, delete and renameMetadata: ten components of one type a call.

Each has its own result. With `AllOrNoneHeader` a call stands or falls as one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox import xmltree
from sandbox.call import Call
from sandbox.salesforce.metadata import changes, shown, xml
from sandbox.salesforce.metadata.changes import Refusal
from sandbox.xmltree import Node

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
MOST = 10


class SoapProblem(Exception):
    """A call that is refused as a whole: its code and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _TakenBack(Exception):
    """One failed, and the call is all or none."""


def _each(sf: Salesforce, root: Node, jobs: list[tuple[str, Callable[[], Json]]]) -> str:
    """Results of single components, in order."""
    if len(jobs) > MOST:
        raise SoapProblem("LIMIT_EXCEEDED", f"A call takes at most {MOST} components, not {len(jobs)}")
    whole = xmltree.text(root, "Header", "AllOrNoneHeader", "allOrNone") == "true"
    results: list[Json] = []
    try:
        with sf.store.transaction():
            for name, work in jobs:
                results.append(_result(name, work))
            if whole and not all(each["success"] for each in results):
                raise _TakenBack
    except _TakenBack:
        sf.read_org()
        error = {"message": "Record rolled back because not all records were valid and the request was "
                 "using AllOrNone header", "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK"}  # fmt: skip
        results = [
            {"errors": error, **{k: v for k, v in r.items() if k != "created"}, "success": False}
            if r["success"] else r
            for r in results
        ]  # fmt: skip
    return "".join(xml.written("result", each) for each in results)


def _result(name: str, work: Callable[[], Json]) -> Json:
    try:
        said = work()
    except Refusal as problem:
        error = {"message": problem.message, "statusCode": problem.code}
        return {"errors": error, "fullName": name, "success": False}
    return {**said, "fullName": name, "success": True}


def _wished(operation: Node) -> list[tuple[str, Json]]:
    """The components of a call: their type is an attribute."""
    found = []
    for node in xmltree.children(operation, "metadata"):
        kind = xmltree.attribute(node, "type").rpartition(":")[2]
        content = xml.content(node)
        content = content if isinstance(content, dict) else {}
        try:
            xml.check(content)
        except xml.BadXml as problem:
            raise SoapProblem("INVALID_SOAP", str(problem)) from None
        found.append((_known(kind), content))
    if len({kind for kind, _ in found}) > 1:
        raise SoapProblem("INVALID_TYPE", "All components of a call must be of the same type")
    return found


def _known(kind: str) -> str:
    if kind not in shown.READABLE:
        raise SoapProblem(
            "INVALID_TYPE", f"This type of metadata is not available for this call: {kind[:80]}"
        )
    return kind


def _create(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    def one(kind: str, content: Json) -> Json:
        changes.create(sf, call, kind, content)
        return {}

    return _put(sf, root, operation, one)


def _update(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    def one(kind: str, content: Json) -> Json:
        changes.update(sf, call, kind, content)
        return {}

    return _put(sf, root, operation, one)


def _upsert(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    return _put(
        sf, root, operation, lambda kind, content: {"created": changes.upsert(sf, call, kind, content)}
    )


def _put(sf: Salesforce, root: Node, operation: Node, one: Callable[[str, Json], Json]) -> str:
    def job(kind: str, content: Json) -> tuple[str, Callable[[], Json]]:
        return str(content.get("fullName") or ""), lambda: one(kind, content)

    return _each(sf, root, [job(kind, content) for kind, content in _wished(operation)])


def _delete(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    kind = _known(xmltree.text(operation, "type"))

    def job(name: str) -> tuple[str, Callable[[], Json]]:
        def work() -> Json:
            changes.delete(sf, call, kind, name)
            return {}

        return name, work

    return _each(sf, root, [job(xmltree.text(n)) for n in xmltree.children(operation, "fullNames")])


def _rename(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    kind = _known(xmltree.text(operation, "type"))
    old, new = xmltree.text(operation, "oldFullName"), xmltree.text(operation, "newFullName")

    def work() -> Json:
        changes.rename(sf, call, kind, old, new)
        return {}

    return _each(sf, root, [(new, work)])


OPERATIONS: dict[str, Callable[[Any, Call, Node, Node], str]] = {
    "createMetadata": _create, "updateMetadata": _update, "upsertMetadata": _upsert,
    "deleteMetadata": _delete, "renameMetadata": _rename,
}  # fmt: skip
