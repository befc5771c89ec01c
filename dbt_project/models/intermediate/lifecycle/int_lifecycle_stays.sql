{{ config(
    materialized='incremental', unique_key='person_id',
    through={
        'int_lifecycle_changes': people_with('{due}'),
        'int_person_members': people_moved()
    }
) }}
with qualified_by_sales as (
    select min(position) as position
    from {{ source('rules', 'lifecycle') }}
    where canonical_stage = 'sales_qualified_lead'
),

members as (
    {{ members_due() }}
),

-- Leads that were converted are at least qualified by sales, whatever the status is called.
placed as (
    select
        changes.*,
        members.person_id,
        case
            when changes.how = 'conversion' and coalesce(lifecycle.position, 0) < coalesce(qualified.position, 1)
                then 'sales_qualified_lead'
            when changes.value is null then coalesce(defaults.canonical_stage, 'unmapped')
            else coalesce(lifecycle.canonical_stage, 'unmapped')
        end as canonical_stage,
        row_number() over (
            partition by changes.record_key order by changes.changed_at asc, changes.value asc, changes.how asc
        ) as change
    from {{ ref('int_lifecycle_changes') }} as changes
    inner join members on changes.record_key = members.record_key
    cross join qualified_by_sales as qualified
    left join {{ source('rules', 'lifecycle') }} as lifecycle
        on
            changes.vendor = lifecycle.vendor
            and changes.object = lifecycle.object
            and lifecycle.is_read
            and lower(changes.value) = lower(lifecycle.value)
    left join {{ source('rules', 'lifecycle_defaults') }} as defaults
        on changes.vendor = defaults.vendor and changes.object = defaults.object
),

-- Being given the stage one has is no entry.
entries as (
    select *
    from placed
    qualify
        change = 1
        or lower(value) is distinct from lag(lower(value)) over (partition by record_key order by change)
        or canonical_stage != lag(canonical_stage) over (partition by record_key order by change)
)

select
    person_id,
    record_key,
    vendor,
    object,
    row_number() over (partition by record_key order by change) as stay,
    value as vendor_stage,
    canonical_stage,
    changed_at as entered_at,
    lead(changed_at) over (partition by record_key order by change) as left_at,
    how as entered_how,
    row_number() over (
        partition by
            record_key, canonical_stage, case when canonical_stage = 'unmapped' then lower(value) end
        order by change
    ) > 1 as is_reentry
from entries
