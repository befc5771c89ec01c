{%- set of_these -%}
    select parts.opportunity_id || ':' || parts.model as owner from {int_credit_parts} as parts where parts.{key} in {due}
    union all
    select opportunity_id || ':' || model as owner from {this} where {key} in {due}
{%- endset -%}
{{ config(
    materialized='incremental', unique_key="opportunity_id || ':' || model",
    through={
        'int_credit_journeys': of_these | replace('{key}', 'opportunity_id'),
        'int_credit_models': of_these | replace('{key}', 'model')
    },
    vouched_for=['int_credit_parts', 'attribution_models', 'int_channel_values']
) }}
{{ also_reads('int_credit_models') }}

select * from {{ credit_weights() }}
