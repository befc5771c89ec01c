-- Two records of one CRM and object are duplicates when they are one person or company to us, or when matching asks
-- somebody whether they are. A converted lead is its contact's past, and Salesforce merges no such lead.
with accounts as (
    select
        'account' as entity,
        members.account_id as id,
        members.matched_by,
        members.match_probability,
        records.record_key,
        records.vendor,
        records.object
    from {{ ref('int_account_members') }} as members
    inner join {{ ref('int_account_records') }} as records on members.record_key = records.record_key
),

together as (
    select
        'person' as entity,
        person_id as id,
        matched_by,
        match_probability,
        record_key,
        vendor,
        object
    from {{ ref('int_people_twice') }}

    union all

    select * from ({{ several_of_one('accounts', 'id') }}) as twice
),

grouped as (
    select
        entity,
        id,
        vendor,
        object,
        {{ short_hash("concat_ws('|', entity, id, vendor, object)") }} as duplicate_id,
        -- As lists: to sort within the aggregate takes longer.
        nullif(array_to_string(list_sort(list_distinct(list(nullif(matched_by, 'founder')))), ', '), '') as matched_by,
        min(match_probability) as match_probability
    from together
    group by entity, id, vendor, object
),

same as (
    select
        grouped.duplicate_id,
        'same' as certainty,
        grouped.matched_by,
        grouped.match_probability,
        together.* exclude (matched_by, match_probability)
    from grouped
    inner join together
        on
            grouped.entity = together.entity
            and grouped.id = together.id
            and grouped.vendor = together.vendor
            and grouped.object = together.object
),

asked as (
    select
        review_id,
        kind,
        match_probability,
        left_key,
        right_key
    from {{ ref('identity_reviews') }}
    where reason = 'review'
),

keys as (
    select unnest([left_key, right_key]) as record_key from asked
),

sought as (
    select
        'person' as entity,
        members.person_id as id,
        records.record_key,
        records.vendor,
        records.object
    from {{ ref('int_person_records') }} as records
    inner join {{ ref('int_person_members') }} as members on records.record_key = members.record_key
    where not records.is_converted and records.record_key in (select keys.record_key from keys)

    union all

    select * exclude (matched_by, match_probability)
    from accounts
    where record_key in (select keys.record_key from keys)
),

reviewed as (
    select
        asked.review_id as duplicate_id,
        'review' as certainty,
        asked.kind as matched_by,
        asked.match_probability,
        unnest([asked.left_key, asked.right_key]) as record_key
    from asked
    inner join sought as lefts on asked.left_key = lefts.record_key
    inner join sought as rights
        on asked.right_key = rights.record_key and lefts.vendor = rights.vendor and lefts.object = rights.object
),

unioned as (
    select * from same

    union all by name

    select
        reviewed.*,
        sought.* exclude (record_key)
    from reviewed
    inner join sought on reviewed.record_key = sought.record_key
),

detailed as (
    select
        unioned.*,
        records.record_id,
        nullif(trim(concat_ws(' ', records.first_name, records.last_name)), '') as name,
        records.email as address,
        case when not records.is_queue_owned then nullif(records.owner_source_id, '') end as owner_source_id,
        records.created_at,
        len(list_filter(
            [
                records.email, records.first_name, records.last_name, records.phone, records.company_name,
                records.job_title, records.city, records.country, records.account_record_key
            ],
            lambda v: nullif(v, '') is not null
        )) as filled
    from unioned
    inner join {{ ref('int_person_records') }} as records on unioned.record_key = records.record_key

    union all by name

    select
        unioned.*,
        records.record_id,
        records.name,
        records.domain as address,
        nullif(records.owner_source_id, '') as owner_source_id,
        records.created_at,
        len(list_filter(
            [
                records.name, records.domain, records.industry, cast(records.employees as varchar),
                cast(records.annual_revenue as varchar), records.city, records.country
            ],
            lambda v: nullif(v, '') is not null
        )) as filled
    from unioned
    inner join {{ ref('int_account_records') }} as records on unioned.record_key = records.record_key
)

select
    detailed.*,
    case
        when detailed.owner_source_id is not null
            then {{ owner_or_unknown('owners.owner_id', 'detailed.vendor', 'detailed.owner_source_id') }}
    end as owner_id
from detailed
left join {{ ref('int_owner_records') }} as owners
    on detailed.vendor = owners.vendor and detailed.owner_source_id = owners.source_id
