"""Field history: a row for each change of a tracked field, written beside the change itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import times
from sandbox.salesforce.fields import SObject

if TYPE_CHECKING:
    from sandbox.salesforce.records import Rows

TRACKED: dict[str, tuple[str, tuple[str, ...]]] = {
    "Opportunity": (
        "OpportunityFieldHistory", ("StageName", "Amount", "CloseDate", "Probability", "OwnerId", "NextStep")
    ),
    "Lead": ("LeadHistory", ("Status", "OwnerId", "Rating", "LeadSource", "HasOptedOutOfEmail")),
    "Contact": ("ContactHistory", ("OwnerId", "AccountId", "Title", "Email", "HasOptedOutOfEmail")),
    "Account": ("AccountHistory", ("OwnerId", "Type", "Name")),
    "Case": ("CaseHistory", ("Status", "OwnerId", "Priority", "IsEscalated")),
}  # fmt: skip
SHOWN_AS = {"OwnerId": "Owner", "AccountId": "Account"}
DATA_TYPES = {
    "currency": "Currency", "percent": "Percent", "date": "DateOnly", "picklist": "DynamicEnum",
    "reference": "EntityId", "email": "Email", "boolean": "Boolean",
}  # fmt: skip


def parent_field(sobject: str) -> str:
    """The field of a history object that leads to its record."""
    return f"{sobject}Id"


def record(
    rows: Rows, sobject: SObject, row: dict[str, Any], before: dict[str, Any] | None, now: int
) -> None:
    """Write what a change did to the tracked fields; a new record gets one row that says so."""
    if sobject.name not in TRACKED:
        return
    name, tracked = TRACKED[sobject.name]
    if before is None:
        changes: list[tuple[str, str, Any, Any]] = [("created", "Text", None, None)]
    else:
        changes = [
            (SHOWN_AS.get(f, f), DATA_TYPES.get(sobject.fields[f].type, "Text"), before[f], row[f])
            for f in tracked
            if before[f] != row[f]
        ]
    history = rows.org.objects[name]
    for field, kind, old, new in changes:
        rows.insert(
            history,
            {
                "Id": rows.org.new_id(history), "IsDeleted": "false",
                parent_field(sobject.name): row["Id"], "CreatedById": rows.org.user_id,
                "CreatedDate": times.iso_seconds(now), "Field": field, "DataType": kind,
                "OldValue": None if old is None else str(old), "NewValue": None if new is None else str(new),
            },
        )  # fmt: skip
