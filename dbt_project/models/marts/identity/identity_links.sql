with linked as (
    select
        'person' as entity,
        members.person_id as id,
        links.*
    from {{ ref('int_person_links') }} as links
    inner join {{ ref('int_person_members') }} as members
        on members.record_key in (links.left_key, links.right_key)
    where links.verdict = 'joined'

    union all

    select
        'account' as entity,
        members.account_id as id,
        links.*
    from {{ ref('int_account_links') }} as links
    inner join {{ ref('int_account_members') }} as members
        on members.record_key in (links.left_key, links.right_key)
    where links.verdict = 'joined'

    union all

    select
        'opportunity' as entity,
        members.opportunity_id as id,
        links.*
    from {{ ref('int_opportunity_links') }} as links
    inner join {{ ref('int_opportunity_members') }} as members
        on members.record_key in (links.left_key, links.right_key)
    where links.verdict = 'joined'
)

select distinct
    {{ short_hash("concat_ws('|', entity, left_key, right_key, kind, value)") }} as link_id,
    entity,
    id,
    left_key,
    right_key,
    kind,
    value,
    match_probability,
    match_weight,
    waterfall
from linked
