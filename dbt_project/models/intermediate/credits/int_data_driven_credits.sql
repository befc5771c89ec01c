{{ config(materialized='view') }}

select * from {{ credits_of(ref('int_data_driven_parts')) }}
