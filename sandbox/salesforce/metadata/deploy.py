"""Deploys, and `/metadata/deployRequest`: a zip is taken, and done or taken back when somebody asks.

A deploy that only checks is done like any other and taken back, so that it finds what the other would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.salesforce import errors, ids, multipart
from sandbox.salesforce.metadata import apex, package
from sandbox.salesforce.metadata.components import Deploying
from sandbox.salesforce.metadata.fields import Problem
from sandbox.salesforce.metadata.package import BadPackage, Component, Package

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
LEVELS = ("NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg")


class NotTaken(Exception):
    """A request about a deploy that is refused: an HTTP status, Salesforce's code and its sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class _TakenBack(Exception):
    """Ends the transaction of a deploy that is not to stay."""


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/metadata/deployRequest"
    return [
        *sf.route("POST", base, lambda call: _take(sf, call)),
        *sf.route("GET", base + "/{id}", lambda call: _status(sf, call)),
        *sf.route("PATCH", base + "/{id}", lambda call: _cancel(sf, call)),
    ]


def _take(sf: Salesforce, call: Call) -> Response:
    parts = multipart.parts(call)
    try:
        said = orjson.loads(parts.get("entity_content") or parts.get("json") or b"")
        options = dict(said["deployOptions"])
    except (ValueError, KeyError, TypeError):
        raise errors.bad_json("deployOptions are missing") from None
    if "file" not in parts:
        raise errors.error(400, "INVALID_ZIP_FILE", "the part named file is missing")
    try:
        deploy = begun(sf, call, options, parts["file"])
    except NotTaken as problem:
        raise errors.error(problem.status, problem.code, str(problem)) from None
    return answer({"validatedDeployRequestId": None, "id": deploy, "deployOptions": options}, 201)


def _status(sf: Salesforce, call: Call) -> Response:
    try:
        options, shown = state(sf, call, ids.normal(call.params["id"]) or "")
    except NotTaken:
        raise errors.not_found() from None
    return answer({"id": shown["id"], "deployOptions": options, "deployResult": shown})


def _cancel(sf: Salesforce, call: Call) -> Response:
    deploy = ids.normal(call.params["id"]) or ""
    try:
        options = cancelled(sf, call, deploy)
    except NotTaken:
        raise errors.not_found() from None
    return answer({"id": deploy, "deployOptions": options}, 202)


def begun(sf: Salesforce, call: Call, options: Json, file: bytes) -> str:
    """The id of a deploy that waits. Raises NotTaken."""
    if options.get("testLevel") not in (None, *LEVELS):
        raise NotTaken(400, "INVALID_FIELD", f"testLevel {options['testLevel']} is not known")
    waiting = "select id from deploys where status in ('Pending', 'InProgress')"
    for (before,) in sf.store.rows(f"{waiting} and polls <= 0 order by id"):
        state(sf, call, before)  # nobody asked about it, and it was done meanwhile
    if sf.store.value(waiting):
        raise NotTaken(409, "ALREADY_IN_PROCESS", "A deploy is already in progress")
    number = int(sf.store.value("select count(*) from deploys")) + 1
    deploy = ids.make("0Af", number)
    polls = int(sf.store.value("select value from meta where key = 'deploy_polls'") or 0)
    sf.store.db.execute(
        "insert into deploys values (?, 'Pending', ?, ?, null, ?, ?)",
        (deploy, orjson.dumps(options), file, call.now, polls),
    )
    call.effect = "deploy"
    return deploy


def _known(sf: Salesforce, deploy: str) -> tuple[Json, bytes, bytes | None, int, int]:
    row = sf.store.row("select options, file, result, created, polls from deploys where id = ?", (deploy,))
    if row is None:
        raise NotTaken(404, "INVALID_CROSS_REFERENCE_KEY", f"no deploy with the id {deploy}")
    return orjson.loads(row[0]), row[1], row[2], row[3], row[4]


def state(sf: Salesforce, call: Call, deploy: str) -> tuple[Json, Json]:
    """Options and result; it is done when it is looked at often enough. Raises NotTaken."""
    options, file, result, created, polls = _known(sf, deploy)
    if result is not None:
        return options, orjson.loads(result)
    if polls > 0:
        sf.store.db.execute(
            "update deploys set status = 'InProgress', polls = polls - 1 where id = ?", (deploy,)
        )
        return options, _result(sf, deploy, options, created, "InProgress", done=False)
    shown = _done(sf, call, deploy, options, file, created)
    sf.store.db.execute(
        "update deploys set status = ?, result = ? where id = ?",
        (shown["status"], orjson.dumps(shown), deploy),
    )
    return options, shown


def cancelled(sf: Salesforce, call: Call, deploy: str) -> Json:
    """Its options; one that is done stays done. Raises NotTaken."""
    options, _, result, created, _ = _known(sf, deploy)
    if result is None:
        shown = _result(sf, deploy, options, created, "Canceled", done=True)
        sf.store.db.execute(
            "update deploys set status = 'Canceled', result = ? where id = ?", (orjson.dumps(shown), deploy)
        )
    return options


