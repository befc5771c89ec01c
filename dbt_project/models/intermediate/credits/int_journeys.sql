-- Journeys for the data-driven models: deals that closed, and people who were met and came to no deal.
with bases as (
    select bases.*
    from {{ source('rules', 'attribution_bases') }} as bases
    where
        bases.basis in (
            select models.basis from {{ source('rules', 'attribution_models') }} as models
            where models.method = 'channel'
        )
),

deals as (
    select
        journeys.basis,
        list_transform(
            list_filter(list_zip(journeys.places, journeys.channels), lambda t: t[1] is not null), lambda t: t[2]
        ) as path,
        opportunities.is_won
    from {{ ref('int_credit_journeys') }} as journeys
    inner join bases on journeys.basis = bases.basis
    inner join {{ ref('int_opportunities') }} as opportunities
        on journeys.opportunity_id = opportunities.opportunity_id
    -- What is still open has neither converted nor been lost.
    -- A refund that is a deal of its own gives money back and wins nobody.
    where
        (opportunities.is_won or opportunities.is_closed)
        and not (opportunities.is_won and coalesce(opportunities.amount < 0, false))
),

others as (
    select
        bases.basis,
        list(touches.channel order by touches.occurred_at, touches.touchpoint_id) as path,
        false as is_won
    from {{ ref('int_touches') }} as touches
    inner join bases
        on
            bases.eligibility = 'earning'
            and (len(bases.only_touch_types) = 0 or list_contains(bases.only_touch_types, touches.touch_type))
            and not list_contains(bases.without_channels, touches.channel)
    where
        touches.is_counted
        and touches.earns_credit
        and touches.occurred_at < {{ run_value('as_of') }}
        and touches.person_id not in (
            select taking_part.person_id from {{ ref('int_opportunity_people') }} as taking_part
        )
    group by bases.basis, touches.person_id
),

journeys as (
    select * from deals
    union all
    select * from others
)

select
    basis,
    path,
    count(*) filter (where is_won) as conversions,
    count(*) filter (where not is_won) as losses
from journeys
group by basis, path
