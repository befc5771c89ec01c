{{ config(
    materialized='incremental', unique_key='record_key',
    owned={
        'stg_hubspot__deals_property_history':
            'select deal_key as owner, hash(property, value, changed_at) as hashed from {stg_hubspot__deals_property_history}',
        'stg_salesforce__opportunity_history': '
            select opportunity_key as owner, hash(
                history_id, opportunity_id, stage, amount, close_date, forecast_category, changed_at
            ) as hashed
            from {stg_salesforce__opportunity_history}',
        'stg_salesforce__opportunity_field_history': '
            select opportunity_key as owner, hash(
                opportunity_field_history_id, opportunity_id, field_name, data_type, old_value, new_value, created_at
            ) as hashed
            from {stg_salesforce__opportunity_field_history}'
    }
) }}
{{ also_reads('stg_salesforce__opportunity_field_history') }}
-- A record is due when anything of its histories differs: int_deal_moments reads all of them, and is told from here.
with pipelines as (
    select
        deal_key,
        value as pipeline,
        changed_at
    from {{ ref('stg_hubspot__deals_property_history') }}
    where property = 'pipeline' and {{ is_due('deal_key') }}
),

hubspot_changes as (
    select
        deal_key as record_key,
        'hubspot' as vendor,
        value as stage,
        changed_at,
        cast(epoch_us(changed_at) as varchar) as tie_breaker
    from {{ ref('stg_hubspot__deals_property_history') }}
    where property = 'dealstage' and value is not null and value != '' and {{ is_due('deal_key') }}
),

hubspot_placed as (
    select
        changes.record_key,
        changes.vendor,
        pipelines.pipeline,
        changes.stage,
        changes.changed_at,
        changes.tie_breaker
    from hubspot_changes as changes
    asof left join pipelines
        on changes.record_key = pipelines.deal_key and changes.changed_at >= pipelines.changed_at
),

salesforce_changes as (
    select
        opportunity_key as record_key,
        'salesforce' as vendor,
        cast(null as varchar) as pipeline,
        stage,
        changed_at,
        history_id as tie_breaker
    from {{ ref('stg_salesforce__opportunity_history') }}
    where stage is not null and {{ is_due('opportunity_key') }}
)

select * from hubspot_placed
union all
select * from salesforce_changes
