with opportunities as (
    select
        *,
        coalesce(opportunity_id_salesforce, opportunity_id_hubspot) as example_id,
        case when vendor = 'salesforce' then 'Opportunity' else 'deals' end as object
    from {{ ref('int_opportunities') }}
)

select
    'opportunity_without_account' as finding,
    vendor,
    object,
    example_id
from opportunities
where account_id is null

union all

select
    'opportunity_without_close_date' as finding,
    vendor,
    object,
    example_id
from opportunities
where close_date is null

union all

select
    'opportunity_without_amount' as finding,
    vendor,
    object,
    example_id
from opportunities
where amount is null

union all

select
    'opportunity_without_owner' as finding,
    vendor,
    object,
    example_id
from opportunities
where owner_id is null

union all

select
    'opportunity_without_created_date' as finding,
    vendor,
    object,
    example_id
from opportunities
where created_at is null

union all

select
    'opportunity_closed_before_created' as finding,
    vendor,
    object,
    example_id
from opportunities
where
    is_closed
    and created_at is not null
    and close_date is not null
    and {{ cycle_days('created_at', 'closed_at', 'close_date') }} is null

union all

select
    'opportunity_in_unknown_currency' as finding,
    vendor,
    object,
    example_id
from opportunities
where amount is not null and amount_converted is null

union all

select
    'stage_unknown_to_config' as finding,
    vendor,
    object,
    stage as example_id
from opportunities
where canonical_stage = 'unmapped' and stage is not null

union all

select
    'opportunity_without_stage' as finding,
    vendor,
    object,
    example_id
from opportunities
where stage is null

union all

select
    'opportunity_without_stage_history' as finding,
    vendor,
    object,
    example_id
from opportunities
where opportunity_id not in (select stays.opportunity_id from {{ ref('int_stage_stays') }} as stays)
