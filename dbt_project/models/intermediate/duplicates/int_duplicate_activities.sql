-- What has happened with a record: of a person its touches and what sales did, of a company those of its people.
with suspects as (
    select distinct record_key
    from {{ ref('int_duplicate_records') }}
),

of_whom as (
    select
        record_key,
        record_key as counts_for
    from suspects

    union

    select
        people.record_key,
        suspects.record_key as counts_for
    from suspects
    inner join {{ ref('int_person_records') }} as people on suspects.record_key = people.account_record_key
),

happened as (
    select
        record_key,
        touchpoint_id as what,
        occurred_at
    from {{ ref('int_touches') }}
)

select
    of_whom.counts_for as record_key,
    count(distinct happened.what) as activities,
    max(happened.occurred_at) as last_activity_at
from of_whom
inner join happened on of_whom.record_key = happened.record_key
where happened.occurred_at <= {{ run_value('as_of') }}
group by of_whom.counts_for
