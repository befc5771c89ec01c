"""The objects every org of the sandbox has, as plain data. A world may add objects and fields.

Lines are in the language of `fields.parse`. System fields are added to each object by its kind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from sandbox.salesforce import (
    described,
    picklists,
    schema_campaigns,
    schema_derived,
    schema_files,
    schema_further,
    schema_operations,
    schema_recorded,
    schema_views,
)
from sandbox.salesforce.fields import SObject, parse, with_values
from sandbox.store import Store

_OWN = """
CreatedDate datetime an
CreatedById reference an -> User:CreatedBy
LastModifiedDate datetime an
LastModifiedById reference an -> User:LastModifiedBy
SystemModstamp datetime an
"""
_SYSTEM = "\nId id an\nIsDeleted boolean an\n" + _OWN
_NO_BIN = "\nId id an\n" + _OWN
_OWNER = "\nOwnerId reference n -> Group|User:Owner\n"
_USER_OWNER = "\nOwnerId reference n -> User:Owner\n"
_SCORES = """
Lead_Score__c double/0
First_Touch_Source__c string 255
First_Touch_Campaign__c string 255
Last_Touch_Source__c string 255
Touch_Count__c double/0
Attributed_Revenue__c currency
External_Id__c string 64 ux
"""
_CURRENCY = "\nCurrencyIsoCode picklist 3 p\n"
_TOUCHES = """
First_Touch_Source__c string 255
First_Touch_Campaign__c string 255
Last_Touch_Source__c string 255
Touch_Count__c double/0
Attributed_Revenue__c currency
"""

_OBJECTS: dict[str, tuple[str, str, str, str]] = {
    "Lead": ("Lead", "Leads", "00Q", _SYSTEM + _OWNER + _CURRENCY + _SCORES + """
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
    "Contact": ("Contact", "Contacts", "003", _SYSTEM + _USER_OWNER + _CURRENCY + _SCORES + """
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
    "Account": ("Account", "Accounts", "001", _SYSTEM + _USER_OWNER + _CURRENCY + """
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
    "Opportunity": ("Opportunity", "Opportunities", "006", _SYSTEM + _USER_OWNER + _CURRENCY + _TOUCHES + """
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
    "OpportunityStage": ("Opportunity Stage", "Opportunity Stages", "01J", _NO_BIN + """
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
    "OpportunityContactRole": ("Opportunity Contact Role", "Opportunity Contact Roles", "00K", _SYSTEM + """
OpportunityId reference ri -> Opportunity:Opportunity
ContactId reference r -> Contact:Contact
Role picklist 40
IsPrimary boolean
"""),
    "Campaign": ("Campaign", "Campaigns", "701", _SYSTEM + _USER_OWNER + _CURRENCY + """
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
    "CampaignMember": ("Campaign Member", "Campaign Members", "00v", _SYSTEM + """
CampaignId reference ri -> Campaign:Campaign
LeadId reference i -> Lead:Lead
ContactId reference i -> Contact:Contact
Status picklist
HasResponded boolean a
FirstRespondedDate date a
"""),
    "Task": ("Task", "Tasks", "00T", _SYSTEM + _OWNER + """
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
    "User": ("User", "Users", "005", _NO_BIN + """
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
    "Group": ("Group", "Groups", "00G", _NO_BIN + """
Name string 40 r
DeveloperName string 80
Type picklist
Email email
RelatedId reference a
OwnerId reference a -> User:Owner
"""),
    "Organization": ("Organization", "Organizations", "00D", _NO_BIN + """
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
READ_ONLY = {"OpportunityHistory", "OpportunityStage", "User", "Group", "Organization"}
READ_ONLY |= schema_operations.READ_ONLY | schema_recorded.READ_ONLY | schema_views.READ_ONLY


_CAMPAIGNS = {"Campaign": schema_campaigns.FIELDS}
_MORE = (schema_further.FIELDS, schema_derived.FIELDS, _CAMPAIGNS, schema_recorded.FIELDS)
_ALL = (
    _OBJECTS
    | schema_operations.OBJECTS
    | schema_recorded.OBJECTS
    | schema_files.OBJECTS
    | schema_views.OBJECTS
)


def standard_objects() -> dict[str, SObject]:
    """All standard objects, by name."""
    found = {}
    for name, (label, plural, prefix, text) in _ALL.items():
        values = picklists.PICKLISTS["*"] | picklists.PICKLISTS.get(name, {})
        more = [part.get(name, "") for part in _MORE]
        lines = "\n".join([text, *more]).splitlines()
        fields = [parse(line, values) for line in lines if line]
        fields = [replace(f, given_label=described.label(name, label, f)) for f in fields]
        found[name] = SObject(
            name, label, plural, prefix, {f.name: f for f in fields}, read_only=name in READ_ONLY
        )
    return found


def custom_object(name: str, prefix: str, lines: list[str]) -> SObject:
    """An object a world brings: system fields, an owner, a name, and its own lines."""
    fields = [
        parse(line, {}) for line in [*(_SYSTEM + _USER_OWNER).split("\n"), "Name string 255", *lines] if line
    ]
    fields = [replace(f, given_label="Record ID") if f.name == "Id" else f for f in fields]
    label = name.removesuffix("__c").split("__")[-1].replace("_", " ")
    return SObject(name, label, label + "s", prefix, {f.name: f for f in fields})


_ALSO_INDEXED = {
    "OpportunityHistory": ("OpportunityId",),
    "OpportunityLineItem": ("OpportunityId",),
    "OpportunityFieldHistory": ("CreatedDate",),
    "LeadHistory": ("CreatedDate",),
}


WORKED_OUT_BY = (
    ("Task", 'drop index if exists "Task.open"'),
    (
        "Task",
        'create index if not exists "Task.due" on "Task" ("WhatId", "ActivityDate") '
        "where \"IsClosed\" = 'false'",
    ),
    ("Event", 'create index if not exists "Event.WhatId" on "Event" ("WhatId")'),
    (
        "CampaignMember",
        'create index if not exists "CampaignMember.CampaignId" on "CampaignMember" ("CampaignId")',
    ),
    (
        "CampaignMember",
        'create index if not exists "CampaignMember.ContactId" on "CampaignMember" ("ContactId") '
        "where ContactId is not null",
    ),
    ("Opportunity", 'create index if not exists "Opportunity.CampaignId" on "Opportunity" ("CampaignId")'),
    ("Campaign", 'create index if not exists "Campaign.ParentId" on "Campaign" ("ParentId")'),
    (
        "DatedConversionRate",
        'create index if not exists "DatedConversionRate.of" on "DatedConversionRate" '
        '("IsoCode", "StartDate", "ConversionRate")',
    ),
)
"""By which the records that fields are worked out of are found: a deal's open activities (of tasks those that
are open, which are few), a campaign's members, deals and tree, a contact's memberships, the rate of a day.
What an older release had instead goes."""


def create_tables(store: Store, objects: dict[str, SObject]) -> None:
    """A table per object, a column per field, indexes where clients filter and where references lead."""
    for sobject in objects.values():
        columns = ", ".join(
            f'"{f.name}" {f.sql_type}' + (" primary key" if f.name == "Id" else "")
            for f in sobject.fields.values()
        )
        store.db.execute(f'create table if not exists "{sobject.name}" ({columns})')
        for name in ("SystemModstamp", *_ALSO_INDEXED.get(sobject.name, ())):
            if name in sobject.fields:
                index(store, sobject.name, name)
        for field in sobject.fields.values():
            if field.external_id or field.type == "email":
                index(store, sobject.name, field.name, " collate nocase")
        for name, statement in WORKED_OUT_BY:
            if name == sobject.name:
                store.db.execute(statement)


def index(store: Store, table: str, column: str, collation: str = "") -> None:
    """The one index of a column, in the `collation` it is compared by: texts are found however they are
    written. Tables and indexes share their names, and no object has a dot in its own."""
    store.db.execute(f'create index if not exists "{table}.{column}" on "{table}" ("{column}"{collation})')


def drop_column(store: Store, table: str, column: str) -> None:
    """Take a column away with what indexes it."""
    for (name,) in store.rows(
        "select l.name from pragma_index_list(?) l join pragma_index_info(l.name) i where i.name = ?",
        (table, column),
    ):
        store.db.execute(f'drop index "{name}"')
    store.db.execute(f'alter table "{table}" drop column "{column}"')


def deployed(store: Store, kind: str, of: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Names and contents of the metadata of a type (`of` an object, where it is named so) that was deployed;
    nothing where nobody ever deployed."""
    if store.value("select 1 from sqlite_master where name = 'metadata'") is None:
        return []
    sql = "select name, content from metadata where type = ? and substr(name, 1, ?) = ? order by name"
    start = f"{of}." if of else ""
    return [(name, orjson.loads(blob)) for name, blob in store.rows(sql, (kind, len(start), start))]


def with_stages(objects: dict[str, SObject], stages: tuple[str, ...]) -> dict[str, SObject]:
    """The same objects with this org's own list of stage names."""
    opportunity = objects["Opportunity"]
    fields = opportunity.fields | {"StageName": with_values(opportunity.fields["StageName"], stages)}
    changed = SObject(
        opportunity.name,
        opportunity.label,
        opportunity.plural,
        opportunity.prefix,
        fields,
        opportunity.read_only,
    )
    return objects | {"Opportunity": changed}
