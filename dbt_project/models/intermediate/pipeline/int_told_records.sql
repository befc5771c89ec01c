{{ config(
    materialized='incremental', unique_key='opportunity_id', named_in='int_opportunity_members',
    owned={
        'int_opportunity_members': '
            select members.opportunity_id as owner, hash(
                records.record_key, records.record_id, records.vendor, records.object, records.pipeline, records.currency,
                records.owner_source_id
            ) as hashed
            from {int_opportunity_members} as members
            inner join {int_opportunity_records} as records on members.record_key = records.record_key'
    },
    through={'int_stage_changes': deals_of('{due}')},
    vouched_for=['int_opportunity_records']
) }}
-- A deal that is in both CRMs has two histories of the same events; the preferred CRM's that has one is told.
select
    members.opportunity_id,
    records.record_key,
    records.record_id,
    records.vendor,
    records.pipeline,
    records.currency,
    records.owner_source_id
from {{ ref('int_opportunity_members') }} as members
inner join {{ ref('int_opportunity_records') }} as records on members.record_key = records.record_key
inner join {{ source('rules', 'precedence') }} as precedence
    on
        precedence.entity = 'opportunity'
        and records.vendor = precedence.vendor
        and records.object = precedence.object
where
    {{ is_owner_due('members.opportunity_id') }}
    and members.record_key in (
        select changes.record_key
        from {{ ref('int_stage_changes') }} as changes
        where changes.changed_at is not null
    )
qualify
    row_number() over (partition by members.opportunity_id order by precedence.rank, records.record_key) = 1
