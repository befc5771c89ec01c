-- A refresh of the window that left no probe of a connection is unknown: due, and not up.
with probes as (
    select
        vendor,
        run_id,
        bool_and(ok) as is_up,
        min(probed_at) as probed_at,
        min(message) filter (where not ok) as message
    from {{ source('ops', 'probes') }}
    where probed_at >= {{ window_starts() }} and probed_at < {{ window_ends() }}
    group by vendor, run_id
),

runs as (
    select run_id
    from {{ source('ops', 'runs') }}
    where kind = 'refresh' and started_at >= {{ window_starts() }} and started_at < {{ window_ends() }}
    union
    select run_id
    from probes
),

counted as (
    select
        connections.vendor,
        count(runs.run_id) as due,
        count(*) filter (where probes.is_up) as up,
        count(*) filter (where not probes.is_up) as down,
        count(*) filter (where runs.run_id is not null and probes.run_id is null) as unknown
    from {{ source('rules', 'connections') }} as connections
    left join runs on true
    left join probes on connections.vendor = probes.vendor and runs.run_id = probes.run_id
    group by connections.vendor
)

select
    *,
    cast(up as double) / nullif(due, 0) as uptime
from counted
