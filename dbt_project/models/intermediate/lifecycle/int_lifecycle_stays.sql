with changes as (
    select
        *,
        row_number() over (partition by record_key order by changed_at asc, value asc, how asc) as change
    from {{ ref('int_lifecycle_changes') }}
),

-- Being given the stage one has is no entry.
entries as (
    select *
    from changes
    qualify
        change = 1 or lower(value) is distinct from lag(lower(value)) over (partition by record_key order by change)
),

-- Leads that were converted are qualified by sales, whatever the status is called.
placed as (
    select
        entries.*,
        members.person_id,
        coalesce(
            lifecycle.canonical_stage,
            case
                when entries.how = 'conversion' then 'sales_qualified_lead'
                when entries.value is null then defaults.canonical_stage
            end,
            'unmapped'
        ) as canonical_stage
    from entries
    inner join {{ ref('int_person_members') }} as members on entries.record_key = members.record_key
    left join {{ source('rules', 'lifecycle') }} as lifecycle
        on
            entries.vendor = lifecycle.vendor
            and entries.object = lifecycle.object
            and lifecycle.is_read
            and lower(entries.value) = lower(lifecycle.value)
    left join {{ source('rules', 'lifecycle_defaults') }} as defaults
        on entries.vendor = defaults.vendor and entries.object = defaults.object
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
from placed
