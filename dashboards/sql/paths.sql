with walked as (
    select
        string_split(path, ' > ') as steps,
        conversions,
        losses
    from marts.conversion_paths
    order by conversions + losses desc, path
    limit 40
),

-- Up to four steps, the last before the outcome; what lies between is one step.
shortened as (
    select
        case
            when len(steps) <= 4 then steps
            else list_concat(steps[1:2], ['and so on'], steps[-1:])
        end as steps,
        conversions,
        losses
    from walked
),

ended as (
    select list_append(steps, 'won') as steps, conversions as deals from shortened where conversions > 0
    union all
    select list_append(steps, 'lost') as steps, losses as deals from shortened where losses > 0
),

placed as (
    select
        unnest(steps[:-2]) as source,
        unnest(steps[2:]) as target,
        generate_subscripts(steps[2:], 1) as place,
        len(steps) as length,
        deals
    from ended
)

select
    place || '. ' || source as source,
    case when place = length - 1 then target else place + 1 || '. ' || target end as target,
    sum(deals) as deals
from placed
group by all
order by source, target
