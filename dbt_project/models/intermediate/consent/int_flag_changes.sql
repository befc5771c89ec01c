{{ config(materialized='view') }}

-- When a flag was set, where the CRM keeps a history of it.
with places as (
    {{ consent_places() }}
)

select
    lead_key as record_key,
    field,
    changed_at
from {{ ref('stg_salesforce__lead_history') }}
where
    lower(new_value) = 'true'
    and (field = 'HasOptedOutOfEmail' or field in (select places.field from places))

union all

select
    {{ record_key('salesforce', 'Contact', 'contact_id') }} as record_key,
    field_name as field,
    created_at as changed_at
from {{ ref('stg_salesforce__contact_history') }}
where
    lower(new_value) = 'true'
    and (field_name = 'HasOptedOutOfEmail' or field_name in (select places.field from places))

union all

select
    contact_key as record_key,
    property as field,
    changed_at
from {{ ref('stg_hubspot__contacts_property_history') }}
where property = 'hs_email_optout' and lower(value) = 'true'
