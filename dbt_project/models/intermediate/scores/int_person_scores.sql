with lifecycle as (
    select distinct
        position,
        canonical_stage
    from {{ source('rules', 'lifecycle') }}
),

people as (
    select
        people.person_id,
        people.is_opted_out,
        people.account_id,
        people.phone,
        people.is_email_valid,
        lower(people.job_title) as job_title,
        lower(coalesce(people.industry, accounts.industry)) as industry,
        lower(coalesce(people.country, accounts.country)) as country,
        accounts.employees,
        people.is_email_valid
        and {{ email_domain('people.email') }} not in (
            select policy.value
            from {{ source('rules', 'identity') }} as policy
            where policy.setting = 'free_domain'
        ) as has_company_email,
        lifecycle.canonical_stage as lifecycle_stage
    from {{ ref('int_people') }} as people
    left join {{ ref('int_accounts') }} as accounts on people.account_id = accounts.account_id
    left join lifecycle on people.lifecycle_position = lifecycle.position
),

rules as (
    select * from {{ source('rules', 'lead_score_rules') }}
),

fit as (
    select distinct
        people.person_id,
        rules.rule,
        cast(rules.points as decimal(18, 4)) as points
    from people
    inner join rules
        on
            (rules.kind = 'job_title_contains' and {{ has_word('people.job_title', 'rules.match_value') }})
            or (rules.kind = 'industry' and people.industry = rules.match_value)
            or (rules.kind = 'country' and people.country = rules.match_value)
            or (rules.kind = 'lifecycle_stage' and people.lifecycle_stage = rules.match_value)
            or (
                rules.kind = 'employees_at_least'
                and people.employees >= try_cast(rules.match_value as bigint)
            )
            or (
                rules.kind = 'has'
                and case rules.match_value
                    when 'email' then people.is_email_valid
                    when 'company_email' then people.has_company_email
                    when 'phone' then people.phone is not null
                    when 'account' then people.account_id is not null
                    when 'opted_out' then people.is_opted_out
                end
            )
),

touches as (
    select
        person_id,
        case
            when touch_type = 'membership' and is_response then 'membership_response'
            else touch_type
        end as touch,
        date_diff(
            'day', cast(occurred_at at time zone {{ run_value('business_zone') }} as date),
            {{ run_value('business_date') }}
        ) as age_days
    from {{ ref('int_touches') }}
    where is_counted and occurred_at <= {{ run_value('as_of') }}
),

-- Each touch's points are rounded before they are added, so that the sum does not depend on the order of rows.
faded as (
    select
        touches.person_id,
        rules.rule,
        rules.at_most,
        sum(
            cast(
                rules.points * power(0.5, greatest(touches.age_days, 0) / cast(rules.half_life_days as double))
                as decimal(18, 4)
            )
        ) as points
    from touches
    inner join rules on rules.kind = 'touch' and touches.touch = rules.match_value
    group by touches.person_id, rules.rule, rules.at_most
),

engagement as (
    select
        person_id,
        rule,
        cast(least(points, coalesce(at_most, points)) as decimal(18, 4)) as points
    from faded
),

points as (
    select * from fit
    union all
    select * from engagement
)

select
    people.person_id,
    cast(least(100, greatest(0, round(coalesce(sum(points.points), 0)))) as bigint) as lead_score,
    coalesce(
        '{' || string_agg(
            '"' || points.rule || '": ' || cast(round(points.points, 1) as varchar), ', '
            order by points.rule
        ) filter (where round(points.points, 1) != 0) || '}',
        '{}'
    ) as lead_score_detail
from people
left join points on people.person_id = points.person_id
group by people.person_id
