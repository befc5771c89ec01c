{{ config(tags=['desired']) }}

-- Records that show money in another currency than what is credited to whom or what they are comes in: people's and
-- campaigns' in the company's, a deal's in the deal's. A field of money in Salesforce is in its record's currency, a
-- contact's in HubSpot in the portal's.
with people as (
    select record_key, coalesce(currency, {{ own_currency('salesforce') }}) as currency
    from {{ ref('stg_salesforce__contacts') }}
    union all
    select record_key, coalesce(currency, {{ own_currency('salesforce') }}) as currency
    from {{ ref('stg_salesforce__leads') }}
    union all
    select record_key, {{ own_currency('hubspot') }} as currency
    from {{ ref('stg_hubspot__contacts') }}
),

owned as (
    select
        people.record_key,
        'person' as owner_type,
        members.person_id as owner_id,
        people.currency,
        {{ run_value('company_currency') }} as credited_currency
    from people
    inner join {{ ref('int_person_members') }} as members on people.record_key = members.record_key
    union all
    select
        records.record_key,
        'campaign' as owner_type,
        members.campaign_id as owner_id,
        records.currency,
        {{ run_value('company_currency') }} as credited_currency
    from {{ ref('int_campaign_records') }} as records
    inner join {{ ref('int_campaign_members') }} as members on records.record_key = members.record_key
    where records.vendor = 'salesforce'
    union all
    select
        records.record_key,
        'opportunity' as owner_type,
        members.opportunity_id as owner_id,
        records.currency,
        deals.currency as credited_currency
    from {{ ref('int_opportunity_records') }} as records
    inner join {{ ref('int_opportunity_members') }} as members on records.record_key = members.record_key
    inner join {{ ref('int_opportunities') }} as deals on members.opportunity_id = deals.opportunity_id
)

select
    record_key,
    owner_type,
    owner_id,
    currency,
    coalesce(currency = {{ run_value('company_currency') }}, false)
    or currency in (select rates.currency from {{ ref('int_exchange_rates') }} as rates) as has_rate
from owned
where currency != credited_currency
