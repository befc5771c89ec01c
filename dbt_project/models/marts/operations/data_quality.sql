-- How often each check was asked and held; what does not hold, record by record, is in kpi_misses.
with asked as (
    {% for object, key, dimension, field, asked, held in quality_checks() %}
        select
            '{{ object }}' as object,
            '{{ dimension }}' as dimension,
            '{{ field }}' as field,
            count(*) filter (where {{ asked }}) as asked
        from {{ ref(object) }}
        union all
    {%- endfor %}
    select
        'unified_leads' as object,
        'accuracy' as dimension,
        'lead_score in both CRMs' as field,
        count(*) as asked
    from {{ ref('int_scores_in_both') }}

    union all

    select
        {{ mart_of('entity') }} as object,
        'accuracy' as dimension,
        field,
        cast(sum(pairs) as bigint) as asked
    from {{ source('ops', 'mapped_fields') }}
    group by entity, field
),

missed as (
    select
        object,
        dimension,
        field,
        count(*) as missed
    from {{ ref('int_quality_answers') }}
    group by object, dimension, field
)

select
    asked.object,
    asked.dimension,
    asked.field,
    asked.asked,
    asked.asked - coalesce(missed.missed, 0) as held,
    cast(asked.asked - coalesce(missed.missed, 0) as double) / nullif(asked.asked, 0) as share
from asked
left join missed
    on asked.object = missed.object and asked.dimension = missed.dimension and asked.field = missed.field
