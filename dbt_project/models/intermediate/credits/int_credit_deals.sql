-- The moments of a deal that decide which touches count and what they are to it.
with started as (
    select
        opportunity_people.opportunity_id,
        min(people.created_at) as lead_at
    from {{ ref('int_opportunity_people') }} as opportunity_people
    inner join {{ ref('int_people') }} as people on opportunity_people.person_id = people.person_id
    group by opportunity_people.opportunity_id
),

-- A close date without a time stands as the first instant of its day in UTC, and is that day where Salesforce's people are.
closing as (
    select
        opportunity_id,
        case
            when cast(closed_at at time zone 'UTC' as time) = time '00:00'
                then {{ day_begins(day_of('closed_at', 'true') ~ ' + 1', 'salesforce_zone') }}
            else {{ day_begins(day_of('closed_at', 'false') ~ ' + 1') }}
        end as day_ends
    from {{ ref('int_opportunities') }}
),

deals as (
    select
        opportunities.opportunity_id,
        coalesce(campaigns.campaign_id, opportunities.campaign_id) as campaign_id,
        opportunities.created_at,
        opportunities.is_won,
        -- Touches count until the closing day is over. Open deals count until the day ends, so that they stay as they are
        -- until then; what has not happened yet is left out where touches are.
        case
            when opportunities.is_closed
                then least(
                    coalesce(closing.day_ends, {{ run_value('as_of') }}),
                    {{ run_value('as_of') }}
                )
            else {{ day_begins(run_value('business_date') ~ ' + 1') }}
        end as counts_until
    from {{ ref('int_opportunities') }} as opportunities
    inner join closing on opportunities.opportunity_id = closing.opportunity_id
    left join {{ ref('int_campaign_members') }} as campaigns on opportunities.campaign_id = campaigns.record_key
)

select
    deals.opportunity_id,
    deals.campaign_id,
    deals.created_at,
    deals.counts_until,
    started.lead_at,
    case when deals.is_won then deals.counts_until end as won_at
from deals
left join started on deals.opportunity_id = started.opportunity_id
