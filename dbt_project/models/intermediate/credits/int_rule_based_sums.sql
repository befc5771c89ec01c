{{ config(
    materialized='incremental', unique_key='opportunity_id',
    summed_by=['summed_for', 'model', 'campaign_id', 'channel', 'month'], follows=['int_rule_based_credits']
) }}

{{ credit_sums(ref('int_rule_based_credits'), is_row_due(ref('int_rule_based_credits'), 'opportunity_id')) }}
