{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['int_credit_journeys', 'int_credit_money'],
    shared_columns={'attribution_models': 'model, basis, method', 'int_channel_values': 'model, channel, value'}
) }}

-- A journey that is new moves what channels are worth, and so each deal's credit under these models: then all of it is made
-- anew. No other model's credit moves with it, which is why these are kept apart, and as little of them as that takes.
select * from {{ credit_parts(data_driven_weights()) }}
