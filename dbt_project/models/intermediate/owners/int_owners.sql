with ranked as (
    select
        *,
        row_number() over (partition by owner_id order by is_active desc, record_key asc) as place
    from {{ ref('int_owner_records') }}
),

teams as (
    select
        member_email,
        min(team) as team
    from {{ source('rules', 'team_members') }}
    group by member_email
),

owners as (
    select
        owner_id,
        {{ pick('email', 'place') }} as email,
        {{ pick('full_name', 'place') }} as full_name,
        bool_or(is_active) as is_active,
        -- Of who is active nowhere any more: what was changed last of them is that.
        case when not bool_or(is_active) then max(updated_at) end as left_at,
        arg_min(source_id, place) filter (where vendor = 'hubspot' and is_active) as owner_id_hubspot,
        arg_min(source_id, place) filter (where vendor = 'salesforce' and is_active) as owner_id_salesforce
    from ranked
    group by owner_id
)

select
    owners.*,
    teams.team
from owners
left join teams on owners.email = teams.member_email
