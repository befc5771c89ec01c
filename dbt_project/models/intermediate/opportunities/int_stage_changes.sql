with pipelines as (
    select
        deal_key,
        value as pipeline,
        changed_at
    from {{ ref('stg_hubspot__deals_property_history') }}
    where property = 'pipeline'
),

hubspot_changes as (
    select
        deal_key as record_key,
        'hubspot' as vendor,
        value as stage,
        changed_at,
        cast(epoch_us(changed_at) as varchar) as tie_breaker
    from {{ ref('stg_hubspot__deals_property_history') }}
    where property = 'dealstage' and value is not null and value != ''
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
        {{ record_key('salesforce', 'Opportunity', 'opportunity_id') }} as record_key,
        'salesforce' as vendor,
        cast(null as varchar) as pipeline,
        stage,
        changed_at,
        history_id as tie_breaker
    from {{ ref('stg_salesforce__opportunity_history') }}
    where stage is not null
)

select * from hubspot_placed
union all
select * from salesforce_changes
