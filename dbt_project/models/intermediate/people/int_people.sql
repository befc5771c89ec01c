with lifecycle as (
    select
        vendor,
        object,
        lower(value) as value,
        position
    from {{ source('rules', 'lifecycle') }}
    where is_read
),

-- A converted lead is at least qualified by sales, whatever its status says.
converted as (
    select min(position) as position
    from {{ source('rules', 'lifecycle') }}
    where canonical_stage = 'sales_qualified_lead'
),

ranked as (
    select
        members.person_id,
        records.*,
        case
            when not records.is_queue_owned
                then {{ owner_or_unknown('owners.owner_id', 'records.vendor', 'records.owner_source_id') }}
        end as owner_id,
        account_members.account_id,
        case when records.is_email_valid then records.email end as valid_email,
        case
            when records.is_converted then greatest(lifecycle.position, converted.position)
            else coalesce(lifecycle.position, defaults.position)
        end as lifecycle_position,
        row_number() over (
            partition by members.person_id
            order by precedence.rank asc, records.is_converted asc, records.updated_at desc nulls last, records.record_key asc
        ) as place
    from {{ ref('int_person_members') }} as members
    inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
    inner join {{ source('rules', 'precedence') }} as precedence
        on
            precedence.entity = 'person'
            and records.vendor = precedence.vendor
            and records.object = precedence.object
    cross join converted
    left join lifecycle
        on
            records.vendor = lifecycle.vendor
            and records.object = lifecycle.object
            and lower(records.lifecycle_value) = lifecycle.value
    left join {{ source('rules', 'lifecycle_defaults') }} as defaults
        on records.vendor = defaults.vendor and records.object = defaults.object
    left join {{ ref('int_owner_records') }} as owners
        on
            records.vendor = owners.vendor
            and records.owner_source_id = owners.source_id
    left join {{ ref('int_account_members') }} as account_members
        on records.account_record_key = account_members.record_key
),

grouped as (
    select
        person_id,
        coalesce({{ pick('valid_email', 'place') }}, {{ pick('email', 'place') }}) as email,
        {{ pick('first_name', 'place') }} as first_name,
        {{ pick('last_name', 'place') }} as last_name,
        {{ pick('phone', 'place') }} as phone,
        {{ pick('company_name', 'place') }} as company_name,
        {{ pick('job_title', 'place') }} as job_title,
        {{ pick('city', 'place') }} as city,
        {{ pick('state', 'place') }} as state,
        {{ pick('country', 'place') }} as country,
        {{ pick('industry', 'place') }} as industry,
        coalesce(bool_or(is_opted_out), false) as is_opted_out,
        {{ pick('account_id', 'place') }} as account_id,
        {{ pick('owner_id', 'place') }} as owner_id,
        arg_min(owner_source_id, place) filter (where vendor = 'hubspot' and owner_source_id is not null)
            as owner_id_hubspot,
        arg_min(owner_source_id, place) filter (
            where vendor = 'salesforce' and owner_source_id is not null and not is_queue_owned
        ) as owner_id_salesforce,
        arg_min(record_id, place) filter (where vendor = 'hubspot') as contact_id_hubspot,
        arg_min(record_id, place) filter (where object = 'Lead') as lead_id_salesforce,
        arg_min(record_id, place) filter (where object = 'Contact') as contact_id_salesforce,
        count(*) as records,
        max(lifecycle_position) as lifecycle_position,
        min(created_at) as created_at,
        max(updated_at) as updated_at
    from ranked
    group by person_id
),

-- Without a company of their own in the CRM, people belong to the company of their address.
accounts_by_domain as (
    select
        company_domain,
        min(account_id) as account_id
    from {{ ref('int_accounts') }}
    where company_domain is not null
    group by company_domain
),

placed as (
    select
        grouped.* exclude (account_id),
        nullif(trim(concat_ws(' ', grouped.first_name, grouped.last_name)), '') as full_name,
        {{ is_valid_email('grouped.email') }} as is_email_valid,
        coalesce(grouped.account_id, accounts_by_domain.account_id) as account_id
    from grouped
    left join accounts_by_domain on {{ email_domain('grouped.email') }} = accounts_by_domain.company_domain
)

select * from placed
