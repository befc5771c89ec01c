{{ config(
    materialized='incremental', unique_key='person_id', follows=['int_people', 'int_lifecycle_stays', 'int_person_lifecycle'],
    through={
        'int_accounts': people_of(who_seeks(
            "select value from {int_account_lookup} where kind = 'domain' and account_id in {due}",
            "select value from {int_account_lookup} where kind = 'name' and account_id in {due}"
        )) ~ ' union all ' ~ people_of(
            '(select records.record_key from {int_person_records} as records where records.account_record_key in ('
            ~ 'select members.record_key from {int_account_members} as members where members.account_id in {due}))'
        )
    },
    vouched_for=['int_person_members', 'int_person_records', 'int_account_members', 'int_account_lookup'],
    shared_columns={'run': 'business_date'}
) }}
-- Who is in the score's test: people who were known on an earlier day and had not come to the outcome by its end.
-- What is known of them is what the records hold that were there by then. CRMs keep no history of titles and phone
-- numbers, so those are today's; an opt-out without a date is left out, since it may have come later.
with settings as (
    select
        settings.*,
        run.business_date,
        run.business_zone
    from {{ source('rules', 'lead_score') }} as settings
    cross join {{ source('rules', 'run') }} as run
),

cohorts as (
    select
        numbers.cohort,
        settings.business_date - cast(numbers.cohort * settings.horizon_days as integer) as scored_on,
        cast(
            settings.business_date - cast(numbers.cohort * settings.horizon_days as integer) + 1 as timestamp
        ) at time zone settings.business_zone as scored_until,
        cast(
            settings.business_date - cast((numbers.cohort - 1) * settings.horizon_days as integer) + 1 as timestamp
        ) at time zone settings.business_zone as outcome_until
    from settings
    cross join unnest(generate_series(1, settings.cohorts)) as numbers (cohort)
),

outcomes as (
    select
        people.person_id,
        case settings.outcome
            when 'marketing_qualified_lead' then dates.mql_at
            when 'sales_qualified_lead' then dates.sql_at
            when 'opportunity' then dates.opportunity_at
            when 'customer' then dates.customer_at
        end as outcome_at
    from {{ ref('int_people') }} as people
    cross join settings
    left join {{ ref('int_person_lifecycle') }} as dates on people.person_id = dates.person_id
    where {{ is_owner_due('people.person_id') }}
),

members as (
    {{ members_due() }}
),

-- Which of a person's records counts first is the same on every day, for those that were there by then.
records as (
    select
        members.person_id,
        records.record_key,
        records.created_at,
        row_number() over (
            partition by members.person_id
            order by precedence.rank asc, records.created_at desc, records.record_key asc
        ) as place,
        row_number() over (
            partition by members.person_id
            order by records.created_at asc, records.record_key asc
        ) as nth
    from members
    inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
    left join {{ source('rules', 'precedence') }} as precedence
        on
            precedence.entity = 'person'
            and records.vendor = precedence.vendor
            and records.object = precedence.object
    where records.created_at is not null
),

-- The first so many of a person's records were there on that day.
known as (
    select
        cohorts.cohort,
        records.person_id,
        count(*) as records_known
    from records
    inner join outcomes on records.person_id = outcomes.person_id
    inner join cohorts
        on
            records.created_at < cohorts.scored_until
            and (outcomes.outcome_at is null or outcomes.outcome_at >= cohorts.scored_until)
    group by cohorts.cohort, records.person_id
),

wanted as (
    select distinct
        person_id,
        records_known
    from known
),

-- Most people look the same on every day: what they look like is worked out once for as many records as they had.
looks as (
    select
        wanted.person_id,
        wanted.records_known,
        {{ pick('told.job_title', 'records.place') }} as job_title,
        {{ pick('told.industry', 'records.place') }} as industry,
        {{ pick('told.country', 'records.place') }} as country,
        {{ pick('told.phone', 'records.place') }} as phone,
        {{ pick('told.company_name', 'records.place') }} as company_name,
        {{ pick('account_members.account_id', 'records.place') }} as account_id,
        {{ pick('case when told.is_email_valid then told.email end', 'records.place') }} as email
    from wanted
    inner join records on wanted.person_id = records.person_id and wanted.records_known >= records.nth
    inner join {{ ref('int_person_records') }} as told on records.record_key = told.record_key
    left join {{ ref('int_account_members') }} as account_members
        on told.account_record_key = account_members.record_key
    group by wanted.person_id, wanted.records_known
),

found as (
    {{ with_found_accounts('looks') }}
),

placed as (
    select
        *,
        coalesce(account_id, domain_account_id, name_account_id) as placed_account_id
    from found
),

-- The furthest stage they had entered by then.
stages as (
    select
        known.cohort,
        known.person_id,
        arg_max(rules.canonical_stage, rules.position) as lifecycle_stage
    from known
    inner join cohorts on known.cohort = cohorts.cohort
    inner join {{ ref('int_lifecycle_stays') }} as stays
        on known.person_id = stays.person_id and cohorts.scored_until > stays.entered_at
    inner join {{ source('rules', 'lifecycle_dates') }} as rules on stays.canonical_stage = rules.canonical_stage
    group by known.cohort, known.person_id
)

select
    known.cohort || ':' || known.person_id as subject_id,
    known.person_id,
    cohorts.scored_on,
    cohorts.scored_until,
    lower(people.job_title) as job_title,
    lower(coalesce(people.industry, accounts.industry)) as industry,
    lower(coalesce(people.country, accounts.country)) as country,
    accounts.employees,
    stages.lifecycle_stage,
    people.email is not null as has_email,
    people.is_at_company as has_company_email,
    people.phone is not null as has_phone,
    accounts.account_id is not null as has_account,
    false as is_opted_out,
    coalesce(outcomes.outcome_at < cohorts.outcome_until, false) as is_converted
from known
inner join cohorts on known.cohort = cohorts.cohort
inner join outcomes on known.person_id = outcomes.person_id
inner join placed as people on known.person_id = people.person_id and known.records_known = people.records_known
left join stages on known.cohort = stages.cohort and known.person_id = stages.person_id
left join {{ ref('int_accounts') }} as accounts
    on people.placed_account_id = accounts.account_id and cohorts.scored_until > accounts.created_at
