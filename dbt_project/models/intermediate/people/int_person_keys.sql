with addresses as (
    select
        record_key,
        email as address
    from {{ ref('int_person_records') }}

    union all

    select
        record_key,
        {{ normalize_email('unnest(additional_emails)') }} as address
    from {{ ref('stg_hubspot__contacts') }}
),

compared as (
    select distinct
        record_key,
        case
            when exists (
                select 1
                from {{ source('rules', 'identity') }} as policy
                where policy.setting = 'plus_tags' and policy.value = 'strip'
            ) then {{ strip_plus_tag('address') }}
            else address
        end as address
    from addresses
    where {{ is_valid_email('address') }}
),

-- Shared mailboxes and made-up addresses identify nobody.
identifying as (
    select
        compared.record_key,
        'email' as kind,
        'email:' || compared.address as value
    from compared
    where
        not exists (
            select 1
            from {{ source('rules', 'identity') }} as policy
            where
                (policy.setting = 'role_local_part' and policy.value = split_part(compared.address, '@', 1))
                or (policy.setting = 'placeholder_address' and policy.value = compared.address)
                or (policy.setting = 'placeholder_domain' and policy.value = split_part(compared.address, '@', 2))
        )
),

connector_links as (
    select
        record_key,
        'connector' as kind,
        {{ record_key('salesforce', 'Lead', salesforce_id('lead_id_salesforce')) }} as value
    from {{ ref('stg_hubspot__contacts') }}

    union all

    select
        record_key,
        'connector' as kind,
        {{ record_key('salesforce', 'Contact', salesforce_id('contact_id_salesforce')) }} as value
    from {{ ref('stg_hubspot__contacts') }}
),

conversions as (
    select
        record_key,
        'conversion' as kind,
        {{ record_key('salesforce', 'Contact', 'converted_contact_id') }} as value
    from {{ ref('stg_salesforce__leads') }}
    where is_converted
),

merged as (
    select
        survivor_key as record_key,
        'merge' as kind,
        merged_key as value
    from {{ ref('int_merges') }}
    where object in ('contacts', 'Lead', 'Contact')
),

unioned as (
    select * from identifying
    union all
    select * from connector_links
    union all
    select * from conversions
    union all
    select * from merged
    union all
    {{ mirrored_keys(ref('int_person_records')) }}
)

select distinct
    record_key,
    kind,
    value
from unioned
where record_key is not null and value is not null
