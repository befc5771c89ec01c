-- Known by what it wrote in the last 90 days: HubSpot's histories name Salesforce as the source of a value its connector
-- brought, Salesforce's name the connector's user.
with connector_users as (
    select user_id
    from {{ ref('stg_salesforce__users') }}
    where lower(concat_ws(' ', username, email, name)) like '%hubspot%'
),

hubspot_writes as (
    select
        'contacts' as object,
        property,
        changed_at
    from {{ ref('stg_hubspot__contacts_property_history') }}
    where upper(source_type) = 'SALESFORCE'
    union all
    select
        'companies' as object,
        property,
        changed_at
    from {{ ref('stg_hubspot__companies_property_history') }}
    where upper(source_type) = 'SALESFORCE'
    union all
    select
        'deals' as object,
        property,
        changed_at
    from {{ ref('stg_hubspot__deals_property_history') }}
    where upper(source_type) = 'SALESFORCE'
),

salesforce_histories as (
    select
        'Lead' as object,
        created_by_id,
        field as property,
        changed_at
    from {{ ref('stg_salesforce__lead_history') }}
    union all
    select
        'Contact' as object,
        created_by_id,
        field_name as property,
        created_at as changed_at
    from {{ ref('stg_salesforce__contact_history') }}
    union all
    select
        'Account' as object,
        created_by_id,
        field_name as property,
        created_at as changed_at
    from {{ ref('stg_salesforce__account_history') }}
    union all
    select
        'Opportunity' as object,
        created_by_id,
        field_name as property,
        created_at as changed_at
    from {{ ref('stg_salesforce__opportunity_field_history') }}
),

unioned as (
    select
        'hubspot' as vendor,
        object,
        property as field,
        changed_at
    from hubspot_writes
    union all
    -- Salesforce's histories call a reference by the name of what it leads to; `created` is no field.
    select
        'salesforce' as vendor,
        object,
        case property when 'Owner' then 'OwnerId' when 'Account' then 'AccountId' else property end as field,
        changed_at
    from salesforce_histories
    where created_by_id in (select user_id from connector_users) and property != 'created'
)

select
    unioned.vendor,
    unioned.object,
    unioned.field,
    count(*) as writes,
    max(unioned.changed_at) as last_written_at
from unioned
cross join {{ source('rules', 'run') }} as run
where unioned.changed_at > run.as_of - interval 90 day
group by unioned.vendor, unioned.object, unioned.field
