"""deploy, checkDeployStatus, cancelDeploy, retrieve and checkRetrieveStatus over SOAP.

A deploy is the one that `deployRequest` over REST begins: either way of asking tells of both.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import orjson

from sandbox import xmltree
from sandbox.call import Call
from sandbox.salesforce import ids
from sandbox.salesforce.metadata import deploy, retrieve, xml
from sandbox.salesforce.metadata.soap_changes import Operation, SoapProblem
from sandbox.xmltree import Node

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_NO_TESTS = {"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0}


def _deploy(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    node = xmltree.child(operation, "DeployOptions")
    options: Json = {}
    for each in node if node is not None else ():
        name, said = xmltree.local(each), xmltree.text(each)
        if name == "runTests":
            options.setdefault(name, []).append(said)
        else:
            options[name] = said.lower() == "true" if said.lower() in ("true", "false") else said
    try:
        file = base64.b64decode(xmltree.text(operation, "ZipFile"), validate=True)
    except binascii.Error:
        raise SoapProblem("INVALID_ZIP_FILE", "The zip file is not valid") from None
    number = deploy.begun(sf, call, options, file)
    return xml.written("result", {"done": False, "id": number, "state": "Queued"})


def _status(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    _, shown = deploy.state(sf, call, _id(operation, "asyncProcessId"))
    details = {"runTestResult": _NO_TESTS}
    if xmltree.text(operation, "includeDetails").lower() == "true":
        details = shown["details"] | {"runTestResult": shown["details"]["runTestResult"] or _NO_TESTS}
    ordered = dict(sorted((shown | {"details": details}).items()))
    return xml.written("result", ordered)


def _cancel(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    number = _id(operation, xmltree.local(operation[0]) if len(operation) else "String")
    deploy.cancelled(sf, call, number)
    return xml.written("result", {"done": True, "id": number})


def _id(operation: Node, name: str) -> str:
    found = ids.normal(xmltree.text(operation, name))
    if found is None:
        raise SoapProblem("INVALID_ID_FIELD", f"Invalid id: {xmltree.text(operation, name)[:40]}")
    return found


def _retrieve(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    # By its place: jsforce calls it `request`.
    request = operation[0] if len(operation) else None
    unpackaged = xmltree.child(request, "unpackaged")
    wanted: dict[str, list[str]] = {}
    for each in xmltree.children(unpackaged, "types") if unpackaged is not None else ():
        members = [xmltree.text(node) for node in xmltree.children(each, "members")]
        wanted.setdefault(xmltree.text(each, "name"), []).extend(members)
    single = xmltree.text(request, "singlePackage").lower() == "true"
    version = xmltree.text(unpackaged, "version") or xmltree.text(request, "apiVersion")
    zipped, files, told = retrieve.packed(sf, wanted, version, single=single)
    number = ids.make("09S", int(sf.store.value("select count(*) from retrieves")) + 1)
    result = {"fileProperties": files, "messages": told}
    sf.store.db.execute("insert into retrieves values (?, ?, ?)", (number, orjson.dumps(result), zipped))
    call.effect = "retrieve"
    return xml.written("result", {"done": False, "id": number, "state": "Queued"})


def _retrieved(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    number = _id(operation, "asyncProcessId")
    row = sf.store.row("select result, zip from retrieves where id = ?", (number,))
    if row is None:
        raise SoapProblem("INVALID_LOCATOR", "Retrieve result has been deleted.")
    told = orjson.loads(row[0])
    result: Json = {
        "done": True, "fileProperties": told["fileProperties"], "id": number, "messages": told["messages"],
        "status": "Succeeded", "success": True,
    }  # fmt: skip
    if xmltree.text(operation, "includeZip").lower() != "false":
        result["zipFile"] = base64.b64encode(row[1]).decode()
    return xml.written("result", result)


def _asked(sf: Salesforce, call: Call, root: Node, operation: Node) -> str:
    """How far an operation is that has no question of its own: what is begun here is done at once."""
    number = _id(operation, "asyncProcessId")
    known = "select 1 from retrieves where id = ? union select 1 from deploys where id = ?"
    if not sf.store.value(known, (number, number)):
        raise SoapProblem("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {number}")
    return xml.written("result", {"done": True, "id": number, "state": "Completed"})


OPERATIONS: dict[str, Operation] = {
    "deploy": _deploy, "checkDeployStatus": _status, "cancelDeploy": _cancel, "retrieve": _retrieve,
    "checkRetrieveStatus": _retrieved, "checkStatus": _asked,
}  # fmt: skip
