{#-
    The points of config/lead_score.yml for whoever is in `subjects`, as CTEs that end in `score_points`: a row per
    subject and rule that brought something, with the reason in words. `subjects` has a row per `subject_id`, with
    the person_id, the day scored_on, the instant scored_until (what came later is not known), and the facts:
    job_title, industry, country (lower case), employees, lifecycle_stage, has_email, has_company_email, has_phone,
    has_account, is_opted_out. Nothing here reads a score. The model is incremental by person_id.
-#}
{% macro score_points(subjects) -%}
    score_rules as (
        select * from {{ source('rules', 'lead_score_rules') }}
    ),

    subject_facts as (
        select
            subject_id,
            unnest(['industry', 'country', 'lifecycle_stage', 'job_title_contains', 'employees_at_least', 'has']) as kind,
            unnest([
                industry,
                country,
                lifecycle_stage,
                job_title,
                cast(employees as varchar),
                concat_ws(
                    ' ',
                    case when has_email then 'email' end,
                    case when has_company_email then 'company_email' end,
                    case when has_phone then 'phone' end,
                    case when has_account then 'account' end,
                    case when is_opted_out then 'opted_out' end
                )
            ]) as fact
        from {{ subjects }}
    ),

    -- A fact is looked at once, however many people it is told of.
    facts as (
        select distinct
            kind,
            fact
        from subject_facts
        where fact is not null
    ),

    fit_matches as (
        select
            facts.kind,
            facts.fact,
            rules.rule,
            cast(any_value(rules.points) as decimal(18, 4)) as points,
            replace(facts.kind, '_', ' ') || ' ' || string_agg(distinct rules.match_value, ', ' order by rules.match_value) as why
        from facts
        inner join score_rules as rules
            on
                facts.kind = rules.kind
                and case facts.kind
                    when 'job_title_contains' then {{ has_word('facts.fact', 'rules.match_value') }}
                    when 'employees_at_least' then try_cast(facts.fact as double) >= try_cast(rules.match_value as bigint)
                    when 'has' then list_contains(string_split(facts.fact, ' '), rules.match_value)
                    else facts.fact = rules.match_value
                end
        group by facts.kind, facts.fact, rules.rule
    ),

    fit_points as (
        select
            facts.subject_id,
            matches.rule,
            'fit' as kind,
            matches.points,
            cast(null as bigint) as touches,
            cast(null as timestamptz) as last_at,
            matches.why
        from subject_facts as facts
        inner join fit_matches as matches on facts.kind = matches.kind and facts.fact = matches.fact
    ),

    counted_touches as (
        select
            person_id,
            occurred_at,
            day,
            case
                when touch_type = 'membership' and is_response then 'membership_response'
                when touch_type = 'form' then 'conversion'
                else touch_type
            end as match_value
        from {{ ref('int_touches') }}
        where is_counted and {{ is_due('person_id') }}
    ),

    -- Each touch's points are rounded before they are added, so that the sum does not depend on the order of rows.
    faded as (
        select
            subjects.subject_id,
            rules.rule,
            rules.points as points_each,
            rules.half_life_days,
            rules.at_most,
            sum(
                cast(
                    rules.points * power(
                        0.5,
                        greatest(
                            0,
                            date_diff('day', touches.day, subjects.scored_on)
                        ) / cast(rules.half_life_days as double)
                    ) as decimal(18, 4)
                )
            ) as points,
            count(*) as touches,
            max(touches.occurred_at) as last_at
        from counted_touches as touches
        inner join score_rules as rules on rules.kind = 'touch' and touches.match_value = rules.match_value
        inner join {{ subjects }} as subjects
            on touches.person_id = subjects.person_id and touches.occurred_at <= subjects.scored_until
        group by subjects.subject_id, rules.rule, rules.points, rules.half_life_days, rules.at_most
    ),

    engagement_points as (
        select
            subject_id,
            rule,
            'engagement' as kind,
            cast(least(points, coalesce(at_most, points)) as decimal(18, 4)) as points,
            touches,
            last_at,
            touches || ' x ' || points_each || ' points, half after ' || half_life_days || ' days'
            || case when points > at_most then ', at most ' || at_most else '' end as why
        from faded
    ),

    score_points as (
        select * from fit_points
        union all
        select * from engagement_points
    )
{%- endmacro %}

{#- Points as a score: added, rounded, and kept between 0 and 100. -#}
{% macro score_of(points) -%}
    cast(least(100, greatest(0, round(coalesce(sum({{ points }}), 0)))) as bigint)
{%- endmacro %}
