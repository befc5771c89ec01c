{%- set cuts = ['owner', 'team', 'product', 'source'] -%}
with counted as (
    select
        moves.* replace (coalesce(moves.pipeline, 'none') as pipeline),
        {% for cut in cuts %}
            segments.{{ cut }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('int_stage_moves') }} as moves
    inner join {{ ref('int_deal_segments') }} as segments on moves.opportunity_id = segments.opportunity_id
)

select
    period,
    definition,
    canonical_stage,
    case when grouping(pipeline) = 0 then pipeline else 'all' end as pipeline,
    {{ segment_columns(cuts) }},
    count(*) as opportunities,
    count(*) filter (where is_advanced) as advanced,
    count(*) filter (where is_won) as won,
    count(*) filter (where is_lost) as lost,
    count(*) filter (where is_reversed) as reversed,
    count(*) filter (where not is_advanced and not is_lost and not is_reversed) as undecided,
    cast(count(*) filter (where is_advanced) as double) / count(*) as conversion_rate,
    cast(count(*) filter (where is_won) as double) / count(*) as win_rate,
    median(days) as median_days
from counted
group by {{ segment_sets(cuts + ['pipeline'], [['period', 'definition', 'canonical_stage']]) }}
