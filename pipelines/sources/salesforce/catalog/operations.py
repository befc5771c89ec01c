"""What stands around a sale: its history, products, cases, meetings, mail, and the org's own setup.

Belongs here: plain data. Every other field that the org shows comes after the promised ones.
"""

from __future__ import annotations

from pipelines.sources.salesforce.catalog.base import history, small, sobject
from pipelines.sources.schema import ColumnType, RawTable

_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS: dict[str, ColumnType] = {f"{day}{end}Time": "text" for day in _WEEK for end in ("Start", "End")}


def _texts(*names: str) -> dict[str, ColumnType]:
    return dict.fromkeys(names, "text")


TABLES: tuple[RawTable, ...] = (
    history("opportunity_field_history", "OpportunityFieldHistory", "OpportunityId"),
    history("lead_history", "LeadHistory", "LeadId"),
    history("contact_history", "ContactHistory", "ContactId"),
    history("account_history", "AccountHistory", "AccountId"),
    history("case_history", "CaseHistory", "CaseId"),
    sobject("opportunity_line_item", "OpportunityLineItem", {
        **_texts("OpportunityId", "PricebookEntryId", "Product2Id", "ProductCode", "Name"),
        "Quantity": "number", "UnitPrice": "price", "ListPrice": "price", "TotalPrice": "money",
        "CurrencyIsoCode": "text", "ServiceDate": "date", "SortOrder": "integer",
    }),
    sobject("product2", "Product2", {
        **_texts("Name", "ProductCode", "Family", "Description"), "IsActive": "boolean",
    }),
    sobject("pricebook_entry", "PricebookEntry", {
        **_texts("Name", "Pricebook2Id", "Product2Id", "ProductCode", "CurrencyIsoCode"),
        "UnitPrice": "price", "IsActive": "boolean",
    }),
    sobject("campaign_member_status", "CampaignMemberStatus", {
        **_texts("CampaignId", "Label"),
        "SortOrder": "integer", "IsDefault": "boolean", "HasResponded": "boolean",
    }),
    sobject("campaign_influence", "CampaignInfluence", {
        **_texts("CampaignId", "OpportunityId", "ContactId", "ModelId"),
        "Influence": "number", "RevenueShare": "money", "CurrencyIsoCode": "text",
    }),
    sobject("event", "Event", {
        **_texts("WhoId", "WhatId", "AccountId", "OwnerId", "Subject", "Location", "EventSubtype"),
        "StartDateTime": "timestamp", "EndDateTime": "timestamp", "ActivityDateTime": "timestamp",
        "ActivityDate": "date", "DurationInMinutes": "integer", "IsAllDayEvent": "boolean",
    }),
    sobject("case", "Case", {
        **_texts("CaseNumber", "AccountId", "ContactId", "OwnerId", "Subject", "Status", "Priority"),
        **_texts("Origin", "Type", "Reason", "ParentId"),
        "IsClosed": "boolean", "IsEscalated": "boolean", "ClosedDate": "timestamp", "MasterRecordId": "text",
    }),
    sobject("email_message", "EmailMessage", {
        **_texts("ParentId", "RelatedToId", "FromAddress", "ToAddress", "Subject", "Status"),
        "Incoming": "boolean", "IsOpened": "boolean", "MessageDate": "timestamp",
    }),
    sobject("object_territory2_association", "ObjectTerritory2Association", {
        **_texts("ObjectId", "Territory2Id", "AssociationCause", "SobjectType"),
    }),
    small("user_territory2_association", "UserTerritory2Association", {
        **_texts("UserId", "Territory2Id", "RoleInTerritory2"), "IsActive": "boolean",
    }),
    small("territory2", "Territory2", _texts("Name", "DeveloperName", "ParentTerritory2Id", "Description")),
    small("user_role", "UserRole", _texts("Name", "DeveloperName", "ParentRoleId", "ForecastUserId")),
    small("group", "Group", _texts("Name", "DeveloperName", "Type", "Email", "RelatedId", "OwnerId")),
    small("group_member", "GroupMember", _texts("GroupId", "UserOrGroupId")),
    small("queue_sobject", "QueueSobject", _texts("QueueId", "SobjectType")),
    small("record_type", "RecordType", {
        **_texts("Name", "DeveloperName", "SobjectType", "Description"), "IsActive": "boolean",
    }),
    small("lead_status", "LeadStatus", {
        **_texts("MasterLabel", "ApiName"),
        "SortOrder": "integer", "IsDefault": "boolean", "IsConverted": "boolean",
    }),
    small("currency_type", "CurrencyType", {
        "IsoCode": "text", "ConversionRate": "rate", "DecimalPlaces": "integer",
        "IsActive": "boolean", "IsCorporate": "boolean",
    }),
    small("dated_conversion_rate", "DatedConversionRate", {
        "IsoCode": "text", "StartDate": "date", "NextStartDate": "date", "ConversionRate": "rate",
    }),
    small("organization", "Organization", {
        **_texts("Name", "TimeZoneSidKey", "DefaultLocaleSidKey", "OrganizationType", "InstanceName"),
        "IsSandbox": "boolean",
    }),
    small("period", "Period", {
        **_texts("Type", "PeriodLabel", "QuarterLabel", "FullyQualifiedLabel"),
        "StartDate": "date", "EndDate": "date", "Number": "integer", "IsForecastPeriod": "boolean",
    }),
    small("forecasting_quota", "ForecastingQuota", {
        **_texts("QuotaOwnerId", "PeriodId", "CurrencyIsoCode"),
        "StartDate": "date", "QuotaAmount": "money", "QuotaQuantity": "number",
    }),
    small("forecasting_item", "ForecastingItem", {
        **_texts("OwnerId", "PeriodId", "ForecastCategoryName", "CurrencyIsoCode"),
        "ForecastAmount": "money", "AmountWithoutAdjustments": "money", "HasAdjustment": "boolean",
    }),
    small("business_hours", "BusinessHours", {
        **_texts("Name", "TimeZoneSidKey"), "IsActive": "boolean", "IsDefault": "boolean", **_HOURS,
    }),
    small("holiday", "Holiday", {
        **_texts("Name", "Description"), "ActivityDate": "date", "IsAllDay": "boolean",
        "StartTimeInMinutes": "integer", "EndTimeInMinutes": "integer", "IsRecurrence": "boolean",
    }),
)  # fmt: skip
