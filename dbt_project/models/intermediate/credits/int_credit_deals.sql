-- The moments of a deal that decide which touches count and what they are to it.
with started as (
    select
        opportunity_people.opportunity_id,
        min(people.created_at) as lead_at
    from {{ ref('int_opportunity_people') }} as opportunity_people
    inner join {{ ref('int_people') }} as people on opportunity_people.person_id = people.person_id
    group by opportunity_people.opportunity_id
),

closing as (
    select
        opportunity_id,
        {{ day_of('closed_at', "cast(closed_at at time zone 'UTC' as time) = time '00:00'") }} as day
    from {{ ref('int_opportunities') }}
),

deals as (
    select
        opportunities.opportunity_id,
        coalesce(campaigns.campaign_id, opportunities.campaign_id) as campaign_id,
        opportunities.created_at,
        opportunities.is_won,
        -- A close date is a day, in the business zone: touches count until it is over. One without a time stands as the first
        -- instant of its day in UTC, and is that day wherever the business is. Open deals count until the day ends, so that they stay as they are until then; what has not happened yet is left out where touches are.
        case
            when opportunities.is_closed
                then least(
                    coalesce({{ day_begins('closing.day + 1') }}, {{ run_value('as_of') }}),
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
