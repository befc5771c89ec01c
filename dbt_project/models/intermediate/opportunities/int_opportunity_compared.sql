{#- Of deals that name a record which is due: those whose people are others now. -#}
{%- set people = 'list_sort(list(distinct hash(members.person_id)))' -%}
{%- set deals_of_others -%}
    with named as (select opportunity_key from {int_opportunity_contacts} where person_key in {due}),
    now as (
        select contacts.opportunity_key, {{ people }} as people
        from {int_opportunity_contacts} as contacts
        inner join {int_person_members} as members on contacts.person_key = members.record_key
        where contacts.opportunity_key in (select named.opportunity_key from named)
        group by contacts.opportunity_key
    )
    select before.record_key as owner
    from {this} as before
    left join now on before.record_key = now.opportunity_key
    where before.record_key in (select named.opportunity_key from named) and before.people is distinct from now.people
{%- endset -%}
{{ config(
    materialized='incremental', unique_key='record_key', follows=['int_opportunity_records'],
    named_in='int_opportunity_records',
    inputs=['int_opportunity_accounts'], through={'int_person_members': deals_of_others},
    owned={
        'int_opportunity_contacts': 'select opportunity_key as owner, hash(person_key) as hashed from {int_opportunity_contacts}'
    }
) }}
-- What of a deal is compared with the other CRM's. Who is due is asked first: behind the joins it would be asked of every deal.
with records as (
    select
        record_key,
        vendor,
        name,
        amount,
        currency,
        close_date
    from {{ ref('int_opportunity_records') }}
    where {{ is_owner_due('record_key') }}
),

people as (
    select
        contacts.opportunity_key as record_key,
        {{ people }} as people
    from {{ ref('int_opportunity_contacts') }} as contacts
    inner join {{ ref('int_person_members') }} as members on contacts.person_key = members.record_key
    where {{ is_due('contacts.opportunity_key') }}
    group by contacts.opportunity_key
)

select
    records.record_key,
    records.vendor,
    accounts.account_id,
    {{ normalize_company_name('records.name') }} as name,
    records.amount,
    records.currency,
    records.close_date,
    people.people
from records
left join {{ ref('int_opportunity_accounts') }} as accounts on records.record_key = accounts.record_key
left join people on records.record_key = people.record_key