def _result(sf: Salesforce, deploy: str, options: Json, created: int, status: str, *, done: bool) -> Json:
    """Every key that a DeployResult has."""
    level = options.get("testLevel") or "NoTestRun"
    return {
        "id": deploy, "status": status, "done": done, "success": status == "Succeeded",
        "checkOnly": bool(options.get("checkOnly")), "ignoreWarnings": bool(options.get("ignoreWarnings")),
        "rollbackOnError": bool(options.get("rollbackOnError", True)),
        "runTestsEnabled": level != "NoTestRun", "numberComponentsTotal": 0, "numberComponentsDeployed": 0,
        "numberComponentErrors": 0, "numberTestsTotal": 0, "numberTestsCompleted": 0,
        "numberTestErrors": 0, "createdBy": sf.org.user_id, "createdByName": "Integration User",
        "createdDate": times.iso(created), "startDate": times.iso(created), "stateDetail": None,
        "errorMessage": None, "errorStatusCode": None,
        "details": {"componentSuccesses": [], "componentFailures": [], "runTestResult": None},
    }  # fmt: skip


def _done(sf: Salesforce, call: Call, deploy: str, options: Json, file: bytes, created: int) -> Json:
    try:
        found = package.opened(file)
    except BadPackage as problem:
        shown = _result(sf, deploy, options, created, "Failed", done=True)
        said = {"errorMessage": str(problem), "errorStatusCode": "INVALID_ZIP_FILE"}
        return shown | said | {"completedDate": times.iso(call.now)}
    shown = _result(sf, deploy, options, created, "Succeeded", done=True)
    changes: list[tuple[str, str, str]] = []
    try:
        with sf.store.transaction():
            _work(sf, call, found, options, shown, changes)
            if options.get("checkOnly") or not shown["success"]:
                raise _TakenBack
    except _TakenBack:
        sf.read_org()
        changes = []
    for how, kind, name in changes:
        call.change("metadata", f"{kind}.{name}", how, "component", None, name)
    call.records = len(changes)
    return shown | {"completedDate": times.iso(call.now), "lastModifiedDate": times.iso(call.now)}


def _work(
    sf: Salesforce,
    call: Call,
    found: Package,
    options: Json,
    shown: Json,
    changes: list[tuple[str, str, str]],
) -> None:
    names = [each.name.lower().partition(".") for each in found.components if each.kind == "CustomField"]
    deploying = Deploying(sf, sf.metadata, call.now, {(of, name) for of, _, name in names})
    failures = [_message(component, call.now, problem=said) for component, said in found.problems]
    successes = []
    for component in [*found.before, *found.components, *found.after]:
        try:
            with sf.store.transaction():
                how = deploying.component(component)
        except Problem as problem:
            sf.read_org()
            failures.append(_message(component, call.now, problem=str(problem)))
            continue
        successes.append(_message(component, call.now, how=how))
        if how != "unchanged":
            changes.append((how, component.kind, component.name))
    sf.read_org()
    shown["details"]["componentSuccesses"] = successes
    shown["details"]["componentFailures"] = failures
    shown |= {
        "numberComponentsTotal": len(successes) + len(failures), "numberComponentErrors": len(failures),
        "numberComponentsDeployed": len(successes),
    }  # fmt: skip
    if failures:
        shown |= {"status": "Failed", "success": False}
    else:
        _tests(sf, options, shown)


def _message(component: Component, now: int, *, problem: str = "", how: str = "") -> Json:
    return {
        "fullName": component.name, "fileName": component.file, "componentType": component.kind,
        "success": not problem, "created": how == "created", "changed": how == "changed",
        "deleted": how == "deleted", "problem": problem or None, "problemType": "Error" if problem else None,
        "lineNumber": component.line if problem else None, "columnNumber": 1 if problem else None,
        "createdDate": times.iso(now),
    }  # fmt: skip


def _tests(sf: Salesforce, options: Json, shown: Json) -> None:
    level = options.get("testLevel") or "NoTestRun"
    if level == "NoTestRun":
        return
    units = []
    for kind, called in (("ApexClass", "Class"), ("ApexTrigger", "Trigger")):
        for name in sf.metadata.names(kind):
            content = sf.metadata.get(kind, name) or {}
            units.append({"kind": called, "name": name, "source": str(content.get("Body") or "")})
    wanted = list(options.get("runTests") or []) if level == "RunSpecifiedTests" else None
    absent = [name for name in wanted or [] if name not in {unit["name"] for unit in units}]
    said = dict(sf.store.rows("select name, percent from coverage where percent >= 0"))
    failing = [name for (name,) in sf.store.rows("select name from coverage where percent < 0")]
    tested = apex.test(units, wanted, said, failing)
    failures = tested.failures + [
        {"name": name, "methodName": "", "message": f"Apex class {name} does not exist", "stackTrace": "",
         "type": "Class"}
        for name in absent
    ]  # fmt: skip
    coverage = [
        {
            "id": "",
            "name": name,
            "numLocations": 100,
            "numLocationsNotCovered": 100 - percent,
            "type": "Class",
        }
        for name, percent in tested.coverage.items()
    ]
    shown["details"]["runTestResult"] = {
        "numTestsRun": tested.run, "numFailures": len(failures), "failures": failures, "successes": [],
        "codeCoverage": coverage, "codeCoverageWarnings": tested.warnings, "totalTime": 0.0,
    }  # fmt: skip
    shown |= {"numberTestsTotal": tested.run, "numberTestsCompleted": tested.run - len(tested.failures)}
    shown["numberTestErrors"] = len(failures)
    if failures or tested.warnings:
        shown |= {"status": "Failed", "success": False}
