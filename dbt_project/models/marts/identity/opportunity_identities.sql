{{ config(
    materialized='incremental', unique_key='record_key', on_schema_change='fail',
    follows=['int_opportunity_members', 'int_opportunity_records'],
    through={
        'int_opportunities': '
            select members.record_key as owner
            from {int_opportunity_members} as members
            where members.opportunity_id in {due}'
    }
) }}

select
    members.record_key,
    records.vendor as source,
    records.object as source_object,
    records.record_id as source_id,
    members.opportunity_id,
    members.matched_by,
    members.match_probability,
    members.joined_at,
    members.through_key as through_record_key,
    coalesce(deals.amount_from = members.record_key, false) as supplies_amount,
    coalesce(deals.stage_from = members.record_key, false) as supplies_stage,
    coalesce(deals.close_date_from = members.record_key, false) as supplies_close_date,
    coalesce(deals.owner_from = members.record_key, false) as supplies_owner
from {{ ref('int_opportunity_members') }} as members
inner join {{ ref('int_opportunity_records') }} as records on members.record_key = records.record_key
inner join {{ ref('int_opportunities') }} as deals on members.opportunity_id = deals.opportunity_id
where {{ is_owner_due('members.record_key') }}
