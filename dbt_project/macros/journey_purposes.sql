{#- What each journey writes for, whichever of its entries says so; no journey has two (`pipelines.rules.journeys`). -#}
{% macro journey_purposes() %}
    select
        journey,
        max(purpose) as purpose
    from {{ source('rules', 'journey_entries') }}
    where purpose is not null
    group by journey
{% endmacro %}
