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
        zones.zone,
        greatest(waits.assigned_at, coalesce(waits.first_contact_at, {{ run_value('as_of') }})) as ended_at
    from {{ ref('int_lead_waits') }} as waits
    left join zones as own on waits.owner_id = own.calendar
    inner join zones on zones.calendar = coalesce(own.calendar, '')
),

spans as (
    select
        calendar,
        zone,
        date_trunc('day', min(assigned_at at time zone zone)) as first_day,
        date_trunc('day', max(ended_at at time zone zone)) as last_day
    from bounds
    group by calendar, zone
),

days as (
    select
        spans.calendar,
        spans.zone,
        cast(series.day as date) as day
    from spans
    cross join unnest(generate_series(spans.first_day, spans.last_day, interval 1 day)) as series (day)
),

-- From when to when each block of a day is open, as moments: on the days on which clocks are set forward or back a
-- block over that hour has one less or one more.
hours_of_days as (
    select
        days.calendar,
        days.day,
        hours.weekday is not null as is_open,
        (cast(days.day as timestamp) + to_minutes(hours.opens_minute)) at time zone days.zone as opens,
        (cast(days.day as timestamp) + to_minutes(hours.closes_minute)) at time zone days.zone as closes
    from days
    left join {{ source('rules', 'calendar_holidays') }} as holidays
        on days.calendar = holidays.calendar and days.day = holidays.day
    left join {{ source('rules', 'calendars') }} as hours
        on days.calendar = hours.calendar and isodow(days.day) = hours.weekday and holidays.day is null
),

-- Of each day of a calendar its blocks of hours, and the minutes open before it: a wait is a difference of two sums.
opened as (
    select
        calendar,
        day,
        list(struct_pack(opens := opens, closes := closes)) filter (where is_open) as blocks,
        coalesce(sum(epoch(closes) - epoch(opens)), 0) / 60 as minutes
    from hours_of_days
    group by calendar, day
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
        cast(floor(
            ending.minutes_before
            + {{ open_minutes('ending.blocks', 'bounds.ended_at') }}
            - starting.minutes_before
            - {{ open_minutes('starting.blocks', 'bounds.assigned_at') }}
        ) as bigint) as business_minutes
    from bounds
    inner join counted as starting
        on bounds.calendar = starting.calendar and cast(bounds.assigned_at at time zone bounds.zone as date) = starting.day
    inner join counted as ending
        on bounds.calendar = ending.calendar and cast(bounds.ended_at at time zone bounds.zone as date) = ending.day
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
    {{ days_between('bounds.assigned_at', 'bounds.ended_at') }} * 24 as elapsed_hours,
    bounds.first_contact_at is null as is_waiting,
    -- Someone who still waits has not been answered in time once the time is over; before that it is open.
    case
        when bounds.first_contact_at is not null or coalesce(waited.business_minutes, 0) > target.minutes
            then coalesce(waited.business_minutes, 0) <= target.minutes
    end as within_sla
from bounds
left join target on true
left join waited on bounds.person_id = waited.person_id
