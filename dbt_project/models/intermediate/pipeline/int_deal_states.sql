{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['int_deal_moments', 'int_told_records']
) }}
{%- set fields = {
    'stage': 'sets_stage', 'pipeline': 'sets_pipeline', 'amount': 'sets_amount', 'close_date': 'sets_close_date',
    'owner_source_id': 'sets_owner', 'forecast_category': 'sets_stage'
} -%}
-- Each value holds until it is set again, to nothing too: what sets it is in a struct, which is not null.
with carried as (
    select
        opportunity_id,
        changed_at,
        lead(changed_at) over history as next_at,
        {% for field, setter in fields.items() %}
            last_value(case when {{ setter }} then struct_pack(value := {{ field }}) end ignore nulls) over history
                as {{ field }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('int_deal_moments') }}
    where {{ is_due('opportunity_id') }}
    window
        history as (
            partition by opportunity_id
            order by changed_at, tie_breaker
            rows between unbounded preceding and current row
        )
),

-- Before a deal has a stage it is not in the pipeline; of one moment the last row counts.
settled as (
    select
        carried.opportunity_id,
        carried.changed_at,
        {% for field in fields %}
            carried.{{ field }}.value as {{ field }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from carried
    where carried.stage is not null and carried.next_at is distinct from carried.changed_at
),

hubspot_stages as (
    select
        pipeline_id,
        stage_id,
        label,
        probability,
        coalesce(is_closed, probability in (0, 1)) as is_closed,
        coalesce(is_closed, true) and probability = 1 as is_won
    from {{ ref('stg_hubspot__pipeline_stages') }}
    where object_type = 'deals'
),

salesforce_stages as (
    select
        api_name as stage,
        max(default_probability) / 100.0 as probability,
        max(forecast_category) as forecast_category,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won
    from {{ ref('stg_salesforce__opportunity_stages') }}
    group by api_name
),

mapped_stages as (
    select
        vendor,
        pipeline,
        lower(stage) as stage,
        canonical_stage,
        position,
        is_closed,
        is_won
    from {{ source('rules', 'stages') }}
),

-- One row for each stage in use, so that the three ways of naming one are tried once and not for every state.
stages as (
    select
        used.vendor,
        used.pipeline,
        used.stage,
        coalesce(labels.label, used.stage) as stage_label,
        {{ canonical_stage() }} as canonical_stage,
        coalesce(by_pipeline.position, by_id.position, by_label.position) as position,
        -- A stage that config does not know is closed or won when its CRM says so.
        coalesce(
            by_pipeline.is_closed, by_id.is_closed, by_label.is_closed, labels.is_closed, standard.is_closed, false
        ) as is_closed,
        coalesce(by_pipeline.is_won, by_id.is_won, by_label.is_won, labels.is_won, standard.is_won, false) as is_won,
        coalesce(labels.probability, standard.probability) as probability,
        standard.forecast_category
    from (
        select distinct
            told.vendor,
            coalesce(settled.pipeline, told.pipeline) as pipeline,
            settled.stage
        from settled
        inner join {{ ref('int_told_records') }} as told on settled.opportunity_id = told.opportunity_id
    ) as used
    left join hubspot_stages as labels
        on used.vendor = 'hubspot' and used.pipeline = labels.pipeline_id and used.stage = labels.stage_id
    left join salesforce_stages as standard on used.vendor = 'salesforce' and used.stage = standard.stage
    {{ stages_as_mapped('used', 'labels.label') }}
),

told as (
    select
        settled.opportunity_id,
        settled.changed_at,
        records.vendor,
        coalesce(settled.pipeline, records.pipeline) as pipeline,
        settled.stage,
        settled.amount,
        records.currency,
        settled.close_date,
        {{ owner_or_unknown('owners.owner_id', 'records.vendor', 'settled.owner_source_id') }} as owner_id,
        settled.forecast_category
    from settled
    inner join {{ ref('int_told_records') }} as records on settled.opportunity_id = records.opportunity_id
    left join {{ ref('int_owner_records') }} as owners
        on records.vendor = owners.vendor and settled.owner_source_id = owners.source_id
),

-- A row of Salesforce's history that repeats what was there says nothing.
changed as (
    select *
    from told
    window history as (partition by opportunity_id order by changed_at)
    qualify
        lag(opportunity_id) over history is null
        or (pipeline, stage, amount, close_date, owner_id, forecast_category) is distinct from (
            lag(pipeline) over history, lag(stage) over history, lag(amount) over history,
            lag(close_date) over history, lag(owner_id) over history, lag(forecast_category) over history
        )
)

select
    changed.opportunity_id,
    row_number() over (partition by changed.opportunity_id order by changed.changed_at) as state,
    changed.changed_at as valid_from,
    lead(changed.changed_at) over (partition by changed.opportunity_id order by changed.changed_at) as valid_to,
    changed.vendor,
    changed.pipeline,
    changed.stage,
    stages.stage_label,
    stages.canonical_stage,
    stages.position,
    stages.is_closed,
    stages.is_won,
    stages.probability,
    {{ forecast_category(
        'coalesce(changed.forecast_category, stages.forecast_category)', 'stages.is_closed', 'stages.is_won',
        'stages.probability'
    ) }} as forecast_category,
    changed.amount,
    changed.currency,
    changed.close_date,
    changed.owner_id
from changed
inner join stages
    on
        changed.vendor = stages.vendor
        and changed.pipeline is not distinct from stages.pipeline
        and changed.stage = stages.stage
