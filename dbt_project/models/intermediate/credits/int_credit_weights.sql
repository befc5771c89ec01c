{{ config(materialized='incremental', unique_key='opportunity_id', follows=['int_credit_journeys']) }}

select * from {{ credit_weights() }}
