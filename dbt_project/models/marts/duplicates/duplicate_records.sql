with deals_of_records as (
    select
        duplicate_id,
        record_key,
        count(*) as open_opportunities
    from {{ ref('int_duplicate_deals') }}
    group by duplicate_id, record_key
),

-- A deal that hangs on two of the records is one deal.
deals_of_groups as (
    select
        duplicate_id,
        count(*) as open_opportunities,
        sum(amount_converted) as open_pipeline_converted
    from (
        select distinct
            duplicate_id,
            opportunity_id,
            amount_converted
        from {{ ref('int_duplicate_deals') }}
    ) as deals
    group by duplicate_id
),

linked as (
    select record_key
    from {{ ref('int_person_keys') }}
    where kind = 'connector'
    union
    select value as record_key
    from {{ ref('int_person_keys') }}
    where kind = 'connector'
    union
    select record_key
    from {{ ref('int_account_keys') }}
    where kind = 'connector'
    union
    select value as record_key
    from {{ ref('int_account_keys') }}
    where kind = 'connector'
),

weighed as (
    select
        duplicates.*,
        coalesce(deals.open_opportunities, 0) as deals_here,
        linked.record_key is not null as is_linked,
        coalesce(activities.activities, 0) as activities_here,
        activities.last_activity_at
    from {{ ref('int_duplicate_records') }} as duplicates
    left join deals_of_records as deals
        on duplicates.duplicate_id = deals.duplicate_id and duplicates.record_key = deals.record_key
    left join linked on duplicates.record_key = linked.record_key
    left join {{ ref('int_duplicate_activities') }} as activities on duplicates.record_key = activities.record_key
),

-- The record to keep: what hangs on it, before how good it looks, before its age.
placed as (
    select
        *,
        row_number() over (
            partition by duplicate_id
            order by
                deals_here desc, is_linked desc, activities_here desc, filled desc, created_at asc nulls last, record_key asc
        ) as place
    from weighed
),

survivors as (
    select
        best.*,
        case
            when best.deals_here > next_best.deals_here then 'it has the most open deals'
            when best.is_linked and not next_best.is_linked then 'the other CRM is tied to it'
            when best.activities_here > next_best.activities_here then 'most has happened with it'
            when best.filled > next_best.filled then 'it is the most complete'
            when best.created_at < next_best.created_at or next_best.created_at is null then 'it is the oldest'
            else 'nothing tells them apart; it has the first id'
        end as reason
    from placed as best
    inner join placed as next_best on best.duplicate_id = next_best.duplicate_id and next_best.place = 2
    where best.place = 1
),

totals as (
    select
        placed.duplicate_id,
        count(*) as records,
        count(distinct placed.owner_id) as owners,
        coalesce(any_value(deals.open_opportunities), 0) as open_opportunities,
        cast(coalesce(any_value(deals.open_pipeline_converted), 0) as decimal(18, 2)) as open_pipeline_converted,
        sum(placed.activities_here) as activities,
        max(placed.last_activity_at) as last_activity_at
    from placed
    left join deals_of_groups as deals on placed.duplicate_id = deals.duplicate_id
    group by placed.duplicate_id
),

-- First where an open deal has two owners, then where there are open deals, by money, then two owners, then activity.
ranked as (
    select
        totals.*,
        row_number() over (
            order by
                (totals.open_opportunities > 0 and totals.owners > 1) desc,
                (totals.open_opportunities > 0) desc,
                totals.open_pipeline_converted desc,
                totals.open_opportunities desc,
                (totals.owners > 1) desc,
                totals.activities desc,
                survivors.certainty desc,
                totals.duplicate_id asc
        ) as rank
    from totals
    inner join survivors on totals.duplicate_id = survivors.duplicate_id
)

select
    ranked.rank,
    ranked.duplicate_id,
    placed.entity,
    placed.certainty,
    placed.matched_by,
    placed.match_probability,
    placed.vendor as source,
    placed.object as source_object,
    placed.record_id as source_id,
    placed.record_key,
    placed.name,
    placed.address,
    placed.owner_id,
    placed.id,
    survivors.record_id as survivor_id,
    survivors.record_key as survivor_record_key,
    survivors.name as survivor_name,
    survivors.owner_id as survivor_owner_id,
    survivors.reason as survivor_reason,
    ranked.records,
    ranked.open_opportunities,
    ranked.open_pipeline_converted,
    {{ run_value('company_currency') }} as currency_converted,
    ranked.owners,
    ranked.owners > 1 as has_owner_conflict,
    cast(ranked.activities as bigint) as activities,
    ranked.last_activity_at,
    'open deals ' || ranked.open_opportunities || ' (' || ranked.open_pipeline_converted || '), owners '
    || ranked.owners || ', activities ' || ranked.activities as damage
from placed
inner join survivors on placed.duplicate_id = survivors.duplicate_id
inner join ranked on placed.duplicate_id = ranked.duplicate_id
where placed.place > 1
