"""CRM objects: the properties promised of each, and the tables that hold their records.

Every record table has, before its own columns, RECORD_COLUMNS. Properties keep HubSpot's internal names.
Fields of ours (`lead_score` ...) are properties that this project writes.
"""

from __future__ import annotations

from pipelines.sources.hubspot.catalog.further import PROPERTIES as FURTHER
from pipelines.sources.schema import ColumnType, RawTable

RECORD_COLUMNS: dict[str, ColumnType] = {
    "id": "text",
    "created_at": "timestamp",
    "updated_at": "timestamp",
    "archived": "boolean",
    "deleted_at": "timestamp",
    "deleted_how": "text",
}

CONTACT_PROPERTIES: dict[str, ColumnType] = {
    "email": "text",
    "firstname": "text",
    "lastname": "text",
    "phone": "text",
    "company": "text",
    "jobtitle": "text",
    "city": "text",
    "state": "text",
    "country": "text",
    "lifecyclestage": "text",
    "hs_lead_status": "text",
    "hubspot_owner_id": "text",
    "associatedcompanyid": "text",
    "hs_additional_emails": "list",
    "hs_merged_object_ids": "list",
    "hs_email_optout": "boolean",
    "createdate": "timestamp",
    "lastmodifieddate": "timestamp",
    "hs_v2_date_entered_subscriber": "timestamp",
    "hs_v2_date_entered_lead": "timestamp",
    "hs_v2_date_entered_marketingqualifiedlead": "timestamp",
    "hs_v2_date_entered_salesqualifiedlead": "timestamp",
    "hs_v2_date_entered_opportunity": "timestamp",
    "hs_v2_date_entered_customer": "timestamp",
    "hs_analytics_source": "text",
    "hs_analytics_source_data_1": "text",
    "hs_analytics_source_data_2": "text",
    "hs_analytics_first_timestamp": "timestamp",
    "hs_latest_source": "text",
    "hs_latest_source_data_1": "text",
    "hs_latest_source_data_2": "text",
    "hs_latest_source_timestamp": "timestamp",
    "first_conversion_date": "timestamp",
    "first_conversion_event_name": "text",
    "recent_conversion_date": "timestamp",
    "recent_conversion_event_name": "text",
    "num_conversion_events": "integer",
    "salesforceleadid": "text",
    "salesforcecontactid": "text",
    "hubspotscore": "decimal",
    "lead_score": "integer",
    "first_touch_source": "text",
    "first_touch_campaign": "text",
    "last_touch_source": "text",
    "touch_count": "integer",
    "attributed_revenue": "money",
}

COMPANY_PROPERTIES: dict[str, ColumnType] = {
    "name": "text",
    "domain": "text",
    "industry": "text",
    "numberofemployees": "integer",
    "annualrevenue": "money",
    "city": "text",
    "state": "text",
    "country": "text",
    "hubspot_owner_id": "text",
    "createdate": "timestamp",
    "hs_lastmodifieddate": "timestamp",
    "hs_merged_object_ids": "list",
    "salesforceaccountid": "text",
}

DEAL_PROPERTIES: dict[str, ColumnType] = {
    "dealname": "text",
    "pipeline": "text",
    "dealstage": "text",
    "amount": "money",
    "deal_currency_code": "text",
    "closedate": "timestamp",
    "createdate": "timestamp",
    "hubspot_owner_id": "text",
    "hs_is_closed": "boolean",
    "hs_is_closed_won": "boolean",
    "hs_deal_stage_probability": "decimal",
    "dealtype": "text",
    "closed_lost_reason": "text",
    "hs_lastmodifieddate": "timestamp",
    "hs_merged_object_ids": "list",
    "hs_salesforceopportunityid": "text",
}

TABLES: tuple[RawTable, ...] = (
    RawTable("contacts", "contacts", RECORD_COLUMNS | CONTACT_PROPERTIES, cursor="lastmodifieddate"),
    RawTable("companies", "companies", RECORD_COLUMNS | COMPANY_PROPERTIES, cursor="hs_lastmodifieddate"),
    RawTable("deals", "deals", RECORD_COLUMNS | DEAL_PROPERTIES, cursor="hs_lastmodifieddate"),
    *(
        RawTable(name, name, RECORD_COLUMNS | properties, cursor="hs_lastmodifieddate")
        for name, properties in FURTHER.items()
    ),
)
