-- Two records of one CRM and object are duplicates when they are one person or company to us, or when matching asks
-- somebody whether they are. A converted lead is its contact's past, and Salesforce merges no such lead.
with records as (
    select
        'person' as entity,
        members.person_id as id,
        members.matched_by,
        members.match_probability,
        records.record_key,
        records.vendor,
        records.object,
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
    from {{ ref('int_person_members') }} as members
    inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
    where not records.is_converted

    union all

    select
        'account' as entity,
        members.account_id as id,
        members.matched_by,
        members.match_probability,
        records.record_key,
        records.vendor,
        records.object,
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
    from {{ ref('int_account_members') }} as members
    inner join {{ ref('int_account_records') }} as records on members.record_key = records.record_key
),

grouped as (
    select
        entity,
        id,
        vendor,
        object,
        string_agg(distinct nullif(matched_by, 'founder'), ', ' order by nullif(matched_by, 'founder')) as matched_by,
        min(match_probability) as match_probability
    from records
    group by entity, id, vendor, object
    having count(*) > 1
),

same as (
    select
        {{ short_hash("concat_ws('|', grouped.entity, grouped.id, grouped.vendor, grouped.object)") }} as duplicate_id,
        'same' as certainty,
        grouped.matched_by,
        grouped.match_probability,
        records.* exclude (matched_by, match_probability)
    from grouped
    inner join records
        on
            grouped.entity = records.entity
            and grouped.id = records.id
            and grouped.vendor = records.vendor
            and grouped.object = records.object
),

asked as (
    select
        reviews.review_id as duplicate_id,
        'review' as certainty,
        reviews.kind as matched_by,
        reviews.match_probability,
        unnest([reviews.left_key, reviews.right_key]) as record_key
    from {{ ref('identity_reviews') }} as reviews
    inner join records as lefts on reviews.left_key = lefts.record_key
    inner join records as rights
        on reviews.right_key = rights.record_key and lefts.vendor = rights.vendor and lefts.object = rights.object
    where reviews.reason = 'review'
),

unioned as (
    select * from same

    union all by name

    select
        asked.duplicate_id,
        asked.certainty,
        asked.matched_by,
        asked.match_probability,
        records.* exclude (matched_by, match_probability)
    from asked
    inner join records on asked.record_key = records.record_key
)

select
    unioned.*,
    case
        when unioned.owner_source_id is not null
            then {{ owner_or_unknown('owners.owner_id', 'unioned.vendor', 'unioned.owner_source_id') }}
    end as owner_id
from unioned
left join {{ ref('int_owner_records') }} as owners
    on unioned.vendor = owners.vendor and unioned.owner_source_id = owners.source_id
