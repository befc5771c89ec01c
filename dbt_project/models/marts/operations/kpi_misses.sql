-- What keeps each KPI from being perfect, row by row.
select
    'sync_success_rate' as kpi,
    sync as object,
    -- What was to be made has no record yet: it is told by its action.
    coalesce(nullif(record_key, ''), action_key) as subject,
    max(attempted_at) as happened_at,
    reason
from {{ ref('int_sync_rows') }}
where not is_confirmed
group by sync, coalesce(nullif(record_key, ''), action_key), reason

union all

select
    'lead_response_time' as kpi,
    coalesce(owner_id, 'unowned') as object,
    person_id as subject,
    assigned_at as happened_at,
    case when is_waiting then 'waits since ' else 'answered after ' end || business_minutes || ' business minutes'
        as reason
from {{ ref('lead_response_times') }}
where not within_sla and assigned_at >= {{ window_starts() }} and assigned_at < {{ window_ends() }}

union all

select
    'data_quality_score' as kpi,
    object,
    record_id as subject,
    cast(null as timestamptz) as happened_at,
    dimension || ': ' || field as reason
from {{ ref('int_quality_answers') }}

union all

select
    'attribution_coverage' as kpi,
    deals.reason as object,
    deals.opportunity_id as subject,
    cast(deals.close_date as timestamp) at time zone 'UTC' as happened_at,
    'won without a touch that covers it: ' || coalesce(deals.amount_converted, 0) as reason
from {{ ref('attribution_coverage') }} as deals
cross join {{ source('rules', 'run') }} as run
where
    not deals.is_covered
    and {{ is_sale('deals.amount_converted') }}
    and deals.close_date between run.business_date - run.window_days + 1 and run.business_date

union all

select
    'handoff_completion' as kpi,
    handoff as object,
    handoff_id as subject,
    offered_at as happened_at,
    state || coalesce(': ' || nullif(reason, ''), '') as reason
from {{ ref('handoffs') }} as handoffs
where
    not {{ is_handoff_complete('handoffs') }}
    and offered_at >= {{ window_starts() }}
    and offered_at < {{ window_ends() }}

union all

select
    'integration_uptime' as kpi,
    vendor as object,
    run_id as subject,
    min(probed_at) as happened_at,
    coalesce(nullif(message, ''), 'no answer') as reason
from {{ source('ops', 'probes') }}
where not ok and probed_at >= {{ window_starts() }} and probed_at < {{ window_ends() }}
group by vendor, run_id, message

union all

select
    'integration_uptime' as kpi,
    connections.vendor as object,
    runs.run_id as subject,
    runs.started_at as happened_at,
    'no probe: unknown' as reason
from {{ source('ops', 'runs') }} as runs
cross join {{ source('rules', 'connections') }} as connections
where
    runs.kind = 'refresh'
    and runs.started_at >= {{ window_starts() }}
    and runs.started_at < {{ window_ends() }}
    and not exists (
        select 1
        from {{ source('ops', 'probes') }} as probes
        where probes.run_id = runs.run_id and probes.vendor = connections.vendor
    )
