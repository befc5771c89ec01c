{{ config(
    materialized='incremental', unique_key='account_id',
    owned={
        'int_account_members': '
            select members.account_id as owner, hash(
                records, ours.record_key, ours.changed_at, owners.owner_id
            ) as hashed
            from {int_account_members} as members
            inner join {int_account_records} as records on members.record_key = records.record_key
            left join {int_changes_by_others} as ours on members.record_key = ours.record_key
            left join {int_owner_records} as owners
                on records.vendor = owners.vendor and records.owner_source_id = owners.source_id'
    },
    vouched_for=['int_account_records', 'int_changes_by_others', 'int_owner_records']
) }}
{%- set fields = [
    'name', 'domain', 'industry', 'employees', 'annual_revenue', 'city', 'state', 'country', 'owner'
] -%}
{%- set columns = {'owner': 'owner_id'} -%}
with placed as (
    select
        members.account_id,
        records.*,
        records.vendor || '.' || records.object as source_name,
        {{ owner_or_unknown('owners.owner_id', 'records.vendor', 'records.owner_source_id') }} as owner_id,
        {{ changed_at('records', 'ours') }} as last_changed_at,
        row_number() over (
            partition by members.account_id
            order by precedence.rank asc, last_changed_at desc nulls last, records.record_key asc
        ) as place,
        row_number() over (
            partition by members.account_id
            order by last_changed_at desc nulls last, precedence.rank asc, records.record_key asc
        ) as recency
    from {{ ref('int_account_members') }} as members
    inner join {{ ref('int_account_records') }} as records on members.record_key = records.record_key
    left join {{ ref('int_changes_by_others') }} as ours on members.record_key = ours.record_key
    inner join {{ source('rules', 'precedence') }} as precedence
        on
            precedence.entity = 'account'
            and records.vendor = precedence.vendor
            and records.object = precedence.object
    left join {{ ref('int_owner_records') }} as owners
        on records.vendor = owners.vendor and records.owner_source_id = owners.source_id
    where {{ is_owner_due('members.account_id') }}
),

rules as (
    {{ survival_rules('account', fields) }}
),

ranked as (
    select
        *,
        {% for field in fields %}
            {{ survival_place(field, columns.get(field, field), 'place', 'recency', 'source_name') }}
                as place_{{ field }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from placed
    cross join rules
)

select
    account_id,
    {{ pick('name', 'place_name') }} as name,
    coalesce({{ pick('company_domain', 'place_domain') }}, {{ pick('domain', 'place_domain') }}) as domain,
    {{ pick('company_domain', 'place_domain') }} as company_domain,
    {{ pick('industry', 'place_industry') }} as industry,
    {{ pick('employees', 'place_employees') }} as employees,
    {{ pick('annual_revenue', 'place_annual_revenue') }} as annual_revenue,
    {{ pick('city', 'place_city') }} as city,
    {{ pick('state', 'place_state') }} as state,
    {{ pick('country', 'place_country') }} as country,
    {{ pick('owner_id', 'place_owner') }} as owner_id,
    arg_min(record_id, place) filter (where vendor = 'hubspot') as company_id_hubspot,
    arg_min(record_id, place) filter (where vendor = 'salesforce') as account_id_salesforce,
    list(record_key order by record_key) filter (where vendor = 'hubspot') as source_records_hubspot,
    list(record_key order by record_key) filter (where vendor = 'salesforce') as source_records_salesforce,
    count(*) as records,
    min(created_at) as created_at,
    max(updated_at) as updated_at
from ranked
group by account_id
