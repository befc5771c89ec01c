with hubspot_owners as (
    select
        'hubspot' as vendor,
        owner_id as source_id,
        record_key,
        {{ normalize_email('email') }} as email,
        nullif(trim(concat_ws(' ', first_name, last_name)), '') as full_name,
        is_active
    from {{ ref('stg_hubspot__owners') }}
),

salesforce_users as (
    select
        'salesforce' as vendor,
        user_id as source_id,
        record_key,
        {{ normalize_email('email') }} as email,
        coalesce(nullif(trim(name), ''), nullif(trim(concat_ws(' ', first_name, last_name)), '')) as full_name,
        coalesce(is_active, true) as is_active
    from {{ ref('stg_salesforce__users') }}
),

unioned as (
    select * from hubspot_owners
    union all
    select * from salesforce_users
),

-- An owner without an address is still an owner: the record's own key stands in, so nothing looks unowned.
identified as (
    select
        *,
        coalesce(email, record_key) as owner_id
    from unioned
)

select * from identified
