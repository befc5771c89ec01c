-- Handoffs are of no cohort: what sales made of a band stands in the row of all of them.
with feedback as (
    select
        bands.band,
        count(*) as handed_over,
        count(*) filter (where handoffs.state = 'accepted') as accepted,
        count(*) filter (where handoffs.state in ('rejected', 'recycled')) as given_back
    from {{ ref('handoffs') }} as handoffs
    inner join {{ source('rules', 'lead_score_bands') }} as bands
        on handoffs.lead_score between bands.from_score and bands.to_score
    group by bands.band
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
    case when conversions.cohort = 'all' then coalesce(feedback.handed_over, 0) end as handed_over,
    case when conversions.cohort = 'all' then coalesce(feedback.accepted, 0) end as accepted,
    case when conversions.cohort = 'all' then coalesce(feedback.given_back, 0) end as given_back,
    case when conversions.cohort = 'all' then cast(feedback.accepted as double) / feedback.handed_over end
        as accepted_share,
    case when conversions.cohort = 'all' then cast(feedback.given_back as double) / feedback.handed_over end
        as given_back_share
from {{ ref('int_band_conversions') }} as conversions
left join feedback on conversions.band = feedback.band
