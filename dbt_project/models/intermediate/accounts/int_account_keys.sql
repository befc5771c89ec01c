with records as (
    select
        record_key,
        vendor,
        company_domain,
        {{ normalize_company_name('name') }} as compared_name
    from {{ ref('int_account_records') }}
),

-- A name ties two records only where it can mean nothing else: one record in each CRM and not two domains.
unambiguous_names as (
    select compared_name
    from records
    where compared_name is not null
    group by compared_name
    having
        count(*) = 2
        and count(distinct vendor) = 2
        and count(distinct company_domain) <= 1
),

unioned as (
    select
        record_key,
        'domain' as kind,
        'domain:' || company_domain as value
    from records

    union all

    select
        records.record_key,
        'name' as kind,
        'name:' || records.compared_name as value
    from records
    inner join unambiguous_names on records.compared_name = unambiguous_names.compared_name

    union all

    select
        record_key,
        'connector' as kind,
        {{ record_key('salesforce', 'Account', salesforce_id('account_id_salesforce')) }} as value
    from {{ ref('stg_hubspot__companies') }}

    union all

    {{ mirrored_keys(ref('int_account_records')) }}

    union all

    select
        survivor_key as record_key,
        'merge' as kind,
        merged_key as value
    from {{ ref('int_merges') }}
    where object in ('companies', 'Account')
)

select distinct
    record_key,
    kind,
    value
from unioned
where record_key is not null and value is not null
