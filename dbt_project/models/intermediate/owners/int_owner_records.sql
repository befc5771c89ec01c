{{ config(
    materialized='incremental', unique_key="vendor || ':' || source_id",
    owned={
        'stg_hubspot__owners': "
            select 'hubspot:' || owner_id as owner, hash(record_key, email, first_name, last_name, is_active, updated_at) as hashed
            from {stg_hubspot__owners}",
        'stg_salesforce__users': "
            select
                'salesforce:' || user_id as owner,
                hash(record_key, email, name, first_name, last_name, is_active, updated_at) as hashed
            from {stg_salesforce__users}"
    }
) }}
with hubspot_owners as (
    select
        'hubspot' as vendor,
        owner_id as source_id,
        record_key,
        {{ normalize_email('email') }} as email,
        nullif(trim(concat_ws(' ', first_name, last_name)), '') as full_name,
        is_active,
        updated_at
    from {{ ref('stg_hubspot__owners') }}
    where {{ is_due("'hubspot:' || owner_id") }}
),

salesforce_users as (
    select
        'salesforce' as vendor,
        user_id as source_id,
        record_key,
        {{ normalize_email('email') }} as email,
        coalesce(nullif(trim(name), ''), nullif(trim(concat_ws(' ', first_name, last_name)), '')) as full_name,
        coalesce(is_active, true) as is_active,
        updated_at
    from {{ ref('stg_salesforce__users') }}
    where {{ is_due("'salesforce:' || user_id") }}
),

unioned as (
    select * from hubspot_owners
    union all
    select * from salesforce_users
),

-- Whose address differs between the CRMs is named in config/teams.yml.
addressed as (
    select unioned.* replace (coalesce(links.email, unioned.email) as email)
    from unioned
    left join {{ source('rules', 'owner_links') }} as links
        on unioned.vendor = links.vendor and unioned.source_id = links.source_id
),

-- An owner without an address is still an owner: the record's own key stands in, so nothing looks unowned.
identified as (
    select
        *,
        coalesce(email, record_key) as owner_id
    from addressed
)

select * from identified
