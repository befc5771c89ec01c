with people as (
    select
        account_id,
        count(*) as people
    from {{ ref('int_people') }}
    group by account_id
),

opportunities as (
    select
        account_id,
        count(*) filter (where not is_closed) as open_opportunities,
        count(*) filter (where is_won) as won_opportunities
    from {{ ref('int_opportunities') }}
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
    accounts.created_at,
    accounts.company_id_hubspot,
    accounts.account_id_salesforce,
    accounts.records,
    coalesce(people.people, 0) as people,
    coalesce(opportunities.open_opportunities, 0) as open_opportunities,
    coalesce(opportunities.won_opportunities, 0) as won_opportunities
from {{ ref('int_accounts') }} as accounts
left join people on accounts.account_id = people.account_id
left join opportunities on accounts.account_id = opportunities.account_id
