{#- A date as the first instant of that day in UTC, and the day of an instant there: without looking for a zone. -#}
{% macro utc_midnight(date_expression) -%}
    make_timestamptz(epoch_us(cast({{ date_expression }} as timestamp)))
{%- endmacro %}

{% macro utc_day(moment) -%}
    cast(make_timestamp(epoch_us({{ moment }})) as date)
{%- endmacro %}

{#- The day of an instant in a zone by the offset that `int_zone_days` has of its day in UTC; else by looking for the zone. -#}
{% macro day_by_offset(moment, offset, zone='business_zone') -%}
    cast(
        case
            when {{ offset }} is not null then make_timestamp(epoch_us({{ moment }}) + {{ offset }})
            else {{ moment }} at time zone {{ run_value(zone) }}
        end as date
    )
{%- endmacro %}

{#-
    The day of what happened, in a zone of the run's: the business's, or that of Salesforce's days. What is known by its day
    only (`is_day`) has the day that was written, which stands as its first instant in UTC.
-#}
{% macro day_of(moment, is_day, zone='business_zone') -%}
    cast(
        {{ moment }} at time zone case when {{ is_day }} then 'UTC' else {{ run_value(zone) }} end as date
    )
{%- endmacro %}

{#- Days between two instants, with fractions. -#}
{% macro days_between(earlier, later) -%}
    {{ adapter.dispatch('days_between')(earlier, later) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }})) / 86400000000.0
{%- endmacro %}

{#- The one value of a column of `rules.run`: the models' clock and its settings. -#}
{% macro run_value(column) -%}
    (select run.{{ column }} from {{ source('rules', 'run') }} as run)
{%- endmacro %}

{#- A moment, or null when it lies within a minute of one of a list of moments (which may be null). -#}
{%- macro unless_near(moment, moments) -%}
    case
        when
            coalesce(
                list_bool_or(list_transform({{ moments }}, lambda m: abs(epoch(m) - epoch({{ moment }})) <= 60)), false
            )
            then null
        else {{ moment }}
    end
{%- endmacro -%}

{#-
    The first day of the month of an instant, in the business zone, or of its quarter. No zone is a day away from UTC: only about the
    ends of a month is it looked for, which costs several times the rest.
-#}
{% macro business_month(moment, part='month') -%}
    cast(
        date_trunc(
            '{{ part }}',
            case
                when day({{ utc_day(moment) }}) between 2 and 27 then {{ utc_day(moment) }}
                else cast({{ moment }} at time zone {{ run_value('business_zone') }} as date)
            end
        ) as date
    )
{%- endmacro %}

{#- Minutes of a day's blocks of hours, each from a moment to a moment, that had passed at another. -#}
{%- macro open_minutes(blocks, moment) -%}
    coalesce(list_sum(list_transform(
        {{ blocks }},
        lambda b: greatest(0, epoch(least({{ moment }}, b.closes)) - epoch(b.opens)) / 60
    )), 0)
{%- endmacro -%}

{#- The zone of a portal or org; UTC where it does not say, or says one that DuckDB does not know. -#}
{% macro own_zone(vendor) -%}
    coalesce(
        (
            select connections.time_zone
            from {{ source('rules', 'connections') }} as connections
            where
                connections.vendor = '{{ vendor }}'
                and connections.time_zone in (select zones.name from pg_timezone_names() as zones)
        ),
        'UTC'
    )
{%- endmacro %}
