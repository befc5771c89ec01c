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
