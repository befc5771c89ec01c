{{ config(
    materialized='incremental', unique_key='record_key',
    owned={
        'own_stage_writes': 'select record_key as owner, hash(written_at) as hashed from {own_stage_writes}',
        'stg_hubspot__contacts_property_history': '
            select contact_key as owner, hash(value, changed_at) as hashed
            from {stg_hubspot__contacts_property_history}
            where property = \'lifecyclestage\'',
        'stg_hubspot__contacts': '
            select record_key as owner, hash(
                subscriber_at, lead_at, mql_at, sql_at, opportunity_at, customer_at
            ) as hashed
            from {stg_hubspot__contacts}',
        'stg_salesforce__lead_history': '
            select lead_key as owner, hash(history_id, old_value, new_value, changed_at) as hashed
            from {stg_salesforce__lead_history}
            where field = \'Status\'',
        'stg_salesforce__leads': '
            select record_key as owner, hash(
                status, created_at, is_converted, converted_date,
                exists (select 1 from {stg_salesforce__lead_history} where field = \'Status\')
            ) as hashed
            from {stg_salesforce__leads}',
        'stg_salesforce__contacts': '
            select record_key as owner, hash(created_at) as hashed from {stg_salesforce__contacts}'
    }
) }}
-- HubSpot dates a stage also when this project moves a contact into it: the stay is true, but says nothing of the person.
with own_stage_writes as (
    select
        record_key,
        list(written_at) as moments
    from {{ source('rules', 'own_stage_writes') }}
    group by record_key
),

hubspot_history as (
    select
        contact_key as record_key,
        value,
        changed_at,
        'property_history' as how
    from {{ ref('stg_hubspot__contacts_property_history') }}
    where
        property = 'lifecyclestage'
        and changed_at is not null
        and coalesce(value, '') != ''
        and {{ is_due('contact_key') }}
),

-- The calculated dates stand in where the history does not know of the stage.
hubspot_entries as (
    select
        record_key,
        unnest([
            'subscriber', 'lead', 'marketingqualifiedlead', 'salesqualifiedlead', 'opportunity', 'customer'
        ]) as value,
        unnest([subscriber_at, lead_at, mql_at, sql_at, opportunity_at, customer_at]) as changed_at,
        'date_entered' as how
    from {{ ref('stg_hubspot__contacts') }}
    where {{ is_due('record_key') }}
),

hubspot_changes as (
    select * from hubspot_history
    union all
    select entries.*
    from hubspot_entries as entries
    anti join hubspot_history as history
        on entries.record_key = history.record_key and entries.value = lower(history.value)
    where entries.changed_at is not null
),

status_history as (
    select
        lead_key as record_key,
        history_id,
        old_value,
        new_value,
        changed_at
    from {{ ref('stg_salesforce__lead_history') }}
    where field = 'Status'
),

first_changes as (
    select
        record_key,
        arg_min(old_value, (changed_at, history_id)) as value
    from status_history
    group by record_key
),

-- A lead's first status is what its first change left behind. Where nothing changed it is today's, if the org keeps
-- this history at all; if it does not, only a status from which nobody has gone anywhere can be taken for the first.
salesforce_created as (
    select
        leads.record_key,
        coalesce(first_changes.value, leads.status) as value,
        leads.created_at as changed_at,
        'created' as how
    from {{ ref('stg_salesforce__leads') }} as leads
    left join first_changes on leads.record_key = first_changes.record_key
    left join {{ source('rules', 'lifecycle') }} as lifecycle
        on
            lifecycle.vendor = 'salesforce'
            and lifecycle.object = 'Lead'
            and lifecycle.is_read
            and lower(leads.status) = lower(lifecycle.value)
    where
        leads.created_at is not null
        and {{ is_due('leads.record_key') }}
        and (
            first_changes.value is not null
            or (exists (select 1 from status_history) and not coalesce(leads.is_converted, false))
            or lifecycle.canonical_stage in ('subscriber', 'lead')
        )
),

-- The day of conversion, where the history does not have the status that conversion gave.
salesforce_converted as (
    select
        leads.record_key,
        leads.status as value,
        greatest({{ utc_midnight('leads.converted_date') }}, leads.created_at) as changed_at,
        'conversion' as how
    from {{ ref('stg_salesforce__leads') }} as leads
    anti join status_history
        on leads.record_key = status_history.record_key and leads.status = status_history.new_value
    where leads.is_converted and leads.converted_date is not null and {{ is_due('leads.record_key') }}
),

salesforce_changes as (
    select
        record_key,
        new_value as value,
        changed_at,
        'lead_history' as how
    from status_history
    where changed_at is not null and coalesce(new_value, '') != '' and {{ is_due('record_key') }}
    union all
    select * from salesforce_created
    union all
    select * from salesforce_converted
    union all
    select
        record_key,
        cast(null as varchar) as value,
        created_at as changed_at,
        'created' as how
    from {{ ref('stg_salesforce__contacts') }}
    where created_at is not null and {{ is_due('record_key') }}
)

select
    changes.record_key,
    'hubspot' as vendor,
    'contacts' as object,
    changes.value,
    changes.changed_at,
    case
        when {{ unless_near('changes.changed_at', 'own_stage_writes.moments') }} is null then 'written_by_us'
        else changes.how
    end as how
from hubspot_changes as changes
left join own_stage_writes on changes.record_key = own_stage_writes.record_key

union all

select
    record_key,
    'salesforce' as vendor,
    split_part(record_key, ':', 3) as object,
    value,
    changed_at,
    how
from salesforce_changes
