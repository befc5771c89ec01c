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
    For an incremental model about people: the records (`{int_person_records}`) of people who are looked for by one of these
    domains or compared names.
-#}
{% macro who_seeks(domains, names) -%}
    (
        select records.record_key from {int_person_records} as records
        where {{ email_domain('records.email') }} in ({{ domains }})
        union all
        select records.record_key from {int_person_records} as records
        where records.company_name in (
            select named.company_name
            from (select distinct company_name from {int_person_records}) as named
            where {{ normalize_company_name('named.company_name') }} in ({{ names }})
        )
    )
{%- endmacro %}
