{#-
    The account of somebody who names none in the CRM, `people` having `email`, `company_name` and `account_id`: that of the
    address (`domain_account_id`), or the only one of the company's name unless the address is at another company
    (`name_account_id`). `is_at_company` and what was compared come with it. By the name alone: a condition on whose address
    it is would compare everybody with each name.
-#}
{% macro with_found_accounts(people) -%}
    select
        sought.*,
        by_domain.account_id as domain_account_id,
        case when by_name.company_domain is null or not sought.is_at_company then by_name.account_id end as name_account_id
    from (
        select
            *,
            {{ email_domain('email') }} as email_domain,
            email is not null and {{ is_company_email('email') }} as is_at_company,
            case when account_id is null then {{ normalize_company_name('company_name') }} end as compared_name
        from {{ people }}
    ) as sought
    left join {{ ref('int_account_lookup') }} as by_domain
        on by_domain.kind = 'domain' and sought.email_domain = by_domain.value
    left join {{ ref('int_account_lookup') }} as by_name
        on by_name.kind = 'name' and sought.compared_name = by_name.value
{%- endmacro %}

{#-
    For an incremental model about people: what could be found for whom in the way of `with_found_accounts`, by each of
    their records, as `owner` and the hash of `columns`. Of accounts themselves, `{int_accounts}` as `accounts`, where
    `with_accounts` says so; then also those that a record names.
-#}
{% macro accounts_sought(columns, with_accounts=false) -%}
    select members.person_id as owner, hash({{ columns }}) as hashed
    from (
        select records.record_key, lookup.*
        from {int_person_records} as records
        inner join {int_account_lookup} as lookup
            on lookup.kind = 'domain' and {{ email_domain('records.email') }} = lookup.value
        union all
        select records.record_key, lookup.*
        from {int_person_records} as records
        inner join (
            select named.company_name, {{ normalize_company_name('named.company_name') }} as compared_name
            from (select distinct company_name from {int_person_records}) as named
        ) as names on records.company_name = names.company_name
        inner join {int_account_lookup} as lookup
            on lookup.kind = 'name' and names.compared_name = lookup.value
        {%- if with_accounts %}
        union all
        select records.record_key, 'named' as kind, account_members.record_key as value, account_members.account_id, null
        from {int_person_records} as records
        inner join {int_account_members} as account_members on records.account_record_key = account_members.record_key
        {%- endif %}
    ) as sought
    inner join {int_person_members} as members on sought.record_key = members.record_key
    {%- if with_accounts %}
    left join {int_accounts} as accounts on sought.account_id = accounts.account_id
    {%- endif %}
{%- endmacro %}
