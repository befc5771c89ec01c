"""Standard fields and objects that clients ask for besides: profiles, the values of statuses.

Lines are in the language of `fields.parse`; names and types are the object reference's. What belongs to
features the org has not switched on (person accounts, portals, divisions, state and country picklists,
Data.com, recurring activities, schedules of products) is left out.
"""

from __future__ import annotations

from sandbox.salesforce.schema_further import PLACE, address
from sandbox.salesforce.schema_system import OWN, SEEN

_LIVE = "\"IsDeleted\" = 'false'"
_CHANGED = (
    '(select h."Id" from "OpportunityHistory" h where h."OpportunityId" = {t}."Id" '
    'and h."Prev{which}" is not null and h."{which}" is not h."Prev{which}" '
    'order by h."CreatedDate" desc, h."Id" desc limit 1)'
)
_TASKS = (
    '(select 1 from "Task" k where k."WhatId" = {t}."Id" and k.' + _LIVE + " and k.\"IsClosed\" = 'false'"
)
_OPEN = (
    f'exists {_TASKS}) or exists (select 1 from "Event" e where e."WhatId" = {{t}}."Id" and e.{_LIVE} and '
    'e."EndDateTime" > (select soql_now()))'
)
_DEAL = f"""
HasOpenActivity boolean anf := case when {_OPEN} then 'true' else 'false' end
HasOverdueTask boolean anf := case when exists {_TASKS} and k."ActivityDate" < \
(select substr(soql_now(), 1, 10))) then 'true' else 'false' end
PushCount int a := (select count(*) from "OpportunityHistory" h where h."OpportunityId" = {{t}}."Id" and \
substr(h."CloseDate", 1, 7) > substr(h."PrevCloseDate", 1, 7))
LastAmountChangedHistoryId reference a -> OpportunityHistory:LastAmountChangedHistory := \
{_CHANGED.replace("{which}", "Amount")}
LastCloseDateChangedHistoryId reference a -> OpportunityHistory:LastCloseDateChangedHistory := \
{_CHANGED.replace("{which}", "CloseDate")}
"""
_PHOTO = "'/profilephoto/005/"
_CORPORATE = '(select y."IsoCode" from "CurrencyType" y where y."IsCorporate" = \'true\')'
_USER = (
    address("", PLACE)
    + f"""
ProfileId reference n -> Profile:Profile
CurrencyIsoCode picklist 3 ap := {_CORPORATE}
DefaultCurrencyIsoCode picklist 3 ap := {_CORPORATE}
DelegatedApproverId reference -> Group|User:DelegatedApprover
DigestFrequency picklist 40 n := 'D'
DefaultGroupNotificationFrequency picklist 40 n := 'N'
EmailPreferencesAutoBcc boolean an := 'true'
EmailPreferencesAutoBccStayInTouch boolean an := 'false'
EmailPreferencesStayInTouchReminder boolean an := 'true'
StayInTouchSubject string 80
StayInTouchSignature textarea 512
StayInTouchNote string 512
StartDay picklist 40
EndDay picklist 40
OutOfOfficeMessage string 40 a
BadgeText string 80 a
FullPhotoUrl url 1024 a := {_PHOTO}F'
MediumPhotoUrl url 1024 a := {_PHOTO}M'
SmallPhotoUrl url 1024 a := {_PHOTO}T'
IsProfilePhotoActive boolean an := 'false'
IsExtIndicatorVisible boolean an := 'false'
IsPortalEnabled boolean an := 'false'
NumberOfFailedLogins int a := 0
PasswordExpirationDate datetime a
UserPermissionsMarketingUser boolean
UserPermissionsOfflineUser boolean
UserPermissionsCallCenterAutoLogin boolean
UserPermissionsSFContentUser boolean
UserPermissionsKnowledgeUser boolean
UserPermissionsInteractionUser boolean
UserPermissionsSupportUser boolean
"""
    + SEEN
)
FIELDS: dict[str, str] = {
    "Opportunity": _DEAL, "User": _USER,
    "Contact": "DoNotCall boolean\nHasOptedOutOfFax boolean\n",
    "Lead": "DoNotCall boolean\nHasOptedOutOfFax boolean\nLastTransferDate date a := (select max(substr("
            "h.\"CreatedDate\", 1, 10)) from \"LeadHistory\" h where h.\"LeadId\" = {t}.\"Id\" and "
            "h.\"Field\" = 'Owner')\n",
    "Event": "Type picklist\nCurrencyIsoCode picklist 3 p\n",
    "Task": "CurrencyIsoCode picklist 3 p\n", "OpportunityContactRole": "CurrencyIsoCode picklist 3 p\n",
    "Case": "CurrencyIsoCode picklist 3 p\nBusinessHoursId reference -> BusinessHours:BusinessHours\n"
            "IsClosedOnCreate boolean a\nLanguage picklist 40\n",
    "Group": "Description textarea 1000 a\nDoesIncludeBosses boolean\nDoesSendEmailToMembers boolean\n",
    "OpportunityLineItem": """
Discount percent
Subtotal currency a := round({t}."Quantity" * {t}."UnitPrice", 2)
""" + SEEN,
    "Pricebook2": """
CurrencyIsoCode picklist 3 p
IsArchived boolean an := 'false'
ValidFrom datetime
ValidTo datetime
""" + SEEN,
    "PricebookEntry": "IsArchived boolean an := 'false'\n",
    "RecordType": "NamespacePrefix string 15 a\nBusinessProcessId string 18 a\n",
    "Organization": address("", PLACE) + "DelegatedAuthenticationServiceUrl url 1000 a\n",
    "EmailMessage": "Name string 255 a := {t}.\"Subject\"\nActivityId reference -> Task:Activity\n"
                    "Source textarea 32000 a\n",
    "PermissionSet": """
CreatedDate datetime a
CreatedById reference a -> User:CreatedBy
LastModifiedDate datetime a
LastModifiedById reference a -> User:LastModifiedBy
Description string 255
IsCustom boolean an := 'true'
NamespacePrefix string 15 a
ProfileId reference a -> Profile:Profile
Type picklist 40 a := case when {t}."IsOwnedByProfile" = 'true' then 'Profile' else 'Regular' end
""",
    "PermissionSetAssignment": "ExpirationDate datetime a\nIsActive boolean an := 'true'\n",
    "ForecastingItem": "ForecastQuantity double a\nOwnerOnlyAmount currency a\nProductFamily picklist 40 a\n",
    "ForecastingQuota": "ProductFamily picklist 40 a\n",
    "Period": "FiscalYearSettingsId string 18 a\n",
}  # fmt: skip
_VALUE = (
    "\nId id an\nMasterLabel string 255 a\nApiName string 255 an\nSortOrder int a\nIsDefault boolean an\n"
)
_CLOSED = _VALUE + "IsClosed boolean an\n" + OWN
OBJECTS: dict[str, tuple[str, str, str, str]] = {
    "UserLicense": ("User License", "User Licenses", "100", """
Id id an
LicenseDefinitionKey string 40 an
TotalLicenses int an
Status picklist 40 an
UsedLicenses int an := (select count(*) from "User" u join "Profile" p on p."Id" = u."ProfileId" where \
p."UserLicenseId" = {t}."Id" and u."IsActive" = 'true')
Name string 40 a
MasterLabel string 40 a
SystemModstamp datetime an
"""),
    "Profile": ("Profile", "Profile", "00e", "\nId id an" + OWN + """
Name string 255 r
UserLicenseId reference rn -> UserLicense:UserLicense
UserType picklist 40 a
Description string 255
""" + SEEN),
    "TaskStatus": ("Task Status Value", "Task Status Value", "01J", _CLOSED),
    "TaskPriority": (
        "Task Priority Value", "Task Priority Value", "01J", _VALUE + "IsHighPriority boolean an\n" + OWN),
    "CaseStatus": ("Case Status Value", "Case Status Value", "01J", _CLOSED),
}  # fmt: skip
READ_ONLY = frozenset(OBJECTS)
