-- Open deals that something speaks against, with what it is; the more amount and reasons, the higher.
with open_deals as (
    select *
    from {{ ref('opportunities') }}
    where not is_closed
),

stays as (
    select
        opportunity_id,
        canonical_stage,
        greatest(0, {{ days_between('entered_at', run_value('as_of')) }}) as days_so_far
    from {{ ref('int_stage_spells') }}
    where left_at is null
),

changes as (
    select
        opportunity_id,
        count(*) filter (where kind = 'push') as pushes,
        max(changed_at) as last_changed_at
    from {{ ref('deal_changes') }}
    where opportunity_id in (select open_deals.opportunity_id from open_deals)
    group by opportunity_id
),

contacts as (
    select
        people.opportunity_id,
        max(touches.last_touch_at) as last_touch_at
    from {{ ref('int_opportunity_people') }} as people
    inner join {{ ref('int_person_touches') }} as touches on people.person_id = touches.person_id
    where people.opportunity_id in (select open_deals.opportunity_id from open_deals)
    group by people.opportunity_id
),

judged as (
    select
        deals.opportunity_id,
        deals.name,
        deals.owner_id,
        deals.amount_converted,
        deals.currency_converted as currency,
        deals.canonical_stage,
        deals.close_date,
        stays.days_so_far as days_in_stage,
        usual.median_days,
        usual.p90_days,
        coalesce(changes.pushes, 0) as pushes,
        contacts.last_touch_at,
        list_filter(
            [
                case
                    when stays.days_so_far > usual.p90_days
                        then 'in its stage longer than 9 of 10 deals'
                end,
                case when deals.close_date < {{ run_value('business_date') }} then 'its close date has passed' end,
                case when deals.close_date is null then 'it has no close date' end,
                case when changes.pushes >= 3 then 'its close date was pushed ' || changes.pushes || ' times' end,
                case
                    when coalesce(contacts.last_touch_at, deals.created_at) < {{ run_value('as_of') }} - interval 30 day
                        then 'nothing happened with its people for 30 days'
                end,
                case when deals.amount is null then 'it has no amount' end,
                case when deals.owner_id is null or not coalesce(owners.is_active, false) then 'nobody active owns it' end
            ],
            lambda reason: reason is not null
        ) as reasons
    from open_deals as deals
    left join stays on deals.opportunity_id = stays.opportunity_id
    left join {{ ref('time_in_stage') }} as usual
        on
            stays.canonical_stage = usual.canonical_stage
            and usual.pipeline = 'all'
            and usual.period is null
            and usual.segment = 'all'
    left join changes on deals.opportunity_id = changes.opportunity_id
    left join contacts on deals.opportunity_id = contacts.opportunity_id
    left join {{ ref('int_owners') }} as owners on deals.owner_id = owners.owner_id
)

select
    *,
    row_number() over (
        order by len(reasons) desc, amount_converted desc nulls last, opportunity_id asc
    ) as place
from judged
where len(reasons) > 0
