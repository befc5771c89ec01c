select
    replace(vendor, '_', ' ') as connection,
    org,
    case when is_up then 'well' when is_up is null then 'not asked yet' else coalesce(message, 'does not answer') end as state,
    milliseconds,
    case when day_left is not null then format('{:,} of {:,}', day_left, day_limit) else 'not told' end as calls_left,
    strftime(last_success_at at time zone 'UTC', '%Y-%m-%d %H:%M') as extracted_until,
    round(hours_behind, 1) as hours_behind,
    unread_tables,
    strftime(probed_at at time zone 'UTC', '%Y-%m-%d %H:%M') as asked_at
from marts.connection_health
order by vendor
