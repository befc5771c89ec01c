{{ config(
    materialized='incremental', unique_key='record_key',
    owned={
        'stg_hubspot__contacts': '
            select record_key as owner, hash(
                contact_id, email, first_name, last_name, phone, company_name, job_title, city, state, country,
                lifecycle_stage, is_opted_out, owner_id, company_id, created_at, updated_at
            ) as hashed
            from {stg_hubspot__contacts}',
        'stg_salesforce__leads': '
            select record_key as owner, hash(
                lead_id, email, first_name, last_name, phone, company_name, job_title, city, state, country, industry, status,
                is_converted, converted_date, is_opted_out, owner_id, converted_account_id, created_at, updated_at
            ) as hashed
            from {stg_salesforce__leads}',
        'stg_salesforce__contacts': '
            select record_key as owner, hash(
                contact_id, email, first_name, last_name, phone, job_title, city, state, country, is_opted_out, owner_id,
                account_id, created_at, updated_at
            ) as hashed
            from {stg_salesforce__contacts}'
    }
) }}
with hubspot_contacts as (
    select
        record_key,
        'hubspot' as vendor,
        'contacts' as object,
        contact_id as record_id,
        {{ normalize_email('email') }} as email,
        first_name,
        last_name,
        phone,
        company_name,
        job_title,
        city,
        state,
        country,
        cast(null as varchar) as industry,
        lifecycle_stage as lifecycle_value,
        false as is_converted,
        cast(null as date) as converted_date,
        is_opted_out,
        owner_id as owner_source_id,
        false as is_queue_owned,
        {{ record_key('hubspot', 'companies', 'company_id') }} as account_record_key,
        created_at,
        updated_at
    from {{ ref('stg_hubspot__contacts') }}
    where {{ is_due('record_key') }}
),

salesforce_leads as (
    select
        record_key,
        'salesforce' as vendor,
        'Lead' as object,
        lead_id as record_id,
        {{ normalize_email('email') }} as email,
        first_name,
        last_name,
        phone,
        company_name,
        job_title,
        city,
        state,
        country,
        industry,
        status as lifecycle_value,
        coalesce(is_converted, false) as is_converted,
        converted_date,
        is_opted_out,
        owner_id as owner_source_id,
        coalesce(owner_id like '00G%', false) as is_queue_owned,
        {{ record_key('salesforce', 'Account', 'converted_account_id') }} as account_record_key,
        created_at,
        updated_at
    from {{ ref('stg_salesforce__leads') }}
    where {{ is_due('record_key') }}
),

salesforce_contacts as (
    select
        record_key,
        'salesforce' as vendor,
        'Contact' as object,
        contact_id as record_id,
        {{ normalize_email('email') }} as email,
        first_name,
        last_name,
        phone,
        cast(null as varchar) as company_name,
        job_title,
        city,
        state,
        country,
        cast(null as varchar) as industry,
        cast(null as varchar) as lifecycle_value,
        false as is_converted,
        cast(null as date) as converted_date,
        is_opted_out,
        owner_id as owner_source_id,
        coalesce(owner_id like '00G%', false) as is_queue_owned,
        {{ record_key('salesforce', 'Account', 'account_id') }} as account_record_key,
        created_at,
        updated_at
    from {{ ref('stg_salesforce__contacts') }}
    where {{ is_due('record_key') }}
),

unioned as (
    select * from hubspot_contacts
    union all
    select * from salesforce_leads
    union all
    select * from salesforce_contacts
)

select
    unioned.*,
    {{ is_valid_email('unioned.email') }} as is_email_valid
from unioned
