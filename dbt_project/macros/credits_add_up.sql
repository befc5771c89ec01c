{#-
    Re-derives an opportunity's money another way: shares add up to 1 and revenue and pipeline to its amount, exactly, and who
    has a part is known. `asked` is a comment for the materialization of tests.
-#}
{% macro credits_add_up(credits, asked='') -%}
with credited as (
    select
        opportunity_id,
        model,
        sum(share) as share,
        sum(revenue) as revenue,
        sum(pipeline) as pipeline,
        count(*) filter (where person_id is null or touched_on is null or channel is null or via is null or share is null) as lacking
    from {{ credits }}
    {{ asked }}
    group by opportunity_id, model
)

select
    credited.*,
    opportunities.amount
from credited
inner join {{ ref('opportunities') }} as opportunities on credited.opportunity_id = opportunities.opportunity_id
where
    credited.share != 1
    or credited.lacking > 0
    or (opportunities.is_won and credited.revenue is distinct from opportunities.amount)
    or (not opportunities.is_closed and credited.pipeline is distinct from opportunities.amount)
{%- endmacro %}
