with linked as (
    select
        deals.record_key,
        'connector' as kind,
        deals.linked_record_key as value
    from {{ ref('int_opportunity_records') }} as deals
    inner join {{ ref('int_opportunity_records') }} as opportunities
        on deals.linked_record_key = opportunities.record_key
),

merged as (
    select
        survivor_key as record_key,
        'merge' as kind,
        merged_key as value
    from {{ ref('int_merges') }}
    where object = 'deals'
),

in_step as (
    {{ mirrored_keys(ref('int_opportunity_records')) }}
),

connected as (
    select unnest([record_key, value]) as record_key
    from linked
),

-- What a connector ties is said by it alone.
kept as (
    select * from linked
    union all
    select in_step.*
    from in_step
    where
        in_step.record_key not in (select connected.record_key from connected)
        and in_step.value not in (select connected.record_key from connected)
),

tied as (
    select
        unnest([record_key, value]) as record_key,
        unnest([value, record_key]) as value
    from kept
),

-- What is tied already is not tied to another besides.
composites as (
    select
        pairs.left_key as record_key,
        'composite' as kind,
        pairs.right_key as value
    from {{ ref('int_opportunity_pairs') }} as pairs
    where
        pairs.is_exact
        and not exists (
            select 1
            from tied
            where tied.record_key = pairs.left_key and tied.value != pairs.right_key
        )
        and not exists (
            select 1
            from tied
            where tied.record_key = pairs.right_key and tied.value != pairs.left_key
        )
),

unioned as (
    select * from kept
    union all
    select * from merged
    union all
    select * from composites
)

select distinct
    record_key,
    kind,
    value
from unioned
where value is not null
