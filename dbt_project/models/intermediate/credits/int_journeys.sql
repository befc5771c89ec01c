-- Journeys for the data-driven models: deals that closed, and people who were met and came to no deal.
with deals as (
    select
        journeys.basis,
        list_transform(
            list_filter(list_zip(journeys.places, journeys.channels), lambda t: t[1] is not null), lambda t: t[2]
        ) as path,
        opportunities.is_won
    from {{ ref('int_credit_journeys') }} as journeys
    inner join {{ ref('int_opportunities') }} as opportunities
        on journeys.opportunity_id = opportunities.opportunity_id
    -- What is still open has neither converted nor been lost.
    -- A refund that is a deal of its own gives money back and wins nobody.
    where
        journeys.basis in {{ data_driven_bases() }}
        and (opportunities.is_won or opportunities.is_closed)
        and not (opportunities.is_won and coalesce(opportunities.amount < 0, false))
),

journeys as (
    select * from deals
    union all
    select
        basis,
        path,
        false as is_won
    from {{ ref('int_dealless_journeys') }}
)

select
    basis,
    path,
    count(*) filter (where is_won) as conversions,
    count(*) filter (where not is_won) as losses
from journeys
group by basis, path
