"""Standard fields an org works out of other records or leaves empty: of members, users, products, the org.

Campaigns' sums are `schema_campaigns`. Lines are in the language of `fields.parse`. Those of `schema_further`
were compared with a real describe; these come from the object reference.
"""

from __future__ import annotations

from sandbox.salesforce.schema_further import WRITTEN, parts_of_address
from sandbox.salesforce.schema_system import SEEN


def _person(contact: str, lead: str = "") -> str:
    """A member's value: of its contact, else of its lead."""
    return (
        f'coalesce((select c."{contact}" from "Contact" c where c."Id" = {{t}}."ContactId"), '
        f'(select l."{lead or contact}" from "Lead" l where l."Id" = {{t}}."LeadId"))'
    )


_MEMBER = f"""
Salutation picklist 40 a := {_person("Salutation")}
Name string 255 a := {_person("Name")}
FirstName string 40 a := {_person("FirstName")}
LastName string 80 a := {_person("LastName")}
Title string 128 a := {_person("Title")}
Street string 255 a := {_person("MailingStreet", "Street")}
City string 40 a := {_person("MailingCity", "City")}
State string 80 a := {_person("MailingState", "State")}
PostalCode string 20 a := {_person("MailingPostalCode", "PostalCode")}
Country string 80 a := {_person("MailingCountry", "Country")}
Email string 80 a := {_person("Email")}
Phone string 40 a := {_person("Phone")}
Fax string 40 a := {_person("Fax")}
MobilePhone string 40 a := {_person("MobilePhone")}
Description textarea 32000 a := {_person("Description")}
HasOptedOutOfEmail boolean an := coalesce({_person("HasOptedOutOfEmail")}, 'false')
LeadSource picklist 40 a := {_person("LeadSource")}
CompanyOrAccount string 255 a := coalesce((select a."Name" from "Contact" c join "Account" a on \
a."Id" = c."AccountId" where c."Id" = {{t}}."ContactId"), \
(select l."Company" from "Lead" l where l."Id" = {{t}}."LeadId" and {{t}}."ContactId" is null))
Type string 40 a := case when {{t}}."ContactId" is null then 'Lead' else 'Contact' end
LeadOrContactId reference a -> Contact|Lead:- := coalesce({{t}}."ContactId", {{t}}."LeadId")
LeadOrContactOwnerId reference a -> Group|User:- := {_person("OwnerId")}
"""
_ORGANIZATION = f"""
Division string 80{parts_of_address(WRITTEN[:4])}Phone phone
Fax phone
PrimaryContact string 80
LanguageLocaleKey picklist 40 n := 'en_US'
NamespacePrefix string 15 a
FiscalYearStartMonth int := 1
UsesStartDateAsFiscalYearName boolean an := 'false'
DefaultAccountAccess picklist 40 a := 'Edit'
DefaultContactAccess picklist 40 a := 'ControlledByParent'
DefaultOpportunityAccess picklist 40 a := 'Edit'
DefaultLeadAccess picklist 40 a := 'ReadEditTransfer'
DefaultCaseAccess picklist 40 a := 'ReadEditTransfer'
DefaultCampaignAccess picklist 40 a := 'All'
DefaultCalendarAccess picklist 40 a := 'HideDetailsInsert'
DefaultPricebookAccess picklist 40 a := 'ReadSelect'
ReceivesInfoEmails boolean an := 'true'
ReceivesAdminInfoEmails boolean an := 'true'
PreferencesRequireOpportunityProducts boolean an := 'false'
PreferencesConsentManagementEnabled boolean an := 'false'
ComplianceBccEmail email
UiSkin picklist 40 := 'Theme3'
SignupCountryIsoCode string 2 a
NumKnowledgeService int
MonthlyPageViewsUsed int a
MonthlyPageViewsEntitlement int a
IsReadOnly boolean an := 'false'
WebToCaseDefaultOrigin string 40
"""
_USER = f"""
CompanyName string 80
Division string 80{parts_of_address(WRITTEN)}Phone phone
Fax phone
MobilePhone phone
Extension phone
EmployeeNumber string 20
AboutMe textarea 1000
CommunityNickname string 40
FederationIdentifier string 512
SenderEmail email
SenderName string 80
Signature textarea 1333
EmailEncodingKey picklist 40 := 'UTF-8'
ForecastEnabled boolean an := 'true'
ReceivesInfoEmails boolean an := 'true'
ReceivesAdminInfoEmails boolean an := 'true'
LastLoginDate datetime a
LastPasswordChangeDate datetime a
"""
_TASK = """
CallType picklist 40
CallDisposition string 255
CallObject string 255
IsReminderSet boolean
ReminderDateTime datetime
IsRecurrence boolean an := 'false'
IsArchived boolean an := 'false'
"""
COUNTS = """
WhoCount int a := case when {t}."WhoId" is null then 0 else 1 end
WhatCount int a := case when {t}."WhatId" is null then 0 else 1 end
"""
_EMAIL_MESSAGE = """
CcAddress string 4000
BccAddress string 4000
HtmlBody textarea 32000
Headers textarea 32000
MessageIdentifier string 765
ThreadIdentifier string 765
HasAttachment boolean an := 'false'
IsExternallyVisible boolean
IsClientManaged boolean
IsBounced boolean an := 'false'
LastOpenedDate datetime a
ReplyToEmailMessageId reference a -> EmailMessage:ReplyToEmailMessage
"""
_PRODUCT = """
DisplayUrl url 1000
ExternalId string 255
QuantityUnitOfMeasure picklist 40
StockKeepingUnit string 180
IsArchived boolean an := 'false'
"""
FIELDS: dict[str, str] = {
    "CampaignMember": _MEMBER, "Organization": _ORGANIZATION, "User": _USER, "Task": _TASK + COUNTS,
    "Event": COUNTS, "EmailMessage": _EMAIL_MESSAGE, "Product2": _PRODUCT + SEEN,
}  # fmt: skip
