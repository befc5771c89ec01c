{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['int_told_records'],
    vouched_for=[
        'stg_hubspot__deals_property_history', 'stg_salesforce__opportunity_history',
        'stg_salesforce__opportunity_field_history'
    ]
) }}
-- Every moment at which something about a deal was written: what it was set to, and whether it was set at all (a value
-- that was cleared is set to null, one that was not touched is not set).
with told_records as (
    select
        opportunity_id,
        record_key,
        record_id,
        vendor,
        owner_source_id
    from {{ ref('int_told_records') }}
    where {{ is_due('opportunity_id') }}
),

hubspot as (
    select
        told.opportunity_id,
        history.changed_at,
        cast(epoch_us(history.changed_at) as varchar) as tie_breaker,
        max(history.value) filter (where history.property = 'dealstage') as stage,
        coalesce(bool_or(history.property = 'dealstage'), false) as sets_stage,
        max(history.value) filter (where history.property = 'pipeline') as pipeline,
        coalesce(bool_or(history.property = 'pipeline'), false) as sets_pipeline,
        max(try_cast(history.value as decimal(18, 2))) filter (where history.property = 'amount') as amount,
        coalesce(bool_or(history.property = 'amount'), false) as sets_amount,
        max(
            cast(
                coalesce(
                    to_timestamp(try_cast(history.value as bigint) / 1000.0), try_cast(history.value as timestamptz)
                ) at time zone 'UTC' as date
            )
        ) filter (where history.property = 'closedate') as close_date,
        coalesce(bool_or(history.property = 'closedate'), false) as sets_close_date,
        max(nullif(history.value, '')) filter (where history.property = 'hubspot_owner_id') as owner_source_id,
        coalesce(bool_or(history.property = 'hubspot_owner_id'), false) as sets_owner,
        cast(null as varchar) as forecast_category
    from {{ ref('stg_hubspot__deals_property_history') }} as history
    inner join told_records as told
        on history.deal_key = told.record_key and told.vendor = 'hubspot'
    where history.changed_at is not null
    group by told.opportunity_id, history.changed_at
),

salesforce as (
    select
        told.opportunity_id,
        history.changed_at,
        history.history_id as tie_breaker,
        history.stage,
        true as sets_stage,
        cast(null as varchar) as pipeline,
        false as sets_pipeline,
        cast(history.amount as decimal(18, 2)) as amount,
        true as sets_amount,
        history.close_date,
        true as sets_close_date,
        cast(null as varchar) as owner_source_id,
        false as sets_owner,
        history.forecast_category
    from {{ ref('stg_salesforce__opportunity_history') }} as history
    inner join told_records as told
        on history.opportunity_id = told.record_id and told.vendor = 'salesforce'
    where history.changed_at is not null and history.stage is not null
),

-- Salesforce writes two rows when an owner changes, one of names and one of ids; only ids are of use.
owner_changes as (
    select
        told.opportunity_id,
        history.created_at as changed_at,
        history.opportunity_field_history_id as tie_breaker,
        {{ salesforce_id('history.old_value') }} as old_owner,
        {{ salesforce_id('history.new_value') }} as new_owner
    from {{ ref('stg_salesforce__opportunity_field_history') }} as history
    inner join told_records as told
        on history.opportunity_id = told.record_id and told.vendor = 'salesforce'
    where
        history.field_name in ('Owner', 'OwnerId')
        and coalesce(history.data_type, 'EntityId') = 'EntityId'
        and history.created_at is not null
),

-- Who owned it from the start: the first change says, or nobody ever changed it.
first_owners as (
    select
        told.opportunity_id,
        coalesce(
            arg_min(changes.old_owner, (changes.changed_at, changes.tie_breaker))
            filter (where changes.old_owner is not null),
            any_value(told.owner_source_id)
        ) as owner_source_id
    from told_records as told
    left join owner_changes as changes on told.opportunity_id = changes.opportunity_id
    where told.vendor = 'salesforce'
    group by told.opportunity_id
),

salesforce_owners as (
    select
        opportunity_id,
        changed_at,
        tie_breaker,
        new_owner as owner_source_id
    from owner_changes
    union all
    select
        owners.opportunity_id,
        min(salesforce.changed_at) as changed_at,
        '' as tie_breaker,
        owners.owner_source_id
    from first_owners as owners
    inner join salesforce on owners.opportunity_id = salesforce.opportunity_id
    group by owners.opportunity_id, owners.owner_source_id
),

unioned as (
    select * from hubspot
    union all
    select * from salesforce
    union all
    select
        opportunity_id,
        changed_at,
        tie_breaker,
        cast(null as varchar) as stage,
        false as sets_stage,
        cast(null as varchar) as pipeline,
        false as sets_pipeline,
        cast(null as decimal(18, 2)) as amount,
        false as sets_amount,
        cast(null as date) as close_date,
        false as sets_close_date,
        owner_source_id,
        true as sets_owner,
        cast(null as varchar) as forecast_category
    from salesforce_owners
)

select * from unioned
