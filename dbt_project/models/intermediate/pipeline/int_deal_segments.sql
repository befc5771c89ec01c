{#- What came after a deal had closed is no touch of it: of those whose people did something few are others here. -#}
{%- set deals_of_other_sources -%}
    select before.opportunity_id as owner
    from {this} as before
    left join {int_deal_sources} as sources on before.opportunity_id = sources.opportunity_id
    left join {int_campaigns} as campaigns on sources.campaign_id = campaigns.campaign_id
    where
        before.opportunity_id in {due}
        and (before.touches, before.channel, before.source, before.campaign) is distinct from (
            coalesce(sources.touches, 0), coalesce(sources.channel, 'none'),
            coalesce(sources.source, sources.channel, 'none'), coalesce(campaigns.name, 'none')
        )
{%- endset -%}
{%- set deals_of_accounts = 'select opportunity_id as owner from {int_opportunities} where hash(account_id) in {moved}' -%}
{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['int_opportunities'],
    through={'int_deal_sources': deals_of_other_sources},
    named_in='int_opportunities', vouched_for=['int_opportunity_members', 'int_account_members'],
    gone=[
        'opportunity_id', 'owner', 'manager', 'team', 'territory', 'product', 'industry', 'company_size', 'size_band', 'pipeline',
        'channel', 'source', 'campaign', 'lead_source'
    ],
    owned={
        'int_opportunity_people': 'select opportunity_id as owner, true as hashed from {int_opportunity_people}',
        'int_deal_line_items': '
            select members.opportunity_id as owner, hash(items.product, items.amount) as hashed
            from {int_deal_line_items} as items
            inner join {int_opportunity_members} as members on items.deal_key = members.record_key',
        'stg_salesforce__opportunities': '
            select members.opportunity_id as owner, hash(opportunities.product) as hashed
            from {stg_salesforce__opportunities} as opportunities
            inner join {int_opportunity_members} as members on opportunities.record_key = members.record_key
            where opportunities.product is not null',
        'int_accounts': '
            select account_id as owner, hash(industry, employees) as hashed from {int_accounts}',
        'stg_salesforce__territory_records': '
            select members.account_id as owner, hash(records.territory_id) as hashed
            from {stg_salesforce__territory_records} as records
            inner join {int_account_members} as members on records.account_key = members.record_key'
    },
    reached={'int_accounts': deals_of_accounts, 'stg_salesforce__territory_records': deals_of_accounts},
    shared_columns={
        'int_owners': 'owner_id, team, full_name', 'int_owner_records': 'owner_id, vendor, source_id',
        'stg_salesforce__users': 'user_id, manager_id', 'stg_salesforce__territories': 'territory_id, name',
        'int_campaigns': 'campaign_id, name'
    }
) }}
-- What a deal can be grouped by. Its source is the first touch of its people that may earn credit, by whenever it
-- closed; the CRM's own lead source stands beside it.
-- Who is due is asked first: behind the joins it would be asked of every deal.
with deals as (
    select
        opportunity_id,
        owner_id,
        account_id,
        amount_converted,
        pipeline,
        lead_source
    from {{ ref('int_opportunities') }}
    where {{ is_owner_due('opportunity_id') }}
),

people as (
    select
        opportunity_id,
        count(*) as people
    from {{ ref('int_opportunity_people') }}
    where {{ is_owner_due('opportunity_id') }}
    group by opportunity_id
),

-- The product that makes the most of a deal, by the CRM whose record is preferred.
deal_products as (
    select * from {{ ref('int_deal_line_items') }}
    union all
    select
        record_key as deal_key,
        product,
        cast(null as decimal(38, 2)) as amount
    from {{ ref('stg_salesforce__opportunities') }}
    where product is not null
),

products as (
    select
        members.opportunity_id,
        arg_max(deal_products.product, (coalesce(deal_products.amount, 0), deal_products.product)) as product
    from deal_products
    inner join {{ ref('int_opportunity_members') }} as members on deal_products.deal_key = members.record_key
    where {{ is_owner_due('members.opportunity_id') }}
    group by members.opportunity_id
),

-- Salesforce knows who reports to whom; HubSpot does not.
managers as (
    select
        owners.owner_id,
        min(managers.owner_id) as manager_id
    from {{ ref('int_owner_records') }} as owners
    inner join {{ ref('stg_salesforce__users') }} as users
        on owners.vendor = 'salesforce' and owners.source_id = users.user_id
    inner join {{ ref('int_owner_records') }} as managers
        on managers.vendor = 'salesforce' and users.manager_id = managers.source_id
    group by owners.owner_id
),

-- A name that two territories have tells them apart by their id.
territory_names as (
    select
        territory_id,
        {{ told_apart('name', 'territory_id') }} as name
    from {{ ref('stg_salesforce__territories') }}
),

territories as (
    select
        members.account_id,
        min(coalesce(names.name, records.territory_id)) as territory
    from {{ ref('stg_salesforce__territory_records') }} as records
    inner join {{ ref('int_account_members') }} as members on records.account_key = members.record_key
    left join territory_names as names on records.territory_id = names.territory_id
    where {{ may_be_due('members.account_id', 'select deals.account_id from deals') }}
    group by members.account_id
),

-- A name that two people have tells them apart by their address.
names as (
    select
        owner_id,
        team,
        {{ told_apart('full_name', 'owner_id') }} as name
    from {{ ref('int_owners') }}
)

select
    deals.opportunity_id,
    coalesce(owners.name, deals.owner_id, 'unowned') as owner,
    coalesce(bosses.name, managers.manager_id, 'none') as manager,
    coalesce(owners.team, 'none') as team,
    coalesce(territories.territory, 'none') as territory,
    coalesce(products.product, 'unknown') as product,
    coalesce(accounts.industry, 'unknown') as industry,
    case
        when accounts.employees is null then 'unknown'
        when accounts.employees < 50 then 'under 50 people'
        when accounts.employees < 250 then '50 to 249 people'
        when accounts.employees < 1000 then '250 to 999 people'
        else '1000 people and more'
    end as company_size,
    case
        when deals.amount_converted is null then 'unknown'
        when deals.amount_converted < 10000 then 'under 10k'
        when deals.amount_converted < 50000 then '10k to 50k'
        when deals.amount_converted < 250000 then '50k to 250k'
        else '250k and more'
    end as size_band,
    coalesce(deals.pipeline, 'none') as pipeline,
    coalesce(sources.channel, 'none') as channel,
    coalesce(sources.source, sources.channel, 'none') as source,
    coalesce(campaigns.name, 'none') as campaign,
    coalesce(deals.lead_source, 'unknown') as lead_source,
    coalesce(sources.touches, 0) as touches,
    coalesce(people.people, 0) as people
from deals
left join names as owners on deals.owner_id = owners.owner_id
left join managers on deals.owner_id = managers.owner_id
left join names as bosses on managers.manager_id = bosses.owner_id
left join {{ ref('int_accounts') }} as accounts on deals.account_id = accounts.account_id
left join territories on deals.account_id = territories.account_id
left join products on deals.opportunity_id = products.opportunity_id
left join {{ ref('int_deal_sources') }} as sources on deals.opportunity_id = sources.opportunity_id
left join {{ ref('int_campaigns') }} as campaigns on sources.campaign_id = campaigns.campaign_id
left join people on deals.opportunity_id = people.opportunity_id
