{{ config(materialized='watched', unique_key=touched_record()) }}
-- Put on a list by hand or by an import; lists that fill themselves say nothing new of a person.
with prepared as (
    select
        lists.record_key as source_record_key,
        'member:' || members.record_id as kind,
        {{ record_key('hubspot', 'contacts', 'members.record_id') }} as record_key,
        members.added_at as occurred_at,
        lists.name as content,
        names.campaign_id,
        lists.name as match_value,
        cast(null as varchar) as detail
    from {{ ref('stg_hubspot__list_members') }} as members
    inner join {{ ref('stg_hubspot__lists') }} as lists on members.list_id = lists.list_id
    left join {{ ref('int_campaign_names') }} as names on {{ slug('lists.name') }} = names.key
    where
        lists.processing_type in ('MANUAL', 'SNAPSHOT')
        and lists.object_type_id = '0-1'
        and lists.deleted_at is null
),

channelled as (
    {{ with_channels('prepared', 'hubspot', 'list') }}
)

select
    *,
    'list_import' as touch_type,
    false as is_response
from channelled
