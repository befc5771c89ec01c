{{ config(materialized='view') }}

-- Who was erased has a place in the journeys of deals and no name there, until these are worked out anew.
select * from {{ credits_of(ref('int_data_driven_parts')) }}
where touchpoint_id is not null
