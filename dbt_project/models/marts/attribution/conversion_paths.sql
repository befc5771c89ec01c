-- Journeys of deals that closed, as the model that is written back sees them.
with touches as (
    select
        credit_touches.*,
        lag(credit_touches.channel) over (
            partition by credit_touches.opportunity_id
            order by credit_touches.occurred_at, credit_touches.touchpoint_id
        ) as channel_before
    from {{ ref('int_credit_touches') }} as credit_touches
    inner join {{ source('rules', 'attribution_models') }} as models
        on credit_touches.basis = models.basis and models.is_written_back
    where credit_touches.is_counted
),

journeys as (
    select
        touches.opportunity_id,
        string_agg(
            touches.channel, ' > '
            order by touches.occurred_at, touches.touchpoint_id
        ) filter (where touches.channel is distinct from touches.channel_before) as path,
        count(*) as touches,
        min(touches.occurred_at) as began_at
    from touches
    group by touches.opportunity_id
)

select
    journeys.path,
    count(*) filter (where opportunities.is_won) as conversions,
    count(*) filter (where not opportunities.is_won) as losses,
    cast(
        coalesce(sum(opportunities.amount_converted) filter (where opportunities.is_won), 0) as decimal(18, 2)
    ) as revenue,
    cast(avg({{ days_between('journeys.began_at', 'deals.counts_until') }}) as double) as average_days,
    cast(avg(journeys.touches) as double) as average_touches
from journeys
inner join {{ ref('int_opportunities') }} as opportunities
    on journeys.opportunity_id = opportunities.opportunity_id
inner join {{ ref('int_credit_deals') }} as deals on journeys.opportunity_id = deals.opportunity_id
where opportunities.is_won or opportunities.is_closed
group by journeys.path
