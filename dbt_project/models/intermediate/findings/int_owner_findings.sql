with opportunities as (
    select
        *,
        coalesce(opportunity_id_salesforce, opportunity_id_hubspot) as example_id,
        case when vendor = 'salesforce' then 'Opportunity' else 'deals' end as object
    from {{ ref('int_opportunities') }}
)

-- Members of teams answer for records; an owner outside of every team is nobody's responsibility.
select
    'owner_in_no_team' as finding,
    owners.vendor,
    case when owners.vendor = 'salesforce' then 'User' else 'owners' end as object,
    coalesce(owners.email, owners.source_id) as example_id
from {{ ref('int_owner_records') }} as owners
where
    owners.is_active
    and owners.owner_id in (select o.owner_id from opportunities as o)
    and coalesce(owners.email, '') not in (
        select members.member_email from {{ source('rules', 'team_members') }} as members
    )

union all

select
    'owner_unknown' as finding,
    vendor,
    object,
    example_id
from opportunities
where owner_id like '%:unknown-owner:%'

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

union all

select
    'owner_inactive' as finding,
    opportunities.vendor,
    opportunities.object,
    opportunities.example_id
from opportunities
inner join {{ ref('int_owners') }} as owners on opportunities.owner_id = owners.owner_id
where not opportunities.is_closed and not owners.is_active
