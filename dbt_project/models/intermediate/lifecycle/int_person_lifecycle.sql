{{ config(
    materialized='incremental', unique_key='person_id', follows=['int_lifecycle_stays'], gone=['person_id', 'mql_at', 'sql_at'],
    named_in='int_opportunity_people',
    owned={
        'int_opportunity_people': "
            select person_id as owner, hash(opportunity_id) as hashed from {int_opportunity_people} where via != 'account'",
        'int_opportunity_records': '
            select members.opportunity_id as owner, hash(
                records.vendor, records.created_at, records.is_won, records.close_at
            ) as hashed
            from {int_opportunity_members} as members
            inner join {int_opportunity_records} as records on members.record_key = records.record_key'
    },
    reached={
        'int_opportunity_records': "
            select person_id as owner from {int_opportunity_people} where via != 'account' and hash(opportunity_id) in {moved}"
    },
    vouched_for=['int_opportunity_members']
) }}
-- Each CRM's first entry of each person into each stage, by its own history and by its deals that name the person.
-- Our own writes count for nothing.
with entries as (
    select
        person_id,
        vendor,
        canonical_stage,
        entered_at
    from {{ ref('int_lifecycle_stays') }}
    where entered_how != 'written_by_us' and {{ is_due('person_id') }}

    union all

    select
        people.person_id,
        records.vendor,
        unnest(['opportunity', 'customer']) as canonical_stage,
        unnest([records.created_at, case when records.is_won then records.close_at end]) as entered_at
    from {{ ref('int_opportunity_people') }} as people
    inner join {{ ref('int_opportunity_members') }} as members on people.opportunity_id = members.opportunity_id
    inner join {{ ref('int_opportunity_records') }} as records on members.record_key = records.record_key
    where people.via != 'account' and {{ is_due('people.person_id') }}
),

firsts as (
    select
        person_id,
        canonical_stage,
        min(entered_at) filter (where vendor = 'hubspot') as hubspot_at,
        min(entered_at) filter (where vendor = 'salesforce') as salesforce_at
    from entries
    where entered_at is not null
    group by person_id, canonical_stage
),

picked as (
    select
        firsts.*,
        case rules.picks
            when 'hubspot' then coalesce(firsts.hubspot_at, firsts.salesforce_at)
            when 'salesforce' then coalesce(firsts.salesforce_at, firsts.hubspot_at)
            when 'latest' then greatest(firsts.hubspot_at, firsts.salesforce_at)
            else least(firsts.hubspot_at, firsts.salesforce_at)
        end as entered_at
    from firsts
    inner join {{ source('rules', 'lifecycle_dates') }} as rules on firsts.canonical_stage = rules.canonical_stage
)

select
    person_id,
    max(entered_at) filter (where canonical_stage = 'marketing_qualified_lead') as mql_at,
    max(hubspot_at) filter (where canonical_stage = 'marketing_qualified_lead') as mql_at_hubspot,
    max(salesforce_at) filter (where canonical_stage = 'marketing_qualified_lead') as mql_at_salesforce,
    max(entered_at) filter (where canonical_stage = 'sales_qualified_lead') as sql_at,
    max(hubspot_at) filter (where canonical_stage = 'sales_qualified_lead') as sql_at_hubspot,
    max(salesforce_at) filter (where canonical_stage = 'sales_qualified_lead') as sql_at_salesforce,
    max(entered_at) filter (where canonical_stage = 'opportunity') as opportunity_at,
    max(hubspot_at) filter (where canonical_stage = 'opportunity') as opportunity_at_hubspot,
    max(salesforce_at) filter (where canonical_stage = 'opportunity') as opportunity_at_salesforce,
    max(entered_at) filter (where canonical_stage = 'customer') as customer_at,
    max(hubspot_at) filter (where canonical_stage = 'customer') as customer_at_hubspot,
    max(salesforce_at) filter (where canonical_stage = 'customer') as customer_at_salesforce
from picked
group by person_id
