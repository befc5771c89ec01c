{%- set named = ['canonical_stage', 'pipeline', 'period', 'segment', 'segment_value'] -%}
{%- set cuts = ['owner', 'team', 'product'] -%}
{%- set groups = [('null', "'all'", 'all'), ('null', 'pipeline', 'all'), ('period', "'all'", 'all')] -%}
{%- for cut in cuts %}{% do groups.append(('null', "'all'", cut)) %}{% endfor -%}
{#- Kaplan and Meier: a stay that has not ended says only how long it has lasted, and counts among those at risk. -#}
with stays as (
    select
        spells.canonical_stage,
        coalesce(spells.pipeline, 'none') as pipeline,
        {{ quarter_of('cast(spells.entered_at at time zone ' ~ run_value('business_zone') ~ ' as date)') }} as period,
        {% for cut in cuts %}
            segments.{{ cut }},
        {% endfor %}
        spells.days,
        spells.left_at is not null as has_ended
    from {{ ref('int_stage_spells') }} as spells
    inner join {{ ref('int_deal_segments') }} as segments on spells.opportunity_id = segments.opportunity_id
    where spells.canonical_stage not in (
        select stages.canonical_stage
        from {{ source('rules', 'stages') }} as stages
        where stages.is_closed
    )
),

-- All of time and all pipelines; each pipeline; each quarter of entry; each segment.
segmented as (
    {% for period, pipeline, segment in groups %}
        select
            canonical_stage,
            {{ pipeline }} as pipeline,
            cast({{ period }} as date) as period,
            '{{ segment }}' as segment,
            {{ "'all'" if segment == 'all' else segment }} as segment_value,
            days,
            has_ended
        from stays
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

-- Each duration is sorted and summed up by one number, not by five names.
keyed as (
    select
        *,
        hash({{ named | join(', ') }}) as key
    from segmented
),

by_duration as (
    select
        key,
        days,
        count(*) as stays,
        count(*) filter (where has_ended) as ended
    from keyed
    group by key, days
),

counts as (
    select
        key,
        {% for name in named -%}
            any_value({{ name }}) as {{ name }},
        {% endfor -%}
        count(*) as stays,
        count(*) filter (where not has_ended) as open_stays,
        median(days) filter (where has_ended) as median_days_ended
    from keyed
    group by key
),

-- Those at risk are all but those whose time was shorter.
at_risk as (
    select
        by_duration.*,
        counts.stays + by_duration.stays - sum(by_duration.stays) over (
            partition by by_duration.key order by by_duration.days rows unbounded preceding
        ) as remaining
    from by_duration
    inner join counts on by_duration.key = counts.key
),

survival as (
    select
        key,
        days,
        -- The product of the shares that stay on; once all have left, the rest of it is nothing.
        case
            when bool_or(ended = remaining) over so_far then 0.0
            else exp(
                sum(case when ended < remaining then ln(1.0 - cast(ended as double) / remaining) else 0.0 end) over so_far
            )
        end as still_there
    from at_risk
    window so_far as (partition by key order by days rows unbounded preceding)
),

medians as (
    select
        key,
        min(days) filter (where still_there <= 0.5 + 1e-9) as median_days,
        min(days) filter (where still_there <= 0.25 + 1e-9) as p75_days,
        min(days) filter (where still_there <= 0.1 + 1e-9) as p90_days
    from survival
    group by key
)

select
    counts.canonical_stage,
    counts.pipeline,
    counts.period,
    counts.segment,
    counts.segment_value,
    counts.stays,
    counts.open_stays,
    medians.median_days,
    medians.p75_days,
    medians.p90_days,
    counts.median_days_ended
from counts
inner join medians on counts.key = medians.key
