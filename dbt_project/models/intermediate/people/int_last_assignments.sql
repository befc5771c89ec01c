{{ config(tags=['activity']) }}

-- To whom each person was given last. An assignment made for somebody who was merged since holds for who they are now.
with assignments as (
    select
        coalesce(aliases.person_id, made.person_id) as person_id,
        lower(made.owner_email) as owner_email,
        made.previous_owner,
        made.sequence,
        made.decided_at,
        max(made.decided_at) over (partition by coalesce(aliases.person_id, made.person_id)) as last_decided_at
    from {{ source('decisions', 'assignments') }} as made
    left join {{ ref('int_person_aliases') }} as aliases on made.person_id = aliases.alias
    where made.state = 'assigned'
)

select
    person_id,
    arg_max(owner_email, coalesce(sequence, 0)) as owner_id,
    -- Whoever had the person when that was decided. Where several owners of one person have left, they are all
    -- decided about at one moment.
    list(distinct previous_owner order by previous_owner) filter (where previous_owner != '') as taken_from
from assignments
where decided_at = last_decided_at
group by person_id
