-- Wilson's interval: it stays within 0 and 1 and holds for few people, as the usual one does not.
with scored as (
    select
        case when grouping(scored_on) = 0 then cast(scored_on as varchar) else 'all' end as cohort,
        lead_score,
        count(*) as people,
        count(*) filter (where is_converted) as converted
    from {{ ref('int_cohort_scores') }}
    group by grouping sets ((scored_on, lead_score), (lead_score))
),

counted as (
    select
        cohorts.cohort,
        bands.band,
        bands.from_score,
        bands.to_score,
        cast(coalesce(sum(scored.people), 0) as bigint) as people,
        cast(coalesce(sum(scored.converted), 0) as bigint) as converted,
        sum(coalesce(sum(scored.people), 0)) over (partition by cohorts.cohort) as people_in_all,
        sum(coalesce(sum(scored.converted), 0)) over (partition by cohorts.cohort) as converted_in_all
    from (select distinct each.cohort from scored as each) as cohorts
    cross join {{ source('rules', 'lead_score_bands') }} as bands
    left join scored
        on cohorts.cohort = scored.cohort and scored.lead_score between bands.from_score and bands.to_score
    group by cohorts.cohort, bands.band, bands.from_score, bands.to_score
),

rated as (
    select
        *,
        cast(converted as double) / nullif(people, 0) as rate,
        1.959963985 as z
    from counted
),

bounded as (
    select
        *,
        (rate + z * z / (2 * people)) / (1 + z * z / people) as centre,
        z * sqrt(rate * (1 - rate) / people + z * z / (4.0 * people * people)) / (1 + z * z / people) as margin
    from rated
)

select
    cohort,
    band,
    from_score,
    to_score,
    people,
    converted,
    rate,
    round(rate / nullif(cast(converted_in_all as double) / nullif(people_in_all, 0), 0), 6) as lift,
    round(greatest(0, centre - margin), 6) as rate_low,
    round(least(1, centre + margin), 6) as rate_high
from bounded
