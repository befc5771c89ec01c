{{ config(materialized='view') }}

select * from {{ ref('int_rule_based_sums') }}
union all by name
select * from {{ ref('int_data_driven_sums') }}
