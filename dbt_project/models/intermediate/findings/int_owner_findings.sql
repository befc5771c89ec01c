-- Members of teams answer for records; an owner outside of every team is nobody's responsibility.
select
    'owner_in_no_team' as finding,
    owners.vendor,
    case when owners.vendor = 'salesforce' then 'User' else 'owners' end as object,
    coalesce(owners.email, owners.source_id) as example_id
from {{ ref('int_owner_records') }} as owners
where
    owners.is_active
    and owners.owner_id in (select deals.owner_id from {{ ref('int_opportunities') }} as deals)
    and coalesce(owners.email, '') not in (
        select members.member_email from {{ source('rules', 'team_members') }} as members
    )

union all

select
    'owner_unknown' as finding,
    records.vendor,
    records.object,
    records.record_id as example_id
from {{ ref('int_person_records') }} as records
left join {{ ref('int_owner_records') }} as owners
    on records.vendor = owners.vendor and records.owner_source_id = owners.source_id
where
    coalesce(records.owner_source_id, '') != ''
    and not records.is_queue_owned
    and owners.source_id is null
