{#-
    The forecast category of a deal in one vocabulary: closed, commit, best_case, pipeline, omitted. Salesforce's
    history has the API's names (Forecast is commit, MostLikely counts as best case), its stages the labels. HubSpot's
    stages have none; there the probability says: 90% and more is commit, 60% and more best case.
-#}
{% macro forecast_category(category, is_closed, is_won, probability) -%}
    case
        when {{ is_closed }} and {{ is_won }} then 'closed'
        when {{ is_closed }} then 'omitted'
        when lower({{ category }}) in ('forecast', 'commit') then 'commit'
        when lower({{ category }}) in ('bestcase', 'best case', 'mostlikely', 'most likely') then 'best_case'
        when lower({{ category }}) = 'pipeline' then 'pipeline'
        when lower({{ category }}) in ('omitted', 'closed') then 'omitted'
        when {{ probability }} >= 0.9 then 'commit'
        when {{ probability }} >= 0.6 then 'best_case'
        else 'pipeline'
    end
{%- endmacro %}

{#- The instant at which a day begins in a zone of the run's: days of 23 and of 25 hours have their own length. -#}
{% macro day_begins(day, zone='business_zone') -%}
    (cast({{ day }} as timestamp) at time zone {{ run_value(zone) }})
{%- endmacro %}

{#- The first day of the quarter of a date. -#}
{% macro quarter_of(day) -%}
    cast(date_trunc('quarter', {{ day }}) as date)
{%- endmacro %}

{#- A name, with the id where several have it; the id where there is none. -#}
{% macro told_apart(name, id) -%}
    case
        when {{ name }} is null then {{ id }}
        when count(*) over (partition by {{ name }}) > 1 then {{ name }} || ' (' || {{ id }} || ')'
        else {{ name }}
    end
{%- endmacro %}

{#- A bound of Wilson's score interval of 95% for `successes` of `trials`; `side` is - or +. -#}
{% macro wilson(successes, trials, side) -%}
    least(1.0, greatest(0.0,
        ({{ successes }} + 1.920729) / nullif({{ trials }} + 3.841459, 0)
        {{ side }} 1.959964 / nullif({{ trials }} + 3.841459, 0)
        * sqrt({{ successes }} * (1.0 - cast({{ successes }} as double) / nullif({{ trials }}, 0)) + 0.960365)
    ))
{%- endmacro %}

{#-
    Days from creation to close. Salesforce knows the day of a close only, so a deal may close on its first day, by the
    business's calendar, before it was created: that took no time. One that closed on an earlier day has a wrong date
    and no cycle; data_findings and data quality name it.
-#}
{% macro cycle_days(created_at, closed_at, close_date) -%}
    case
        when {{ closed_at }} >= {{ created_at }} then {{ days_between(created_at, closed_at) }}
        when {{ close_date }} >= cast({{ created_at }} at time zone {{ run_value('business_zone') }} as date) then 0.0
    end
{%- endmacro %}

{#-
    Whether a deal can be won or lost. One of a negative amount cannot: it is a refund that was booked as a deal of its own, or a
    mistake (data_findings names it). It lowers revenue where it was booked, and wins and loses nobody.
-#}
{% macro is_sale(amount) -%}
    coalesce({{ amount }} >= 0, true)
{%- endmacro %}

{#- What an open state of a deal is worth by its probability, with four places. -#}
{% macro weighted_amount(states='') -%}
    cast({{ states }}amount_converted * cast({{ states }}probability as decimal(9, 6)) as decimal(18, 4))
{%- endmacro %}

{#- Segments as grouping sets: each of `cuts` by itself and all together, times each of `by`. -#}
{% macro segment_sets(cuts, by) -%}
    grouping sets (
        {%- for always in by %}
        ({{ always | join(', ') }})
        {%- for cut in cuts %},
        ({{ (always + [cut]) | join(', ') }})
        {%- endfor %}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    )
{%- endmacro %}

{#- Which segment a row of `segment_sets` is, and of whom. -#}
{% macro segment_columns(cuts) -%}
    case {% for cut in cuts %}when grouping({{ cut }}) = 0 then '{{ cut }}' {% endfor %}else 'all' end as segment,
    case {% for cut in cuts %}when grouping({{ cut }}) = 0 then {{ cut }} {% endfor %}else 'all' end as segment_value
{%- endmacro %}

{#-
    The three ways in which config may name the stage of a row of `used`, tried in this order: within its pipeline, by the vendor's id,
    by its label. The model has `rules.stages` as `mapped_stages`, in lower case.
-#}
{% macro stages_as_mapped(used, label) -%}
    left join mapped_stages as by_pipeline
        on
            {{ used }}.vendor = by_pipeline.vendor
            and {{ used }}.pipeline = by_pipeline.pipeline
            and lower({{ used }}.stage) = by_pipeline.stage
    left join mapped_stages as by_id
        on {{ used }}.vendor = by_id.vendor and by_id.pipeline = '*' and lower({{ used }}.stage) = by_id.stage
    left join mapped_stages as by_label
        on {{ used }}.vendor = by_label.vendor and by_label.pipeline = '*' and lower({{ label }}) = by_label.stage
{%- endmacro %}

{% macro canonical_stage() -%}
    coalesce(by_pipeline.canonical_stage, by_id.canonical_stage, by_label.canonical_stage, 'unmapped')
{%- endmacro %}
