"""Deploys: checked first, then done, waited for, and told about with the line of the file that is to blame.

Belongs here: one deploy from zip to outcome. What goes into the zip is `package`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.clients.rate_limit import Clock
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.errors import CrmError
from pipelines.schema.items import Item, Json
from pipelines.schema.salesforce import package

FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.2, 10.0, 3_600.0


@dataclass(frozen=True)
class Deploy:
    """What is to be deployed at once: all of it, or nothing."""

    items: Sequence[Item]
    destroyed: Sequence[Item]
    test_level: str
    tests: Sequence[str]
    replaced: Sequence[Item] = ()
    """What is changed, as the org has it until then."""

    @property
    def has_apex(self) -> bool:
        return any(item.kind.startswith("apex") for item in [*self.items, *self.destroyed])

    def options(self, *, check_only: bool) -> Json:
        """Without Apex no test is asked for: an org runs none that it need not."""
        found: Json = {
            "allowMissingFiles": False, "autoUpdatePackage": False, "checkOnly": check_only,
            "ignoreWarnings": True, "performRetrieve": False, "purgeOnDelete": False,
            "rollbackOnError": True, "singlePackage": True,
        }  # fmt: skip
        if self.has_apex:
            found["testLevel"] = self.test_level
            if self.test_level == "RunSpecifiedTests":
                found["runTests"] = list(self.tests)
        return found


def run(
    client: SalesforceClient, deploy: Deploy, clock: Clock, *, check_only: bool,
    began: Callable[[str], None] = lambda _: None,
) -> Json:  # fmt: skip
    """Deploy and wait. Raises CrmError for a deploy that failed; `began` hears the id before the wait."""
    data = package.archive(deploy.items, deploy.destroyed, client.metadata.version, deploy.replaced)
    started = client.metadata.deploy(data, deploy.options(check_only=check_only))
    began(started)
    result = wait(client, started, clock)
    if not result.get("success"):
        raise failure(result, [*deploy.items, *deploy.destroyed], check_only=check_only)
    return result


def wait(client: SalesforceClient, deploy: str, clock: Clock) -> Json:
    """The result of a deploy once it is done."""
    pause, waited = FIRST_PAUSE, 0.0
    while True:
        result = client.metadata.status(deploy)
        if result.get("done"):
            return result
        if waited > PATIENCE:
            raise CrmError(
                f"Salesforce has not ended deploy {deploy} in {PATIENCE / 60:.0f} minutes",
                where="Salesforce",
                remedy="look at it under Deployment Status in Setup, then run this again",
            )  # fmt: skip
        clock.sleep(pause)
        waited += pause
        pause = min(pause * 2, LONGEST_PAUSE)


def failure(result: Json, items: Sequence[Item], *, check_only: bool) -> CrmError:
    """The first things that are wrong, in Salesforce's words, each with where it is written."""
    places = {(package.TYPES.get(i.kind, ""), i.name): i.where for i in items}
    details = result.get("details") or {}
    said: list[str] = []
    where = ""
    for each in details.get("componentFailures") or []:
        place = places.get((str(each.get("componentType")), str(each.get("fullName"))), "")
        where = where or place
        at = f" ({place})" if place else ""
        said.append(f"{each.get('fullName')}{at}: {str(each.get('problem')).rstrip('.')}")
    tests = details.get("runTestResult") or {}
    for each in tests.get("failures") or []:
        said.append(
            f"test {each.get('name')}.{each.get('methodName')}: {str(each.get('message')).rstrip('.')}"
        )
    for each in tests.get("codeCoverageWarnings") or []:
        place = next((i.where for i in items if i.name == each.get("name")), "")
        where = where or place
        said.append(f"{each.get('name')}: {str(each.get('message')).rstrip('.')}")
    if result.get("errorMessage"):
        said.append(str(result["errorMessage"]).rstrip("."))
    if result.get("status") == "Canceled":
        said.append("somebody cancelled it")
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    how = "would not take this" if check_only else "did not take this"
    return CrmError(
        f"Salesforce {how}: {'; '.join(said[:3]) or 'without a reason'}{more}", where=where or "Salesforce",
        remedy="mend the file; nothing of the deploy stands" if not check_only
        else "mend the file; nothing was changed",
    )  # fmt: skip
