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
)

-- What has not happened yet is left out by the sums: before the join it would look like a few rows, of all touches.
select
    of_whom.counts_for as record_key,
    count(*) filter (where touches.occurred_at <= {{ run_value('as_of') }}) as activities,
    max(touches.occurred_at) filter (where touches.occurred_at <= {{ run_value('as_of') }}) as last_activity_at
from of_whom
inner join {{ ref('int_touches') }} as touches on of_whom.record_key = touches.record_key
group by of_whom.counts_for
having last_activity_at is not null
