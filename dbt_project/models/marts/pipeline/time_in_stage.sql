{%- set cuts = ['owner', 'team', 'product'] -%}
{%- set shares = {'median': 0.5, 'p75': 0.25, 'p90': 0.1} -%}
{#- Kaplan and Meier: a stay that has not ended says only how long it has lasted, and counts among those at risk. -#}
-- A stay is one number, by which its group is sorted once: twice the microseconds it took, and one more where it has not
-- ended. So of equal ones those that ended come first, and odd numbers are open.
with stays as (
    select
        spells.canonical_stage,
        coalesce(spells.pipeline, 'none') as pipeline,
        {{ quarter_of('spells.entered_on') }} as period,
        {% for cut in cuts %}
            segments.{{ cut }},
        {% endfor %}
        case
            when spells.left_at is not null then 2 * (epoch_us(spells.left_at) - epoch_us(spells.entered_at))
            else 2 * greatest(0, epoch_us({{ run_value('as_of') }}) - epoch_us(spells.entered_at)) + 1
        end as lasted
    from {{ ref('int_stage_spells') }} as spells
    inner join {{ ref('int_deal_segments') }} as segments on spells.opportunity_id = segments.opportunity_id
    where spells.canonical_stage not in (
        select stages.canonical_stage
        from {{ source('rules', 'stages') }} as stages
        where stages.is_closed
    )
),

-- All of time and all pipelines; each pipeline; each quarter of entry; each segment.
grouped as (
    select
        canonical_stage,
        case when grouping(pipeline) = 0 then pipeline else 'all' end as pipeline,
        case when grouping(period) = 0 then period end as period,
        {{ segment_columns(cuts) }},
        count(*) as stays,
        list_sort(list(lasted)) as lasted
    from stays
    group by {{ segment_sets(cuts + ['pipeline', 'period'], [['canonical_stage']]) }}
),

keyed as (
    select
        *,
        row_number() over () as key
    from grouped
),

-- Between two open stays the share that stays on falls with each that ends; an open one leaves those at risk and not the share.
opened as (
    select
        key,
        stays,
        place
    from (
        select
            key,
            stays,
            unnest(lasted) as stay,
            generate_subscripts(lasted, 1) as place
        from keyed
    ) as told
    where stay % 2 = 1
    union all
    select
        key,
        stays,
        0 as place
    from keyed
),

stretches as (
    select
        key,
        stays,
        place,
        lead(place, 1, stays + 1) over of_key as next_place,
        exp(sum(case when place between 1 and stays - 1 then ln((stays - place + 1) / (stays - place)) else 0.0 end) over (
            of_key rows unbounded preceding
        )) as raised
    from opened
    window of_key as (partition by key order by place)
),

-- The first stay at the end of which no more than a share stays on.
places as (
    select
        key,
        {% for name, share in shares.items() -%}
            {%- set first -%} greatest(place + 1, ceil(stays - ({{ share }} + 1e-9) * stays / raised)) {%- endset -%}
            min({{ first }}) filter (where {{ first }} < next_place) as {{ name }},
        {% endfor -%}
        count(*) - 1 as open_stays
    from stretches
    group by key
)

select
    keyed.canonical_stage,
    keyed.pipeline,
    keyed.period,
    keyed.segment,
    keyed.segment_value,
    keyed.stays,
    places.open_stays,
    {% for name in shares -%}
        keyed.lasted[cast(places.{{ name }} as bigint)] // 2 / 86400000000.0 as {{ name }}_days,
    {% endfor -%}
    list_aggregate(
        list_transform(list_filter(keyed.lasted, lambda stay: stay % 2 = 0), lambda stay: stay // 2 / 86400000000.0), 'median'
    ) as median_days_ended
from keyed
inner join places on keyed.key = places.key
