-- A record that a sync set out to change is a success when every one of its fields was confirmed; an action is
-- one by itself.
with records as (
    select
        sync,
        run_id,
        coalesce(nullif(action_key, ''), record_key) as subject,
        count(*) as fields,
        bool_and(state = 'confirmed') as is_written,
        bool_or(
            state in ('rejected', 'unknown')
            or (state = 'intended' and coalesce(code, '') not in ('', 'NOT_SENT'))  -- refused for now
        ) as is_failed,
        min(intended_at) as intended_at
    from {{ source('ops', 'journal') }}
    group by sync, run_id, subject
),

requests as (
    select
        sync,
        run_id,
        nullif(count(distinct nullif(request_id, '')), 0) as api_calls
    from {{ source('ops', 'journal') }}
    group by sync, run_id
),

health as (
    select
        sync,
        run_id,
        min(intended_at) as started_at,
        count(*) as planned,
        count(*) filter (where is_written) as written,
        count(*) filter (where is_failed) as failed,
        count(*) filter (where not is_written and not is_failed) as skipped,
        cast(sum(fields) as bigint) as fields
    from records
    group by sync, run_id
)

select
    health.sync,
    health.run_id,
    health.started_at,
    health.planned,
    health.written,
    health.failed,
    health.skipped,
    health.fields,
    cast(health.written as double) / nullif(health.written + health.failed, 0) as success_rate,
    requests.api_calls
from health
left join requests on health.sync = requests.sync and health.run_id = requests.run_id
