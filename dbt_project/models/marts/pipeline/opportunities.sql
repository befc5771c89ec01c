{{ config(
    materialized='incremental', unique_key='opportunity_id', on_schema_change='fail', follows=['int_opportunities']
) }}
select
    opportunities.opportunity_id,
    opportunities.name,
    opportunities.account_id,
    opportunities.owner_id,
    owners.team as owner_team,
    opportunities.pipeline,
    coalesce(pipelines.label, opportunities.pipeline) as pipeline_label,
    opportunities.stage,
    opportunities.stage_label,
    opportunities.canonical_stage,
    opportunities.probability,
    opportunities.amount,
    opportunities.currency,
    opportunities.amount_converted,
    {{ run_value('company_currency') }} as currency_converted,
    opportunities.type,
    opportunities.lead_source,
    opportunities.lost_reason,
    opportunities.won_reason,
    opportunities.campaign_id,
    opportunities.created_at,
    opportunities.updated_at,
    opportunities.close_date,
    opportunities.closed_at,
    opportunities.is_closed,
    opportunities.is_won,
    opportunities.opportunity_id_hubspot,
    opportunities.opportunity_id_salesforce,
    opportunities.records
from {{ ref('int_opportunities') }} as opportunities
left join {{ ref('int_owners') }} as owners on opportunities.owner_id = owners.owner_id
left join {{ ref('stg_hubspot__pipelines') }} as pipelines
    on pipelines.object_type = 'deals' and opportunities.pipeline = pipelines.pipeline_id
where {{ is_due('opportunities.opportunity_id') }}
