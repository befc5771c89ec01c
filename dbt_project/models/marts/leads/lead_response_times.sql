-- Minutes are those of the owner's calendar (config/calendars.yml), and of the business's where they have none.
with zones as (
    select distinct
        calendar,
        zone
    from {{ source('rules', 'calendars') }}
),

bounds as (
    select
        waits.person_id,
        waits.owner_id,
        waits.assigned_at,
        waits.first_contact_at,
        zones.calendar,
        waits.assigned_at at time zone zones.zone as local_start,
        greatest(waits.assigned_at, coalesce(waits.first_contact_at, {{ run_value('as_of') }}))
        at time zone zones.zone as local_end
    from {{ ref('int_lead_waits') }} as waits
    left join zones as own on waits.owner_id = own.calendar
    inner join zones on zones.calendar = coalesce(own.calendar, '')
),

spans as (
    select
        calendar,
        date_trunc('day', min(local_start)) as first_day,
        date_trunc('day', max(local_end)) as last_day
    from bounds
    group by calendar
),

days as (
    select
        spans.calendar,
        cast(series.day as date) as day
    from spans
    cross join unnest(generate_series(spans.first_day, spans.last_day, interval 1 day)) as series (day)
),

-- Of each day of a calendar its blocks of hours, and the minutes open before it: a wait is a difference of two sums.
opened as (
    select
        days.calendar,
        days.day,
        list(struct_pack(opens := hours.opens_minute, closes := hours.closes_minute))
        filter (where hours.weekday is not null) as blocks,
        coalesce(sum(hours.closes_minute - hours.opens_minute), 0) as minutes
    from days
    left join {{ source('rules', 'calendar_holidays') }} as holidays
        on days.calendar = holidays.calendar and days.day = holidays.day
    left join {{ source('rules', 'calendars') }} as hours
        on days.calendar = hours.calendar and isodow(days.day) = hours.weekday and holidays.day is null
    group by days.calendar, days.day
),

counted as (
    select
        calendar,
        day,
        coalesce(blocks, []) as blocks,
        coalesce(
            sum(minutes) over (partition by calendar order by day rows between unbounded preceding and 1 preceding), 0
        ) as minutes_before
    from opened
),

waited as (
    select
        bounds.person_id,
        cast(
            ending.minutes_before
            + {{ open_minutes('ending.blocks', 'bounds.local_end') }}
            - starting.minutes_before
            - {{ open_minutes('starting.blocks', 'bounds.local_start') }} as bigint
        ) as business_minutes
    from bounds
    inner join counted as starting
        on bounds.calendar = starting.calendar and cast(bounds.local_start as date) = starting.day
    inner join counted as ending
        on bounds.calendar = ending.calendar and cast(bounds.local_end as date) = ending.day
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
