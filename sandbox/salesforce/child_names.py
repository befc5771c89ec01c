"""What the lists of children are called: the names that a describe tells and nested queries use.

Belongs here: the names of standard relationships, which follow no rule but the API name's plural. Those of
custom objects follow from their own plural.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.salesforce.fields import Field, SObject

_UNNAMED = {
    "CreatedById", "LastModifiedById", "OwnerId", "MasterRecordId", "ConvertedAccountId",
    "ConvertedContactId", "ConvertedOpportunityId", "UserOrGroupId", "QuotaOwnerId", "PeriodId",
    "ForecastUserId", "ParentRoleId", "LeadOrContactId", "LeadOrContactOwnerId",
    "ArchivedById", "ContentModifiedById", "AuthorId", "LatestPublishedVersionId", "FirstPublishLocationId",
}  # fmt: skip
_NAMED: dict[tuple[str, str], str | None] = {
    ("Account", "ParentId"): "ChildAccounts", ("Campaign", "ParentId"): "ChildCampaigns",
    ("Contact", "ReportsToId"): None, ("EmailMessage", "RelatedToId"): "Emails",
    ("Event", "AccountId"): None, ("Task", "AccountId"): None, ("OpportunityLineItem", "Product2Id"): None,
    ("OpportunityHistory", "OpportunityId"): "OpportunityHistories",
    ("Folder", "ParentId"): "SubFolders", ("Document", "FolderId"): None,
    ("PermissionSetAssignment", "PermissionSetId"): "Assignments", ("User", "ManagerId"): "ManagedUsers",
}  # fmt: skip


def child_name(child: SObject, field: Field) -> str | None:
    """The name of the list of children, where the relationship has one."""
    if field.name in _UNNAMED:
        return None
    if child.custom:
        return child.plural.replace(" ", "_") + "__r"
    if (child.name, field.name) in _NAMED:
        return _NAMED[child.name, field.name]
    if child.name.endswith("History"):
        return "Histories"
    return _plural(child.name)


def child_called(objects: Iterable[SObject], parent: str, name: str) -> tuple[str, SObject, Field] | None:
    """A parent's list of children of that name, in any case: as it is spelt, its object, the reference."""
    for child in objects:
        for field in child.fields.values():
            known = child_name(child, field) if parent in field.targets else None
            if known and known.lower() == name.lower():
                return known, child, field
    return None


def _plural(name: str) -> str:
    if name.endswith("y"):
        return name[:-1] + "ies"
    return name + ("es" if name.endswith("s") else "s")
