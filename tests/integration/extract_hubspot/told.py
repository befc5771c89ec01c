"""What each table of `raw_hubspot` that holds no records must say, told by the portal's own store.

Belongs here: one line for each column.
"""

from __future__ import annotations

from pipelines.sources.catalogs import CATALOGS

_READ = tuple(table.api_name for table in CATALOGS["hubspot"] if table.is_record)
"""Of objects that are not copied the definitions are not either."""
SHOWN: dict[str, tuple[str, dict[str, str]]] = {
    "owners": (
        "with places as (select value as user, teams.id as team, 1 as main "
        "from teams, json_each(shown, '$.userIds') "
        "union all select value, teams.id, 0 from teams, json_each(shown, '$.secondaryUserIds') order by 2) "
        "select json_object('id', id, 'email', email, 'first', first_name, 'last', last_name, 'user', "
        "user_id, 'archived', archived, 'created', created, 'updated', updated, "
        "'teams', (select json_group_array(team) from places where user = user_id), "
        "'primary', (select min(team) from places where user = user_id and main)) from owners",
        {
            "id": "id", "email": "email", "first_name": "first", "last_name": "last", "user_id": "user",
            "archived": "archived", "team_ids": "teams", "primary_team_id": "primary",
            "created_at": "created", "updated_at": "updated",
        },
    ),
    "pipelines": (
        "select json_object('o', object, 'i', id, 'l', label, 'd', display_order, 'a', archived) "
        "from pipelines",
        {"object_type": "o", "id": "i", "label": "l", "display_order": "d", "archived": "a"},
    ),
    "pipeline_stages": (
        "select json_object('o', object, 'p', pipeline, 'i', id, 'l', label, 'd', display_order, "
        "'c', is_closed, 'w', probability, 'a', archived) from stages",
        {
            "object_type": "o", "pipeline_id": "p", "id": "i", "label": "l", "display_order": "d",
            "is_closed": "c", "probability": "w", "archived": "a",
        },
    ),
    "properties": (
        "select json_set(definition, '$.object', object) from properties "
        f"where not json_extract(definition, '$.archived') and (object in {_READ} "
        "or object like 'p48290173~_%' escape '~')",
        {
            "object_type": "object", "name": "name", "label": "label", "type": "type",
            "field_type": "fieldType", "group_name": "groupName", "calculated": "calculated",
            "read_only_value": "modificationMetadata.readOnlyValue", "has_unique_value": "hasUniqueValue",
            "options": "options", "archived": "archived",
        },
    ),
    "teams": (
        "select shown from teams",
        {"id": "id", "name": "name", "user_ids": "userIds", "secondary_user_ids": "secondaryUserIds"},
    ),
    "currencies": (
        "select json_object('code', json_extract(o.value, '$.value'), 'own', m.value = "
        "json_extract(o.value, '$.value')) from properties, json_each(definition, '$.options') o "
        "join meta m on m.key = 'currency' where object = 'deals' and name = 'deal_currency_code'",
        {"code": "code", "is_company_currency": "own"},
    ),
    "exchange_rates": (
        "select shown from exchange_rates",
        {
            "id": "id", "from_currency": "fromCurrencyCode", "to_currency": "toCurrencyCode",
            "rate": "conversionRate", "effective_at": "effectiveAt", "visible_in_ui": "visibleInUI",
            "created_at": "createdAt", "updated_at": "updatedAt",
        },
    ),
    "meeting_links": (
        "select shown from meeting_links",
        {
            "id": "id", "slug": "slug", "link": "link", "name": "name", "type": "type",
            "organizer_user_id": "organizerUserId", "member_user_ids": "userIdsOfLinkMembers",
            "default_link": "defaultLink", "created_at": "createdAt", "updated_at": "updatedAt",
        },
    ),
    "campaigns": (
        "select json_set(props, '$.id', id, '$.created', created, '$.updated', updated) from campaigns",
        {
            "id": "id", "name": "hs_name", "status": "hs_campaign_status", "utm": "hs_utm",
            "start_date": "hs_start_date", "end_date": "hs_end_date", "spend": "hs_spend_items_sum_amount",
            "budget": "hs_budget_items_sum_amount", "currency": "hs_currency_code", "notes": "hs_notes",
            "audience": "hs_audience", "owner": "hs_owner", "created_at": "created", "updated_at": "updated",
        },
    ),
    "campaign_assets": (
        "select json_set(shown, '$.campaign', campaign_id, '$.kind', type) from campaign_assets",
        {"campaign_id": "campaign", "asset_type": "kind", "id": "id", "name": "name", "metrics": "metrics"},
    ),
    "campaign_items": (
        "select json_set(shown, '$.campaign', campaign_id, '$.kind', kind, '$.currency', "
        "json_extract(props, '$.hs_currency_code')) "
        "from campaign_items i join campaigns c on c.id = i.campaign_id",
        {
            "campaign_id": "campaign", "kind": "kind", "id": "id", "name": "name",
            "description": "description", "amount": "amount", "currency": "currency", "position": "order",
            "created_at": "createdAt", "updated_at": "updatedAt",
        },
    ),
    "campaign_reports": (
        "select json_object('campaign', c.id, 'metrics', json(m.shown), 'revenue', json(r.shown)) "
        "from campaigns c left join campaign_reports m on m.campaign_id = c.id and m.report = 'metrics' "
        "left join campaign_reports r on r.campaign_id = c.id and r.report = 'LINEAR'",
        {
            "campaign_id": "campaign", "sessions": "metrics.sessions",
            "new_contacts_first_touch": "metrics.newContactsFirstTouch",
            "new_contacts_last_touch": "metrics.newContactsLastTouch",
            "influenced_contacts": "metrics.influencedContacts",
            "attributed_contacts": "revenue.contactsNumber", "attributed_deals": "revenue.dealsNumber",
            "deal_amount": "revenue.dealAmount", "attributed_revenue": "revenue.revenueAmount",
            "currency": "revenue.currencyCode",
        },
    ),
    "campaign_contacts": (
        "select json_object('campaign', campaign_id, 'contact', contact_id) from campaign_contacts "
        "where type = 'influencedContacts' and contact_id in (select id from contacts where not archived)",
        {"campaign_id": "campaign", "contact_id": "contact"},
    ),
    "lists": (
        "select shown from lists",
        {
            "id": "listId", "name": "name", "object_type_id": "objectTypeId",
            "processing_type": "processingType", "processing_status": "processingStatus",
            "list_version": "listVersion", "size": "additionalProperties.hs_list_size",
            "last_added_at": "additionalProperties.hs_last_record_added_at",
            "last_removed_at": "additionalProperties.hs_last_record_removed_at",
            "created_by_id": "createdById", "created_at": "createdAt", "updated_at": "updatedAt",
            "filters_updated_at": "filtersUpdatedAt", "deleted_at": "deletedAt",
        },
    ),
    "list_members": (
        "select json_object('list', list_id, 'record', record_id, 'at', at, 'type', case "
        "json_extract(shown, '$.objectTypeId') when '0-1' then 'contacts' when '0-2' then 'companies' "
        "when '0-3' then 'deals' when '0-5' then 'tickets' when '0-136' then 'leads' end) "
        "from list_members m join lists l on l.id = m.list_id",
        {"list_id": "list", "object_type": "type", "record_id": "record", "added_at": "at"},
    ),
    "forms": (
        "select shown from forms",
        {
            "id": "id", "name": "name", "form_type": "formType", "archived": "archived",
            "created_at": "createdAt", "updated_at": "updatedAt", "archived_at": "archivedAt",
            "field_groups": "fieldGroups", "configuration": "configuration",
        },
    ),
    "form_submissions": (
        "select json_set(shown, '$.form', form_id, '$.email', (select json_extract(value, '$.value') "
        "from json_each(shown, '$.values') where json_extract(value, '$.name') = 'email')) from submissions",
        {
            "id": "conversionId", "form_id": "form", "submitted_at": "submittedAt", "email": "email",
            "page_url": "pageUrl", "page_name": "pageName", "answers": "values",
        },
    ),
    "marketing_events": (
        "select shown from marketing_events",
        {
            "id": "objectId", "external_event_id": "externalEventId", "name": "eventName",
            "event_type": "eventType", "organizer": "eventOrganizer", "description": "eventDescription",
            "url": "eventUrl", "status": "eventStatus", "starts_at": "startDateTime",
            "ends_at": "endDateTime", "cancelled": "eventCancelled", "completed": "eventCompleted",
            "registrants": "registrants", "attendees": "attendees", "cancellations": "cancellations",
            "no_shows": "noShows", "custom_properties": "customProperties", "created_at": "createdAt",
            "updated_at": "updatedAt",
        },
    ),
    "marketing_event_participations": (
        "select json_set(shown, '$.event', event_id) from participations",
        {
            "id": "id", "event_id": "event", "contact_id": "associations.contact.contactId",
            "email": "associations.contact.email", "state": "properties.attendanceState",
            "occurred_at": "properties.occurredAt", "created_at": "createdAt",
            "attendance_percentage": "properties.attendancePercentage",
            "attendance_seconds": "properties.attendanceDurationSeconds",
        },
    ),
    "email_campaigns": (
        "select shown from email_campaigns",
        {
            "id": "id", "name": "name", "subject": "subject", "type": "type", "content_id": "contentId",
            "app_id": "appId", "app_name": "appName", "included": "numIncluded", "counters": "counters",
            "last_updated_at": "lastUpdatedTime",
        },
    ),
    "email_events": (
        "select shown from email_events",
        {
            "id": "id", "occurred_at": "created", "type": "type", "recipient": "recipient",
            "email_campaign_id": "emailCampaignId", "app_id": "appId", "subject": "subject", "sender": "from",
            "url": "url", "link_id": "linkId", "referer": "referer", "device_type": "deviceType",
            "user_agent": "userAgent", "browser": "browser", "location": "location", "duration": "duration",
            "filtered_event": "filteredEvent", "category": "category", "status": "status",
            "response": "response", "drop_reason": "dropReason", "sent_by_id": "sentBy.id",
            "sent_by_at": "sentBy.created",
        },
    ),
    "subscription_types": (
        "select shown from subscription_types",
        {
            "id": "id", "name": "name", "description": "description", "purpose": "purpose",
            "communication_method": "communicationMethod", "is_active": "isActive",
            "is_default": "isDefault", "is_internal": "isInternal", "created_at": "createdAt",
            "updated_at": "updatedAt",
        },
    ),
    "subscription_changes": (
        "select json_set(value, '$.at', coalesce(json_extract(value, '$.timestamp'), at), '$.email', "
        "json_extract(shown, '$.recipient')) from subscription_changes, json_each(shown, '$.changes')",
        {
            "occurred_at": "at", "email": "email", "subscription_id": "subscriptionId", "change": "change",
            "change_type": "changeType", "source": "source", "caused_by_event_id": "causedByEvent.id",
        },
    ),
    "subscription_statuses": (
        "with who as (select distinct json_extract(shown, '$.recipient') as email from subscription_changes "
        "union select recipient from subscription_statuses where recipient in "
        "(select json_extract(props, '$.email') from contacts where archived = 0)) "
        "select coalesce(s.shown, json_object('subscriberIdString', who.email, 'subscriptionId', t.id, "
        "'status', 'NOT_SPECIFIED', 'subscriptionName', json_extract(t.shown, '$.name'))) "
        "from who join subscription_types t left join subscription_statuses s "
        "on s.recipient = who.email and s.type_id = t.id",
        {
            "email": "subscriberIdString", "subscription_id": "subscriptionId", "status": "status",
            "subscription_name": "subscriptionName", "source": "source", "legal_basis": "legalBasis",
            "legal_basis_explanation": "legalBasisExplanation", "changed_at": "timestamp",
        },
    ),
    "behavioral_events": (
        "select json_set(shown, '$.type', case object_type when 'contact' then 'contacts' "
        "when 'company' then 'companies' when 'deal' then 'deals' end) from behaviours",
        {
            "id": "id", "occurred_at": "occurredAt", "event_type": "eventType", "object_type": "type",
            "object_id": "objectId", "properties": "properties",
        },
    ),
}  # fmt: skip
"""How the store tells a table: a query of JSON objects, and where in them each column stands."""
