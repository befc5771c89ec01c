-- A deal that is in both CRMs has two histories of the same events; the preferred CRM's that has one is told.
with recorded as (
    select distinct record_key
    from {{ ref('int_stage_changes') }}
    where changed_at is not null
)

select
    members.opportunity_id,
    records.record_key,
    records.record_id,
    records.vendor,
    records.pipeline,
    records.currency,
    records.owner_source_id
from recorded
inner join {{ ref('int_opportunity_members') }} as members on recorded.record_key = members.record_key
inner join {{ ref('int_opportunity_records') }} as records on recorded.record_key = records.record_key
inner join {{ source('rules', 'precedence') }} as precedence
    on
        precedence.entity = 'opportunity'
        and records.vendor = precedence.vendor
        and records.object = precedence.object
qualify
    row_number() over (partition by members.opportunity_id order by precedence.rank, records.record_key) = 1
