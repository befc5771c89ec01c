{{ config(materialized='view') }}
select
    record_key,
    id as person_id,
    founded_at,
    joined_at
from {{ ref('int_people_resolved') }}
where kind = 'record'
