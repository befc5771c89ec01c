-- Re-derives an opportunity's money another way: shares add up to 1 and revenue and pipeline to its amount, exactly. What
-- the comment names is for the materialization of tests.
with credited as (
    select
        opportunity_id,
        model,
        sum(share) as share,
        sum(revenue) as revenue,
        sum(pipeline) as pipeline
    from {{ ref('attribution_credits') }}
    /* attribution_credits, opportunities */
    group by opportunity_id, model
)

select
    credited.*,
    opportunities.amount
from credited
inner join {{ ref('opportunities') }} as opportunities on credited.opportunity_id = opportunities.opportunity_id
where
    credited.share != 1
    or (opportunities.is_won and credited.revenue is distinct from opportunities.amount)
    or (not opportunities.is_closed and credited.pipeline is distinct from opportunities.amount)
