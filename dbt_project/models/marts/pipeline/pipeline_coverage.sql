-- Whether what is open is enough for what is left of the quota. Quotas are Salesforce's; HubSpot's goals where it has none.
with salesforce_quotas as (
    select
        {{ quarter_of('quotas.start_date') }} as period,
        owners.owner_id,
        sum(quotas.quota_amount) as quota
    from {{ ref('stg_salesforce__forecasting_quotas') }} as quotas
    inner join {{ ref('int_owner_records') }} as owners
        on owners.vendor = 'salesforce' and quotas.quota_owner_id = owners.source_id
    where
        quotas.quota_amount is not null
        and coalesce(quotas.currency_iso_code, {{ own_currency('salesforce') }}) = {{ run_value('company_currency') }}
    group by period, owners.owner_id
),

-- A goal of a year is a part of it in each of its quarters. It begins and ends at a midnight of its portal's zone, so that a
-- day further in is in the right quarter; of one that is shorter than two days, its middle is.
goal_quarters as (
    select
        owners.owner_id,
        goals.target_amount,
        {%- set inside = 'least(interval 1 day, (goals.ends_at - goals.starts_at) / 2)' %}
        {%- set zone = own_zone('hubspot') %}
        {{ quarter_of("cast((goals.starts_at + " ~ inside ~ ") at time zone " ~ zone ~ " as date)") }} as first_quarter,
        {{ quarter_of("cast((goals.ends_at - " ~ inside ~ ") at time zone " ~ zone ~ " as date)") }} as last_quarter
    from {{ ref('stg_hubspot__goal_targets') }} as goals
    inner join {{ ref('int_owner_records') }} as owners
        on owners.vendor = 'hubspot' and goals.owner_id = owners.source_id
    where goals.target_amount is not null and {{ own_currency('hubspot') }} = {{ run_value('company_currency') }}
),

hubspot_goals as (
    select
        cast(quarters.period as date) as period,
        goals.owner_id,
        sum(
            cast(
                goals.target_amount / (1 + datediff('quarter', goals.first_quarter, goals.last_quarter)) as decimal(18, 6)
            )
        ) as quota
    from (
        select * replace (greatest(first_quarter, last_quarter) as last_quarter)
        from goal_quarters
    ) as goals
    cross join
        unnest(generate_series(
            cast(goals.first_quarter as timestamp), cast(goals.last_quarter as timestamp), interval 3 month
        )) as quarters (period)
    group by period, goals.owner_id
),

quotas as (
    select
        coalesce(salesforce_quotas.period, hubspot_goals.period) as period,
        coalesce(salesforce_quotas.owner_id, hubspot_goals.owner_id) as owner_id,
        coalesce(salesforce_quotas.quota, hubspot_goals.quota) as quota
    from salesforce_quotas
    full outer join hubspot_goals
        on salesforce_quotas.period = hubspot_goals.period and salesforce_quotas.owner_id = hubspot_goals.owner_id
),

closing as (
    select
        {{ quarter_of('close_date') }} as period,
        coalesce(owner_id, 'unowned') as owner_id,
        sum(amount_converted) filter (where is_won) as won_amount,
        sum(amount_converted) filter (where not is_closed) as open_amount,
        count(*) filter (where not is_closed) as open_opportunities
    from {{ ref('opportunities') }}
    where close_date is not null
    group by period, coalesce(owner_id, 'unowned')
),

creating as (
    select
        {{ business_month('created_at', 'quarter') }} as period,
        coalesce(owner_id, 'unowned') as owner_id,
        count(*) as created_opportunities,
        sum(amount_converted) as created_amount
    from {{ ref('opportunities') }}
    where created_at is not null
    group by period, coalesce(owner_id, 'unowned')
),

-- Slipped out of a quarter: an open deal's close date was pushed from it into a later one. A deal that slipped twice
-- out of the same quarter slipped once, by what it was worth the last time.
slipping as (
    select
        period,
        owner_id,
        sum(pushes) as pushes,
        count(*) filter (where has_slipped) as slipped_opportunities,
        sum(amount_converted) filter (where has_slipped) as slipped_amount
    from (
        select
            {{ quarter_of('cast(old_value as date)') }} as period,
            arg_max(coalesce(owner_id_then, 'unowned'), changed_at) as owner_id,
            count(*) as pushes,
            bool_or(is_slip) as has_slipped,
            arg_max(amount_converted_then, changed_at) filter (where is_slip) as amount_converted
        from {{ ref('deal_changes') }}
        where field = 'close_date' and kind = 'push'
        group by opportunity_id, {{ quarter_of('cast(old_value as date)') }}
    )
    group by period, owner_id
),

keys as (
    select
        period,
        owner_id
    from quotas
    union
    select
        period,
        owner_id
    from closing
    union
    select
        period,
        owner_id
    from creating
    union
    select
        period,
        owner_id
    from slipping
),

by_owner as (
    select
        keys.period,
        keys.owner_id,
        quotas.quota,
        coalesce(closing.won_amount, 0) as won_amount,
        coalesce(closing.open_amount, 0) as open_amount,
        coalesce(closing.open_opportunities, 0) as open_opportunities,
        coalesce(creating.created_opportunities, 0) as created_opportunities,
        coalesce(creating.created_amount, 0) as created_amount,
        coalesce(slipping.pushes, 0) as pushes,
        coalesce(slipping.slipped_opportunities, 0) as slipped_opportunities,
        coalesce(slipping.slipped_amount, 0) as slipped_amount
    from keys
    left join quotas on keys.period = quotas.period and keys.owner_id = quotas.owner_id
    left join closing on keys.period = closing.period and keys.owner_id = closing.owner_id
    left join creating on keys.period = creating.period and keys.owner_id = creating.owner_id
    left join slipping on keys.period = slipping.period and keys.owner_id = slipping.owner_id
),

summed as (
    select
        period,
        case when grouping(owner_id) = 1 then 'all' else owner_id end as owner_id,
        cast(sum(quota) as decimal(18, 2)) as quota,
        cast(sum(won_amount) as decimal(18, 2)) as won_amount,
        cast(sum(won_amount) filter (where quota is not null) as decimal(18, 2)) as won_with_quota,
        cast(sum(open_amount) as decimal(18, 2)) as open_amount,
        cast(sum(open_amount) filter (where quota is not null) as decimal(18, 2)) as open_with_quota,
        cast(sum(open_opportunities) as bigint) as open_opportunities,
        cast(sum(created_opportunities) as bigint) as created_opportunities,
        cast(sum(created_amount) as decimal(18, 2)) as created_amount,
        cast(sum(pushes) as bigint) as pushes,
        cast(sum(slipped_opportunities) as bigint) as slipped_opportunities,
        cast(sum(slipped_amount) as decimal(18, 2)) as slipped_amount
    from by_owner
    group by grouping sets ((period, owner_id), (period))
)

select
    period,
    owner_id,
    quota,
    won_amount,
    open_amount,
    open_opportunities,
    created_opportunities,
    created_amount,
    pushes,
    slipped_opportunities,
    slipped_amount,
    cast(greatest(quota - won_with_quota, 0) as decimal(18, 2)) as remaining_quota,
    -- Of those who have a quota; null when there is none, or when it is reached.
    cast(open_with_quota / nullif(greatest(quota - won_with_quota, 0), 0) as double) as coverage,
    cast(won_with_quota / nullif(quota, 0) as double) as attainment,
    {{ run_value('company_currency') }} as currency
from summed
