{{ config(
    materialized='incremental', unique_key="opportunity_id || ':' || model", on_schema_change='fail',
    follows=['int_credit_weights'], vouched_for=['int_credit_journeys'],
    gone=[
        'opportunity_id', 'model', 'touched_on', 'channel', 'campaign_id', 'share', 'revenue', 'revenue_converted', 'pipeline',
        'pipeline_converted', 'is_won'
    ],
    through={
        'int_credit_money': "
            select credits.opportunity_id || ':' || credits.model as owner from {int_credit_weights} as credits
            where credits.opportunity_id in {due}
            union all
            select opportunity_id || ':' || model as owner from {this} where opportunity_id in {due}"
    }
) }}

with apportioned as (
    select * from {{ apportioned_credits() }}
),

credits as (
    select
        *,
        {{ minor_units('share_part', 8) }} as share,
        {{ minor_units('amount_part', 2) }} as amount,
        {{ minor_units('converted_part', 2) }} as amount_converted
    from apportioned
)

select
    opportunity_id,
    touchpoint_id,
    model,
    person_id,
    touched_on,
    channel,
    campaign_id,
    share,
    cast(case when is_won then amount else 0 end as decimal(18, 2)) as revenue,
    cast(case when is_won then amount_converted else 0 end as decimal(18, 2)) as revenue_converted,
    cast(case when not is_closed then amount else 0 end as decimal(18, 2)) as pipeline,
    cast(case when not is_closed then amount_converted else 0 end as decimal(18, 2)) as pipeline_converted,
    currency,
    is_won,
    is_closed,
    via
from credits
