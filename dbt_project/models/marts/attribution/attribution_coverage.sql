{{ config(
    materialized='incremental', unique_key='opportunity_id', on_schema_change='fail',
    follows=['int_opportunities'],
    through={
        'int_deal_touches': '
            select won.opportunity_id as owner
            from {int_opportunities} as won
            where won.is_won and won.opportunity_id in {due}'
    },
    vouched_for=['int_opportunity_people', 'int_credit_deals', 'int_touches']
) }}
{{ also_reads('int_deal_touches') }}
-- Was marketing part of it? Each reason is the last obstacle: what would have to be otherwise for the deal to be covered.
with won as (
    select
        opportunity_id,
        amount_converted,
        created_at,
        close_date
    from {{ ref('int_opportunities') }}
    where is_won and {{ is_owner_due('opportunity_id') }}
),

people as (
    select
        opportunity_id,
        count(distinct person_id) as people
    from {{ ref('int_opportunity_people') }}
    where {{ is_owner_due('opportunity_id') }}
    group by opportunity_id
),

looked_at as (
    select
        won.opportunity_id,
        touches.touchpoint_id,
        touches.occurred_at,
        touches.channel,
        touches.touch_type,
        touches.touch_type in {{ attribution_setting('coverage_touch_type') }} as is_of_marketing,
        touches.channel not in {{ attribution_setting('coverage_without_channel') }} as is_known,
        touches.earns_credit,
        coalesce(touches.occurred_at <= won.created_at, true)
        or exists (select 1 from {{ attribution_setting('coverage_after_creation') }} as allowed) as is_in_time
    from won
    inner join {{ ref('int_credit_deals') }} as deals on won.opportunity_id = deals.opportunity_id
    inner join {{ ref('int_opportunity_people') }} as taking_part on won.opportunity_id = taking_part.opportunity_id
    inner join {{ ref('int_touches') }} as touches on taking_part.person_id = touches.person_id
    where touches.is_counted and touches.occurred_at < deals.counts_until
),

counted as (
    select
        opportunity_id,
        count(*) as touches,
        count(*) filter (where is_of_marketing) as of_marketing,
        count(*) filter (where is_of_marketing and is_known) as known,
        count(*) filter (where is_of_marketing and is_known and earns_credit) as earning,
        count(*) filter (where is_of_marketing and is_known and earns_credit and is_in_time) as covering,
        arg_min(touchpoint_id, (occurred_at, touchpoint_id)) filter (
            where is_of_marketing and is_known and earns_credit and is_in_time
        ) as covered_by
    from looked_at
    group by opportunity_id
)

select
    won.opportunity_id,
    won.close_date,
    won.amount_converted,
    coalesce(counted.covering, 0) > 0 as is_covered,
    case
        when counted.covering > 0 then 'covered'
        when people.people is null then 'no_people'
        when counted.touches is null then 'no_touches'
        when counted.of_marketing = 0 then 'only_sales_and_lists'
        when counted.known = 0 then 'only_offline_or_unknown_sources'
        when counted.earning = 0 then 'only_touches_without_credit'
        else 'only_after_creation'
    end as reason,
    counted.covered_by,
    coalesce(counted.covering, 0) as covering_touches,
    coalesce(counted.touches, 0) as touches,
    coalesce(people.people, 0) as people
from won
left join counted on won.opportunity_id = counted.opportunity_id
left join people on won.opportunity_id = people.opportunity_id
