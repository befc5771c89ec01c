{{ config(
    materialized='incremental', unique_key='record_key',
    owned={
        'stg_hubspot__deals': '
            select record_key as owner, hash(
                deal_id, opportunity_id_salesforce, name, pipeline, stage, amount, currency, probability, is_closed, is_won,
                close_at, type, lost_reason, won_reason, owner_id, created_at, updated_at
            ) as hashed
            from {stg_hubspot__deals}',
        'stg_salesforce__opportunities': '
            select record_key as owner, hash(
                opportunity_id, name, stage, amount, currency, probability, is_closed, is_won, close_date, type, lost_reason,
                lead_source, campaign_id, owner_id, account_id, created_at, updated_at
            ) as hashed
            from {stg_salesforce__opportunities}'
    }
) }}
with hubspot_stages as (
    select
        pipeline_id,
        stage_id,
        label,
        is_closed,
        probability
    from {{ ref('stg_hubspot__pipeline_stages') }}
    where object_type = 'deals'
),

hubspot_deals as (
    select
        deals.record_key,
        'hubspot' as vendor,
        'deals' as object,
        deals.deal_id as record_id,
        {{ record_key('salesforce', 'Opportunity', salesforce_id('deals.opportunity_id_salesforce')) }}
            as linked_record_key,
        deals.name,
        deals.pipeline,
        deals.stage,
        coalesce(stages.label, deals.stage) as stage_label,
        deals.amount,
        coalesce(deals.currency, {{ own_currency('hubspot') }}) as currency,
        coalesce(deals.probability, stages.probability) as probability,
        -- A portal may lack the calculated properties; its pipelines then say what a stage means.
        coalesce(deals.is_closed, stages.is_closed, stages.probability in (0, 1)) as is_closed,
        coalesce(deals.is_won, coalesce(stages.is_closed, true) and stages.probability = 1) as is_won,
        cast(deals.close_at at time zone 'UTC' as date) as close_date,
        deals.close_at,
        deals.type,
        deals.lost_reason,
        deals.won_reason,
        cast(null as varchar) as lead_source,
        cast(null as varchar) as campaign_key,
        deals.owner_id as owner_source_id,
        cast(null as varchar) as account_record_key,
        deals.created_at,
        deals.updated_at
    from {{ ref('stg_hubspot__deals') }} as deals
    left join hubspot_stages as stages
        on deals.pipeline = stages.pipeline_id and deals.stage = stages.stage_id
    where {{ is_due('deals.record_key') }}
),

salesforce_opportunities as (
    select
        record_key,
        'salesforce' as vendor,
        'Opportunity' as object,
        opportunity_id as record_id,
        cast(null as varchar) as linked_record_key,
        name,
        cast(null as varchar) as pipeline,
        stage,
        stage as stage_label,
        amount,
        coalesce(currency, {{ own_currency('salesforce') }}) as currency,
        probability / 100.0 as probability,
        is_closed,
        is_won,
        close_date,
        {{ utc_midnight('close_date') }} as close_at,
        type,
        lost_reason,
        cast(null as varchar) as won_reason,
        lead_source,
        {{ record_key('salesforce', 'Campaign', 'campaign_id') }} as campaign_key,
        owner_id as owner_source_id,
        {{ record_key('salesforce', 'Account', 'account_id') }} as account_record_key,
        created_at,
        updated_at
    from {{ ref('stg_salesforce__opportunities') }}
    where {{ is_due('record_key') }}
),

unioned as (
    select * from hubspot_deals
    union all
    select * from salesforce_opportunities
)

select * from unioned
