"""What is extracted from Salesforce, as plain data: one `RawTable` for each table of `raw_salesforce`.

Columns keep Salesforce's own field names (DuckDB compares them without case); `deleted_at` and `deleted_how`
are ours and stand last. Fields ending in `__c` are custom: those this project writes are promised here, so an
org without them shows null and a note.
"""

from __future__ import annotations

from pipelines.sources.schema import ColumnType, RawTable

CURSOR = "SystemModstamp"
"""It moves with every change, by people and by the system; LastModifiedDate does not."""

_SYSTEM: dict[str, ColumnType] = {
    "CreatedDate": "timestamp",
    "LastModifiedDate": "timestamp",
    "SystemModstamp": "timestamp",
    "IsDeleted": "boolean",
}
_DELETION: dict[str, ColumnType] = {"deleted_at": "timestamp", "deleted_how": "text"}

_OURS_ON_PEOPLE: dict[str, ColumnType] = {
    "Lead_Score__c": "number",
    "First_Touch_Source__c": "text",
    "First_Touch_Campaign__c": "text",
    "Last_Touch_Source__c": "text",
    "Touch_Count__c": "number",
    "Attributed_Revenue__c": "money",
}

_ADDRESSED: dict[str, ColumnType] = {"City": "text", "State": "text", "Country": "text"}


def _sobject(name: str, api_name: str, columns: dict[str, ColumnType]) -> RawTable:
    all_columns: dict[str, ColumnType] = {"Id": "text", **columns, **_SYSTEM, **_DELETION}
    return RawTable(name, api_name, all_columns, key=("Id",), cursor=CURSOR)


TABLES: tuple[RawTable, ...] = (
    _sobject(
        "lead",
        "Lead",
        {
            "FirstName": "text",
            "LastName": "text",
            "Email": "text",
            "Phone": "text",
            "Company": "text",
            "Title": "text",
            "Industry": "text",
            **_ADDRESSED,
            "LeadSource": "text",
            "Status": "text",
            "OwnerId": "text",
            "HasOptedOutOfEmail": "boolean",
            "IsConverted": "boolean",
            "ConvertedDate": "date",
            "ConvertedAccountId": "text",
            "ConvertedContactId": "text",
            "ConvertedOpportunityId": "text",
            "MasterRecordId": "text",
            **_OURS_ON_PEOPLE,
            "Lead_Status__c": "text",
        },
    ),
    _sobject(
        "contact",
        "Contact",
        {
            "FirstName": "text",
            "LastName": "text",
            "Email": "text",
            "Phone": "text",
            "Title": "text",
            "AccountId": "text",
            "OwnerId": "text",
            "LeadSource": "text",
            "MailingCity": "text",
            "MailingState": "text",
            "MailingCountry": "text",
            "HasOptedOutOfEmail": "boolean",
            "MasterRecordId": "text",
            **_OURS_ON_PEOPLE,
        },
    ),
    _sobject(
        "account",
        "Account",
        {
            "Name": "text",
            "Website": "text",
            "Industry": "text",
            "NumberOfEmployees": "integer",
            "AnnualRevenue": "money",
            "BillingCity": "text",
            "BillingState": "text",
            "BillingCountry": "text",
            "Type": "text",
            "ParentId": "text",
            "OwnerId": "text",
            "MasterRecordId": "text",
        },
    ),
    _sobject(
        "opportunity",
        "Opportunity",
        {
            "Name": "text",
            "AccountId": "text",
            "ContactId": "text",
            "CampaignId": "text",
            "OwnerId": "text",
            "StageName": "text",
            "Amount": "money",
            "CurrencyIsoCode": "text",
            "Probability": "number",
            "CloseDate": "date",
            "Type": "text",
            "LeadSource": "text",
            "ForecastCategoryName": "text",
            "IsClosed": "boolean",
            "IsWon": "boolean",
        },
    ),
    RawTable(
        "opportunity_history",
        "OpportunityHistory",
        {
            "Id": "text",
            "OpportunityId": "text",
            "StageName": "text",
            "Amount": "money",
            "Probability": "number",
            "CloseDate": "date",
            "ForecastCategory": "text",
            "CreatedById": "text",
            "CreatedDate": "timestamp",
            "SystemModstamp": "timestamp",
            "IsDeleted": "boolean",
            "deleted_at": "timestamp",
            "deleted_how": "text",
        },
        key=("Id",),
        cursor=CURSOR,
    ),
    RawTable(
        "opportunity_stage",
        "OpportunityStage",
        {
            "Id": "text",
            "MasterLabel": "text",
            "ApiName": "text",
            "SortOrder": "integer",
            "IsActive": "boolean",
            "IsClosed": "boolean",
            "IsWon": "boolean",
            "DefaultProbability": "number",
            "ForecastCategoryName": "text",
            "SystemModstamp": "timestamp",
        },
        key=("Id",),
    ),
    _sobject(
        "opportunity_contact_role",
        "OpportunityContactRole",
        {"OpportunityId": "text", "ContactId": "text", "Role": "text", "IsPrimary": "boolean"},
    ),
    _sobject(
        "campaign",
        "Campaign",
        {
            "Name": "text",
            "Type": "text",
            "Status": "text",
            "StartDate": "date",
            "EndDate": "date",
            "BudgetedCost": "money",
            "ActualCost": "money",
            "IsActive": "boolean",
            "ParentId": "text",
            "OwnerId": "text",
        },
    ),
    _sobject(
        "campaign_member",
        "CampaignMember",
        {
            "CampaignId": "text",
            "LeadId": "text",
            "ContactId": "text",
            "Status": "text",
            "HasResponded": "boolean",
            "FirstRespondedDate": "date",
        },
    ),
    _sobject(
        "task",
        "Task",
        {
            "WhoId": "text",
            "WhatId": "text",
            "OwnerId": "text",
            "Subject": "text",
            "Type": "text",
            "TaskSubtype": "text",
            "Status": "text",
            "Priority": "text",
            "ActivityDate": "date",
            "CompletedDateTime": "timestamp",
            "IsClosed": "boolean",
        },
    ),
    RawTable(
        "user",
        "User",
        {
            "Id": "text",
            "Username": "text",
            "Email": "text",
            "FirstName": "text",
            "LastName": "text",
            "Name": "text",
            "IsActive": "boolean",
            "ManagerId": "text",
            "TimeZoneSidKey": "text",
            "CreatedDate": "timestamp",
            "LastModifiedDate": "timestamp",
            "SystemModstamp": "timestamp",
        },
        key=("Id",),
    ),
)
