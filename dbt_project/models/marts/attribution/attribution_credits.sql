{{ config(materialized='view') }}

-- Nothing is kept a second time. Publishing makes a table of it.
select * from {{ ref('int_rule_based_credits') }}
union all
select * from {{ ref('int_data_driven_credits') }}
