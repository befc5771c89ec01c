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

-- What a connector ties is said by it alone.
mirrored as (
    select kept.*
    from in_step as kept
    where
        kept.record_key not in (select linked.record_key from linked)
        and kept.value not in (select linked.value from linked)
        and kept.value not in (select linked.record_key from linked)
        and kept.record_key not in (select linked.value from linked)
),

tied as (
    select
        record_key,
        value
    from linked
    union all
    select
        value,
        record_key
    from linked
    union all
    select
        record_key,
        value
    from mirrored
    union all
    select
        value,
        record_key
    from mirrored
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
    select * from linked
    union all
    select * from mirrored
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
