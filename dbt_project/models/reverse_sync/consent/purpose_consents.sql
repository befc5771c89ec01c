-- What each place that config/consent.yml names holds of each record, and what it should. One sync
-- carries each place (`sync`). Nobody is subscribed in HubSpot, which lets the person alone do that; a list and a
-- checkbox say so again once a newer recorded consent has lifted the refusal (int_consents). Whoever is not on a list is
-- not put there to refuse it.
with places as (
    select
        places.sync,
        places.vendor,
        places.object,
        places.place_id,
        purposes.purpose_id,
        purposes.purpose
    from {{ source('rules', 'consent_places') }} as places
    inner join {{ source('rules', 'consent_purposes') }} as purposes on places.purpose = purposes.purpose
),

-- Out of all e-mail is a call of its own and takes every subscription along; so only what it did not is carried here.
subscriptions as (
    select
        places.sync,
        contacts.contact_id as record_id,
        contacts.record_key,
        members.person_id,
        coalesce(statuses.status, 'NOT_SPECIFIED') as held,
        case
            when refusals.person_id is not null and (not refusals.is_of_all or contacts.is_opted_out) then 'UNSUBSCRIBED'
        end as wanted
    from places
    cross join {{ ref('stg_hubspot__contacts') }} as contacts
    inner join {{ ref('int_person_members') }} as members on contacts.record_key = members.record_key
    left join {{ ref('int_refused_purposes') }} as refusals
        on members.person_id = refusals.person_id and places.purpose_id = refusals.purpose_id
    left join {{ ref('stg_hubspot__subscription_statuses') }} as statuses
        on
            {{ normalize_email('contacts.email') }} = {{ normalize_email('statuses.email') }}
            and places.place_id = statuses.subscription_id
    where places.vendor = 'hubspot' and contacts.email is not null
),

lists as (
    select
        places.sync,
        found.subscriber_key as record_id,
        found.subscriber_record_key as record_key,
        found.person_id,
        memberships.status as held,
        case
            when refusals.person_id is not null then 'Unsubscribed'
            when memberships.status = 'Unsubscribed' then 'Active'
        end as wanted
    from places
    inner join {{ ref('stg_marketing_cloud__list_subscribers') }} as memberships
        on places.place_id = memberships.list_id
    inner join {{ ref('int_subscribers') }} as found on memberships.subscriber_key = found.subscriber_key
    left join {{ ref('int_refused_purposes') }} as refusals
        on found.person_id = refusals.person_id and places.purpose_id = refusals.purpose_id
    where places.vendor = 'marketing_cloud' and found.person_id is not null
),

flags as (
    select
        places.sync,
        records.record_id,
        flags.record_key,
        members.person_id,
        cast(flags.is_refused as varchar) as held,
        case
            when refusals.person_id is not null then 'true'
            when flags.is_refused then 'false'
        end as wanted
    from places
    inner join {{ source('rules', 'consent_flags') }} as flags
        on places.purpose = flags.purpose and places.place_id = flags.field
    inner join {{ ref('int_person_records') }} as records
        on flags.record_key = records.record_key
    inner join {{ ref('int_person_members') }} as members on flags.record_key = members.record_key
    left join {{ ref('int_refused_purposes') }} as refusals
        on members.person_id = refusals.person_id and places.purpose_id = refusals.purpose_id
    where
        places.vendor = 'salesforce'
        and places.object = records.object
        and not coalesce(records.is_converted, false)
),

wishes as (
    select * from subscriptions
    union all
    select * from lists
    union all
    select * from flags
)

select *
from wishes
where wanted is not null
