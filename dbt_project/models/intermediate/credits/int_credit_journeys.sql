{{ config(materialized='incremental', unique_key='opportunity_id', inputs=['int_deal_touches', 'int_credit_deals']) }}

select * from {{ credit_journeys() }}
