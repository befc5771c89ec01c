"""create, update, upsert, delete and renameMetadata: ten components of one type a call.

Each has its own result. With `AllOrNoneHeader` a call stands or falls as one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox import xmltree
from sandbox.call import Call
from sandbox.salesforce.metadata import changes, shown, xml
from sandbox.salesforce.metadata.changes import Refusal
from sandbox.xmltree import Node

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
Operation = Callable[[Any, Call, Node, Node], str]
Work = Callable[[], bool | None]
"""Does one component; whether it was made, where that is told."""
MOST = 10


class SoapProblem(Exception):
    """A call that is refused as a whole: its code and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _TakenBack(Exception):
    """One failed, and the call is all or none."""


def _each(sf: Salesforce, root: Node, jobs: Sequence[tuple[str, Work]]) -> str:
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


def _result(name: str, work: Work) -> Json:
    try:
        made = work()
    except Refusal as problem:
        error = {"message": problem.message, "statusCode": problem.code}
        return {"errors": error, "fullName": name, "success": False}
    return ({} if made is None else {"created": made}) | {"fullName": name, "success": True}


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


def _writing(write: Callable[[Any, Call, str, Json], bool | None]) -> Operation:
    def answer(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
        jobs = [
            (str(content.get("fullName") or ""), partial(write, sf, call, kind, content))
            for kind, content in _wished(operation)
        ]
        return _each(sf, root, jobs)

    return answer


def _delete(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    kind = _known(xmltree.text(operation, "type"))
    names = [xmltree.text(node) for node in xmltree.children(operation, "fullNames")]
    return _each(sf, root, [(name, partial(changes.delete, sf, call, kind, name)) for name in names])


def _rename(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    kind = _known(xmltree.text(operation, "type"))
    old, new = xmltree.text(operation, "oldFullName"), xmltree.text(operation, "newFullName")
    return _each(sf, root, [(new, partial(changes.rename, sf, call, kind, old, new))])


OPERATIONS: dict[str, Operation] = {
    "createMetadata": _writing(changes.create), "updateMetadata": _writing(changes.update),
    "upsertMetadata": _writing(changes.upsert), "deleteMetadata": _delete, "renameMetadata": _rename,
}  # fmt: skip
