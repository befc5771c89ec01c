-- What days are in the zones of the business and of Salesforce's people, for all of which somebody may have touched
-- somebody: to look a zone up for each of millions of instants is most of what telling their day costs.
with days as (
    select cast(days.day as date) as day
    from range(date '1990-01-01', date '2061-01-01', interval 1 day) as days (day)
),

offsets as (
    select
        day,
        {% for zone in ['business', 'salesforce'] -%}
            epoch_us({{ utc_midnight('day') }} at time zone {{ run_value(zone ~ '_zone') }}) - epoch_us(day) as {{ zone }}_offset,
        {% endfor -%}
        greatest({{ day_begins('day', 'salesforce_zone') }}, {{ day_begins('day') }}) as begun_at
    from days
)

select
    day,
    -- On a day on which the clocks are changed there is no one offset.
    {% for zone in ['business', 'salesforce'] -%}
        case
            when {{ zone }}_offset = lead({{ zone }}_offset) over (order by day) then {{ zone }}_offset
        end as {{ zone }}_offset,
    {% endfor -%}
    begun_at,
    cast(begun_at at time zone {{ run_value('business_zone') }} as date) as begun_on
from offsets
