"""The objects around leads and deals, as plain data: products, cases, events, histories, the org's own setup.

Lines are in the language of `fields.parse`. The objects people sell with are in `schema_filled`.
"""

from __future__ import annotations

from sandbox.salesforce.schema_system import CURRENCY, NO_BIN, SYSTEM

_STAMPED = "\nId id an\nSystemModstamp datetime an\n"


def _history(parent: str) -> str:
    return f"""
Id id an
IsDeleted boolean an
{parent}Id reference an -> {parent}:{parent}
CreatedById reference an -> User:CreatedBy
CreatedDate datetime an
Field picklist 255 an
DataType picklist 40 a
OldValue anyType 0 af
NewValue anyType 0 af
"""


OBJECTS: dict[str, tuple[str, str, str, str]] = {
    "OpportunityFieldHistory": (
        "Opportunity Field History", "Opportunity Field History", "017", _history("Opportunity")),
    "LeadHistory": ("Lead History", "Lead History", "018", _history("Lead")),
    "ContactHistory": ("Contact History", "Contact History", "019", _history("Contact")),
    "AccountHistory": ("Account History", "Account History", "01A", _history("Account")),
    "CaseHistory": ("Case History", "Case History", "01B", _history("Case")),
    "OpportunityLineItem": ("Opportunity Product", "Opportunity Product", "00k", SYSTEM + CURRENCY + """
OpportunityId reference rni -> Opportunity:Opportunity
SortOrder int a
PricebookEntryId reference i -> PricebookEntry:PricebookEntry
Product2Id reference i -> Product2:Product2
ProductCode string 255 a
Name string 376 a
Quantity double r
TotalPrice currency
UnitPrice currency
ListPrice currency a
ServiceDate date
Description string 255
"""),
    "Product2": ("Product", "Products", "01t", SYSTEM + CURRENCY + """
Name string 255 r
ProductCode string 255
Description textarea 4000
IsActive boolean
Family picklist
"""),
    "Pricebook2": ("Price Book", "Price Books", "01s", SYSTEM + """
Name string 255 r
IsActive boolean
IsStandard boolean a
Description string 255
"""),
    "PricebookEntry": ("Price Book Entry", "Price Book Entries", "01u", SYSTEM + CURRENCY + """
Name string 255 a
Pricebook2Id reference rni -> Pricebook2:Pricebook2
Product2Id reference rni -> Product2:Product2
ProductCode string 255 a
UnitPrice currency r
IsActive boolean
UseStandardPrice boolean
"""),
    "CampaignMemberStatus": ("Campaign Member Status", "Campaign Member Statuses", "01Y", SYSTEM + """
CampaignId reference rni -> Campaign:Campaign
Label string 765 r
SortOrder int
IsDefault boolean
HasResponded boolean
"""),
    "CampaignInfluenceModel": ("Campaign Influence Model", "Campaign Influence Models", "03V", SYSTEM + """
DeveloperName string 80 r
MasterLabel string 80
IsActive boolean
IsDefaultModel boolean
IsModelLocked boolean
"""),
    "CampaignInfluence": ("Campaign Influence", "Campaign Influences", "11M", SYSTEM + CURRENCY + """
CampaignId reference rni -> Campaign:Campaign
OpportunityId reference rni -> Opportunity:Opportunity
ContactId reference i -> Contact:Contact
ModelId reference rni -> CampaignInfluenceModel:Model
Influence percent
RevenueShare currency a
"""),
    "Event": ("Event", "Events", "00U", SYSTEM + """
OwnerId reference n -> User:Owner
WhoId reference -> Contact|Lead:Who
WhatId reference -> Account|Opportunity|Campaign|Case:What
AccountId reference a -> Account:Account
Subject combobox 255
Location string 255
IsAllDayEvent boolean
ActivityDateTime datetime
ActivityDate date
DurationInMinutes int
StartDateTime datetime
EndDateTime datetime
Description textarea 32000
IsPrivate boolean
ShowAs picklist 40 p
IsChild boolean a
EventSubtype picklist 40 ip
"""),
    "EmailMessage": ("Email Message", "Email Messages", "02s", SYSTEM + """
ParentId reference i -> Case:Parent
RelatedToId reference -> Account|Opportunity|Campaign|Case:RelatedTo
FromAddress email
FromName string 1000
ToAddress string 4000
Subject string 3000
TextBody textarea 131072
Incoming boolean i
Status picklist 40 r
MessageDate datetime
IsTracked boolean
IsOpened boolean a
FirstOpenedDate datetime a
"""),
    "Case": ("Case", "Cases", "500", SYSTEM + """
OwnerId reference n -> Group|User:Owner
MasterRecordId reference a -> Case:MasterRecord
CaseNumber string 30 an
ContactId reference -> Contact:Contact
AccountId reference -> Account:Account
ParentId reference -> Case:Parent
SuppliedName string 80
SuppliedEmail email
Type picklist 40
Status picklist 40
Reason picklist 40
Origin picklist 40
Subject string 255
Priority picklist 40
Description textarea 32000
IsClosed boolean a
ClosedDate datetime a
IsEscalated boolean
ContactPhone phone a
ContactEmail email a
Comments textarea 4000
"""),
    "UserRole": ("Role", "Role", "00E", """
Id id an
Name string 80 r
ParentRoleId reference -> UserRole:ParentRole
DeveloperName string 80
RollupDescription string 80
ForecastUserId reference -> User:ForecastUser
LastModifiedDate datetime an
LastModifiedById reference an -> User:LastModifiedBy
SystemModstamp datetime an
"""),
    "GroupMember": ("Group Member", "Group Member", "011", _STAMPED + """
GroupId reference rni -> Group:Group
UserOrGroupId reference rni -> Group|User:UserOrGroup
"""),
    "QueueSobject": ("Queue Sobject", "Queue Sobjects", "03g", _STAMPED + """
SobjectType picklist 40 ni
QueueId reference rni -> Group:Queue
CreatedById reference an -> User:CreatedBy
"""),
    "RecordType": ("Record Type", "Record Types", "012", NO_BIN + """
Name string 80 r
DeveloperName string 80 r
SobjectType picklist 40 r
Description string 255
IsActive boolean
"""),
    "AssignmentRule": ("Assignment Rule", "Assignment Rules", "01Q", NO_BIN + """
Name string 120 a
SobjectType picklist 40 a
Active boolean a
"""),
    "PermissionSet": ("Permission Set", "Permission Sets", "0PS", _STAMPED + """
Name string 80 r
Label string 80 r
IsOwnedByProfile boolean a
"""),
    "PermissionSetAssignment": (
        "Permission Set Assignment", "Permission Set Assignments", "0Pa", _STAMPED + """
PermissionSetId reference rni -> PermissionSet:PermissionSet
AssigneeId reference rni -> User:Assignee
"""),
    "LeadStatus": ("Lead Status Value", "Lead Status Value", "01J", NO_BIN + """
MasterLabel string 255 a
ApiName string 255 an
SortOrder int a
IsDefault boolean a
IsConverted boolean a
"""),
    "CurrencyType": ("Currency Type", "Currency Types", "01L", NO_BIN + """
IsoCode picklist 3 r
ConversionRate double 0 r
DecimalPlaces int r
IsActive boolean
IsCorporate boolean a
"""),
    "DatedConversionRate": ("Dated Conversion Rate", "Dated Conversion Rates", "04w", NO_BIN + """
IsoCode picklist 3 r
StartDate date r
NextStartDate date a
ConversionRate double 0 r
"""),
    "Period": ("Period", "Period", "026", _STAMPED + """
StartDate date an
EndDate date an
Type picklist 40 a
Number int a
IsForecastPeriod boolean a
QuarterLabel picklist 40 a
PeriodLabel picklist 40 a
FullyQualifiedLabel string 80 a
"""),
    "ForecastingQuota": ("Forecasting Quota", "Forecasting Quotas", "0J9", NO_BIN + CURRENCY + """
QuotaOwnerId reference rn -> User:QuotaOwner
PeriodId reference a -> Period:Period
StartDate date r
QuotaAmount currency
QuotaQuantity double
IsAmount boolean
IsQuantity boolean
"""),
    "ForecastingItem": ("Forecasting Item", "Forecasting Items", "0IB", _STAMPED + CURRENCY + """
OwnerId reference a -> User:Owner
PeriodId reference a -> Period:Period
ForecastCategoryName picklist 40 a
ForecastAmount currency a
AmountWithoutAdjustments currency a
HasAdjustment boolean a
IsUpToDate boolean a
IsAmount boolean a
IsQuantity boolean a
"""),
    "BusinessHours": ("Business Hours", "Business Hours", "01m", NO_BIN + """
Name string 80 r
IsActive boolean
IsDefault boolean
TimeZoneSidKey picklist 40 r
""" + "".join(
        f"{day}StartTime time\n{day}EndTime time\n"
        for day in ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
    )),
    "Holiday": ("Holiday", "Holidays", "0C0", NO_BIN + """
Name string 80 r
Description string 255
ActivityDate date
IsAllDay boolean
StartTimeInMinutes int
EndTimeInMinutes int
IsRecurrence boolean
"""),
    "Territory2": ("Territory", "Territories", "0MI", """
Id id an
Name string 80 r
DeveloperName string 80 r
ParentTerritory2Id reference -> Territory2:ParentTerritory2
Description string 1000
LastModifiedDate datetime an
LastModifiedById reference an -> User:LastModifiedBy
SystemModstamp datetime an
"""),
    "UserTerritory2Association": (
        "User Territory Association", "User Territory Associations", "0MK", """
Id id an
UserId reference rni -> User:User
Territory2Id reference rni -> Territory2:Territory2
IsActive boolean a
RoleInTerritory2 picklist 40
LastModifiedDate datetime an
LastModifiedById reference an -> User:LastModifiedBy
SystemModstamp datetime an
"""),
    "ObjectTerritory2Association": (
        "Object Territory Association", "Object Territory Associations", "0MR", """
Id id an
ObjectId reference rni -> Account:Object
Territory2Id reference rni -> Territory2:Territory2
AssociationCause picklist 40 rni
SobjectType picklist 40 a
IsDeleted boolean a
LastModifiedDate datetime an
LastModifiedById reference an -> User:LastModifiedBy
SystemModstamp datetime an
"""),
}  # fmt: skip
READ_ONLY = {
    "OpportunityFieldHistory", "LeadHistory", "ContactHistory", "AccountHistory", "CaseHistory", "UserRole",
    "GroupMember", "QueueSobject", "RecordType", "AssignmentRule", "LeadStatus", "Period",
    "ForecastingItem", "Territory2",
}  # fmt: skip
NO_BULK = frozenset({"LeadStatus", "OpportunityStage", "TaskStatus", "TaskPriority", "CaseStatus"})
"""Objects that the Bulk APIs refuse to query: those that hold the values of a picklist."""
