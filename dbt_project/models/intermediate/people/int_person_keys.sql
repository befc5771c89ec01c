{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='record_key', follows=['int_person_records'],
    owned={
        'stg_hubspot__contacts': '
            select record_key as owner, hash(additional_emails, lead_id_salesforce, contact_id_salesforce) as hashed
            from {stg_hubspot__contacts}',
        'stg_salesforce__leads': '
            select record_key as owner, hash(is_converted, converted_contact_id) as hashed from {stg_salesforce__leads}',
        'int_merges': 'select survivor_key as owner, hash(object, merged_key) as hashed from {int_merges}',
        'mirrored_pairs': '
            select
                coalesce(left_merges.survivor_key, pairs.left_key) as owner,
                hash(pairs.right_key, right_merges.survivor_key, right_records.record_key) as hashed
            from {mirrored_pairs} as pairs
            left join {int_merges} as left_merges on pairs.left_key = left_merges.merged_key
            left join {int_merges} as right_merges on pairs.right_key = right_merges.merged_key
            left join {int_person_records} as right_records
                on coalesce(right_merges.survivor_key, pairs.right_key) = right_records.record_key'
    }
) }}
with addresses as (
    select
        record_key,
        email as address
    from {{ ref('int_person_records') }}
    where {{ is_due('record_key') }}

    union all

    select
        record_key,
        {{ normalize_email('unnest(additional_emails)') }} as address
    from {{ ref('stg_hubspot__contacts') }}
    where {{ is_due('record_key') }}
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
    where {{ is_due('record_key') }}

    union all

    select
        record_key,
        'connector' as kind,
        {{ record_key('salesforce', 'Contact', salesforce_id('contact_id_salesforce')) }} as value
    from {{ ref('stg_hubspot__contacts') }}
    where {{ is_due('record_key') }}
),

conversions as (
    select
        record_key,
        'conversion' as kind,
        {{ record_key('salesforce', 'Contact', 'converted_contact_id') }} as value
    from {{ ref('stg_salesforce__leads') }}
    where is_converted and {{ is_due('record_key') }}
),

merged as (
    select
        survivor_key as record_key,
        'merge' as kind,
        merged_key as value
    from {{ ref('int_merges') }}
    where object in ('contacts', 'Lead', 'Contact') and {{ is_due('survivor_key') }}
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
where value is not null and {{ is_due('record_key') }}
