"""Assignment rules on their way into the org: what is refused, and the rows they are known by.

Belongs here: the deploy. Whom a rule gives a record to is `salesforce.assignment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import times
from sandbox.salesforce import assignment
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.metadata.fields import Problem
from sandbox.salesforce.metadata.package import Component

if TYPE_CHECKING:
    from sandbox.salesforce.metadata.components import Deploying

Json = dict[str, Any]


def take(deploying: Deploying, component: Component) -> str:
    """The rules of an object, one of which may be active. Raises Problem."""
    sobject = deploying.sobject(component.name)
    found: list[Json] = component.content.get("assignmentRule") or []
    if sobject.name not in ("Lead", "Case"):
        raise Problem(f"In field: fullName - no AssignmentRules named {sobject.name} found")
    if sum(str(rule.get("active")) == "true" for rule in found) > 1:
        raise Problem("Only one assignment rule may be active")
    for rule in found:
        for entry in rule.get("ruleEntry") or []:
            _check(deploying, sobject, entry)
    for rule in found:
        _row(deploying, sobject.name, rule)
    return deploying.kept.put("AssignmentRules", component.name, component.content, deploying.now)


def _check(deploying: Deploying, sobject: SObject, entry: Json) -> None:
    if not assignment.assignee_is_known(deploying.sf.store, entry):
        kind, name = entry.get("assignedToType"), entry.get("assignedTo")
        raise Problem(f"In field: assignedTo - no {kind} named {name} found")
    for item in entry.get("criteriaItems") or []:
        parent, _, name = str(item.get("field")).partition(".")
        if parent == sobject.name and sobject.field(name) is None:
            raise Problem(f"In field: field - no CustomField named {item['field']} found")


def _row(deploying: Deploying, parent: str, rule: Json) -> None:
    """The AssignmentRule that clients find the rule's id by."""
    store, user = deploying.sf.store, deploying.sf.org.user_id
    name, moment = str(rule.get("fullName")), times.iso_seconds(deploying.now)
    active = "true" if str(rule.get("active")) == "true" else "false"
    known = "select Id from AssignmentRule where SobjectType = ? and Name = ?"
    own = store.value(known, (parent, name))
    if own is not None:
        store.db.execute(
            "update AssignmentRule set Active = ?, SystemModstamp = ? where Id = ?", (active, moment, own)
        )
        return
    made = deploying.sf.org.new_id(deploying.sf.org.whole["AssignmentRule"])
    store.db.execute(
        "insert into AssignmentRule (Id, Name, SobjectType, Active, CreatedDate, CreatedById, "
        "LastModifiedDate, LastModifiedById, SystemModstamp) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (made, name, parent, active, moment, user, moment, user, moment),
    )
