{%- set named = normalize_company_name('name') -%}
{{ config(
    materialized='incremental', unique_key="kind || ':' || value",
    owned={
        'int_accounts': "
            select 'domain:' || company_domain as owner, hash(account_id, created_at, company_domain) as hashed
            from {int_accounts}
            union all
            select 'name:' || " ~ named ~ " as owner, hash(account_id, company_domain, name) as hashed
            from {int_accounts}"
    }
) }}
-- Two companies that share a domain are a company and what it took over: the older one stands for it. Two that share a
-- name are two companies.
with named as (
    select
        account_id,
        company_domain,
        {{ named }} as compared_name
    from {{ ref('int_accounts') }}
)

select
    'domain' as kind,
    company_domain as value,
    arg_min(account_id, (created_at, account_id)) as account_id,
    company_domain
from {{ ref('int_accounts') }}
where company_domain is not null and {{ is_due("'domain:' || company_domain") }}
group by company_domain

union all

select
    'name' as kind,
    compared_name as value,
    any_value(account_id) as account_id,
    any_value(company_domain) as company_domain
from named
where compared_name is not null and {{ is_due("'name:' || compared_name") }}
group by compared_name
having count(*) = 1
