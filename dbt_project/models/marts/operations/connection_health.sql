-- How each connection is, by its latest probe, whoever asked: an extract, crm doctor or Dagster's check. Calls left are of
-- the last probe that was told them.
with latest as (
    select
        vendor,
        arg_max(ok, probed_at) as is_up,
        max(probed_at) as probed_at,
        arg_max(milliseconds, probed_at) as milliseconds,
        nullif(arg_max(coalesce(message, ''), probed_at), '') as message,
        arg_max(org, probed_at) filter (where org is not null) as org,
        arg_max(day_limit, probed_at) filter (where day_left is not null) as day_limit,
        arg_max(day_left, probed_at) filter (where day_left is not null) as day_left
    from {{ source('ops', 'probes') }}
    group by vendor
),

by_table as (
    select
        vendor,
        table_name,
        max(window_to) as window_to,
        min(run_id) as first_run,
        min(loaded_at) as tried_at,
        arg_max(status, run_id) as standing
    from {{ source('ops', 'loads') }}
    group by vendor, table_name
),

by_run as (
    select
        vendor,
        run_id,
        max(window_to) as run_to
    from {{ source('ops', 'loads') }}
    group by vendor, run_id
),

-- A table that was never read is behind since the run that tried it first.
read_until as (
    select
        by_table.vendor,
        coalesce(
            min(coalesce(by_table.window_to, by_run.run_to, by_table.tried_at)) filter (where by_table.standing = 'stale'),
            max(by_table.window_to)
        ) as last_success_at,
        count(*) filter (where by_table.standing = 'stale') as unread_tables
    from by_table
    left join by_run on by_table.vendor = by_run.vendor and by_table.first_run = by_run.run_id
    group by by_table.vendor
)

select
    connections.vendor,
    coalesce(latest.org, connections.org_id) as org,
    latest.is_up,
    latest.probed_at,
    latest.milliseconds,
    latest.message,
    latest.day_limit,
    latest.day_left,
    read_until.last_success_at,
    case
        when read_until.last_success_at <= latest.probed_at
            then (epoch(latest.probed_at) - epoch(read_until.last_success_at)) / 3600
        when read_until.last_success_at is not null then 0
    end as hours_behind,
    coalesce(read_until.unread_tables, 0) as unread_tables,
    uptime.uptime
from {{ source('rules', 'connections') }} as connections
left join latest on connections.vendor = latest.vendor
left join read_until on connections.vendor = read_until.vendor
left join {{ ref('connection_uptime') }} as uptime on connections.vendor = uptime.vendor
