{{ config(
    materialized='incremental', unique_key='opportunity_id', on_schema_change='fail', named_in='opportunities',
    follows=['opportunities', 'int_deal_segments', 'int_stage_history', 'deal_changes'],
    vouched_for=['int_opportunity_members'],
    owned={
        'stg_salesforce__opportunities': '
            select members.opportunity_id as owner, hash(opportunities.competitor, opportunities.lost_reason) as hashed
            from {stg_salesforce__opportunities} as opportunities
            inner join {int_opportunity_members} as members on opportunities.record_key = members.record_key
            where opportunities.competitor is not null or opportunities.lost_reason is not null'
    }
) }}
with deals as (
    select *
    from {{ ref('opportunities') }}
    where is_closed and {{ is_sale('amount') }} and {{ is_owner_due('opportunity_id') }}
),

stays as (
    select
        opportunity_id,
        arg_max(stage_label, stay) filter (where canonical_stage not in (
            select closed.canonical_stage
            from {{ source('rules', 'stages') }} as closed
            where closed.is_closed
        )) as last_open_stage,
        count(*) filter (where is_reentry) as reentries
    from {{ ref('int_stage_history') }}
    where {{ is_owner_due('opportunity_id') }}
    group by opportunity_id
),

changes as (
    select
        opportunity_id,
        count(*) filter (where kind = 'push') as pushes,
        count(*) filter (where kind = 'reversal') as reversals,
        count(*) filter (where kind = 'reopened') as reopenings,
        count(*) filter (where kind = 'reassigned') as owner_changes,
        count(*) filter (where kind in ('increase', 'decrease')) as amount_changes
    from {{ ref('deal_changes') }}
    where {{ is_owner_due('opportunity_id') }}
    group by opportunity_id
),

competitors as (
    select
        members.opportunity_id,
        min(opportunities.competitor) as competitor,
        min(opportunities.lost_reason) as lost_reason
    from {{ ref('stg_salesforce__opportunities') }} as opportunities
    inner join {{ ref('int_opportunity_members') }} as members on opportunities.record_key = members.record_key
    where {{ is_owner_due('members.opportunity_id') }}
    group by members.opportunity_id
)

select
    deals.opportunity_id,
    case when deals.is_won then 'won' else 'lost' end as outcome,
    deals.close_date,
    deals.amount_converted,
    deals.currency_converted as currency,
    case when deals.is_won then deals.won_reason else coalesce(deals.lost_reason, competitors.lost_reason) end as reason,
    competitors.competitor,
    stays.last_open_stage as last_stage,
    {{ cycle_days('deals.created_at', 'deals.closed_at', 'deals.close_date') }} as days,
    segments.owner,
    segments.team,
    segments.product,
    segments.industry,
    segments.size_band,
    segments.source,
    segments.lead_source,
    segments.touches,
    segments.people,
    coalesce(changes.pushes, 0) as pushes,
    coalesce(changes.reversals, 0) as reversals,
    coalesce(changes.reopenings, 0) as reopenings,
    coalesce(changes.owner_changes, 0) as owner_changes,
    coalesce(changes.amount_changes, 0) as amount_changes,
    coalesce(stays.reentries, 0) as reentries
from deals
inner join {{ ref('int_deal_segments') }} as segments on deals.opportunity_id = segments.opportunity_id
left join stays on deals.opportunity_id = stays.opportunity_id
left join changes on deals.opportunity_id = changes.opportunity_id
left join competitors on deals.opportunity_id = competitors.opportunity_id
