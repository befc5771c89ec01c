"""What people look at, as plain data: list views, reports, and what somebody looked at last.

Lines are in the language of `fields.parse`.
"""

from __future__ import annotations

from sandbox.salesforce.schema_system import NO_BIN, OWN, SEEN

OBJECTS: dict[str, tuple[str, str, str, str]] = {
    "ListView": ("List View", "List Views", "00B", NO_BIN + f"""
Name string 80 an
DeveloperName string 80 a
NamespacePrefix string 15 a
SobjectType picklist 40 a
IsSoqlCompatible boolean an
{SEEN}"""),
    "RecentlyViewed": ("Recently Viewed", "Recently Viewed", "", f"""
Id id an
Name string 255 a
LastName string 80 a
FirstName string 40 a
Type string 255 a
Alias string 8 a
UserRoleId reference a -> UserRole:UserRole
IsActive boolean a
ProfileId reference a -> Profile:Profile
Title string 80 a
Email email a
Phone phone a
RecordTypeId reference a -> RecordType:RecordType
{SEEN}"""),
    "Report": ("Report", "Reports", "00O", "\nId id an\nIsDeleted boolean an\n" + OWN + f"""
OwnerId reference an -> User:Owner
FolderName string 256 a
Name string 40 an
Description textarea 255 a
DeveloperName string 80 an
NamespacePrefix string 15 a
LastRunDate datetime a
Format picklist 40 a
{SEEN}"""),
}  # fmt: skip
READ_ONLY = frozenset(OBJECTS)
COLUMNS: dict[str, tuple[str, ...]] = {
    "Account": ("Name", "BillingState", "Phone", "Type", "Owner.Alias"),
    "Campaign": ("Name", "Type", "Status", "StartDate", "EndDate", "Owner.Alias"),
    "Case": ("CaseNumber", "Contact.Name", "Subject", "Status", "Priority", "CreatedDate", "Owner.Alias"),
    "Contact": ("Name", "Account.Name", "Title", "Phone", "Email", "Owner.Alias"),
    "Lead": ("Name", "Title", "Company", "Phone", "Email", "Status", "Owner.Alias"),
    "Opportunity": ("Name", "Account.Name", "Amount", "CloseDate", "StageName", "Owner.Alias"),
}
"""The objects with list views of their own, and what these show."""
VIEWS: tuple[tuple[str, str, str, bool], ...] = (
    ("All{}", "All {}", "", False),
    ("My{}", "My {}", "", True),
    ("NewThisWeek", "New This Week", "CreatedDate = THIS_WEEK", False),
    ("RecentlyViewed{}", "Recently Viewed {}", "LastViewedDate != NULL", False),
)
"""Of a view its developer name and label, with the object's plural; its filter, if it is the user's own."""
