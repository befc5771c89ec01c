-- What each day's pipeline said a quarter would bring: what was won in it by then, and what was open and due in it. Days
-- that a run has seen are kept as it saw them (ops.forecast_days), for histories are edited, merged and deleted.
with days as (
    select
        snapshot_date,
        is_reconstructed,
        {{ day_begins('snapshot_date + 1') }} as ends_at
    from (
        select distinct
            snapshot_date,
            is_reconstructed
        from {{ ref('pipeline_snapshots') }}
        where snapshot_date not in (select kept.snapshot_date from {{ source('ops', 'forecast_days') }} as kept)
    ) as drawn
),

open_deals as (
    select
        snapshot_date,
        close_quarter as period,
        coalesce(owner_id, 'unowned') as owner_id,
        sum(amount_converted) filter (where forecast_category = 'commit') as commit_amount,
        sum(amount_converted) filter (where forecast_category = 'best_case') as best_case_amount,
        sum(amount_converted) filter (where forecast_category = 'pipeline') as pipeline_amount,
        sum(weighted_amount_converted) as weighted_amount
    from {{ ref('pipeline_snapshots') }}
    where close_quarter is not null and snapshot_date in (select days.snapshot_date from days)
    group by snapshot_date, close_quarter, coalesce(owner_id, 'unowned')
),

won_states as (
    select
        {{ quarter_of('close_date') }} as period,
        coalesce(owner_id, 'unowned') as owner_id,
        valid_from,
        coalesce(valid_to, timestamptz 'infinity') as valid_to,
        amount_converted
    from {{ ref('deal_states') }}
    where is_won and close_date is not null
),

-- A quarter's revenue is looked at from its first day on, for 400 days.
counting as (
    select
        period,
        owner_id,
        amount_converted,
        greatest(valid_from, {{ day_begins('period') }}) as counts_from,
        least(valid_to, {{ day_begins('period + 401') }}) as counts_to
    from won_states
),

-- Two bounds of one kind on each side are joined by sorting, not by comparing each day with each state.
won as (
    select
        days.snapshot_date,
        counting.period,
        counting.owner_id,
        sum(counting.amount_converted) as closed_amount
    from days
    inner join counting on days.ends_at > counting.counts_from and days.ends_at <= counting.counts_to
    group by days.snapshot_date, counting.period, counting.owner_id
),

by_owner as (
    select
        coalesce(open_deals.snapshot_date, won.snapshot_date) as snapshot_date,
        coalesce(open_deals.period, won.period) as period,
        coalesce(open_deals.owner_id, won.owner_id) as owner_id,
        coalesce(won.closed_amount, 0) as closed_amount,
        coalesce(open_deals.commit_amount, 0) as commit_amount,
        coalesce(open_deals.best_case_amount, 0) as best_case_amount,
        coalesce(open_deals.pipeline_amount, 0) as pipeline_amount,
        coalesce(open_deals.weighted_amount, 0) as weighted_amount
    from open_deals
    full outer join won
        on
            open_deals.snapshot_date = won.snapshot_date
            and open_deals.period = won.period
            and open_deals.owner_id = won.owner_id
),

summed as (
    select
        snapshot_date,
        period,
        case when grouping(owner_id) = 1 then 'all' else owner_id end as owner_id,
        cast(sum(closed_amount) as decimal(18, 2)) as closed_amount,
        cast(sum(commit_amount) as decimal(18, 2)) as commit_amount,
        cast(sum(best_case_amount) as decimal(18, 2)) as best_case_amount,
        cast(sum(pipeline_amount) as decimal(18, 2)) as pipeline_amount,
        cast(sum(weighted_amount) as decimal(18, 2)) as weighted_amount
    from by_owner
    group by grouping sets ((snapshot_date, period, owner_id), (snapshot_date, period))
)

select
    summed.snapshot_date,
    summed.period,
    cast(summed.period + interval 3 month - interval 1 day as date) as period_end,
    summed.owner_id,
    summed.closed_amount,
    summed.commit_amount,
    summed.best_case_amount,
    summed.pipeline_amount,
    summed.weighted_amount,
    cast(summed.closed_amount + summed.commit_amount as decimal(18, 2)) as category_forecast,
    cast(summed.closed_amount + summed.weighted_amount as decimal(18, 2)) as weighted_forecast,
    {{ run_value('company_currency') }} as currency,
    days.is_reconstructed
from summed
inner join days on summed.snapshot_date = days.snapshot_date
where summed.period >= {{ quarter_of('summed.snapshot_date') }}

union all

select
    *,
    false as is_reconstructed
from {{ source('ops', 'forecast_days') }}
