-- What sales made of a band: in the cohort of all every handoff, in that of a day those within its horizon, in which
-- its people were to come to the outcome.
with offers as (
    select
        bands.band,
        handoffs.state,
        cast(handoffs.offered_at at time zone run.business_zone as date) as offered_on,
        settings.horizon_days
    from {{ ref('handoffs') }} as handoffs
    inner join {{ source('rules', 'lead_score_bands') }} as bands
        on handoffs.lead_score between bands.from_score and bands.to_score
    cross join {{ source('rules', 'run') }} as run
    cross join {{ source('rules', 'lead_score') }} as settings
),

conversions as (
    select
        *,
        try_cast(cohort as date) as scored_on
    from {{ ref('int_band_conversions') }}
),

feedback as (
    select
        conversions.cohort,
        conversions.band,
        count(*) as handed_over,
        count(*) filter (where offers.state = 'accepted') as accepted,
        count(*) filter (where offers.state in ('rejected', 'recycled')) as given_back
    from conversions
    inner join offers
        on
            conversions.band = offers.band
            and (
                conversions.scored_on is null
                or (
                    conversions.scored_on < offers.offered_on
                    and date_diff('day', conversions.scored_on, offers.offered_on) <= offers.horizon_days
                )
            )
    group by conversions.cohort, conversions.band
)

select
    conversions.cohort,
    conversions.band,
    conversions.from_score,
    conversions.to_score,
    conversions.people,
    conversions.converted,
    conversions.rate,
    conversions.lift,
    conversions.rate_low,
    conversions.rate_high,
    coalesce(feedback.handed_over, 0) as handed_over,
    coalesce(feedback.accepted, 0) as accepted,
    coalesce(feedback.given_back, 0) as given_back,
    cast(feedback.accepted as double) / feedback.handed_over as accepted_share,
    cast(feedback.given_back as double) / feedback.handed_over as given_back_share
from conversions
left join feedback on conversions.cohort = feedback.cohort and conversions.band = feedback.band
