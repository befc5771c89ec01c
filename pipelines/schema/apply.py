"""A plan done: what it takes at each CRM, what is remembered, and what is said when it ends half-way.

Belongs here: the parts of an apply; their order is `run`. What one thing takes is in `hubspot.apply` and
`salesforce.deploy`. Whatever stands is found again by the next plan, so that going on is
the same command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.rate_limit import Clock
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.crashpoints import crashpoint
from pipelines.errors import CrmError
from pipelines.run import Progress, silent
from pipelines.schema.hubspot.apply import Applier
from pipelines.schema.items import Item, Live, Wanted
from pipelines.schema.plan import Action
from pipelines.schema.salesforce import deploy as deploys
from pipelines.schema.salesforce.deploy import Deploy
from pipelines.schema.salesforce.package import TYPES
from pipelines.state import schema as kept
from pipelines.state.engine import State


@dataclass
class Applied:
    """What was done, by operation, and what was left out."""

    done: list[Action] = field(default_factory=list)
    coverage: dict[str, int] = field(default_factory=dict)
    """Percent of each Apex class and trigger that the tests covered."""


def settle_open_deploys(client: SalesforceClient, state: State, org: str, clock: Clock) -> int:
    """Wait for deploys that an earlier run began and did not see end; how many there were."""
    with state.reading() as reading:
        waiting = kept.open_deploys(reading, org)
    for deploy, content in waiting:
        result = deploys.wait(client, deploy, clock)
        with state.writing() as writing:
            if result.get("success"):
                kept.keep(writing, "salesforce", org, [tuple(row) for row in content["made"]])
                for kind, name in content["gone"]:
                    _forget(writing, "salesforce", org, kind, name)
            kept.deploy_ended(writing, deploy)
    return len(waiting)


def _forget(connection: Connection, vendor: str, org: str, kind: str, name: str) -> None:
    if kind == "object":
        kept.forget_object(connection, vendor, org, name)
    else:
        kept.forget(connection, vendor, org, kind, name)


def make_deploy(actions: Sequence[Action], wanted: Wanted, test_level: str) -> Deploy | None:
    """What of a plan goes into one deploy; None when nothing does."""
    changed = [a.item for a in actions if a.operation != "destroy" and a.item.kind in TYPES]
    gone = _as_it_was(actions, "destroy")
    if not changed and not gone:
        return None
    apex = [i for i in wanted.items if i.kind.startswith("apex")]
    tests = [i.name for i in apex if i.content.get("test") == "true"]
    if any(i.kind.startswith("apex") for i in changed):
        # Its tests go with it, so that the coverage asked about is the coverage there will be.
        changed += [i for i in apex if i.name in tests and i not in changed]
    return Deploy(changed, gone, test_level, tests, replaced=_as_it_was(actions, "change"))


def _as_it_was(actions: Sequence[Action], operation: str) -> list[Item]:
    """What these actions are about, as the org holds it until they are done."""
    return [
        replace(a.item, content=a.before or {})
        for a in actions
        if a.operation == operation and a.item.kind in TYPES
    ]


def check_salesforce(client: SalesforceClient, deploy: Deploy, clock: Clock) -> dict[str, int]:
    """Raises CrmError, with file and line, for what Salesforce would not take; percent covered by name."""
    result = deploys.run(client, deploy, clock, check_only=True)
    tests = (result.get("details") or {}).get("runTestResult") or {}
    found = {}
    for each in tests.get("codeCoverage") or []:
        lines, missed = int(each["numLocations"]), int(each["numLocationsNotCovered"])
        found[str(each["name"])] = 100 if not lines else round(100 * (lines - missed) / lines)
    return found


def apply_salesforce(
    client: SalesforceClient, deploy: Deploy, actions: Sequence[Action], state: State, org: str, clock: Clock
) -> list[Action]:
    """One deploy, all or nothing; then the permission set is given to the user we are."""
    gone = [a.item for a in actions if a.operation == "destroy"]
    rows = [(i.kind, i.name, i.content) for i in deploy.items]

    def began(started: str) -> None:
        with state.writing() as writing:
            content = {"made": rows, "gone": [(i.kind, i.name) for i in gone]}
            kept.deploy_began(writing, started, org, content)
        crashpoint("schema: deploy began")

    try:
        deploys.run(client, deploy, clock, check_only=False, began=began)
    except CrmError:
        settle_open_deploys(client, state, org, clock)
        raise
    settle_open_deploys(client, state, org, clock)
    return [a for a in actions if a.item.kind in TYPES]


def give_rights(client: SalesforceClient, action: Action, state: State, org: str) -> None:
    """The permission set to the integration user: without it nobody sees the new fields over the API."""
    name = action.name.partition(" ")[0]
    page = next(client.query_pages(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'"))
    if not page.records:
        raise CrmError(
            f"the permission set {name} was deployed and cannot be found", where="Salesforce",
            remedy="give the integration user the permission View Setup and Configuration",
        )  # fmt: skip
    row = {"PermissionSetId": page.records[0]["Id"], "AssigneeId": client.user_id()}
    outcome = client.create_collection("PermissionSetAssignment", [row])[0]
    if not outcome.ok and outcome.code != "DUPLICATE_VALUE":
        raise CrmError(
            f"the permission set {name} could not be given to the integration user: {outcome.message}",
            where="Salesforce", remedy="give it to that user under Permission Set Assignments",
        )  # fmt: skip
    _remember(state, "salesforce", org, [action])


def apply_hubspot(
    client: HubSpotClient, live: Live, actions: Sequence[Action], state: State, done: list[Action],
    progress: Progress = silent,
) -> None:  # fmt: skip
    """Each thing by itself, remembered and added to `done` when it stands. Raises CrmError for the first that
    could not be done."""
    applier = Applier(client, live)
    steps = applier.steps(actions)
    for number, (some, do) in enumerate(steps, 1):
        try:
            do()
        except CrmError as error:
            raise _named(error, some[0].item) from error
        done += [action for action in some if action not in done]
        _remember(state, "hubspot", live.org, some)
        progress(some[0].item.shown, number, len(steps))
        crashpoint("schema: hubspot thing done")


def _named(error: CrmError, item: Item) -> CrmError:
    return _mended(error, f"{item.shown} could not be done: {error.what}", item.where)


def standing(errors: Sequence[CrmError], done: Sequence[Action], of: int, *, under_way: bool) -> CrmError:
    """The first error with what stands of an apply; what failed at the other CRM too is said with it.
    `under_way`: a deploy may still end well."""
    stands = ", ".join(a.name for a in done[-3:])
    before = f"; {len(done)} of {of} things stand, {stands} the last" if done else "; nothing was changed"
    if under_way:
        before = f"{before if done else ''}; a deploy is on its way yet and will be waited for"
    return _mended(errors[0], "; and ".join(each.what for each in errors) + before, errors[0].where)


def _mended(error: CrmError, what: str, where: str) -> CrmError:
    mended = type(error).__new__(type(error))
    mended.__dict__ |= error.__dict__
    mended.what = what
    mended.where = where or error.where
    mended.remedy = "mend it and run crm schema apply again: it goes on with the rest"
    mended.args = (str(mended),)
    return mended


def _remember(state: State, vendor: str, org: str, actions: Sequence[Action]) -> None:
    with state.writing() as writing:
        for action in actions:
            if action.operation == "destroy":
                _forget(writing, vendor, org, action.item.kind, action.name)
        made = [a.item for a in actions if a.operation != "destroy"]
        kept.keep(writing, vendor, org, [(i.kind, i.name, i.content) for i in made])
