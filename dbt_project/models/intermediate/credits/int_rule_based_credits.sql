{{ config(
    materialized='incremental', unique_key='opportunity_id',
    follows=['int_credit_weights', 'int_credit_money'], vouched_for=['int_credit_journeys'],
    gone=[
        'opportunity_id', 'model', 'touched_on', 'channel', 'campaign_id', 'share', 'revenue', 'revenue_converted', 'pipeline',
        'pipeline_converted', 'is_won'
    ]
) }}

select * from {{ credits_of(credit_parts(ref('int_credit_weights')), is_due('journeys.opportunity_id')) }}
