-- What was attempted in the window, by how its last attempt ended; and what waits: records that the last plan held back
-- and values that a CRM refused, whenever that was. Both are failures until they are resolved.
with attempts as (
    select
        sync,
        record_key,
        coalesce(action_key, '') as action_key,
        field,
        state,
        coalesce(nullif(message, ''), state) as message,
        intended_at
    from {{ source('ops', 'journal') }}
    where intended_at >= {{ window_starts() }} and intended_at < {{ window_ends() }}
    qualify
        row_number() over (
            partition by sync, record_key, coalesce(action_key, ''), field order by intended_at desc, change_id desc
        ) = 1
),

told as (
    select
        sync,
        record_key,
        action_key,
        state = 'confirmed' as is_confirmed,
        case when state != 'confirmed' then field || ': ' || message end as reason,
        intended_at as attempted_at
    from attempts
    union all
    select
        sync,
        record_key,
        '' as action_key,
        false as is_confirmed,
        'held: ' || reason as reason,
        cast(null as timestamptz) as attempted_at
    from {{ source('ops', 'held_rows') }}
    union all
    select
        sync,
        record_key,
        action_key,
        false as is_confirmed,
        field || ': ' || message as reason,
        failed_at as attempted_at
    from {{ source('ops', 'dead_letters') }}
    where released_at is null and category != 'undone'
)

select
    sync,
    record_key,
    action_key,
    bool_and(is_confirmed) as is_confirmed,
    min(reason) as reason,
    max(attempted_at) as attempted_at
from told
group by sync, record_key, action_key
