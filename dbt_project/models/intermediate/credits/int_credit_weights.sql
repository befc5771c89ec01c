{{ config(
    materialized='incremental', unique_key="opportunity_id || ':' || model", inputs=['int_credit_parts'],
    vouched_for=['int_credit_journeys', 'attribution_models', 'int_channel_values']
) }}

select * from {{ credit_weights() }}
