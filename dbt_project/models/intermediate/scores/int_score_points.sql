{{ config(
    materialized='incremental', changed_rows_only=true, tells_of_changed_only=true, unique_key='person_id', follows=['int_people', 'int_touches'],
    named_by='int_people', owned={'run': touches_to_come()},
    through={
        'int_accounts': 'select people.person_id as owner from {int_people} as people where people.account_id in {due}'
    },
    shared_columns={'run': 'business_date'}
) }}
with lifecycle as (
    select distinct
        position,
        canonical_stage
    from {{ source('rules', 'lifecycle') }}
),

subjects as (
    select
        people.person_id as subject_id,
        people.person_id,
        {{ run_value('business_date') }} as scored_on,
        {{ run_value('as_of') }} as scored_until,
        lower(people.job_title) as job_title,
        lower(coalesce(people.industry, accounts.industry)) as industry,
        lower(coalesce(people.country, accounts.country)) as country,
        accounts.employees,
        lifecycle.canonical_stage as lifecycle_stage,
        people.is_email_valid as has_email,
        people.is_email_valid and {{ is_company_email('people.email') }} as has_company_email,
        people.phone is not null as has_phone,
        people.account_id is not null as has_account,
        people.is_opted_out
    from {{ ref('int_people') }} as people
    left join {{ ref('int_accounts') }} as accounts on people.account_id = accounts.account_id
    left join lifecycle on people.lifecycle_position = lifecycle.position
    where {{ is_owner_due('people.person_id') }}
),

{{ score_points('subjects') }}

select
    subject_id as person_id,
    rule,
    kind,
    points,
    touches,
    last_at,
    why
from score_points
