-- Known by what it wrote in the last 90 days: HubSpot's histories name Salesforce as the source of a value its connector
-- brought, Salesforce's name the user of the connector or of Marketing Cloud Connect. What Connect keeps in Marketing
-- Cloud are the data extensions named after an object of Salesforce.
with users as (
    select
        user_id,
        lower(concat_ws(' ', username, email, name)) as known_as
    from {{ ref('stg_salesforce__users') }}
),

connector_users as (
    select
        user_id,
        case when known_as like '%hubspot%' then 'hubspot_connector' else 'marketing_cloud_connect' end as sync
    from users
    where
        known_as like '%hubspot%'
        or known_as like '%marketing cloud%'
        or known_as like '%marketingcloud%'
        or known_as like '%et4ae5%'
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
        'hubspot_connector' as sync,
        changed_at
    from hubspot_writes
    union all
    -- Salesforce's histories call a reference by the name of what it leads to; `created` is no field.
    select
        'salesforce' as vendor,
        histories.object,
        case histories.property when 'Owner' then 'OwnerId' when 'Account' then 'AccountId' else histories.property end
            as field,
        connector_users.sync,
        histories.changed_at
    from salesforce_histories as histories
    inner join connector_users on histories.created_by_id = connector_users.user_id
    where histories.property != 'created'
)

select
    unioned.vendor,
    unioned.object,
    unioned.field,
    string_agg(distinct unioned.sync, ' ' order by unioned.sync) as sync,
    count(*) as writes,
    max(unioned.changed_at) as last_written_at
from unioned
cross join {{ source('rules', 'run') }} as run
where unioned.changed_at > run.as_of - interval 90 day
group by unioned.vendor, unioned.object, unioned.field
union all
select
    'marketing_cloud' as vendor,
    data_extension_key as object,
    name as field,
    'marketing_cloud_connect' as sync,
    cast(null as bigint) as writes,
    cast(null as timestamp with time zone) as last_written_at
from {{ ref('stg_marketing_cloud__data_extension_fields') }}
where regexp_full_match(data_extension_key, '[A-Za-z0-9_]+_Salesforce(_[0-9]+)?')
