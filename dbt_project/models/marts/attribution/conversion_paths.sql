-- Journeys of deals that closed, as the model that is written back sees them.
with counted as (
    select
        journeys.opportunity_id,
        list_transform(
            list_filter(list_zip(journeys.places, journeys.channels), lambda t: t[1] is not null), lambda t: t[2]
        ) as channels,
        journeys.touches_counted as touches,
        journeys.moments[1] as began_at
    from {{ ref('int_credit_journeys') }} as journeys
    inner join {{ source('rules', 'attribution_models') }} as models
        on journeys.basis = models.basis and models.is_written_back
    where journeys.touches_counted > 0
),

journeys as (
    select
        opportunity_id,
        touches,
        began_at,
        array_to_string(
            list_transform(
                list_filter(
                    list_zip(channels, list_concat([''], channels)), lambda t: t[1] != t[2]
                ),
                lambda t: t[1]
            ),
            ' > '
        ) as path
    from counted
)

select
    journeys.path,
    count(*) filter (where opportunities.is_won) as conversions,
    count(*) filter (where not opportunities.is_won) as losses,
    cast(
        coalesce(sum(opportunities.amount_converted) filter (where opportunities.is_won), 0) as decimal(18, 2)
    ) as revenue,
    count(*) filter (
        where opportunities.is_won and opportunities.amount is not null and opportunities.amount_converted is null
    ) as unconverted_opportunities,
    -- A close date is a day, of which nobody knows the hour: who came on that day closed at once.
    {{ exact_average(
        'greatest(' ~ days_between('journeys.began_at', 'coalesce(opportunities.closed_at, deals.counts_until)') ~ ', 0)', 'true'
    ) }} as average_days,
    cast(avg(journeys.touches) as double) as average_touches
from journeys
inner join {{ ref('int_opportunities') }} as opportunities
    on journeys.opportunity_id = opportunities.opportunity_id
inner join {{ ref('int_credit_deals') }} as deals on journeys.opportunity_id = deals.opportunity_id
-- What a refund gives back is no path to a customer, though it lowers what the campaigns and channels earned.
where
    (opportunities.is_won or opportunities.is_closed)
    and not (opportunities.is_won and coalesce(opportunities.amount < 0, false))
group by journeys.path
