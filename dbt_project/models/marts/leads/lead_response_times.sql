with bounds as (
    select
        person_id,
        owner_id,
        assigned_at,
        first_contact_at,
        assigned_at at time zone {{ run_value('business_zone') }} as local_start,
        greatest(assigned_at, coalesce(first_contact_at, {{ run_value('as_of') }}))
        at time zone {{ run_value('business_zone') }} as local_end
    from {{ ref('int_lead_waits') }}
),

-- Each day of the wait, with the part of its opening hours that lies inside.
days as (
    select
        bounds.person_id,
        greatest(
            0,
            date_diff(
                'minute',
                greatest(bounds.local_start, days.day + to_minutes(hours.opens_minute)),
                least(bounds.local_end, days.day + to_minutes(hours.closes_minute))
            )
        ) as minutes
    from bounds
    cross join
        unnest(generate_series(
            date_trunc('day', bounds.local_start), date_trunc('day', bounds.local_end), interval 1 day
        )) as days (day)
    inner join {{ source('rules', 'opening_hours') }} as hours on isodow(days.day) = hours.weekday
),

waited as (
    select
        person_id,
        cast(sum(minutes) as bigint) as business_minutes
    from days
    group by person_id
),

target as (
    select target * 60 as minutes
    from {{ source('rules', 'kpis') }}
    where kpi = 'lead_response_time'
)

select
    bounds.person_id,
    bounds.owner_id,
    bounds.assigned_at,
    bounds.first_contact_at,
    coalesce(waited.business_minutes, 0) as business_minutes,
    {{ days_between('bounds.assigned_at', 'bounds.first_contact_at') }} * 24 as elapsed_hours,
    bounds.first_contact_at is null as is_waiting,
    -- Someone who still waits has not been answered in time once the time is over; before that it is open.
    case
        when bounds.first_contact_at is not null or coalesce(waited.business_minutes, 0) > target.minutes
            then coalesce(waited.business_minutes, 0) <= target.minutes
    end as within_sla
from bounds
left join target on true
left join waited on bounds.person_id = waited.person_id
