"""The fields of people, companies, deals, campaigns and users that the sandbox's worlds fill, as plain data.

Lines are in the language of `fields.parse`. What worlds leave empty is in `schema_further`.
"""

from __future__ import annotations

from sandbox.salesforce.schema_system import CURRENCY, NO_BIN, SYSTEM, USER_OWNER

_OWNER = "\nOwnerId reference n -> Group|User:Owner\n"
_TOUCHES = """
First_Touch_Source__c string 255
First_Touch_Campaign__c string 255
Last_Touch_Source__c string 255
Touch_Count__c double/0
Attributed_Revenue__c currency
"""
_SCORES = "\nLead_Score__c double/0" + _TOUCHES + "External_Id__c string 64 ux\n"

OBJECTS: dict[str, tuple[str, str, str, str]] = {
    "Lead": ("Lead", "Leads", "00Q", SYSTEM + _OWNER + CURRENCY + _SCORES + """
MasterRecordId reference a -> Lead:MasterRecord
LastName string 80 r
FirstName string 40
Salutation picklist 40
Name string 121 an
Title string 128
Company string 255 r
Street textarea 255
City string 40
State string 80
PostalCode string 20
Country string 80
Phone phone
MobilePhone phone
Email email
Website url
Description textarea 32000
LeadSource picklist
Status picklist n
Industry picklist
Rating picklist
AnnualRevenue currency
NumberOfEmployees int
IsConverted boolean i
ConvertedDate date a
ConvertedAccountId reference a -> Account:ConvertedAccount
ConvertedContactId reference a -> Contact:ConvertedContact
ConvertedOpportunityId reference a -> Opportunity:ConvertedOpportunity
IsUnreadByOwner boolean
HasOptedOutOfEmail boolean
LastActivityDate date a
Lead_Status__c picklist 255 p
Interests__c multipicklist 4099
"""),
    "Contact": ("Contact", "Contacts", "003", SYSTEM + USER_OWNER + CURRENCY + _SCORES + """
MasterRecordId reference a -> Contact:MasterRecord
AccountId reference -> Account:Account
LastName string 80 r
FirstName string 40
Salutation picklist 40
Name string 121 an
MailingStreet textarea 255
MailingCity string 40
MailingState string 80
MailingPostalCode string 20
MailingCountry string 80
Phone phone
MobilePhone phone
ReportsToId reference -> Contact:ReportsTo
Email email
Title string 128
Department string 80
LeadSource picklist
Description textarea 32000
HasOptedOutOfEmail boolean
LastActivityDate date a
"""),
    "Account": ("Account", "Accounts", "001", SYSTEM + USER_OWNER + CURRENCY + """
External_Id__c string 64 ux
MasterRecordId reference a -> Account:MasterRecord
Name string 255 r
Type picklist 40
ParentId reference -> Account:Parent
BillingStreet textarea 255
BillingCity string 40
BillingState string 80
BillingPostalCode string 20
BillingCountry string 80
Phone phone
Website url
Industry picklist 40
AnnualRevenue currency
NumberOfEmployees int
Description textarea 32000
AccountSource picklist 40
LastActivityDate date a
"""),
    "Opportunity": ("Opportunity", "Opportunities", "006", SYSTEM + USER_OWNER + CURRENCY + _TOUCHES + """
External_Id__c string 64 ux
AccountId reference -> Account:Account
IsPrivate boolean
Name string 120 r
Description textarea 32000
StageName picklist r
Amount currency
Probability percent
ExpectedRevenue currency a
CloseDate date r
Type picklist
NextStep string 255
LeadSource picklist
IsClosed boolean a
IsWon boolean a
ForecastCategory picklist 40 anp
ForecastCategoryName picklist p
CampaignId reference -> Campaign:Campaign
ContactId reference i -> Contact:-
LastActivityDate date a
Account_Industry__c string 1300 af := (select a."Industry" from "Account" a where a."Id" = {t}."AccountId")
"""),
    "OpportunityHistory": ("Opportunity History", "Opportunity History", "008", """
Id id an
OpportunityId reference a -> Opportunity:Opportunity
CreatedById reference an -> User:CreatedBy
CreatedDate datetime an
StageName picklist a
Amount currency a
ExpectedRevenue currency a
CloseDate date a
Probability percent a
ForecastCategory picklist a
CurrencyIsoCode picklist 3 a
SystemModstamp datetime an
IsDeleted boolean a
PrevAmount currency a
PrevCloseDate date a
"""),
    "OpportunityStage": ("Opportunity Stage", "Opportunity Stages", "01J", NO_BIN + """
MasterLabel string 255 a
ApiName string 255 a
IsActive boolean a
SortOrder int a
IsClosed boolean a
IsWon boolean a
ForecastCategory picklist a
ForecastCategoryName picklist a
DefaultProbability percent a
Description string 255 a
"""),
    "OpportunityContactRole": ("Opportunity Contact Role", "Opportunity Contact Roles", "00K", SYSTEM + """
OpportunityId reference ri -> Opportunity:Opportunity
ContactId reference r -> Contact:Contact
Role picklist 40
IsPrimary boolean
"""),
    "Campaign": ("Campaign", "Campaigns", "701", SYSTEM + USER_OWNER + CURRENCY + """
HubSpot_Campaign_Id__c string 80 ux
Name string 80 r
ParentId reference -> Campaign:Parent
Type picklist
Status picklist
StartDate date
EndDate date
ExpectedRevenue currency
BudgetedCost currency
ActualCost currency
ExpectedResponse percent
NumberSent double
IsActive boolean
Description textarea 32000
Attributed_Revenue__c currency
Attributed_Pipeline__c currency
"""),
    "CampaignMember": ("Campaign Member", "Campaign Members", "00v", SYSTEM + """
CampaignId reference ri -> Campaign:Campaign
LeadId reference i -> Lead:Lead
ContactId reference i -> Contact:Contact
Status picklist
HasResponded boolean a
FirstRespondedDate date a
"""),
    "Task": ("Task", "Tasks", "00T", SYSTEM + _OWNER + """
WhoId reference -> Contact|Lead:Who
WhatId reference -> Account|Opportunity|Campaign|Case:What
Subject string 255
ActivityDate date
Status picklist n
Priority picklist n
IsHighPriority boolean a
Description textarea 32000
Type picklist
TaskSubtype picklist
IsClosed boolean a
CompletedDateTime datetime a
CallDurationInSeconds int
AccountId reference a -> Account:Account
"""),
    "User": ("User", "Users", "005", NO_BIN + """
Username string 80 r
LastName string 80 r
FirstName string 40
Name string 121 an
Email email r
Alias string 8
IsActive boolean
TimeZoneSidKey picklist 40
LocaleSidKey picklist 40
LanguageLocaleKey picklist 40
UserType picklist a
UserRoleId reference -> UserRole:UserRole
ManagerId reference -> User:Manager
Title string 80
Department string 80
"""),
    "Group": ("Group", "Groups", "00G", NO_BIN + """
Name string 40 r
DeveloperName string 80
Type picklist
Email email
RelatedId reference a
OwnerId reference a -> User:Owner
"""),
    "Organization": ("Organization", "Organizations", "00D", NO_BIN + """
Name string 80 n
Country string 80
DefaultLocaleSidKey picklist 40
TimeZoneSidKey picklist 40
OrganizationType picklist a
InstanceName string 5 a
IsSandbox boolean a
TrialExpirationDate datetime a
"""),
}  # fmt: skip
