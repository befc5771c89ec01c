{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='person_id', on_schema_change='fail',
    follows=['int_people', 'int_person_touches', 'int_person_scores', 'int_person_lifecycle'],
    inputs=['int_person_opportunities', 'int_person_engagement'],
    through={
        'int_accounts': 'select people.person_id as owner from {int_people} as people where people.account_id in {due}'
    }
) }}
with lifecycle as (
    select
        canonical_stage,
        min(position) as position
    from {{ source('rules', 'lifecycle') }}
    group by canonical_stage
),

positions as (
    select
        max(position) filter (where canonical_stage = 'opportunity') as opportunity,
        max(position) filter (where canonical_stage = 'customer') as customer
    from lifecycle
),

people as (
    select
        people.*,
        opportunities.opportunities,
        opportunities.won_opportunities,
        opportunities.open_opportunities,
        -- The furthest that any record, or any deal that names the person, has come.
        greatest(
            people.lifecycle_position,
            case when opportunities.opportunities > 0 then positions.opportunity end,
            case when opportunities.won_opportunities > 0 then positions.customer end
        ) as position
    from {{ ref('int_people') }} as people
    cross join positions
    left join {{ ref('int_person_opportunities') }} as opportunities
        on people.person_id = opportunities.person_id
    where {{ is_owner_due('people.person_id') }}
)

select
    people.person_id,
    people.email,
    people.is_email_valid,
    people.full_name,
    people.first_name,
    people.last_name,
    people.phone,
    people.job_title,
    coalesce(accounts.name, people.company_name) as company_name,
    people.country,
    coalesce(people.industry, accounts.industry) as industry,
    accounts.employees,
    people.is_opted_out,
    people.consent,
    people.purposes_opted_in,
    people.purposes_opted_out,
    people.account_id,
    people.account_matched_by,
    lifecycle.canonical_stage as lifecycle_stage,
    scores.lead_score,
    scores.lead_score_ours,
    scores.lead_score_hubspot,
    scores.lead_score_salesforce,
    scores.lead_score_detail,
    people.owner_id,
    owners.team as owner_team,
    people.owner_id_hubspot,
    people.owner_id_salesforce,
    people.created_at,
    people.updated_at,
    dates.mql_at,
    dates.sql_at,
    dates.opportunity_at,
    dates.customer_at,
    dates.mql_at_hubspot,
    dates.mql_at_salesforce,
    dates.sql_at_hubspot,
    dates.sql_at_salesforce,
    dates.opportunity_at_hubspot,
    dates.opportunity_at_salesforce,
    dates.customer_at_hubspot,
    dates.customer_at_salesforce,
    touches.first_touch_channel,
    touches.last_touch_channel,
    touches.first_touch_campaign,
    touches.first_touch_at,
    touches.last_touch_at,
    coalesce(touches.touches, 0) as touches,
    coalesce(people.opportunities, 0) as opportunities,
    coalesce(people.open_opportunities, 0) as open_opportunities,
    engagement.subscriber_key,
    coalesce(engagement.bounce_state, 'none') as bounce_state,
    engagement.bounced_at,
    coalesce(engagement.emails_sent, 0) as emails_sent,
    coalesce(engagement.emails_opened, 0) as emails_opened,
    coalesce(engagement.emails_clicked, 0) as emails_clicked,
    engagement.last_engaged_at,
    coalesce(engagement.journey_goals, 0) as journey_goals,
    engagement.last_journey_goal_at,
    people.contact_id_hubspot,
    people.lead_id_salesforce,
    people.contact_id_salesforce,
    people.source_records_hubspot,
    people.source_records_salesforce,
    people.records
from people
left join {{ ref('int_accounts') }} as accounts on people.account_id = accounts.account_id
left join lifecycle on people.position = lifecycle.position
left join {{ ref('int_person_lifecycle') }} as dates on people.person_id = dates.person_id
left join {{ ref('int_person_scores') }} as scores on people.person_id = scores.person_id
left join {{ ref('int_person_touches') }} as touches on people.person_id = touches.person_id
left join {{ ref('int_owners') }} as owners on people.owner_id = owners.owner_id
left join {{ ref('int_person_engagement') }} as engagement on people.person_id = engagement.person_id
