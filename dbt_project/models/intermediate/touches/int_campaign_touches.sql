{{ config(
    materialized='incremental', unique_key='person_id', summed_by=['campaign_id'],
    follows=['int_touches', 'int_people', 'int_person_lifecycle'], owned={'run': touches_to_come()}
) }}
with counted as (
    select
        campaign_id,
        person_id,
        is_response,
        case when occurred_at <= {{ run_value('as_of') }} then occurred_at end as met_at
    from {{ ref('int_touches') }}
    where {{ is_due('person_id') }} and is_counted and campaign_id is not null
),

met as (
    select
        campaign_id,
        person_id,
        count(*) as touches_ever,
        count(met_at) as touches,
        count(met_at) filter (where is_response) as responses,
        min(met_at) as met_at
    from counted
    group by campaign_id, person_id
)

-- Who became what after the campaign had met them; a stage that was reached before is none of its doing.
select
    met.campaign_id,
    cast(sum(met.touches_ever) as bigint) as touches_ever,
    cast(sum(met.touches) as bigint) as touches,
    cast(sum(met.responses) as bigint) as responses,
    count(people.person_id) filter (where met.met_at is not null) as leads,
    count(people.person_id) filter (where lifecycle.mql_at >= met.met_at) as mqls,
    count(people.person_id) filter (where lifecycle.sql_at >= met.met_at) as sqls
from met
left join {{ ref('int_people') }} as people on met.person_id = people.person_id
left join {{ ref('int_person_lifecycle') }} as lifecycle on met.person_id = lifecycle.person_id
group by met.campaign_id
