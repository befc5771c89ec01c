with people as (
    select
        account_id,
        count(*) as people
    from {{ ref('int_people') }}
    where account_id is not null
    group by account_id
),

opportunities as (
    select
        account_id,
        count(*) as opportunities,
        count(*) filter (where not is_closed) as open_opportunities,
        count(*) filter (where is_won) as won_opportunities,
        count(*) filter (where is_closed and not is_won) as lost_opportunities,
        sum(amount_converted) filter (where not is_closed) as open_pipeline_converted,
        sum(amount_converted) filter (where is_won) as won_revenue_converted,
        count(*) filter (where amount is not null and amount_converted is null) as unconverted_opportunities,
        min(closed_at) filter (where is_won) as customer_since,
        max(closed_at) filter (where is_won) as last_won_at
    from {{ ref('int_opportunities') }}
    where account_id is not null
    group by account_id
)

select
    accounts.account_id,
    accounts.name,
    accounts.domain,
    accounts.industry,
    accounts.employees,
    accounts.annual_revenue,
    accounts.country,
    accounts.owner_id,
    owners.team as owner_team,
    accounts.created_at,
    accounts.company_id_hubspot,
    accounts.account_id_salesforce,
    coalesce(accounts.source_records_hubspot, []) as source_records_hubspot,
    coalesce(accounts.source_records_salesforce, []) as source_records_salesforce,
    accounts.records,
    coalesce(people.people, 0) as people,
    coalesce(opportunities.opportunities, 0) as opportunities,
    coalesce(opportunities.open_opportunities, 0) as open_opportunities,
    coalesce(opportunities.won_opportunities, 0) as won_opportunities,
    coalesce(opportunities.lost_opportunities, 0) as lost_opportunities,
    cast(coalesce(opportunities.open_pipeline_converted, 0) as decimal(18, 2)) as open_pipeline_converted,
    cast(coalesce(opportunities.won_revenue_converted, 0) as decimal(18, 2)) as won_revenue_converted,
    {{ run_value('company_currency') }} as currency_converted,
    coalesce(opportunities.unconverted_opportunities, 0) as unconverted_opportunities,
    opportunities.customer_since,
    opportunities.last_won_at
from {{ ref('int_accounts') }} as accounts
left join {{ ref('int_owners') }} as owners on accounts.owner_id = owners.owner_id
left join people on accounts.account_id = people.account_id
left join opportunities on accounts.account_id = opportunities.account_id
